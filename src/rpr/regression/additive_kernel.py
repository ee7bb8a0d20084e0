"""Additive kernel of interatomic distances: low orders of interaction and the full product.

Every feature z_i (one pair of atoms) has a one-dimensional kernel

    k_i(z, z') = v_c exp(-w_c (z_i - z'_i)^2 / 2),   c the class of the pair,

and the kernel is a sum over orders of interaction and the product of all features,

    k(z, z') = s_0 exp(-f/2 sum_i w_c (z_i - z'_i)^2) + sum_{q=1..order} s_q e_q(k_1, ..., k_D),

with e_q the elementary symmetric polynomials: e_1 is a sum of functions of one distance each, e_2
of functions of two. A molecule close to that picture (a property that depends on torsion and
vibration, two at a time) is learnt from far fewer frames than by the product alone. order = 0
leaves the Gaussian kernel with one width per class.

The additive construction: Duvenaud, Nickisch, Rasmussen, Additive Gaussian Processes, NIPS 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.errors import InputError

_CHUNK = 1 << 15  # kernel elements evaluated at once: small enough for the processor's cache


@dataclass(frozen=True, eq=False)
class AdditiveKernel:
    """The kernel at given parameters.

    Attributes
    ----------
    classes : ndarray of int [n_features]
        Class of every feature.
    widths : ndarray [n_classes]
        w_c, inverse squared length scales.
    variances : ndarray [n_classes]
        v_c of the one-dimensional kernels.
    amplitudes : ndarray [order + 1]
        s_0 of the product, then s_1, s_2, ...
    product_scale : float
        f, widths of the product relative to those of the sums.
    """

    classes: np.ndarray
    widths: np.ndarray
    variances: np.ndarray
    amplitudes: np.ndarray
    product_scale: float

    @property
    def order(self):
        """Highest order of interaction beside the product."""
        return len(self.amplitudes) - 1

    @classmethod
    def from_logarithms(cls, classes, theta):
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

    def evaluate(self, X, Y):
        """Kernel between features [n, n_features] and [m, n_features]: [n, m]."""
        result = np.empty((len(X), len(Y)))
        size = max(1, _CHUNK // len(Y))
        for start in range(0, len(X), size):
            chunk = slice(start, start + size)
            result[chunk] = self._block(X[chunk], Y)
        return result

    def _block(self, X, Y):
        exponent, sums = self._accumulate(X, Y)
        exponent *= self.product_scale
        result = np.exp(exponent, out=exponent)
        result *= self.amplitudes[0]
        for amplitude, e in zip(self.amplitudes[1:], sums[1:], strict=True):
            result += amplitude * e
        return result

    def _accumulate(self, X, Y):
        """Exponent of the product, and the symmetric polynomials e_0 (=1), e_1, ..., e_order."""
        shape = len(X), len(Y)
        exponent = np.zeros(shape)
        sums = [1.0] + [np.zeros(shape) for _ in range(self.order)]
        scratch, other = np.empty(shape), np.empty(shape)
        roots = np.sqrt(0.5 * self.widths)[self.classes]
        for i, root in enumerate(roots):
            np.subtract((root * X[:, i])[:, None], root * Y[:, i], out=scratch)
            scratch *= scratch
            exponent -= scratch
            if not self.order:
                continue
            np.negative(scratch, out=scratch)
            np.exp(scratch, out=scratch)
            scratch *= self.variances[self.classes[i]]
            for q in range(self.order, 1, -1):
                np.multiply(scratch, sums[q - 1], out=other)
                sums[q] += other
            sums[1] += scratch
        return exponent, sums

    def gradient(self, X, Y, upstream):
        """Derivatives of sum(upstream * k(X, Y)) with respect to all logarithms.

        Parameters
        ----------
        X : ndarray [n, n_features]
        Y : ndarray [m, n_features]
        upstream : ndarray [n, m]

        Returns
        -------
        ndarray [n_parameters]
            In the order of :meth:`from_logarithms`.
        """
        exponent, sums = self._accumulate(X, Y)
        product = upstream * self.amplitudes[0] * np.exp(self.product_scale * exponent)
        widths, variances = np.zeros(len(self.widths)), np.zeros(len(self.widths))
        for i, c in enumerate(self.classes):
            half = 0.5 * self.widths[c] * (X[:, i, None] - Y[:, i]) ** 2
            widths[c] -= self.product_scale * np.vdot(product, half)
            if self.order:
                one = self.variances[c] * np.exp(-half)
                change = upstream * one * self._derivative(sums, one)
                widths[c] -= np.vdot(change, half)
                variances[c] += change.sum()
        amplitudes = [product.sum()]
        for amplitude, e in zip(self.amplitudes[1:], sums[1:], strict=True):
            amplitudes.append(amplitude * np.vdot(upstream, e))
        scale = self.product_scale * np.vdot(product, exponent)
        return np.concatenate([widths, variances, amplitudes, [scale]])

    def _derivative(self, sums, one):
        """d sum_q s_q e_q / d k_i = sum_q s_q e_{q-1} without feature i."""
        without = 1.0
        result = np.full_like(one, self.amplitudes[1])
        for q in range(2, self.order + 1):
            without = sums[q - 1] - one * without
            result += self.amplitudes[q] * without
        return result


def pair_classes(molecule, colours):
    """Classes of atom pairs: equal bond distance along the graph and equal kinds of atoms.

    Parameters
    ----------
    molecule : Molecule
    colours : sequence
        Kind of every atom, the same for atoms that symmetry exchanges.

    Returns
    -------
    ndarray of int [n_pairs]
        In the order of the upper triangle, i < j.
    """
    steps = np.full((molecule.n_atoms, molecule.n_atoms), molecule.n_atoms)
    np.fill_diagonal(steps, 0)
    for i, j in molecule.bonds:
        steps[i, j] = steps[j, i] = 1
    for k in range(molecule.n_atoms):
        steps = np.minimum(steps, steps[:, k, None] + steps[k])
    rows, columns = np.triu_indices(molecule.n_atoms, k=1)
    keys = [
        (int(steps[i, j]), *sorted((colours[i], colours[j])))
        for i, j in zip(rows, columns, strict=True)
    ]
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([order[key] for key in keys])
