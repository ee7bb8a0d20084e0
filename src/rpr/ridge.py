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
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from rpr.errors import ConditioningWarning, InputError
from rpr.kernels import metric
from rpr.memory import available_bytes
from rpr.threads import available_threads, thread_map
from rpr.tridiagonal import TridiagonalForm
from rpr.unlocked_lapack import cholesky, fortran_copy

#: Smallest lambda of the default grid, for kernels with k(x, x) = 1.  Below it the coefficients
#: grow until rounding, not the data, limits how exactly predictions turn with the molecule.
#: At 3e-9 the dipole of a rotated molecule is the rotated dipole within 2e-9 e bohr (1000 frames of
#: dichloroethane, GFN2-xTB); at 1e-9 only within 1.3e-8, for an RMSE 1 % lower.
LAMBDA_FLOOR = 3e-9
#: Condition number from which `solve` warns; n frames at the floor of lambda have about n / 3e-9.
CONDITION_LIMIT = 1e14


class Choice(NamedTuple):
    """Hyper-parameters of one component and the validation error that chose them."""

    sigma: float
    lam: float
    rmse: float


def default_lambdas(n: int = 17) -> np.ndarray:
    """`n` values of lambda, evenly spaced in the logarithm from `LAMBDA_FLOOR` to 0.1."""
    return np.logspace(np.log10(LAMBDA_FLOOR), -1.0, n)


def sigma_factors(name: str, n: int = 12) -> np.ndarray:
    """`n` values of sigma for kernel `name`, relative to the median distance between frames.

    Each kernel has its own range, as the same sigma means a different width in each of them.

    Returns
    -------
    array, [n], ascending, evenly spaced in the logarithm

    Raises
    ------
    InputError
        If there is no such kernel.
    """
    metric(name)
    return np.geomspace(*_SIGMA_RANGE[name], n)


def default_sigmas(name: str, distances: np.ndarray, n: int = 12) -> np.ndarray:
    """`sigma_factors` times the `median_distance` of `distances`, in the unit of the latter."""
    return median_distance(distances) * sigma_factors(name, n)


_SIGMA_RANGE = {
    "gaussian": (0.25, 16.0),
    "laplacian": (0.5, 32.0),
    "matern1": (0.25, 50.0),
    "matern2": (0.2, 25.0),
    "matern3": (0.15, 15.0),
    "matern4": (0.1, 10.0),
}


def median_distance(distances: np.ndarray) -> float:
    """Median of the positive distances; 1 if there is none, as then sigma does not matter."""
    positive = distances[distances > 0.0]
    return float(np.median(positive)) if positive.size else 1.0


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


def search_surface(
    kernel_blocks: Callable[[float], tuple[np.ndarray, np.ndarray]],
    y_train: np.ndarray,
    y_validation: np.ndarray,
    sigmas: Sequence[float],
    lambdas: Sequence[float],
) -> np.ndarray:
    """Validation errors on the whole grid, [n_sigmas, n_lambdas, n_components]; see `search`.

    `kernel_blocks` is called from several threads at once.
    """
    for name, grid in (("sigmas", sigmas), ("lambdas", lambdas)):
        if not len(grid) or not (np.asarray(grid, dtype=float) > 0.0).all():
            raise InputError(f"{name}: found {list(grid)}, expected at least one positive number")

    def errors(sigma: float) -> np.ndarray:
        return ridge_path(*kernel_blocks(sigma), y_train, y_validation, lambdas)

    return np.array(thread_map(errors, sigmas))


def search(
    kernel_blocks: Callable[[float], tuple[np.ndarray, np.ndarray]],
    y_train: np.ndarray,
    y_validation: np.ndarray,
    sigmas: Sequence[float],
    lambdas: Sequence[float],
) -> list[Choice]:
    """Sigma and lambda of lowest validation error, for each component.

    Parameters
    ----------
    kernel_blocks
        Function of sigma that returns (K_train [n, n], K_validation [m, n]); it is called from
        several threads at once.
    y_train : array, [n, c]
        Centred, where the model centres.
    y_validation : array, [m, c]
        Shifted by the same.
    sigmas, lambdas
        The grid; all pairs are tried.

    Returns
    -------
    list of Choice, one per component

    Raises
    ------
    InputError
        If the grid is empty or has a number that is not positive.
    """
    surface = search_surface(kernel_blocks, y_train, y_validation, sigmas, lambdas)
    return choose(surface, sigmas, lambdas)


def choose(surface: np.ndarray, sigmas: Sequence[float], lambdas: Sequence[float]) -> list[Choice]:
    """Lowest point of the errors [n_sigmas, n_lambdas, c] for each component.

    Of equally good points (a constant target has only those) the last one, the smoothest, is taken.
    """
    choices = []
    for errors in np.moveaxis(surface, 2, 0):
        best = errors.size - 1 - int(np.argmin(errors[::-1, ::-1]))
        s, k = np.unravel_index(best, errors.shape)
        choices.append(Choice(float(sigmas[s]), float(lambdas[k]), float(errors[s, k])))
    return choices


def solve(K: np.ndarray, y: np.ndarray, lam: float | Sequence[float]) -> np.ndarray:
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


def validation_split(n: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random split of n training frames into those fitted and those validated in a search.

    Both parts hold at least one frame; of a single frame both are that frame, since it can be
    nothing else.

    Parameters
    ----------
    n
        Number of frames.
    fraction
        Part that validates, between 0 and 1.
    seed
        Of the random order.

    Returns
    -------
    (indices fitted, indices validated), both ascending
    """
    if not 0.0 < fraction < 1.0:
        raise InputError(f"validation_fraction: found {fraction}, expected between 0 and 1")
    if n == 1:
        return np.array([0]), np.array([0])
    n_validation = min(max(round(fraction * n), 1), n - 1)
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])


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
