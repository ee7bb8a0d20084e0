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

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rpr.errors import ConvergenceError
from rpr.labels.dft.density_fitting import FittedIntegrals
from rpr.labels.dft.exchange_correlation import Functional, density_on_grid, orbitals_on_grid
from rpr.labels.dft.grids import BLOCK, Grid
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.workspace import Workspace

MAX_ITERATIONS = 30

_Block = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


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


class ResponseOperator:
    """The matrix A, as its product with trial vectors.

    Parameters
    ----------
    integrals
        Fitted integrals of the frame.
    functional
        Exchange-correlation functional.
    grid
        Grid of the exchange-correlation kernel; None for Hartree-Fock.
    solution
        Converged self-consistent field.
    workspace
        Memory for large arrays.
    """

    def __init__(
        self,
        integrals: FittedIntegrals,
        functional: Functional,
        grid: Grid | None,
        solution: SCFSolution,
        workspace: Workspace,
    ) -> None:
        single = np.float32
        self._integrals = integrals
        self._functional = functional
        self._solution = solution
        self.differences = np.subtract.outer(
            solution.orbital_energies[solution.n_occupied :],
            solution.orbital_energies[: solution.n_occupied],
        )  # e_a - e_i -> [n_virtual, n_occupied]
        self._occupied = solution.occupied.astype(single)
        self._virtual = solution.virtual.astype(single)
        half = solution.half
        if half is None:
            half = integrals.half_transform(solution.occupied)
        self._half = half.astype(single)
        self._pairs = self._half @ self._occupied  # B_ij -> [P, i, j]
        self._on_grid = [] if grid is None else list(self._kernel_on_grid(grid, workspace))

    def on_grid(self, points: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Orbitals, potential and kernel on points of one `grids.BLOCK`, single precision.

        Returns
        -------
        psi, v, f
            [component, n_occupied, n_points], and v [component, n_points] and
            f [component, component, n_points] times the weights of the points.
        """
        block, begin = divmod(points.start, BLOCK)
        inside = slice(begin, begin + points.stop - points.start)
        _, psi, potential, kernel = self._on_grid[block]
        return psi[..., inside], potential[..., inside], kernel[..., inside]

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Products of trial vectors U, [n_vectors, n_virtual, n_occupied].

        Returns
        -------
        products, induced
            A U, [n_vectors, n_virtual, n_occupied], and the occupied block of the induced Fock
            matrices, C_o^T (J[D'] - (a/2) K[D'] + V'[D']) C_o, [n_vectors, n_occupied, n_occupied].
        """
        z = np.matmul(self._virtual, vectors.astype(np.float32))  # -> [v, m, i]
        product = self._coulomb(z)
        if self._functional.exact_exchange:
            product -= 0.5 * self._functional.exact_exchange * self._exchange(z)
        for basis, psi, _, kernel in self._on_grid:
            product += self._exchange_correlation(z, basis, psi, kernel)
        products = self.differences * vectors + np.matmul(self._virtual.T, product)
        return products, np.matmul(self._occupied.T, product)

    def _coulomb(self, z: np.ndarray) -> np.ndarray:
        flat = self._half.reshape(len(self._half), -1)  # -> [P, i m]
        fitted = flat @ z.transpose(0, 2, 1).reshape(len(z), -1).T
        return 4 * (fitted.T @ flat).reshape(len(z), *self._half.shape[1:]).transpose(0, 2, 1)

    def _exchange(self, z: np.ndarray) -> np.ndarray:
        n_vectors, n_ao, n_occupied = z.shape
        flat = self._half.reshape(-1, n_ao)  # -> [P j, m]
        product = np.empty_like(z)
        for v in range(n_vectors):
            moved = self._integrals.half_transform(z[v], single=True)  # (B Z)^P_jm
            product[v] = moved.reshape(-1, n_ao).T @ self._pairs.reshape(-1, n_occupied)
            pairs = (flat @ z[v]).reshape(self._pairs.shape)  # (H Z)^P_ij
            product[v] += flat.T @ pairs.transpose(0, 2, 1).reshape(-1, n_occupied)
        return 2 * product

    def _kernel_on_grid(self, grid: Grid, workspace: Workspace) -> Iterator[_Block]:
        """Basis, orbitals, potential and kernel of each block of the grid, single precision."""
        order = self._functional.derivative
        count = 4 if order else 1
        n_ao, n_points = self._solution.occupied.shape[0], len(grid.weights)
        store = workspace.array("response basis", (count * n_ao * n_points,), np.float32)
        for points, basis in grid.blocks(order):
            begin, end = count * n_ao * points.start, count * n_ao * points.stop
            single = store[begin:end].reshape(count, n_ao, -1)
            np.copyto(single, basis[:count], casting="same_kind")
            psi = orbitals_on_grid(self._solution.occupied, basis)
            potential, kernel = self._functional.potential_and_kernel(
                density_on_grid(psi), grid.weights[points]
            )
            psi, potential, kernel = (a.astype(np.float32) for a in (psi, potential, kernel))
            yield single, psi, potential, kernel

    def _exchange_correlation(
        self, z: np.ndarray, basis: np.ndarray, psi: np.ndarray, kernel: np.ndarray
    ) -> np.ndarray:
        n_vectors, n_ao, n_occupied = z.shape
        stacked = np.ascontiguousarray(z.transpose(0, 2, 1)).reshape(-1, n_ao)
        zeta = np.matmul(stacked, basis).reshape(len(basis), n_vectors, n_occupied, -1)
        weighted = np.empty_like(zeta)
        for v in range(n_vectors):
            density = np.einsum("ip,cip->cp", psi[0], zeta[:, v])
            density[1:] += np.einsum("ip,cip->cp", zeta[0, v], psi[1:])
            potential = 4 * np.einsum("cdp,dp->cp", kernel, density)
            weighted[0, v] = np.einsum("cip,cp->ip", psi, potential)
            weighted[1:, v] = psi[0] * potential[1:, None]
        product = np.zeros((n_ao, n_vectors * n_occupied), np.float32)
        for c in range(len(basis)):
            product += basis[c] @ weighted[c].reshape(n_vectors * n_occupied, -1).T
        return product.reshape(n_ao, n_vectors, n_occupied).transpose(1, 0, 2)


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
        If the residual stays above the tolerance, or A is not positive definite: the
        self-consistent field is then no minimum.
    """
    right = -coordinates.reshape(3, -1)
    scale = np.linalg.norm(right, axis=1)
    scale[scale == 0] = 1
    preconditioner = operator.differences.ravel().clip(0.1)
    new = right / preconditioner if guess is None else guess.reshape(3, -1)
    trial = np.empty((0, right.shape[1]))
    image = np.empty_like(trial)
    induced = np.empty((0, coordinates.shape[2] ** 2))
    for iteration in range(1, MAX_ITERATIONS + 1):
        new = _orthonormalised(new, trial)
        trial = np.vstack([trial, new])
        products, blocks = operator(new.reshape(-1, *coordinates.shape[1:]))
        image = np.vstack([image, products.reshape(new.shape)])
        induced = np.vstack([induced, blocks.reshape(len(new), -1)])
        projected = trial @ image.T
        projected = (projected + projected.T) / 2
        coefficients = _solve_positive(projected, trial @ right.T)
        residual = right - coefficients.T @ image
        norms = np.linalg.norm(residual, axis=1) / scale
        if norms.max() < tolerance:
            amplitudes = (coefficients.T @ trial).reshape(coordinates.shape)
            alpha = 4 * (trial @ right.T).T @ coefficients
            block = (coefficients.T @ induced).reshape(3, *blocks.shape[1:])
            block = (block + block.transpose(0, 2, 1)) / 2
            alpha = (alpha + alpha.T) / 2
            return Response(alpha, amplitudes, iteration, float(norms.max()), block)
        new = (residual / preconditioner)[norms > tolerance / 3]
    raise ConvergenceError(
        f"response equations not converged in {MAX_ITERATIONS} iterations: "
        f"residual {norms.max():.1e}, expected {tolerance:.1e}"
    )


def _orthonormalised(new: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what `new` adds to the span of `trial`."""
    for _ in range(2):
        new = new - (new @ trial.T) @ trial
        new = new / np.linalg.norm(new, axis=1, keepdims=True).clip(1e-300)
        values, vectors = np.linalg.eigh(new @ new.T)
        kept = values > 1e-10
        new = (vectors[:, kept] / np.sqrt(values[kept])).T @ new
    return new


def _solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 0:
        raise ConvergenceError(
            "the response matrix is not positive definite: the self-consistent field is no "
            "minimum (another state may lie lower)"
        )
    return vectors @ ((vectors.T @ right) / values[:, None])
