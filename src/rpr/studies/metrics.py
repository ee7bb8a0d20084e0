"""Error measures: per component, and independent of the axes that components refer to."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes long to import

from rpr.axes.components import RANK, component_names
from rpr.errors import InputError

#: An interval is bootstrapped from at least as many independent groups.
MIN_GROUPS = 5


def rmse(reference: np.ndarray, prediction: np.ndarray) -> float:
    r"""Root mean square error, :math:`\sqrt{\langle (p - r)^2 \rangle}`, in the unit of the values.

    Parameters
    ----------
    reference, prediction
        Arrays of one shape; every element counts once.

    Returns
    -------
    float
        NaN for empty arrays.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    error = _difference(reference, prediction)
    return float(np.sqrt(np.mean(error**2))) if error.size else float("nan")


def mae(reference: np.ndarray, prediction: np.ndarray) -> float:
    r"""Mean absolute error, :math:`\langle |p - r| \rangle` (NaN if empty)."""
    error = _difference(reference, prediction)
    return float(np.mean(np.abs(error))) if error.size else float("nan")


def max_error(reference: np.ndarray, prediction: np.ndarray) -> float:
    r"""Largest absolute error, :math:`\max |p - r|` (NaN if empty)."""
    error = _difference(reference, prediction)
    return float(np.max(np.abs(error))) if error.size else float("nan")


def r2(reference: np.ndarray, prediction: np.ndarray) -> float:
    r"""Coefficient of determination, :math:`1 - \sum (p - r)^2 / \sum (r - \bar r)^2`.

    NaN where it has no meaning: fewer than two values, or a reference that does not vary.
    """
    error = _difference(reference, prediction)
    if error.size < 2:
        return float("nan")
    reference = np.asarray(reference, dtype=float)
    spread = float(np.sum((reference - reference.mean()) ** 2))
    return 1.0 - float(np.sum(error**2)) / spread if spread > 0.0 else float("nan")


def mu_inv(reference: np.ndarray, prediction: np.ndarray) -> float:
    r"""Axes-independent dipole error, :math:`\sqrt{\langle |\Delta\mu|^2 \rangle / 3}`.

    This is the root mean square of the three component errors in any orthonormal axes, so that a
    rotation of the values cannot change it.

    Parameters
    ----------
    reference, prediction : array, [n_frames, 3]
        Vectors.
    """
    return _axes_independent(reference, prediction, (3,))


def alpha_inv(reference: np.ndarray, prediction: np.ndarray) -> float:
    r"""Axes-independent polarizability error,
    :math:`\sqrt{\langle \lVert\Delta\alpha\rVert_F^2 \rangle / 9}`.

    Parameters
    ----------
    reference, prediction : array, [n_frames, 3, 3]
        Full tensors.
    """
    return _axes_independent(reference, prediction, (3, 3))


def invariant_squares(error: np.ndarray, property: str) -> np.ndarray:
    """Squared axes-independent error of each frame, from the errors of its components.

    Parameters
    ----------
    error : array, [n_frames, n_components]
        Errors of :func:`rpr.axes.components.component_names`.
    property
        ``"dipole"`` or ``"polarizability"``.

    Returns
    -------
    array, [n_frames]
        The square |dmu|^2 / 3 or ||dalpha||_F^2 / 9.
    """
    # An off-diagonal component of a symmetric tensor stands for two elements.
    twice = [name[-1] != name[-2] for name in component_names(property)]
    weights = np.where(twice, 2.0, 1.0) if property == "polarizability" else np.ones(3)
    return (error**2) @ weights / 3 ** RANK[property]


