"""Choice of kernel, sigma and lambda by validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rpr.errors import InputError
from rpr.regression import kernels
from rpr.regression.hold_out import hold_out
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
    kernel: str


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
    return sigma_grids(name, X, factors)[name]


def sigma_grids(
    family: str, X: np.ndarray, factors: Sequence[float] | None = None
) -> dict[str, np.ndarray]:
    """Values of sigma to try with each kernel of a family; arguments as for `sigma_grid`."""
    distances = kernels.distance(family, X)
    positive = distances[distances > 0.0]
    # If all frames are the same, any sigma will do.
    median = np.median(positive) if positive.size else 1.0
    return {
        name: median * np.asarray(sigma_factors(name) if factors is None else factors, dtype=float)
        for name in kernels.members(family)
    }


def search(
    blocks: Callable[[str, float], Iterable[Blocks]],
    y_fitted: np.ndarray,
    y_validated: np.ndarray,
    sigmas: Mapping[str, Sequence[float] | np.ndarray],
    lambdas: Sequence[float] | np.ndarray,
) -> list[Choice]:
    """Kernel, sigma and lambda with the lowest validation error, for each component.

    Parameters
    ----------
    blocks
        Function that returns the kernel matrices of one kernel at one sigma, which together serve
        all components. Several threads call it at once.
    y_fitted : array, [n, n_components]
        Targets of the fitted frames, centred where the model centres them.
    y_validated : array, [m, n_components]
        Targets of the validated frames, shifted by the same means.
    sigmas
        Values of sigma to try, by kernel.
    lambdas
        All pairs of a sigma and one of these values are tried.

    Raises
    ------
    InputError
        If a grid is empty or contains a number that is not positive.
    """
    grids = [*(("sigmas", grid) for grid in sigmas.values()), ("lambdas", lambdas)]
    for name, grid in grids:
        values = np.asarray(grid, dtype=float)
        if not values.size or not (values > 0.0).all():
            raise InputError(
                f"{name}: found {values.tolist()}, expected at least one positive number"
            )

    def errors(kernel_and_sigma: tuple[str, float]) -> np.ndarray:
        rmse = np.empty((len(lambdas), y_fitted.shape[1]))
        for c, K_fitted, K_validated in blocks(*kernel_and_sigma):
            rmse[:, c] = ridge_path(
                K_fitted, K_validated, y_fitted[:, c], y_validated[:, c], lambdas
            )
        return rmse

    points = [(name, float(sigma)) for name, grid in sigmas.items() for sigma in grid]
    return choose(np.array(thread_map(errors, points)), points, lambdas)


def near(
    sigmas: Mapping[str, Sequence[float] | np.ndarray], choices: Sequence[Choice], reach: int = 2
) -> dict[str, np.ndarray]:
    """The kernels that components chose, and those sigmas that lie near the chosen ones.

    Parameters
    ----------
    sigmas
        Values that were tried, by kernel.
    choices
        What was chosen among them.
    reach
        How many values on both sides of a chosen one are kept.

    Examples
    --------
    >>> grid = {"matern1": [1.0, 2.0, 4.0], "matern2": [1.0, 2.0, 4.0]}
    >>> near(grid, [Choice(4.0, 0.1, 1.0, "matern2")], reach=1)
    {'matern2': array([2., 4.])}
    """
    kept: dict[str, np.ndarray] = {}
    for name, grid in sigmas.items():
        values = np.asarray(grid, dtype=float)
        places = np.flatnonzero(np.isin(values, [c.sigma for c in choices if c.kernel == name]))
        around = np.abs(np.arange(len(values)) - places[:, None]) <= reach
        if len(places):
            kept[name] = values[around.any(axis=0)]
    return kept


def choose(
    surface: np.ndarray,
    points: Sequence[tuple[str, float]],
    lambdas: Sequence[float] | np.ndarray,
) -> list[Choice]:
    """Lowest point of the errors [n_points, n_lambdas, n_components] for each component.

    A point is a kernel and a sigma.  Among equally good ones, which are all of them for a constant
    target, the last and smoothest one is taken.
    """
    choices = []
    for errors in np.moveaxis(surface, 2, 0):
        best = errors.size - 1 - int(np.argmin(errors[::-1, ::-1]))
        p, k = np.unravel_index(best, errors.shape)
        kernel, sigma = points[p]
        choices.append(Choice(sigma, float(lambdas[k]), float(errors[p, k]), kernel))
    return choices


def relative_error(choices: Sequence[Choice], targets: np.ndarray) -> float:
    """Sum of the squared validation errors, each relative to the spread of its component.

    Parameters
    ----------
    choices
        One for each component.
    targets : array, [n_frames, n_components]
        Targets of all training frames; a constant component counts with its error as it is.
    """
    scale = targets.std(axis=0)
    scale[scale == 0.0] = 1.0
    return float(np.sum((np.array([choice.rmse for choice in choices]) / scale) ** 2))


def validation_split(
    n: int, fraction: float, seed: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Random split of training frames into fitted and validated ones, for a search.

    These are the two parts of `rpr.regression.hold_out.hold_out`.

    Parameters
    ----------
    n
        Number of training frames.
    fraction
        Part of the frames, or of the groups, that is validated, between 0 and 1.
    seed
        Seed of the random order.
    groups : array, [n]
        Frames of equal entries go to the same part.

    Returns
    -------
    fitted, validated : array of int
        Indices in ascending order.

    Raises
    ------
    InputError
        If the fraction is not between 0 and 1, or there is not one group for each frame.
    """
    fitted, validated = hold_out(n, fraction, np.random.default_rng(seed), groups)
    return np.sort(fitted), np.sort(validated)
