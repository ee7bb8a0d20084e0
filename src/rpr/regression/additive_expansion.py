"""Derivatives of the additive kernel with respect to the features, and of those to its parameters.

With the notation of :mod:`rpr.regression.additive_kernel`, P its product term (with amplitude s_0),
e_q^p the polynomial without feature p, and y_p = w_p (z_p - z'_p),

    t_p(k_p)        = k_p sum_q s_q e_{q-1}^p = k_p sum_r b_r (-k_p)^r,   b_r = sum_q s_q e_{q-1-r}
    dk/dz_p         = u_p = -y_p (f P + t_p)
    d2k/dz_p dz_p'  = f^2 P y_p y_p' + sum_{a,b >= 0} b_{a+b+1} v_a,p v_b,p' - delta_pp' Q_p
    v_a,p           = -y_p k_p (-k_p)^a
    Q_p             = w_p (f P + t_p) - y_p^2 k_p dt_p/dk_p                (at fixed b_r)

The polynomials without one or two features are those of all features, corrected by powers of the
base kernels of the features left out; the matrix of second derivatives thus is a diagonal matrix
plus a few dyads.  The kernel depends on z - z' only: each derivative by z' instead of z changes the
sign.

The gradient with respect to the parameters is that of a sum

    L = A k + sum_p B_p u_p - sum_pp' O_pp' d2k/dz_p dz_p'   for each pair of frames.

Its part of order q is a sum over all sets S of q features of the product of their k_p times

    A + sum_{p in S} gamma_p - sum_{p != p' in S} Theta_pp',
    gamma_p = -B_p y_p + O_pp (w_p - y_p^2),    Theta_pp' = O_pp' y_p y_p'.

N_p^q, the part of the sets that contain p, is the derivative with respect to log v_p.  It follows
from M_q, the sum over all sets, order by order:

    N_p^q = k_p [M_{q-1} - N_p^{q-1} + gamma_p e_{q-1}^p - 2 V_p^q],    M_q = sum_p N_p^q / q,
    V_p^q = sum_{r=0..q-2} (-1)^r e_{q-2-r}^p sum_p' Theta_pp' k_p'^{r+1}.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from rpr.regression.additive_kernel import AdditiveKernel


class Expansion:
    """The additive kernel of all pairs of two sets of frames, and its derivatives.

    Parameters
    ----------
    kernel
        The kernel at given parameters.
    X : array, [n, n_features]
        Features z of the rows.
    Y : array, [m, n_features]
        Features z' of the columns.

    Attributes
    ----------
    value : array, [n, m]
        k(z, z').
    product : array, [n, m]
        P, its product term.
    """

    def __init__(self, kernel: AdditiveKernel, X: np.ndarray, Y: np.ndarray) -> None:
        self.kernel = kernel
        self._widths = kernel.widths[kernel.classes][:, None, None]
        steps = np.ascontiguousarray(X.T)[:, :, None] - np.ascontiguousarray(Y.T)[:, None, :]
        halves = steps * steps  # -> [n_features, n, m]
        halves *= -0.5 * self._widths
        self.exponent = halves.sum(axis=0)
        self.product = kernel.amplitudes[0] * np.exp(kernel.product_scale * self.exponent)
        self.value = self.product.copy()
        self.polynomials: list = [1.0]
        if kernel.order:
            base = np.exp(halves, out=halves)
            base *= kernel.variances[kernel.classes][:, None, None]
            self.polynomials = _polynomials(base, kernel.order)
            for amplitude, e in zip(kernel.amplitudes[1:], self.polynomials[1:], strict=True):
                self.value += amplitude * e
            self._base = base
        steps *= self._widths
        self._steps = steps  # y

    @cached_property
    def _corrections(self) -> list:
        """b_r of all pairs, r = 0..order-1, [n, m] or a number."""
        s, e = self.kernel.amplitudes, self.polynomials
        order = self.kernel.order
        return [sum(s[q] * e[q - 1 - r] for q in range(r + 1, order + 1)) for r in range(order)]

    @cached_property
    def _bracket(self) -> np.ndarray:
        """-(f P + t_p), [n_features, n, m]."""
        scaled = -self.kernel.product_scale * self.product
        if not self.kernel.order:
            return np.broadcast_to(scaled, self._steps.shape)
        result = self._horner([-1.0] * self.kernel.order)
        result += scaled
        return result

    def _horner(self, factors: list) -> np.ndarray:
        """k_p sum_r factors_r b_r (-k_p)^r, [n_features, n, m]."""
        terms = [(-1) ** r * factors[r] * b for r, b in enumerate(self._corrections)]
        result = terms[-1] * self._base
        for term in terms[-2::-1]:
            result += term
            result *= self._base
        return result

    @cached_property
    def slopes(self) -> np.ndarray:
        """u_p = dk/dz_p, [n_features, n, m]."""
        return self._steps * self._bracket

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Q_p, [n_features, n, m]."""
        result = -self._widths * self._bracket
        if self.kernel.order:
            change = self._horner([r + 1.0 for r in range(self.kernel.order)])
            change *= self._steps
            change *= self._steps
            result -= change
        return result

    @cached_property
    def factors(self) -> list[np.ndarray]:
        """Vectors y and v_0, v_1, ... of the dyads, each [n_features, n, m]."""
        vectors = [self._steps]
        for _ in range(self.kernel.order - 1):
            vectors.append(-vectors[-1] * self._base)
        return vectors

    @cached_property
    def couplings(self) -> list[tuple[int, int, np.ndarray]]:
        """Dyads in the matrix of second derivatives: places in `factors`, coefficient [n, m]."""
        scale, b = self.kernel.product_scale, self._corrections
        dyads = [(0, 0, scale**2 * self.product)]
        for a in range(self.kernel.order - 1):
            for c in range(self.kernel.order - 1 - a):
                coefficient = np.broadcast_to(b[a + c + 1], self.value.shape)
                dyads.append((1 + a, 1 + c, coefficient))
        return dyads

    def gradient(self, A: np.ndarray, B: np.ndarray, O: np.ndarray | None) -> np.ndarray:  # noqa: E741
        """Gradient of L with respect to the logarithms of all parameters of the kernel.

        Parameters
        ----------
        A : array, [n, m]
            Factors of the kernel.
        B : array, [n_features, n, m]
            Factors of the slopes.
        O : array, [n, m, n_features, n_features], or None for zero
            Factors of the negative second derivatives.

        Returns
        -------
        array, [n_parameters]
            In the order of `AdditiveKernel.from_logarithms`.
        """
        kernel, y, w = self.kernel, self._steps, self._widths
        halves = 0.5 * y * y / w
        vectors, own = self._contract(O)
        f = kernel.product_scale
        By = B * y
        linear = -f * By.sum(axis=0) + f * (w * own).sum(axis=0)
        square = -f * f * (y * vectors[0]).sum(axis=0)
        total = A + linear + square
        widths = -f * halves * total - f * By - 2 * f * f * y * vectors[0] + f * w * own
        widths *= self.product
        scale = self.product * (f * self.exponent * total + linear + 2 * square)
        amplitudes, variances = [float(np.vdot(self.product, total))], np.zeros_like(y)
        if kernel.order:
            sums, variances, rest = self._orders(A, By, own, vectors)
            amplitudes += [float(x) for x in sums]
            widths += rest - halves * variances
        return np.concatenate(
            [self._per_class(widths), self._per_class(variances), amplitudes, [scale.sum()]]
        )

    def _contract(self, O: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:  # noqa: E741
        """Sums over p' of O_pp' y_p' k_p'^r for r = 0, 1, ..., order-1, and the diagonal of O."""
        y, n_powers = self._steps, max(self.kernel.order, 1)
        if O is None:
            return np.zeros((n_powers, *y.shape)), np.zeros_like(y)
        O = 0.5 * (O + np.swapaxes(O, 2, 3))  # noqa: E741
        powers = [y]
        while len(powers) < n_powers:
            powers.append(powers[-1] * self._base)
        stacked = np.moveaxis(np.array(powers), (0, 1), (3, 2))  # -> [n, m, n_features, n_powers]
        vectors = np.moveaxis(O @ stacked, (3, 2), (0, 1))
        own = np.moveaxis(np.diagonal(O, axis1=2, axis2=3), 2, 0)
        return np.ascontiguousarray(vectors), np.ascontiguousarray(own)

    def _orders(
        self, A: np.ndarray, By: np.ndarray, own: np.ndarray, vectors: np.ndarray
    ) -> tuple[list[float], np.ndarray, np.ndarray]:
        """Amplitudes times sums of M_q; sum_q s_q N_p^q; its change with log w_p at fixed k_p."""
        base, y, s, order = self._base, self._steps, self.kernel.amplitudes, self.kernel.order
        gamma = own * (self._widths - y * y) - By
        change = gamma - own * y * y
        theta = [y * (vectors[r] - own * y * base**r) for r in range(1, order)]
        without: list = [np.ones_like(base)]
        for q in range(1, order):
            without.append(self.polynomials[q] - base * without[-1])
        sums, total, rest = [], np.zeros_like(base), np.zeros_like(base)
        whole, with_p = A, np.zeros_like(base)
        for q in range(1, order + 1):
            V = sum(((-1) ** r * without[q - 2 - r] * theta[r] for r in range(q - 1)), 0.0)
            with_p = base * (whole - with_p + gamma * without[q - 1] - 2 * V)
            whole = with_p.sum(axis=0) / q
            sums.append(s[q] * whole.sum())
            total += s[q] * with_p
            rest += s[q] * base * (change * without[q - 1] - 2 * V)
        return sums, total, rest

    def _per_class(self, values: np.ndarray) -> np.ndarray:
        classes = self.kernel.classes
        return np.bincount(classes, values.sum(axis=(1, 2)), minlength=len(self.kernel.widths))


def _polynomials(base: np.ndarray, order: int) -> list:
    """Elementary symmetric polynomials e_0 (=1), e_1, ..., e_order of [n_features, n, m]."""
    result: list = [1.0, *np.zeros((order, *base.shape[1:]))]
    product = np.empty(base.shape[1:])
    for k in base:
        for q in range(order, 1, -1):
            result[q] += np.multiply(k, result[q - 1], out=product)
        result[1] += k
    return result