def summary(reference: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """The four error columns of the tables: rmse, mae, max_error, r2."""
    return {
        "rmse": rmse(reference, prediction),
        "mae": mae(reference, prediction),
        "max_error": max_error(reference, prediction),
        "r2": r2(reference, prediction),
    }


def _difference(reference: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    reference = np.asarray(reference, dtype=float)
    prediction = np.asarray(prediction, dtype=float)
    if reference.shape != prediction.shape:
        raise InputError(
            f"reference has shape {reference.shape} but prediction has shape {prediction.shape}; "
            "compare arrays of one shape"
        )
    return prediction - reference


def _axes_independent(
    reference: np.ndarray, prediction: np.ndarray, shape: tuple[int, ...]
) -> float:
    found = np.asarray(reference).shape
    if found[1:] != shape:
        expected = ", ".join(map(str, shape))
        raise InputError(f"reference has shape {found}; expected [n_frames, {expected}]")
    return rmse(reference, prediction)


def resampling_weights(groups: np.ndarray, *, n_resamples: int = 1000, seed: int = 0) -> np.ndarray:
    """Weights of the cluster bootstrap: whole groups are drawn with replacement.

    Frames of one trajectory are correlated, and resampling frames would make intervals too narrow.
    The trajectories are independent.

    Parameters
    ----------
    groups : array, [n_frames]
        Group of every frame, which is its trajectory.
    n_resamples
        Number of bootstrap samples.
    seed
        Seed of the draws. Equal seeds and groups give equal draws, so that two models are compared
        on the same samples.

    Returns
    -------
    array, [n_resamples, n_frames]
        How often each frame is in each sample.
    """
    _, index = np.unique(groups, return_inverse=True)
    n_groups = int(index.max()) + 1 if len(index) else 0
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_groups, np.full(n_groups, 1.0 / max(n_groups, 1)), n_resamples)
    return counts[:, index]


def resampled_rmse(squared: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """RMSE of every bootstrap sample.

    Parameters
    ----------
    squared : array, [n_frames, ...]
        Squared errors.
    weights : array, [n_resamples, n_frames]
        What :func:`resampling_weights` returns.

    Returns
    -------
    array, [n_resamples, ...]
    """
    total = np.tensordot(weights, squared, axes=1)
    count = weights.sum(axis=1).reshape(-1, *[1] * (np.ndim(squared) - 1))
    return np.sqrt(total / np.maximum(count, 1))


def rmse_interval(
    squared: np.ndarray, groups: np.ndarray, *, n_resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the RMSE from a bootstrap over groups.

    Parameters
    ----------
    squared : array, [n_frames]
        Squared errors.
    groups : array, [n_frames]
        Trajectory of every frame.

    Returns
    -------
    tuple of float
        Percentiles 2.5 and 97.5, or NaN with fewer than `MIN_GROUPS` groups, from which a bootstrap
        learns nothing.
    """
    if len(np.unique(groups)) < MIN_GROUPS:
        return float("nan"), float("nan")
    weights = resampling_weights(groups, n_resamples=n_resamples, seed=seed)
    low, high = interval(resampled_rmse(squared, weights))
    return float(low), float(high)


def rmse_ratio(above: np.ndarray, below: np.ndarray, groups: np.ndarray) -> dict[str, float] | None:
    """Ratio of two RMSE on the same frames, with the 95 % interval of a paired bootstrap.

    Both are evaluated on the same samples of whole groups, so that frames which are difficult for
    both do not widen the interval.

    Parameters
    ----------
    above, below : array, [n_frames]
        Squared errors.
    groups : array, [n_frames]
        Trajectory of every frame.

    Returns
    -------
    dict or None
        Columns of a table: ``ratio``, ``ratio_low``, ``ratio_high``, ``rmse_above`` and
        ``rmse_below``.  The bounds are NaN with fewer than `MIN_GROUPS` groups; None where an error
        vanishes.
    """
    errors = [float(np.sqrt(squared.mean())) for squared in (above, below)]
    if not min(errors) > 0.0:
        return None
    low = high = np.nan
    if len(np.unique(groups)) >= MIN_GROUPS:
        weights = resampling_weights(groups)
        low, high = interval(resampled_rmse(above, weights) / resampled_rmse(below, weights))
    return {
        "ratio": errors[0] / errors[1],
        "ratio_low": low,
        "ratio_high": high,
        "rmse_above": errors[0],
        "rmse_below": errors[1],
    }


def interval(samples: np.ndarray) -> np.ndarray:
    """Bounds of the 95 % interval of bootstrap samples: percentiles 2.5 and 97.5.

    Parameters
    ----------
    samples : array, [n_resamples, ...]
        What was computed from each sample.

    Returns
    -------
    array, [2, ...]
    """
    return np.percentile(samples, (2.5, 97.5), axis=0)


def mean_over_sets(
    rmse: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> tuple[float, float, float]:
    """Geometric mean of errors over training sets, and its 95 % interval.

    The half-width, of logarithms, is that of Student's t over training sets.  With the intervals of
    the single errors, which come from the test frames, their mean half-width adds in squares; one
    training set alone then has the interval of the test frames.

    Parameters
    ----------
    rmse : array, [n_sets]
        Positive errors.
    low, high : array, [n_sets]
        Bounds of the interval of each.

    Returns
    -------
    mean, low, high : float
        The bounds of a single error without an interval are NaN, as are those of several errors
        whose bounds are.

    Examples
    --------
    >>> mean_over_sets(np.array([1.0, 4.0]))[0]
    2.0
    """
    logs = np.log(np.asarray(rmse, dtype=float))
    n_sets, width = len(logs), np.nan
    if n_sets > 1:
        width = float(stdtrit(n_sets - 1, 0.975) * logs.std(ddof=1) / np.sqrt(n_sets))
    if low is not None and high is not None:
        of_test = float(np.mean(0.5 * np.log(np.asarray(high) / np.asarray(low))))
        width = np.hypot(0.0 if n_sets == 1 else width, of_test)
    mean = logs.mean()
    return float(np.exp(mean)), float(np.exp(mean - width)), float(np.exp(mean + width))
