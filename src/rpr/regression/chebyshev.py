"""Chebyshev series of functions of one feature each, within the range of given frames.

A sum over features of such functions is a product of the Chebyshev polynomials of all features, of
which the constant is shared, and a matrix of coefficients.

Source: Mason and Handscomb, Chebyshev Polynomials (Chapman & Hall/CRC, 2002), chapter 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial import chebyshev

#: Part of its range by which every feature may leave the data and is still interpolated.
MARGIN = 0.25

#: Largest error of a one-dimensional kernel, relative to its variance.
TOLERANCE = 1e-13


class FeatureRange:
    """Range of every feature over given frames, widened by `MARGIN` on both sides.

    Parameters
    ----------
    features : array, [n_frames, n_features]
        Features of the frames.
    """

    def __init__(self, features: np.ndarray) -> None:
        spread = np.maximum(np.ptp(features, axis=0), 1e-3)
        self.low = features.min(axis=0) - MARGIN * spread
        self.high = features.max(axis=0) + MARGIN * spread

    def nodes(self, i: int, n: int) -> np.ndarray:
        """Values of feature `i` at the `n` Chebyshev nodes of its range."""
        middle, half = 0.5 * (self.low[i] + self.high[i]), 0.5 * (self.high[i] - self.low[i])
        return middle + half * _nodes(n)

    def polynomials(self, X: np.ndarray, degrees: Sequence[int] | np.ndarray) -> np.ndarray:
        """1 and the polynomials of all features from 1 to their degrees, [n, n_terms]."""
        u = (2.0 * X - self.low - self.high) / (self.high - self.low)
        limits = np.asarray(degrees)
        terms = chebyshev.chebvander(u, int(limits.max()))  # -> [n, n_features, degree + 1]
        used = np.arange(terms.shape[2]) <= limits[:, None]
        used[:, 0] = False
        return np.column_stack([np.ones(len(X)), terms[:, used]])

    def evaluate(
        self,
        X: np.ndarray,
        n_outputs: int,
        *,
        inside: Callable[[np.ndarray], np.ndarray],
        outside: Callable[[np.ndarray], np.ndarray],
        chunk: int,
    ) -> np.ndarray:
        """Values [n, n_outputs]: by `inside` in the range, `chunk` frames at once, or `outside`."""
        within = ((self.low <= X) & (self.high >= X)).all(axis=1)
        result = np.empty((len(X), n_outputs))
        if not within.all():
            result[~within] = outside(X[~within])
        index = np.flatnonzero(within)
        for start in range(0, len(index), chunk):
            rows = index[start : start + chunk]
            result[rows] = inside(X[rows])
        return result


def coefficients(values: np.ndarray) -> np.ndarray:
    """Chebyshev coefficients [n, m] of `m` functions from their values at `n` nodes, [n, m]."""
    n = len(values)
    series = 2.0 / n * (chebyshev.chebvander(_nodes(n), n - 1).T @ values)
    series[0] *= 0.5
    return series


def joined(series: Sequence[np.ndarray]) -> np.ndarray:
    """Coefficients of the constant, which all features share, then those of every feature."""
    constant = np.sum([block[0] for block in series], axis=0)
    return np.vstack([constant, *(block[1:] for block in series)])


def _nodes(n: int) -> np.ndarray:
    """Zeros of the Chebyshev polynomial of degree `n`."""
    return np.cos(np.pi * (np.arange(n) + 0.5) / n)
