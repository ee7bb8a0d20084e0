"""Search for sigma and lambda by validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rpr.errors import InputError
from rpr.regression.kernels import metric
from rpr.regression.resources import thread_map
from rpr.regression.ridge import LAMBDA_FLOOR, ridge_path


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
