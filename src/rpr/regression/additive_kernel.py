"""Additive kernel of interatomic distances: low orders of interaction and the full product.

Every feature z_i (one pair of atoms) has a one-dimensional kernel

    k_i(z, z') = v_c exp(-w_c (z_i - z'_i)^2 / 2),   c the class of the pair,

and the kernel is a sum over orders of interaction and the product of all features,

    k(z, z') = s_0 exp(-f/2 sum_i w_c (z_i - z'_i)^2) + sum_{q=1..order} s_q e_q(k_1, ..., k_D),

with e_q the elementary symmetric polynomials: e_1 is a sum of functions of one distance each, e_2
of functions of two.  A molecule close to that picture (a property that depends on torsion and
vibration, two at a time) is learnt from far fewer frames than by the product alone.  With
order = 0, the Gaussian kernel with one width per class remains.

The additive construction: Duvenaud, Nickisch, Rasmussen, Additive Gaussian Processes, NIPS 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import shortest_path

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule

_CHUNK = 1 << 15  # kernel elements evaluated at once: small enough for the processor's cache


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
        Variances v_c of the one-dimensional kernels.
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
        size = max(1, _CHUNK // len(Y))
        for start in range(0, len(X), size):
            chunk = slice(start, start + size)
            result[chunk] = self._block(X[chunk], Y)
        return result

    def paired(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Kernel [n] between row i of X [n, n_features] and row i of Y [n, n_features]."""
        half = 0.5 * self.widths[self.classes] * (X - Y) ** 2  # -> [n, n_features]
        result = self.amplitudes[0] * np.exp(-self.product_scale * half.sum(axis=1))
        ones = self.variances[self.classes] * np.exp(-half)
        polynomials = np.zeros((self.order + 1, len(X)))
        polynomials[0] = 1.0
        for one in ones.T:
            polynomials[1:] += one * polynomials[:-1]
        return result + self.amplitudes[1:] @ polynomials[1:]

    def _block(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        exponent, polynomials = self._accumulate(X, Y)
        exponent *= self.product_scale
        result = np.exp(exponent, out=exponent)
        result *= self.amplitudes[0]
        for amplitude, e in zip(self.amplitudes[1:], polynomials[1:], strict=True):
            result += amplitude * e
        return result

    def _accumulate(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, list]:
        """Exponent of the product, and the symmetric polynomials e_0 (=1), e_1, ..., e_order."""
        shape = len(X), len(Y)
        exponent = np.zeros(shape)
        polynomials = [1.0] + [np.zeros(shape) for _ in range(self.order)]
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
                np.multiply(scratch, polynomials[q - 1], out=other)
                polynomials[q] += other
            polynomials[1] += scratch
        return exponent, polynomials

    def gradient(self, X: np.ndarray, Y: np.ndarray, upstream: np.ndarray) -> np.ndarray:
        """Derivatives of sum(upstream * k(X, Y)) with respect to all logarithms.

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
        array, [n_parameters]
            In the order of `from_logarithms`.
        """
        exponent, polynomials = self._accumulate(X, Y)
        product = upstream * self.amplitudes[0] * np.exp(self.product_scale * exponent)
        widths, variances = np.zeros(len(self.widths)), np.zeros(len(self.widths))
        for i, c in enumerate(self.classes):
            half = 0.5 * self.widths[c] * (X[:, i, None] - Y[:, i]) ** 2
            widths[c] -= self.product_scale * np.vdot(product, half)
            if self.order:
                one = self.variances[c] * np.exp(-half)
                change = upstream * one * self._derivative(polynomials, one)
                widths[c] -= np.vdot(change, half)
                variances[c] += change.sum()
        amplitudes = [product.sum()]
        for amplitude, e in zip(self.amplitudes[1:], polynomials[1:], strict=True):
            amplitudes.append(amplitude * np.vdot(upstream, e))
        scale = self.product_scale * np.vdot(product, exponent)
        return np.concatenate([widths, variances, amplitudes, [scale]])

    def _derivative(self, polynomials: list, one: np.ndarray) -> np.ndarray:
        """d sum_q s_q e_q / d k_i = sum_q s_q e_{q-1} without feature i."""
        without: float | np.ndarray = 1.0
        result = np.full_like(one, self.amplitudes[1])
        for q in range(2, self.order + 1):
            without = polynomials[q - 1] - one * without
            result += self.amplitudes[q] * without
        return result


def pair_classes(molecule: Molecule, kinds: Sequence[int] | Sequence[str]) -> np.ndarray:
    """Classes of atom pairs: equally many bonds apart, and of equal kinds of atoms.

    Parameters
    ----------
    molecule
        Its bonds count the steps between atoms.
    kinds
        Kind of every atom, the same for atoms that symmetry exchanges.

    Returns
    -------
    array of int, [n_pairs]
        In the order of the upper triangle, i < j.
    """
    rows, columns = np.triu_indices(molecule.n_atoms, k=1)
    keys = [
        (steps, *sorted((kinds[i], kinds[j])))
        for steps, i, j in zip(
            bond_steps(molecule).tolist(), rows.tolist(), columns.tolist(), strict=True
        )
    ]
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([order[key] for key in keys])


def bond_steps(molecule: Molecule) -> np.ndarray:
    """Bonds between the atoms of each pair, [n_pairs]; infinite where none connect them.

    Pairs are in the order of the upper triangle, i < j.
    """
    bonded = np.zeros((molecule.n_atoms, molecule.n_atoms))
    bonded[tuple(np.array(molecule.bonds, dtype=int).reshape(-1, 2).T)] = 1
    steps = shortest_path(bonded, directed=False, unweighted=True)
    return steps[np.triu_indices(molecule.n_atoms, k=1)]
