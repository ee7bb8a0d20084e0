"""Sums over training frames with derivatives, many times faster than term by term.

Such a frame j contributes to a prediction, in the notation of
:mod:`rpr.regression.contracted_kernel` and :mod:`rpr.regression.additive_expansion`,

    k(z, z_j) beta_jt + sum_d A_jd F_jdt,     A_jd = sum_p u_p Gamma_jpd.

For orders up to 2 and with e_1 = sum_p k_p,

    A_jd = -f P_j G_jd - (s_1 + s_2 e_1j) L_jd + s_2 Q_jd,
    G_jd = sum_p y_p Gamma_jpd,
    L_jd = sum_p y_p k_p Gamma_jpd,    Q_jd = sum_p y_p k_p^2 Gamma_jpd.

G is linear in z.  L and Q, like e_1, are sums of functions of one feature each, and thus products
of Chebyshev polynomials and a matrix (:mod:`rpr.regression.chebyshev`); what is linear in
them is summed over all frames beforehand.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError
from rpr.regression import chebyshev
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.contracted_kernel import Centres, ContractedKernel

_NODES = 64  # Chebyshev nodes
_CHUNK = 64  # frames evaluated at once, so that their blocks stay in the processor's cache


class InterpolatedSlopes:
    """Weights of the tensors that come from training frames with derivatives.

    Parameters
    ----------
    kernel
        Additive kernel of order 2 or less.
    centres
        Images of training frames with derivatives.

    Raises
    ------
    InputError
        If the order is above 2 or 0, or a length scale is too short for an interpolation;
        `can_interpolate_slopes` says so beforehand.
    """

    def __init__(self, kernel: AdditiveKernel, centres: Centres) -> None:
        if not _has_order(kernel) or centres.slopes is None or centres.tensors is None:
            raise InputError(f"kernel: found order {kernel.order}, expected 1 or 2 and derivatives")
        self._kernel = kernel
        self._contracted = ContractedKernel(kernel, (centres,))
        z, slopes = centres.features, centres.slopes  # slopes: [n_features, c, n_centres]
        self._range = chebyshev.FeatureRange(z)
        self._coefficients = centres.coefficients
        self._tensors = centres.tensors.reshape(-1, centres.tensors.shape[2])
        self._quadratic(z, slopes)
        self._series(z, slopes)

    def evaluate(self, X: np.ndarray) -> np.ndarray:
        """Weights [n, n_tensors] at features [n, n_features]."""
        return self._range.evaluate(
            X,
            self._coefficients.shape[1],
            inside=self._interpolate,
            outside=self._contracted.weights,
            chunk=_CHUNK,
        )

    def _interpolate(self, X: np.ndarray) -> np.ndarray:
        amplitudes, n = self._kernel.amplitudes, len(X)
        lengths = np.einsum("fi,fi->f", X * self._widths, X)
        extended = np.column_stack([X, lengths, np.ones(n)])
        product = extended @ self._exponents
        np.exp(product, out=product)
        product *= amplitudes[0]
        along = (extended @ self._linear_slopes).reshape(n, -1, product.shape[1])
        along *= -self._kernel.product_scale * product[:, None]
        polynomials = self._range.polynomials(X, self._degrees)
        result = polynomials @ self._summed
        if self._kernel.order == 2:
            sums = polynomials @ self._sums  # e_1
            pulls = (polynomials @ self._pulls).reshape(along.shape)  # L
            pulls *= amplitudes[2] * sums[:, None]
            along -= pulls
            sums *= sums
            sums *= 0.5 * amplitudes[2]
            product += sums
        result += product @ self._coefficients
        result += along.reshape(n, -1) @ self._tensors
        return result

    def _quadratic(self, z: np.ndarray, slopes: np.ndarray) -> None:
        """Matrices whose products with [z, z.z, 1] are the exponents and G."""
        widths = self._kernel.widths[self._kernel.classes]
        self._widths = self._kernel.product_scale * widths
        scaled, ones = z * self._widths, np.ones(len(z))
        lengths = np.einsum("ji,ji->j", z, scaled)
        self._exponents = np.vstack([scaled.T, -0.5 * ones, -0.5 * lengths])
        of_z = widths[:, None, None] * slopes  # -> [n_features, c, n_centres]
        constant = -np.einsum("jp,pcj->cj", z, of_z)
        rows = [
            of_z.reshape(len(widths), -1),
            np.zeros((1, constant.size)),
            constant.reshape(1, -1),
        ]
        self._linear_slopes = np.vstack(rows)

    def _series(self, z: np.ndarray, slopes: np.ndarray) -> None:
        """Chebyshev coefficients of e_1 and L, and of all that is summed over the frames."""
        kernel, parts, self._degrees = self._kernel, [], []
        for i, c in enumerate(kernel.classes):
            part = _feature_series(self._range, z, i, kernel.widths[c], kernel.variances[c])
            if part is None:
                raise InputError(
                    f"kernel: the length scale of feature {i} is too short for an interpolation"
                )
            parts.append(part)
            self._degrees.append(part.shape[1] - 1)
        sums, squares = (chebyshev.joined([part[k] for part in parts]) for k in (0, 1))
        pulls, double = (
            chebyshev.joined(
                [
                    (part[k][:, None] * slope).reshape(len(part[k]), -1)
                    for part, slope in zip(parts, slopes, strict=True)
                ]
            )
            for k in (2, 3)
        )
        s = [*kernel.amplitudes, 0.0]
        self._sums, self._pulls = sums, pulls
        self._summed = (s[1] * sums - 0.5 * s[2] * squares) @ self._coefficients
        self._summed += (s[2] * double - s[1] * pulls) @ self._tensors


def can_interpolate_slopes(kernel: AdditiveKernel, features: np.ndarray) -> bool:
    """Whether `InterpolatedSlopes` can sum this kernel over frames with derivatives.

    The order has to be 1 or 2, and the length scales must not be too short.

    Parameters
    ----------
    kernel
        Additive kernel.
    features : array, [n_centres, n_features]
        Features of the images of these frames.
    """
    ranges = chebyshev.FeatureRange(features)
    return _has_order(kernel) and all(
        _feature_series(ranges, features, i, kernel.widths[c], kernel.variances[c]) is not None
        for i, c in enumerate(kernel.classes)
    )


def _has_order(kernel: AdditiveKernel) -> bool:
    return kernel.order in (1, 2)


def _feature_series(
    ranges: chebyshev.FeatureRange, z: np.ndarray, i: int, width: float, variance: float
) -> np.ndarray | None:
    """Chebyshev coefficients [4, n, n_centres] of k, k^2, y k and y k^2, if few are enough."""
    d = ranges.nodes(i, _NODES)[:, None] - z[:, i]
    one = variance * np.exp(-0.5 * width * d**2)
    y = width * d
    values = [one, one * one, y * one, y * one * one]
    series = np.array([chebyshev.coefficients(v) for v in values])
    sizes = np.array([np.abs(v).max() for v in values])[:, None]
    used = np.flatnonzero((np.abs(series).max(axis=2) > chebyshev.TOLERANCE * sizes).any(axis=0))
    return series[:, : used[-1] + 1] if used[-1] < _NODES - 4 else None
