"""Sums of additive kernels over fixed centres, many times faster than term by term.

A prediction is f(z) = sum_j k(z, z_j) c_j with the kernel of :mod:`rpr.regression.additive_kernel`.
Each of its one-dimensional kernels is smooth within the range of the data, and there equal to a
short Chebyshev series in z_i, up to rounding.  With s_1 = sum_i k_i and s_2 = sum_i k_i^2,

    k = s_0 exp(...) + a_1 s_1 + a_2 (s_1^2 - s_2) / 2,

where s_1 and s_2 are products of the Chebyshev polynomials of all features and a matrix.  Those
parts that are linear in it are summed over all centres beforehand.  One matrix product and one
exponential for each centre are left, in the place of one exponential for each centre and feature.
Frames outside the range are evaluated term by term.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError
from rpr.regression import chebyshev
from rpr.regression.additive_kernel import AdditiveKernel

_NODES = (32, 64, 128)  # numbers of Chebyshev nodes that are tried in turn
_CHUNK = 128  # frames evaluated at once, so that the block stays in the processor's cache


class InterpolatedKernel:
    """Sum over centres of an additive kernel of order 2 or less, times coefficients.

    Parameters
    ----------
    kernel
        Additive kernel.
    centres : array, [n_centres, n_features]
        Features of the centres.
    coefficients : array, [n_centres, n_outputs]
        Coefficients c_j.

    Raises
    ------
    InputError
        If the order is above 2, or a length scale is too short for an interpolation;
        `can_interpolate` says so beforehand.
    """

    def __init__(
        self, kernel: AdditiveKernel, centres: np.ndarray, coefficients: np.ndarray
    ) -> None:
        if kernel.order > 2:
            raise InputError(f"kernel: found order {kernel.order}, expected 2 or less")
        self.kernel, self.centres, self.coefficients = kernel, centres, coefficients
        self._range = chebyshev.FeatureRange(centres)
        self._exponents = self._quadratic()
        self._sums, self._linear = self._series()

    def evaluate(self, X: np.ndarray) -> np.ndarray:
        """Sums f [n, n_outputs] at features [n, n_features]."""
        return self._range.evaluate(
            X,
            self.coefficients.shape[1],
            inside=self._interpolate,
            outside=lambda far: self.kernel.evaluate(far, self.centres) @ self.coefficients,
            chunk=_CHUNK,
        )

    def _interpolate(self, X: np.ndarray) -> np.ndarray:
        # exponent of the product: -f/2 sum w (z - z')^2 from one product with [z, z.z, 1]
        lengths = np.einsum("fi,fi->f", X * self._product_widths, X)
        block = np.column_stack([X, lengths, np.ones(len(X))]) @ self._exponents
        np.exp(block, out=block)
        block *= self.kernel.amplitudes[0]
        if self.kernel.order == 0:
            return block @ self.coefficients
        polynomials = self._range.polynomials(X, self._degrees)
        result = polynomials @ self._linear
        if self.kernel.order == 2:
            sums = polynomials @ self._sums
            sums *= sums
            sums *= 0.5 * self.kernel.amplitudes[2]
            block += sums
        return result + block @ self.coefficients

    def _quadratic(self) -> np.ndarray:
        """Matrix [n_features + 2, n_centres] whose product with [z, z.z, 1] is the exponent."""
        self._product_widths = self.kernel.product_scale * self.kernel.widths[self.kernel.classes]
        scaled = self.centres * self._product_widths
        lengths = np.einsum("ji,ji->j", self.centres, scaled)
        ones = np.ones(len(self.centres))
        return np.vstack([scaled.T, -0.5 * ones, -0.5 * lengths])

    def _series(self) -> tuple[np.ndarray, np.ndarray]:
        """Chebyshev coefficients of s_1 at all centres, and of what is linear in s_1 and s_2."""
        if self.kernel.order == 0:
            return np.zeros((1, 0)), np.zeros((1, 0))
        first, second, degrees = [], [], []
        for i, c in enumerate(self.kernel.classes):
            one = self._coefficients(i, self.kernel.widths[c], self.kernel.variances[c])
            two = self._coefficients(i, 2.0 * self.kernel.widths[c], self.kernel.variances[c] ** 2)
            n = max(len(one), len(two))
            first.append(np.pad(one, ((0, n - len(one)), (0, 0))))
            second.append(np.pad(two, ((0, n - len(two)), (0, 0))))
            degrees.append(n - 1)
        self._degrees = np.array(degrees)
        sums, squares = chebyshev.joined(first), chebyshev.joined(second)
        linear = self.kernel.amplitudes[1] * (sums @ self.coefficients)
        if self.kernel.order == 2:
            linear -= 0.5 * self.kernel.amplitudes[2] * (squares @ self.coefficients)
        return sums, linear

    def _coefficients(self, i: int, width: float, variance: float) -> np.ndarray:
        """Chebyshev coefficients [n, n_centres] of v exp(-w (z_i - z_ij)^2 / 2)."""
        series = _gaussian_series(self._range, self.centres, i, width)
        if series is None:
            raise InputError(
                f"kernel: the length scale of feature {i} is too short for an interpolation within "
                "its range; evaluate the kernel itself"
            )
        return variance * series


def can_interpolate(kernel: AdditiveKernel, centres: np.ndarray) -> bool:
    """Whether `InterpolatedKernel` can sum this kernel over these centres.

    The order has to be 2 or less, and the length scales must not be too short.

    Parameters
    ----------
    kernel
        Additive kernel.
    centres : array, [n_centres, n_features]
        Features of the centres.
    """
    if kernel.order > 2:
        return False
    ranges = chebyshev.FeatureRange(centres)
    return kernel.order == 0 or all(
        _gaussian_series(ranges, centres, i, factor * kernel.widths[c]) is not None
        for i, c in enumerate(kernel.classes)
        for factor in (1.0, 2.0)  # of the kernel and of its square
    )


def _gaussian_series(
    ranges: chebyshev.FeatureRange, centres: np.ndarray, i: int, width: float
) -> np.ndarray | None:
    """Chebyshev coefficients [n, n_centres] of exp(-w (z_i - z_ij)^2 / 2), if few are enough."""
    for n in _NODES:
        distances = ranges.nodes(i, n)[:, None] - centres[:, i]
        series = chebyshev.coefficients(np.exp(-0.5 * width * distances**2))
        large = np.flatnonzero(np.abs(series).max(axis=1) > chebyshev.TOLERANCE)
        if large[-1] < n - 4:  # it has converged within the degrees that there are
            return series[: large[-1] + 1]
    return None
