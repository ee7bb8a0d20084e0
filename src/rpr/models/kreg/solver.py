"""Solution of the training equations of a potential, (K + Lambda) c = y, in closed form."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rpr.errors import ConditioningWarning, ConvergenceError, InputError
from rpr.models.kreg.kernel import GradientKernel
from rpr.regression.packed_cholesky import LARGEST, PackedMatrix
from rpr.regression.resources import available_bytes

#: Larger condition numbers are worth a warning, as the solution then has few correct digits.
WORST_CONDITION = 1e15

#: Larger relative residuals are worth a warning.
WORST_RESIDUAL = 1e-6

#: Range of what is added to the diagonal, tenfold more each time, where Lambda does not suffice.
_FIRST_JITTER = 1e-14
_LAST_JITTER = 1e-4


@dataclass(frozen=True)
class KREGSolution:
    """Coefficients and how far to trust them.

    Parameters
    ----------
    coefficients : array, [size]
        Coefficients c frame by frame, that of the energy first, then those of the slopes.
    condition
        Estimated condition number of K + Lambda; NaN if not asked for.
    residual
        Relative residual, |y - (K + Lambda) c| / |y|.
    jitter
        Number that had to be added to the diagonal beyond Lambda, usually 0.
    """

    coefficients: np.ndarray
    condition: float
    residual: float
    jitter: float


def check_training_memory(n_frames: int, per_frame: int, limit_bytes: int | None = None) -> None:
    """Refuse a training set whose matrix does not fit.

    Parameters
    ----------
    n_frames, per_frame
        The matrix has n_frames times per_frame rows.
    limit_bytes
        Memory that may be taken; the default is what is available.

    Raises
    ------
    InputError
        The message says how many frames fit.
    """
    limit = available_bytes() if limit_bytes is None else limit_bytes
    needed = training_bytes(n_frames, per_frame)
    if needed <= limit and n_frames * per_frame <= LARGEST:
        return
    fits = min(int((limit / 4) ** 0.5), LARGEST) // per_frame
    while fits > 0 and training_bytes(fits, per_frame) > limit:
        fits -= 1
    if needed > limit:
        reason, remedy = f"found {limit / 1e6:.0f} MB", " or give more memory"
    else:
        reason = f"but more than {LARGEST} equations exceed the integers of LAPACK"
        remedy = ""
    raise InputError(
        f"positions: a potential trained on {n_frames} frames needs {needed / 1e6:.0f} MB, "
        f"{reason}; at most {fits} frames fit: train on fewer frames{remedy}"
    )


def training_bytes(n_frames: int, per_frame: int) -> int:
    """Peak memory of training beyond that of the interpreter, in bytes."""
    size = n_frames * per_frame
    strips = 6 * per_frame * size  # rows of one frame and their intermediates
    vectors = 40 * size
    # Jacobians, modes and the blocks of the kernel in a product with a vector
    features = n_frames * 10 * per_frame**2 + 512 * n_frames
    return PackedMatrix.bytes_needed(size) + 8 * (strips + vectors + features)


def solve_kreg(
    kernel: GradientKernel,
    targets: np.ndarray,
    *,
    lambda_energy: float,
    lambda_forces: float,
    diagnose: bool = True,
) -> KREGSolution:
    """Solve (K + Lambda) c = y by a packed Cholesky factorization, in place.

    Parameters
    ----------
    kernel
        The kernel K between the training frames.
    targets : array, [size]
        Observations y frame by frame, energy (eV) and slopes (eV/Angstrom).
    lambda_energy, lambda_forces
        Ridge terms of energies and slopes; the kernel of a frame with itself is 1.
    diagnose
        Estimate the condition number and warn if it is poor.

    Warns
    -----
    ConditioningWarning
        If digits of the solution are lost, or K + Lambda is singular to working precision so that
        the ridge terms had to be raised.  The message states the condition number.

    Raises
    ------
    ConvergenceError
        If no reasonable ridge term allows to factorize K + Lambda.
    """
    diagonal = _ridge(kernel, lambda_energy, lambda_forces)
    matrix, jitter = _factorized(kernel, diagonal)
    diagonal = diagonal + jitter
    coefficients = matrix.solve(targets)
    residual = _residual(kernel, diagonal, coefficients, targets)
    condition = np.nan
    if diagnose:
        condition = (kernel.largest_eigenvalue() + diagonal.max()) / matrix.smallest_eigenvalue()
        _warn(float(condition), residual, jitter)
    return KREGSolution(coefficients, float(condition), residual, jitter)


def solve_nested(
    kernel: GradientKernel,
    targets: Sequence[np.ndarray],
    *,
    lambda_energy: float,
    lambda_forces: float,
) -> list[KREGSolution]:
    """Solve the equations of the first frames, for several numbers of them, by one factorization.

    Parameters
    ----------
    kernel
        The kernel between all training frames.
    targets : list of array
        Observations of the first frames, in ascending order; the last ones are those of all.
    lambda_energy, lambda_forces
        As for `solve_kreg`.

    Returns
    -------
    list of KREGSolution
        All with the condition number of the largest system, which no smaller one exceeds.

    Warns
    -----
    ConditioningWarning
        As for `solve_kreg`.

    Raises
    ------
    ConvergenceError
        As for `solve_kreg`.
    """
    diagonal = _ridge(kernel, lambda_energy, lambda_forces)
    matrix, jitter = _factorized(kernel, diagonal)
    diagonal = diagonal + jitter
    largest = kernel.largest_eigenvalue() + diagonal.max()
    condition = float(largest / matrix.smallest_eigenvalue())
    solutions = []
    for y in targets:
        own = len(y) == len(diagonal)
        coefficients = matrix.solve(y) if own else matrix.solve_leading(y)
        first = kernel if own else kernel.first(len(y) // kernel.per_frame)
        residual = _residual(first, diagonal[: len(y)], coefficients, y)
        solutions.append(KREGSolution(coefficients, condition, residual, jitter))
    _warn(condition, max(solution.residual for solution in solutions), jitter)
    return solutions


def _ridge(kernel: GradientKernel, lambda_energy: float, lambda_forces: float) -> np.ndarray:
    diagonal = np.full((len(kernel.x), kernel.per_frame), float(lambda_forces))
    diagonal[:, 0] = lambda_energy
    return diagonal.ravel()


def _residual(
    kernel: GradientKernel, diagonal: np.ndarray, coefficients: np.ndarray, targets: np.ndarray
) -> float:
    error = targets - kernel.multiply(coefficients) - diagonal * coefficients
    scale = np.linalg.norm(targets)
    return float(np.linalg.norm(error) / scale) if scale else 0.0


def _factorized(kernel: GradientKernel, diagonal: np.ndarray) -> tuple[PackedMatrix, float]:
    jitter = 0.0
    while jitter <= _LAST_JITTER:
        matrix = kernel.packed(diagonal + jitter)
        if matrix.factorize():
            return matrix, jitter
        del matrix  # as memory does not hold two
        jitter = max(10 * jitter, _FIRST_JITTER, float(diagonal.min()))
    raise ConvergenceError(
        f"potential: the kernel matrix of {len(kernel.x)} frames is not positive definite even "
        f"with {jitter / 10:g} on its diagonal; check positions for extreme geometries"
    )


def _warn(condition: float, residual: float, jitter: float) -> None:
    if jitter:
        warnings.warn(
            f"potential: singular system; {jitter:g} was added to lambda_energy and lambda_forces, "
            f"which leaves a condition number of {condition:.1e}; remove duplicate frames or give "
            "larger lambdas",
            ConditioningWarning,
            stacklevel=4,
        )
    elif not (condition < WORST_CONDITION and residual < WORST_RESIDUAL):
        warnings.warn(
            f"potential: condition number {condition:.1e}, relative residual {residual:.1e}: "
            "digits of the coefficients are lost; give larger lambdas",
            ConditioningWarning,
            stacklevel=4,
        )
