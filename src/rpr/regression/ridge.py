"""Ridge regression on kernel matrices: coefficients, and the errors of many values of lambda.

f(x) = sum_i a_i k(x, x_i) with (K + lambda I) a = y.  Everything here takes kernel matrices, never
descriptors, so that any kernel can be used, including one averaged over a symmetry group.

In a search over a grid, one orthogonal reduction K = Q T Q^T to tridiagonal T serves every lambda
and every component, as T + lambda I is solved in O(n).  This is the cheap part of an
eigendecomposition, and as exact.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eq. (1).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack

from rpr.errors import ConditioningWarning, InputError
from rpr.regression.resources import available_bytes

#: Smallest lambda of the default grid, for kernels with k(x, x) = 1.  Below it the coefficients
#: grow until rounding, not the data, limits how exactly predictions turn with the molecule.
#: At 3e-9 the dipole of a rotated molecule is the rotated dipole within 2e-9 e bohr (1000 frames of
#: dichloroethane, GFN2-xTB); at 1e-9 only within 1.3e-8, for an RMSE 1 % lower.
LAMBDA_FLOOR = 3e-9

#: Condition number from which `solve_ridge` warns; n frames at `LAMBDA_FLOOR` have about n / 3e-9.
CONDITION_LIMIT = 1e14

_PANEL = 64  # block size that LAPACK's workspaces are made for


class TridiagonalForm:
    """K = Q T Q^T with orthogonal Q and tridiagonal T.

    Parameters
    ----------
    K : array, [n, n]
        Symmetric matrix; its lower triangle is used.

    Attributes
    ----------
    diagonal : array, [n]
        Diagonal of T.
    off_diagonal : array, [n - 1]
        First diagonal of T beside the main one.
    """

    def __init__(self, K: np.ndarray) -> None:
        reduced, self.diagonal, self.off_diagonal, self._tau, _ = lapack.dsytrd(
            _fortran_copy(K), lower=1, lwork=_PANEL * len(K), overwrite_a=1
        )
        self._reflectors = np.asfortranarray(reduced[1:, :-1])

    def rotate(self, B: np.ndarray) -> np.ndarray:
        """Q^T B, for B [n, m]."""
        return self._apply("T", B)

    def rotate_back(self, B: np.ndarray) -> np.ndarray:
        """Q B, for B [n, m]."""
        return self._apply("N", B)

    def solve(self, lam: float, B: np.ndarray) -> np.ndarray:
        """(T + lambda I)^-1 B for B [n, m]; NaN where T + lambda I is not positive definite."""
        if len(self.diagonal) == 1:
            return B / (self.diagonal + lam)
        _, _, solution, info = lapack.dptsv(self.diagonal + lam, self.off_diagonal, B)
        return solution if info == 0 else np.full_like(B, np.nan)

    def _apply(self, transpose: str, B: np.ndarray) -> np.ndarray:
        # The first row of Q is that of the identity; the others are reflectors, as in a QR.
        result = np.array(B, dtype=float, order="F")
        if result.size and len(self._tau):
            work = _PANEL * (max(result.shape[1], _PANEL) + _PANEL + 1)
            result[1:], _, _ = lapack.dormqr(
                "L", transpose, self._reflectors, self._tau, result[1:], work
            )
        return result


def ridge_path(
    K_fitted: np.ndarray,
    K_validated: np.ndarray,
    y_fitted: np.ndarray,
    y_validated: np.ndarray,
    lambdas: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """Validation errors for every lambda and every component from one reduction.

    Parameters
    ----------
    K_fitted : array, [n, n]
        Kernel between the fitted frames.
    K_validated : array, [m, n]
        Kernel between the validated and the fitted frames.
    y_fitted : array, [n, n_components]
        Targets of the fitted frames.
    y_validated : array, [m, n_components]
        Targets of the validated frames.
    lambdas
        Positive numbers.

    Returns
    -------
    array, [n_lambdas, n_components]
        Root-mean-square errors on the validated frames; infinite where K + lambda I is
        numerically not positive definite.
    """
    form = TridiagonalForm(K_fitted)
    y = form.rotate(y_fitted)  # -> [n, n_components]
    z = np.hstack([form.solve(lam, y) for lam in lambdas])  # -> [n, n_lambdas * n_components]
    predicted = K_validated @ form.rotate_back(z)  # -> [m, n_lambdas * n_components]
    errors = predicted.reshape(len(K_validated), len(lambdas), -1) - y_validated[:, None]
    rmse = np.sqrt(np.mean(errors**2, axis=0))
    return np.where(np.isfinite(rmse), rmse, np.inf)


def solve_ridge(
    K: np.ndarray, y: np.ndarray, lam: float | Sequence[float] | np.ndarray
) -> np.ndarray:
    """Coefficients a of (K + lambda I) a = y.

    Parameters
    ----------
    K : array, [n, n]
        Symmetric, positive semidefinite matrix.
    y : array, [n] or [n, n_components]
        Targets.
    lam
        One lambda, or one for each component.

    Returns
    -------
    array, of the shape of `y`

    Warns
    -----
    ConditioningWarning
        If the condition number of K + lambda I exceeds `CONDITION_LIMIT`.  If the matrix is
        numerically singular, the solution of least norm is returned.

    Raises
    ------
    InputError
        If a lambda is negative or shapes do not fit.
    """
    y = np.asarray(y, dtype=float)
    targets = y.reshape(len(y), -1)  # -> [n, n_components]
    lams = np.broadcast_to(np.asarray(lam, dtype=float), targets.shape[1:])
    if K.shape != (len(y), len(y)):
        raise InputError(f"K: found shape {K.shape}, expected {(len(y), len(y))} as y has {len(y)}")
    if not (lams >= 0.0).all():
        raise InputError(f"lam: found {lams.min()}, expected a number >= 0")
    coefficients = np.empty_like(targets)
    for value in np.unique(lams):
        of_value = lams == value
        coefficients[:, of_value] = _solve_one(K, targets[:, of_value], float(value))
    return coefficients.reshape(y.shape)


def _solve_one(K: np.ndarray, y: np.ndarray, lam: float) -> np.ndarray:
    shifted = _fortran_copy(K)
    shifted.flat[:: len(K) + 1] += lam
    norm = float(np.linalg.norm(shifted, 1))
    factor, info = lapack.dpotrf(shifted, lower=1, clean=0)
    if info != 0:
        return _solve_singular(shifted, y, lam)
    reciprocal, _ = lapack.dpocon(factor, norm, uplo="L")
    condition = 1.0 / reciprocal if reciprocal > 0.0 else np.inf
    if condition > CONDITION_LIMIT:
        _warn_condition(condition, lam)
    solution, _ = lapack.dpotrs(factor, y, lower=1)
    return solution


def _solve_singular(shifted: np.ndarray, y: np.ndarray, lam: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(shifted)
    keep = values > len(values) * np.finfo(float).eps * values[-1]
    smallest = np.abs(values).min()
    _warn_condition(float(values[-1] / smallest) if smallest > 0.0 else np.inf, lam)
    return vectors[:, keep] @ ((vectors[:, keep].T @ y) / values[keep, None])


def _warn_condition(condition: float, lam: float) -> None:
    warnings.warn(
        f"K + lambda I has condition number {condition:.1e} with lambda = {lam:g}: digits of the "
        f"coefficients are lost; raise lambda (at least {LAMBDA_FLOOR:g}) or remove duplicate "
        "frames",
        ConditioningWarning,
        stacklevel=4,
    )


def _fortran_copy(symmetric: np.ndarray) -> np.ndarray:
    """Copy of a symmetric matrix in Fortran order, which is fast if it is transposed first."""
    return np.array(symmetric.T if symmetric.flags.c_contiguous else symmetric, float, order="F")


def check_memory(n_frames: int, *, copies: int, rows_per_frame: int = 1) -> None:
    """Refuse kernel matrices that the memory of the machine cannot hold.

    Parameters
    ----------
    n_frames
        Number of training frames.
    copies
        Number of kernel matrices that exist at the same time.
    rows_per_frame
        Rows of a kernel matrix that belong to one frame.

    Raises
    ------
    InputError
        The message says how many frames fit.
    """
    bytes_per_pair = 8 * copies * rows_per_frame**2
    needed, available = bytes_per_pair * n_frames**2, available_bytes()
    if needed > available:
        fitting = int((available / bytes_per_pair) ** 0.5)
        raise InputError(
            f"frames: kernel matrices of {n_frames} frames need {needed / 1e9:.0f} GB and "
            f"{available / 1e9:.0f} GB are free; at most {fitting} frames fit"
        )
