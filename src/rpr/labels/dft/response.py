"""Static polarizability of a closed shell by linear response.

A field f along y adds f r_y to the Hamiltonian.  To first order the occupied orbitals mix with the
virtual ones by U_ai, the solution of

    A U = -r,   (A U)_ai = (e_a - e_i) U_ai + [C_v^T (J[D'] - (a/2) K[D'] + V'[D']) C_o]_ai,
    D' = 2 (Z C_o^T + C_o Z^T),   Z = C_v U,

with r the virtual-occupied block of the coordinate.  A is symmetric and positive definite at a
minimum.  The polarizability is alpha_xy = -4 r_x . U_y.

Nothing is ever transformed to pairs of virtual orbitals: with the half-transformed integrals
H^P_im of the occupied orbitals and B^P_ij = sum_m C_mj H^P_im,

    (J C)_mi   = 4 sum_P H^P_im sum_jn H^P_jn Z_nj,
    (K C)_mi   = 2 sum_Pj [ (B Z)^P_jm B^P_ji + H^P_jm (H Z)^P_ij ],
    (V' C)_mi  = sum_p (phi_m w_0 + sum_c d_c phi_m w_c) psi_i + phi_m sum_c w_c d_c psi_i,
    w_c        = sum_d f_cd rho'_d,   rho' = 4 sum_i psi_i zeta_i,   zeta_i = sum_m phi_m Z_mi,

where f is the exchange-correlation kernel times the weights of the grid.  These products run in
single precision.  The three fields are solved together in one subspace of trial vectors, to which
preconditioned residuals of all three are added until they are small.  The projected solution is
variational: the error of alpha is of second order in the residual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.errors import ConvergenceError
from rpr.labels.dft.eigenpairs import eigenpairs
from rpr.labels.dft.response_operator import ResponseOperator

MAX_ITERATIONS = 30


@dataclass(eq=False)
class Response:
    """Solution of the response equations.

    Parameters
    ----------
    polarizability : array, [3, 3]
        Bohr^3.
    amplitudes : array, [3, n_virtual, n_occupied]
        U of the three fields.
    iterations
        Number of products with A.
    residual
        Largest norm of a residual relative to its right-hand side.
    induced : array, [3, n_occupied, n_occupied]
        C_o^T (J[D'] - (a/2) K[D'] + V'[D']) C_o, hartree, symmetric.
    """

    polarizability: np.ndarray
    amplitudes: np.ndarray
    iterations: int
    residual: float
    induced: np.ndarray


@dataclass(eq=False)
class ResponseSolution:
    """Solutions of A U = b for several right-hand sides b.

    Parameters
    ----------
    amplitudes : array, [n, n_virtual, n_occupied]
        U.
    induced : array, [n, n_occupied, n_occupied]
        C_o^T (J[D'] - (a/2) K[D'] + V'[D']) C_o, hartree, symmetric.
    products : array, [n, n]
        b . U of all pairs.
    iterations
        Number of products with A.
    residual
        Largest norm of a residual relative to its right-hand side.
    """

    amplitudes: np.ndarray
    induced: np.ndarray
    products: np.ndarray
    iterations: int
    residual: float


def polarizability(
    operator: ResponseOperator,
    coordinates: np.ndarray,
    *,
    tolerance: float,
    guess: np.ndarray | None = None,
) -> Response:
    """Solve the response equations of the three fields.

    Parameters
    ----------
    operator
        A.
    coordinates : array, [3, n_virtual, n_occupied]
        r.
    tolerance
        Largest norm of a residual relative to its right-hand side.
    guess : array, [3, n_virtual, n_occupied], optional
        Guess of U.

    Raises
    ------
    ConvergenceError
        As for `solve`.
    """
    found = solve(operator, -coordinates, tolerance=tolerance, guess=guess)
    alpha = 4 * found.products
    alpha = (alpha + alpha.T) / 2
    return Response(alpha, found.amplitudes, found.iterations, found.residual, found.induced)


def solve(
    operator: ResponseOperator,
    right_hand_sides: np.ndarray,
    *,
    tolerance: float,
    guess: np.ndarray | None = None,
) -> ResponseSolution:
    """Solve A U = b for several b in one subspace.

    Parameters
    ----------
    operator
        A.
    right_hand_sides : array, [n, n_virtual, n_occupied]
        b.
    tolerance
        Largest norm of a residual relative to its right-hand side.
    guess : array, [n, n_virtual, n_occupied], optional
        Guess of U.

    Raises
    ------
    ConvergenceError
        If the residual stays above the tolerance, or A is not positive definite: the
        self-consistent field is then no minimum.
    """
    shape, count = right_hand_sides.shape, len(right_hand_sides)
    if not right_hand_sides.any():  # the basis has no orbital that a field mixes in
        return _no_response(shape)
    right = right_hand_sides.reshape(count, -1)
    scale = np.linalg.norm(right, axis=1)
    scale[scale == 0] = 1
    preconditioner = operator.differences.ravel().clip(0.1)
    new = right / preconditioner if guess is None else guess.reshape(count, -1)
    trial = np.empty((0, right.shape[1]))
    image = np.empty_like(trial)
    induced = np.empty((0, shape[2] ** 2))
    for iteration in range(1, MAX_ITERATIONS + 1):
        new = _orthonormalised(new, trial)
        trial = np.vstack([trial, new])
        products, blocks = operator(new.reshape(-1, *shape[1:]))
        image = np.vstack([image, products.reshape(new.shape)])
        induced = np.vstack([induced, blocks.reshape(len(new), -1)])
        projected = trial @ image.T
        projected = (projected + projected.T) / 2
        coefficients = _solve_positive(projected, trial @ right.T)
        residual = right - coefficients.T @ image
        norms = np.linalg.norm(residual, axis=1) / scale
        if norms.max() < tolerance:
            block = (coefficients.T @ induced).reshape(count, *blocks.shape[1:])
            return ResponseSolution(
                amplitudes=(coefficients.T @ trial).reshape(shape),
                induced=(block + block.transpose(0, 2, 1)) / 2,
                products=(trial @ right.T).T @ coefficients,
                iterations=iteration,
                residual=float(norms.max()),
            )
        new = (residual / preconditioner)[norms > tolerance / 3]
    raise ConvergenceError(
        f"response equations not converged in {MAX_ITERATIONS} iterations: "
        f"residual {norms.max():.1e}, expected {tolerance:.1e}"
    )


def _no_response(shape: tuple[int, ...]) -> ResponseSolution:
    """Solution of A U = 0."""
    count, _, n_occupied = shape
    induced = np.zeros((count, n_occupied, n_occupied))
    return ResponseSolution(np.zeros(shape), induced, np.zeros((count, count)), 0, 0.0)


def _orthonormalised(new: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what `new` adds to the span of `trial`."""
    for _ in range(2):
        new = new - (new @ trial.T) @ trial
        new = new / np.linalg.norm(new, axis=1, keepdims=True).clip(1e-300)
        values, vectors = eigenpairs(new @ new.T)
        kept = values > 1e-10
        new = (vectors[:, kept] / np.sqrt(values[kept])).T @ new
    return new


def _solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    values, vectors = eigenpairs(matrix)
    if values[0] <= 0:
        raise ConvergenceError(
            "the response matrix is not positive definite: the self-consistent field is no "
            "minimum (another state may lie lower)"
        )
    return vectors @ ((vectors.T @ right) / values[:, None])
