"""Mean spectra and their uncertainty: over trajectories, and over draws of the models.

Two errors are independent of each other.  Trajectories are finite, so that each gives another
spectrum; and models are uncertain, so that each posterior draw of a model, carried along the same
trajectories, gives another mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.errors import InputError

_RESAMPLES = 1000


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
    """Mean over trajectories, with a percentile bootstrap interval of that mean.

    Whole trajectories are drawn with replacement, so that nothing is assumed about correlation
    within one, and limits of a spectrum that is positive are positive.

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
        With one trajectory, the limits are NaN.

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
    mean = weights @ spectra / weights.sum()
    if n == 1:
        return Band(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1.0 / n), size=_RESAMPLES) * weights
    counts = counts[counts.sum(axis=1) > 0]
    means = counts @ spectra / counts.sum(axis=1, keepdims=True)
    return Band(mean, *_limits(means, probability))


def spread_over_draws(means: np.ndarray, *, probability: float = 0.95) -> Band:
    """Mean over draws of a model, with the central interval of the draws.

    Parameters
    ----------
    means : array, [n_draws, n_points]
        Mean spectrum with each draw, over the same trajectories.
    probability
        Probability of the interval.

    Raises
    ------
    InputError
        If there are fewer than two draws.
    """
    means = np.asarray(means, dtype=float)
    if len(means) < 2:
        raise InputError(f"means: found {len(means)} draws, expected at least two for a spread")
    return Band(means.mean(axis=0), *_limits(means, probability))


def _limits(values: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    if not 0.0 < probability < 1.0:
        raise InputError(f"probability: found {probability}, expected a number between 0 and 1")
    tail = 50.0 * (1.0 - probability)
    low, high = np.percentile(values, [tail, 100.0 - tail], axis=0)
    return low, high
