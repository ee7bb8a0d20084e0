"""Mean spectra and their limits: trajectories are finite, so that each gives another spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from rpr.errors import InputError

_RESAMPLES = 1000
FEWEST = 5  #: trajectories, below which resampling learns nothing


@dataclass(frozen=True, eq=False)
class Band:
    """A mean spectrum with limits.

    Parameters
    ----------
    mean, low, high : array, [n_points]
        Mean, and the limits between which it lies with the given probability.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def mean_over_trajectories(
    spectra: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    probability: float = 0.95,
    seed: int = 0,
) -> Band:
    """Mean over trajectories, with a bootstrap interval of that mean.

    Whole trajectories are drawn with replacement, so that nothing is assumed about correlation
    within one.  The percentiles of n trajectories are too close to the mean; their distance from
    it, or that of logarithms where no spectrum is negative, is stretched by
    t / z sqrt(n / (n - 1)), with quantiles of Student's distribution of n - 1 degrees of freedom
    and of the normal one.

    Parameters
    ----------
    spectra : array, [n_trajectories, n_points]
        One spectrum of each trajectory.
    weights : array, [n_trajectories]
        Weights, such as the time that each trajectory contributes; the default is equal ones.
    probability
        Probability of the interval.
    seed
        Seed of the resampling.

    Returns
    -------
    Band
        With fewer than :data:`FEWEST` trajectories, the limits are NaN.

    Raises
    ------
    InputError
        If there is no trajectory, or a weight is negative or not finite.
    """
    spectra = np.asarray(spectra, dtype=float)
    n = len(spectra)
    weights = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    allowed = np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0
    if n == 0 or weights.shape != (n,) or not allowed:
        raise InputError(
            f"weights: found {weights.tolist()} for {n} trajectories, expected a number from 0 on "
            "for each, not all of them 0"
        )
    _check_probability(probability)
    mean = weights @ spectra / weights.sum()
    spectra, weights = spectra[weights > 0], weights[weights > 0]
    n = len(spectra)
    if n < FEWEST:
        return Band(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1.0 / n), size=_RESAMPLES) * weights
    counts = counts[counts.sum(axis=1) > 0]
    means = counts @ spectra / counts.sum(axis=1, keepdims=True)
    tail = 0.5 * (1.0 + probability)
    stretch = stdtrit(n - 1, tail) / ndtri(tail) * np.sqrt(n / (n - 1))
    limits = _limits(means, probability)
    positive = spectra.min(axis=0) >= 0.0
    return Band(mean, *(_stretched(mean, limit, stretch, positive) for limit in limits))


def _stretched(
    mean: np.ndarray, limit: np.ndarray, factor: float, positive: np.ndarray
) -> np.ndarray:
    """A limit moved away from the mean, on a scale of logarithms where spectra are positive."""
    ratio = np.divide(limit, mean, out=np.ones_like(mean), where=positive & (mean > 0.0))
    return np.where(positive, mean * ratio**factor, mean + factor * (limit - mean))


def _check_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise InputError(f"probability: found {probability}, expected a number between 0 and 1")


def _limits(values: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    tail = 50.0 * (1.0 - probability)
    low, high = np.percentile(values, [tail, 100.0 - tail], axis=0)
    return low, high
