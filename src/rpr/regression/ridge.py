"""Kernel ridge regression: coefficients, and the search for sigma and lambda.

f(x) = sum_i a_i k(x, x_i) with (K + lambda I) a = y.  Everything here takes kernel matrices, never
descriptors, so that any kernel, also one averaged over a symmetry group, can be used.

The search is over a grid, and one orthogonal reduction K = Q T Q^T to tridiagonal T serves every
lambda and every component, as T + lambda I is solved in O(n).  That is the cheap part of an
eigendecomposition, and as exact.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eq. (1).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack

from rpr.errors import ConditioningWarning, InputError
from rpr.regression.lapack import TridiagonalForm, cholesky, fortran_copy
from rpr.regression.resources import available_bytes, available_threads

#: Smallest lambda of the default grid, for kernels with k(x, x) = 1.  Below it the coefficients
#: grow until rounding, not the data, limits how exactly predictions turn with the molecule.
#: At 3e-9 the dipole of a rotated molecule is the rotated dipole within 2e-9 e bohr (1000 frames of
#: dichloroethane, GFN2-xTB); at 1e-9 only within 1.3e-8, for an RMSE 1 % lower.
LAMBDA_FLOOR = 3e-9

#: Condition number from which `solve` warns; n frames at the floor of lambda have about n / 3e-9.
CONDITION_LIMIT = 1e14


def ridge_path(
    K_train: np.ndarray,
    K_validation: np.ndarray,
    y_train: np.ndarray,
    y_validation: np.ndarray,
    lambdas: Sequence[float],
) -> np.ndarray:
    """Validation errors for every lambda and every component from one reduction.

    Parameters
    ----------
    K_train : array, [n, n]
    K_validation : array, [m, n]
    y_train : array, [n, c]
    y_validation : array, [m, c]
    lambdas : [L]
        Positive.

    Returns
    -------
    array, [L, c]
        Root-mean-square errors on the validation frames; infinite where K + lambda I is
        numerically not positive definite.
    """
    form = TridiagonalForm(K_train)
    y = form.rotate(y_train)  # -> [n, c]
    z = np.hstack([form.solve(lam, y) for lam in lambdas])  # -> [n, L c]
    predicted = K_validation @ form.rotate_back(z)  # -> [m, L c]
    errors = predicted.reshape(len(K_validation), len(lambdas), -1) - y_validation[:, None]
    rmse = np.sqrt(np.mean(errors**2, axis=0))
    return np.where(np.isfinite(rmse), rmse, np.inf)


def solve_ridge(K: np.ndarray, y: np.ndarray, lam: float | Sequence[float]) -> np.ndarray:
    """Coefficients a of (K + lambda I) a = y.

    Parameters
    ----------
    K : array, [n, n]
        Symmetric, positive semidefinite.
    y : array, [n] or [n, c]
    lam
        One lambda, or one per component.

    Returns
    -------
    array, of the shape of `y`

    Warns
    -----
    ConditioningWarning
        If the condition number of K + lambda I exceeds `CONDITION_LIMIT`.  If the matrix is
        numerically singular the solution of least norm is returned.

    Raises
    ------
    InputError
        If a lambda is negative or shapes do not fit.
    """
    y = np.asarray(y, dtype=float)
    targets = y.reshape(len(y), -1)  # -> [n, c]
    lams = np.broadcast_to(np.asarray(lam, dtype=float), targets.shape[1:])
    if K.shape != (len(y), len(y)):
        raise InputError(f"K: found shape {K.shape}, expected {(len(y), len(y))} as y has {len(y)}")
    if not (lams >= 0.0).all():
        raise InputError(f"lambda: found {lams.min()}, expected a number >= 0")
    coefficients = np.empty_like(targets)
    for value in np.unique(lams):
        of_value = lams == value
        coefficients[:, of_value] = _solve_one(K, targets[:, of_value], float(value))
    return coefficients.reshape(y.shape)


def _solve_one(K: np.ndarray, y: np.ndarray, lam: float) -> np.ndarray:
    shifted = fortran_copy(K)
    shifted.flat[:: len(K) + 1] += lam
    norm = float(np.linalg.norm(shifted, 1))
    factor = shifted.copy(order="F")
    if not cholesky(factor):
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


def check_memory(n_train: int, *, copies: int | None = None) -> None:
    """Refuse kernel matrices that the memory of the machine cannot hold.

    Parameters
    ----------
    n_train
        Number of training frames.
    copies
        Matrices [n_train, n_train] that exist at the same time.  Default: those of `search`, which
        holds the distances and, per thread, a kernel matrix and its reduction.

    Raises
    ------
    InputError
        Saying how many frames fit.
    """
    copies = 2 + 2 * available_threads() if copies is None else copies
    bytes_per_pair = 8 * copies
    needed, available = bytes_per_pair * n_train**2, available_bytes()
    if needed > available:
        fitting = int((available / bytes_per_pair) ** 0.5)
        raise InputError(
            f"n_train: {n_train} frames need {needed / 1e9:.0f} GB for kernel matrices and "
            f"{available / 1e9:.0f} GB are free; at most {fitting} frames fit"
        )
