"""Additive kernel of interatomic distances: low orders of interaction and the full product.

Every feature z_i (one pair of atoms) has a one-dimensional base kernel

    k_i(z, z') = v_c exp(-w_c (z_i - z'_i)^2 / 2),   c the class of the pair,

and the kernel is a sum over orders of interaction and the product of all features,

    k(z, z') = s_0 exp(-f/2 sum_i w_c (z_i - z'_i)^2) + sum_{q=1..order} s_q e_q(k_1, ..., k_D),

with e_q the elementary symmetric polynomials: e_1 is a sum of functions of one distance each, e_2
of functions of two.  A property that is close to such a sum, as where torsion and vibrations act
two at a time, is learnt from far fewer frames than with the product alone.  With order = 0, the
Gaussian kernel with one width per class remains.

The additive construction: Duvenaud, Nickisch, Rasmussen, Additive Gaussian Processes, NIPS 2011.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rpr.errors import InputError

_CHUNK = 3 << 10  # kernel elements evaluated at once: small enough for the processor's cache


@dataclass(frozen=True, eq=False)
class AdditiveKernel:
    """The kernel at given parameters.

    Attributes
    ----------
    classes : array of int, [n_features]
        Class of every feature.
    widths : array, [n_classes]
        Inverse squared length scales w_c.
    variances : array, [n_classes]
        Variances v_c of the base kernels.
    amplitudes : array, [order + 1]
        Amplitude s_0 of the product, then s_1, s_2, ...
    product_scale : float
        Factor f of the widths in the product, relative to those in the sums.
    """

    classes: np.ndarray
    widths: np.ndarray
    variances: np.ndarray
    amplitudes: np.ndarray
    product_scale: float

    @property
    def order(self) -> int:
        """Highest order of interaction beside the product."""
        return len(self.amplitudes) - 1

    @classmethod
    def from_logarithms(cls, classes: np.ndarray, theta: np.ndarray) -> AdditiveKernel:
        """Kernel from the logarithms of widths, variances, amplitudes and product scale."""
        n_classes = int(np.max(classes)) + 1
        if len(theta) < 2 * n_classes + 2:
            raise InputError(
                f"theta: found {len(theta)} parameters, expected at least {2 * n_classes + 2}"
            )
        values = np.exp(np.asarray(theta, dtype=float))
        return cls(
            classes=np.asarray(classes, dtype=int),
            widths=values[:n_classes],
            variances=values[n_classes : 2 * n_classes],
            amplitudes=values[2 * n_classes : -1],
            product_scale=float(values[-1]),
        )

    def evaluate(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Kernel [n, m] between features [n, n_features] and [m, n_features]."""
        result = np.empty((len(X), len(Y)))
        for rows, columns, (halves,) in self._tiles(X, Y, 1):
            part = _Part(self, halves, halves)
            result[rows, columns] = part.value().reshape(result[rows, columns].shape)
        return result

    def value_and_gradient(
        self, X: np.ndarray, Y: np.ndarray, upstream: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Kernel, and derivatives of sum(upstream * k(X, Y)) with respect to all logarithms.

        Parameters
        ----------
        X : array, [n, n_features]
            Features of the rows.
        Y : array, [m, n_features]
            Features of the columns.
        upstream : array, [n, m]
            Derivatives of some function with respect to the kernel.

        Returns
        -------
        value : array, [n, m]
        gradient : array, [n_parameters]
            In the order of `from_logarithms`.
        """
        value = np.empty((len(X), len(Y)))
        widths, variances = np.zeros(len(self.classes)), np.zeros(len(self.classes))
        others = np.zeros(len(self.amplitudes) + 1)
        for rows, columns, slabs in self._tiles(X, Y, 3):
            part = _Part(self, *slabs[:2])
            value[rows, columns] = part.value().reshape(value[rows, columns].shape)
            of_tile = part.gradient(np.ascontiguousarray(upstream[rows, columns]).ravel(), slabs[2])
            for total, found in zip((widths, variances, others), of_tile, strict=True):
                total += found
        of_classes = self.classes[self._order_of_features]
        per_class = [
            np.bincount(of_classes, row, minlength=len(self.widths)) for row in (widths, variances)
        ]
        return value, np.concatenate([*per_class, others])

    def paired(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Kernel [n] between row i of X [n, n_features] and row i of Y [n, n_features]."""
        half = 0.5 * self.widths[self.classes] * (X - Y) ** 2  # -> [n, n_features]
        result = self.amplitudes[0] * np.exp(-self.product_scale * half.sum(axis=1))
        base = self.variances[self.classes] * np.exp(-half)
        polynomials = np.zeros((self.order + 1, len(X)))
        polynomials[0] = 1.0
        for k in base.T:
            polynomials[1:] += k * polynomials[:-1]
        return result + self.amplitudes[1:] @ polynomials[1:]

    @cached_property
    def _order_of_features(self) -> np.ndarray:
        """Features that share their class with others, then those that do not."""
        alone = np.bincount(self.classes)[self.classes] == 1
        return np.argsort(alone, kind="stable")

    @cached_property
    def _n_shared(self) -> int:
        """Number of features that share their class with others."""
        return int((np.bincount(self.classes)[self.classes] > 1).sum())

    @cached_property
    def _log_variances(self) -> np.ndarray:
        """Logarithms of the variances of all features, [n_features, 1]."""
        return np.log(self.variances)[self.classes[self._order_of_features]][:, None]

    def _tiles(
        self, X: np.ndarray, Y: np.ndarray, n_slabs: int
    ) -> Iterator[tuple[slice, slice, list[np.ndarray]]]:
        """Parts of the kernel with arrays [n_features, n_elements] for them.

        The first holds w_c (z_i - z'_i)^2 / 2, in the order of `_order_of_features`; the others are
        to be filled.
        """
        roots = np.sqrt(0.5 * self.widths)[self.classes]
        order = self._order_of_features
        left, right = (np.ascontiguousarray((roots * Z).T[order]) for Z in (X, Y))
        n_parts = max(1, -(-len(Y) // _CHUNK))
        width = max(1, -(-len(Y) // n_parts))
        height = max(1, min(len(X), _CHUNK // width))
        buffers = np.empty((n_slabs, len(roots) * height * width))
        for j in range(0, len(Y), width):
            for i in range(0, len(X), height):
                first, second = left[:, i : i + height, None], right[:, None, j : j + width]
                shape = len(roots), first.shape[1], second.shape[2]
                slabs = [buffer[: np.prod(shape)].reshape(len(roots), -1) for buffer in buffers]
                np.subtract(first, second, out=slabs[0].reshape(shape))
                slabs[0] *= slabs[0]
                yield slice(i, i + height), slice(j, j + width), slabs


class _Part:
    """Elements of the kernel that are computed together, and their derivatives.

    Parameters
    ----------
    kernel
        The kernel at given parameters.
    halves : array, [n_features, n_elements]
        w_c (z_i - z'_i)^2 / 2.
    base : array, [n_features, n_elements]
        Where the base kernels are written; `halves` itself if no gradient is asked for.
    """

    def __init__(self, kernel: AdditiveKernel, halves: np.ndarray, base: np.ndarray) -> None:
        self._kernel, self._halves, self._base = kernel, halves, base
        exponent = self._exponent = -halves.sum(axis=0)
        self._product = kernel.amplitudes[0] * np.exp(kernel.product_scale * exponent)
        self._polynomials: list[np.ndarray] = []
        if kernel.order:
            np.subtract(kernel._log_variances, halves, out=base)
            np.exp(base, out=base)
            self._polynomials = self._sums()

    def value(self) -> np.ndarray:
        """The kernel, [n_elements]."""
        result = self._product
        for amplitude, e in zip(self._kernel.amplitudes[1:], self._polynomials, strict=True):
            result = result + amplitude * e
        return result

    def gradient(
        self, upstream: np.ndarray, scratch: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Derivatives of sum(upstream * k) by widths and variances of features, and by the rest."""
        kernel, halves = self._kernel, self._halves
        weighted = upstream * self._product
        widths, variances = -kernel.product_scale * (halves @ weighted), np.zeros(len(halves))
        if kernel.order:
            change = self._changes(upstream, scratch)
            variances = change.sum(axis=1)
            change *= halves
            widths -= change.sum(axis=1)
        sums = [
            amplitude * (upstream @ e)
            for amplitude, e in zip(kernel.amplitudes[1:], self._polynomials, strict=True)
        ]
        scale = kernel.product_scale * (weighted @ self._exponent)
        return widths, variances, np.array([weighted.sum(), *sums, scale])

    def _sums(self) -> list[np.ndarray]:
        """Symmetric polynomials e_1, ..., e_order of the base kernels.

        Features that share their class enter e_2 as sums of powers.  No digits are lost, as the
        largest of them counts several times.  All others enter one by one.
        """
        kernel, base = self._kernel, self._base
        result = [np.zeros(base.shape[1]) for _ in range(kernel.order)]
        n_shared = kernel._n_shared if kernel.order == 2 else 0
        if n_shared:
            shared = base[:n_shared]
            first = shared.sum(axis=0)
            squares = np.einsum("pe,pe->e", shared, shared)
            result = [first, 0.5 * (first * first - squares)]
        product = np.empty(base.shape[1])
        for k in base[n_shared:]:
            for q in range(kernel.order - 1, 0, -1):
                result[q] += np.multiply(k, result[q - 1], out=product)
            result[0] += k
        return result

    def _changes(self, upstream: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Upstream times k_i sum_q s_q e_{q-1}, with e of all features but i."""
        amplitudes, base = self._kernel.amplitudes, self._base
        total = amplitudes[1] * upstream
        if self._kernel.order == 1:
            return np.multiply(total, base, out=out)
        np.multiply(amplitudes[2] * upstream, base, out=out)
        np.subtract(total + amplitudes[2] * upstream * self._polynomials[0], out, out=out)
        if self._kernel.order > 2:
            without = self._polynomials[0] - base
            for amplitude, e in zip(amplitudes[3:], self._polynomials[1:], strict=False):
                without = e - base * without
                out += amplitude * upstream * without
        out *= base
        return out
