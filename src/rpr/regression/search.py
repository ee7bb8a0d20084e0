"""Choice of sigma and lambda by validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from rpr.errors import InputError
from rpr.regression import kernels
from rpr.regression.resources import thread_map
from rpr.regression.ridge import LAMBDA_FLOOR, ridge_path

_SIGMA_RANGE = {
    "gaussian": (0.25, 16.0),
    "laplacian": (0.5, 32.0),
    "matern1": (0.25, 50.0),
    "matern2": (0.2, 25.0),
    "matern3": (0.15, 15.0),
    "matern4": (0.1, 10.0),
}

#: Components that share kernel matrices, the matrix between the fitted frames [n, n], and the one
#: between validated and fitted frames [m, n].
Blocks = tuple[Sequence[int] | np.ndarray | slice, np.ndarray, np.ndarray]


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
    array, [n]
        Ascending, evenly spaced in the logarithm.

    Raises
    ------
    InputError
        If there is no such kernel.
    """
    kernels.metric(name)
    return np.geomspace(*_SIGMA_RANGE[name], n)


def sigma_grid(name: str, X: np.ndarray, factors: Sequence[float] | None = None) -> np.ndarray:
    """Values of sigma to try: multiples of the median distance between the rows of `X`.

    Parameters
    ----------
    name
        Name of the kernel, which decides what a distance is.
    X : array, [n, n_features]
        Descriptors of the frames.
    factors
        The multiples; the default is `sigma_factors`.
    """
    multiples = np.asarray(sigma_factors(name) if factors is None else factors, dtype=float)
    distances = kernels.distance(name, X)
    positive = distances[distances > 0.0]
    # If all frames are the same, any sigma will do.
    return (np.median(positive) if positive.size else 1.0) * multiples


def search(
    blocks: Callable[[float], Iterable[Blocks]],
    y_fitted: np.ndarray,
    y_validated: np.ndarray,
    sigmas: Sequence[float] | np.ndarray,
    lambdas: Sequence[float] | np.ndarray,
) -> list[Choice]:
    """Sigma and lambda with the lowest validation error, for each component.

    Parameters
    ----------
    blocks
        Function that returns the kernel matrices at one sigma, which together serve all
        components. Several threads call it at once.
    y_fitted : array, [n, n_components]
        Targets of the fitted frames, centred where the model centres them.
    y_validated : array, [m, n_components]
        Targets of the validated frames, shifted by the same means.
    sigmas, lambdas
        All pairs of these values are tried.

    Raises
    ------
    InputError
        If a grid is empty or contains a number that is not positive.
    """
    for name, grid in (("sigmas", sigmas), ("lambdas", lambdas)):
        values = np.asarray(grid, dtype=float)
        if not values.size or not (values > 0.0).all():
            raise InputError(
                f"{name}: found {values.tolist()}, expected at least one positive number"
            )

    def errors(sigma: float) -> np.ndarray:
        rmse = np.empty((len(lambdas), y_fitted.shape[1]))
        for c, K_fitted, K_validated in blocks(sigma):
            rmse[:, c] = ridge_path(
                K_fitted, K_validated, y_fitted[:, c], y_validated[:, c], lambdas
            )
        return rmse

    return choose(np.array(thread_map(errors, sigmas)), sigmas, lambdas)


def choose(
    surface: np.ndarray,
    sigmas: Sequence[float] | np.ndarray,
    lambdas: Sequence[float] | np.ndarray,
) -> list[Choice]:
    """Lowest point of the errors [n_sigmas, n_lambdas, n_components] for each component.

    Among equally good points, which are all of them for a constant target, the last and smoothest
    one is taken.
    """
    choices = []
    for errors in np.moveaxis(surface, 2, 0):
        best = errors.size - 1 - int(np.argmin(errors[::-1, ::-1]))
        s, k = np.unravel_index(best, errors.shape)
        choices.append(Choice(float(sigmas[s]), float(lambdas[k]), float(errors[s, k])))
    return choices


def validation_split(
    n: int, fraction: float, seed: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Random split of training frames into fitted and validated ones, for a search.

    Each part holds at least one frame, or one group. A single one belongs to both parts.

    Parameters
    ----------
    n
        Number of training frames.
    fraction
        Part of the frames that is validated, between 0 and 1.
    seed
        Seed of the random order.
    groups : array, [n]
        Frames of equal entries go to the same part, such as copies of one frame or frames of one
        trajectory; then `fraction` refers to groups.

    Returns
    -------
    fitted, validated : array of int
        Indices in ascending order.

    Raises
    ------
    InputError
        If the fraction is not between 0 and 1.
    """
    if groups is not None:
        names, member = np.unique(groups, return_inverse=True)
        fitted, validated = validation_split(len(names), fraction, seed)
        return np.flatnonzero(np.isin(member, fitted)), np.flatnonzero(np.isin(member, validated))
    if not 0.0 < fraction < 1.0:
        raise InputError(f"validation_fraction: found {fraction}, expected between 0 and 1")
    if n == 1:
        return np.array([0]), np.array([0])
    n_validated = min(max(round(fraction * n), 1), n - 1)
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[n_validated:]), np.sort(order[:n_validated])
