"""Functions drawn from a Gaussian process with the additive kernel, as sums of given functions.

A draw q(z) = sum_m w_m phi_m(z) with standard normal weights has the covariance
sum_m phi_m(z) phi_m(z').  :class:`PriorFeatures` provides the phi of the kernel of
:mod:`rpr.regression.additive_kernel`, in two parts:

- Orders one and two.  The one-dimensional kernel of a class of features is, on a given interval,
  that of a few functions to 1e-11 of its variance, found by a Cholesky factorization with pivots
  on a grid; e_1 takes these functions, e_2 their products.  This part is exact but for rounding.
- The product of all features and orders above two.  Random Fourier features,
  sqrt(2 v / M) cos(omega z + b) with normal frequencies omega and uniform phases b.  Each choice of
  frequencies has the right covariance on average, so draws with frequencies of their own have
  exactly the mean and the covariance of the process, although a single one is normal only
  approximately.

Training data often determine a function to 1e-3 of its prior standard deviation.  What they leave
open lies in rare, steep parts of orders one and two, which random frequencies mostly miss; hence
the first part.

Source of the random features: Rahimi and Recht, NIPS 2007.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
from scipy.linalg import solve_triangular

from rpr.regression.additive_kernel import AdditiveKernel

_TOLERANCE = 1e-11  # of the variance of a one-dimensional kernel, and of the product of two
_GRID = 400  # points of an interval among which pivots are chosen
_MARGIN = 0.5  # by which an interval exceeds the range of the training features, on each side


@dataclass(frozen=True, eq=False)
class OneDimensional:
    """Functions whose covariance is exp(-w (z - z')^2 / 2) on an interval.

    Attributes
    ----------
    width
        Inverse squared length scale w.
    pivots : array, [n_functions]
        Points z whose kernel functions span the others.
    factor : array, [n_functions, n_functions]
        Lower Cholesky factor of the kernel between the pivots.
    largest : array, [n_functions]
        Largest square of each function on the interval, in descending order.
    """

    width: float
    pivots: np.ndarray
    factor: np.ndarray
    largest: np.ndarray

    @classmethod
    def on_interval(cls, width: float, low: float, high: float) -> OneDimensional:
        """Functions for the interval from `low` to `high`."""
        grid = np.linspace(low, high, _GRID)
        rest = np.ones(_GRID)
        columns: list[np.ndarray] = []
        chosen: list[int] = []
        largest: list[float] = []
        while rest.max() > _TOLERANCE and len(chosen) < _GRID:
            k = int(np.argmax(rest))
            column = np.exp(-0.5 * width * (grid - grid[k]) ** 2)
            column -= sum(c * c[k] for c in columns)
            column /= np.sqrt(rest[k])
            largest.append(float(rest[k]))
            chosen.append(k)
            columns.append(column)
            rest = np.maximum(rest - column**2, 0.0)
            rest[chosen] = 0.0
        factor = np.tril(np.array(columns).T[chosen])
        return cls(width, grid[chosen], factor, np.array(largest))

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Values [n, n_functions] at points [n]."""
        return self._solve(self._kernel(z))

    def derivative(self, z: np.ndarray) -> np.ndarray:
        """Derivatives [n, n_functions] at points [n]."""
        return self._solve(-self.width * (z - self.pivots[:, None]) * self._kernel(z))

    def _kernel(self, z: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * self.width * (z - self.pivots[:, None]) ** 2)

    def _solve(self, values: np.ndarray) -> np.ndarray:
        return solve_triangular(self.factor, values, lower=True, check_finite=False).T


class PriorFeatures:
    """Functions phi_m(z) of orders one and two; the same for all draws.

    Parameters
    ----------
    kernel
        The additive kernel.
    features : array, [n, n_features]
        Features of training frames, whose range the functions are made for.
    """

    def __init__(self, kernel: AdditiveKernel, features: np.ndarray) -> None:
        self.kernel = kernel
        self._functions = [
            self._of_class(kernel, features[:, kernel.classes == c], c)
            for c in range(len(kernel.widths))
        ]
        roots = np.sqrt(kernel.variances)
        self._roots = roots[kernel.classes]
        pairs = combinations(range(len(kernel.classes)), 2) if kernel.order > 1 else ()
        self._pairs = [(i, j, *self._products(i, j)) for i, j in pairs]
        self._sizes = [len(f.pivots) for f in self._functions]
        singles = sum(self._sizes[c] for c in kernel.classes) if kernel.order else 0
        self.n_functions = singles + sum(len(first) for _, _, first, _ in self._pairs)

    def __call__(self, Z: np.ndarray) -> np.ndarray:
        """Values [n, n_functions] at features [n, n_features]."""
        return self._assemble(self._singles(Z), None)

    def along(self, Z: np.ndarray, dZ: np.ndarray) -> np.ndarray:
        """Derivatives [n, n_functions] at features [n, n_features] along `dZ` [n, n_features]."""
        changes = [
            root * self._functions[c].derivative(z) * dz[:, None]
            for root, c, z, dz in zip(self._roots, self.kernel.classes, Z.T, dZ.T, strict=True)
        ]
        return self._assemble(self._singles(Z), changes)

    def permuted(self, order: np.ndarray) -> np.ndarray:
        """Which functions those of permuted features are: phi_m(z[order]) = phi_index(m)(z).

        Parameters
        ----------
        order : array of int, [n_features]
            A permutation that keeps every feature in its class.

        Returns
        -------
        array of int, [n_functions]
        """
        if not self.kernel.order:
            return np.empty(0, dtype=int)
        sizes = np.array([self._sizes[c] for c in self.kernel.classes])
        starts = np.concatenate([[0], np.cumsum(sizes)])
        index = [starts[order[i]] + np.arange(sizes[i]) for i in range(len(sizes))]
        places, start = {}, int(starts[-1])
        for i, j, first, second in self._pairs:
            places[i, j] = start + _places(first, second, sizes[i], sizes[j])
            start += len(first)
        for i, j, first, second in self._pairs:
            a, b = int(order[i]), int(order[j])
            index.append(places[a, b][first, second] if a < b else places[b, a][second, first])
        return np.concatenate(index)

    def _singles(self, Z: np.ndarray) -> list[np.ndarray]:
        return [
            root * self._functions[c](z)
            for root, c, z in zip(self._roots, self.kernel.classes, Z.T, strict=True)
        ]

    def _assemble(self, values: list[np.ndarray], changes: list[np.ndarray] | None) -> np.ndarray:
        """All functions, or their derivatives where changes of the single ones are given."""
        result = np.empty((len(values[0]), self.n_functions))
        if not self.kernel.order:
            return result
        start = 0
        for block in values if changes is None else changes:
            result[:, start : start + block.shape[1]] = np.sqrt(self.kernel.amplitudes[1]) * block
            start += block.shape[1]
        for i, j, first, second in self._pairs:
            part = result[:, start : start + len(first)]
            if changes is None:
                np.multiply(values[i][:, first], values[j][:, second], out=part)
            else:
                np.multiply(changes[i][:, first], values[j][:, second], out=part)
                part += values[i][:, first] * changes[j][:, second]
            part *= np.sqrt(self.kernel.amplitudes[2])
            start += len(first)
        return result

    def _products(self, i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of functions of two features whose product is not negligible."""
        a, b = (self._functions[self.kernel.classes[k]].largest for k in (i, j))
        first, second = np.nonzero(np.outer(a, b) > _TOLERANCE)
        return first, second

    @staticmethod
    def _of_class(kernel: AdditiveKernel, features: np.ndarray, c: int) -> OneDimensional:
        low, high = float(features.min()), float(features.max())
        margin = max(_MARGIN * (high - low), 1e-3)
        return OneDimensional.on_interval(float(kernel.widths[c]), low - margin, high + margin)


def _places(first: np.ndarray, second: np.ndarray, n: int, m: int) -> np.ndarray:
    """Place of every product (a, b) in the list of those that are kept."""
    places = np.full((n, m), -1)
    places[first, second] = np.arange(len(first))
    return places


@dataclass(frozen=True, eq=False)
class FourierFeatures:
    """Random functions a_m cos(omega_m z + b_m) of the product and of orders above two.

    Attributes
    ----------
    frequencies : array, [n_features, n_functions]
    phases : array, [n_functions]
    amplitudes : array, [n_functions]
    """

    frequencies: np.ndarray
    phases: np.ndarray
    amplitudes: np.ndarray

    @classmethod
    def draw(
        cls, kernel: AdditiveKernel, n_functions: int, rng: np.random.Generator
    ) -> FourierFeatures:
        """Frequencies and phases; `n_functions` for the product and for each order above two."""
        roots = np.sqrt(kernel.widths)[kernel.classes]
        n_features = len(roots)
        frequencies = [
            np.sqrt(kernel.product_scale)
            * roots[:, None]
            * rng.normal(size=(n_features, n_functions))
        ]
        squares = [np.full(n_functions, kernel.amplitudes[0])]
        for order in range(3, kernel.order + 1):
            keys = rng.random((n_functions, n_features))
            members = np.argsort(keys, axis=1)[:, :order]  # subsets, all with the same chance
            inside = np.zeros((n_functions, n_features))
            np.put_along_axis(inside, members, 1.0, axis=1)
            frequencies.append((inside * roots * rng.normal(size=inside.shape)).T)
            variances = kernel.variances[kernel.classes][members].prod(axis=1)
            squares.append(kernel.amplitudes[order] * comb(n_features, order) * variances)
        joined = np.hstack(frequencies)
        return cls(
            joined,
            rng.uniform(0.0, 2.0 * np.pi, size=joined.shape[1:]),
            np.sqrt(2.0 / n_functions * np.concatenate(squares)),
        )

    def __call__(self, Z: np.ndarray) -> np.ndarray:
        """Values [n, n_functions] at features [n, n_features]."""
        arguments = Z @ self.frequencies
        arguments += self.phases
        np.cos(arguments, out=arguments)
        arguments *= self.amplitudes
        return arguments

    def permuted(self, order: np.ndarray) -> FourierFeatures:
        """Functions whose values at z are those of these functions at z[order]."""
        frequencies = np.empty_like(self.frequencies)
        frequencies[order] = self.frequencies
        return replace(self, frequencies=frequencies)

    def along(self, Z: np.ndarray, dZ: np.ndarray) -> np.ndarray:
        """Derivatives [n, n_functions] at features [n, n_features] along `dZ` [n, n_features]."""
        result = np.sin(Z @ self.frequencies + self.phases)
        result *= dZ @ self.frequencies
        result *= -self.amplitudes
        return result
