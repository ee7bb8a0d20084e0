"""Invariant features of the covariant model: one for each pair of atoms, and their gradients.

With rho = r/r_eq, the feature of a pair is

============= ===============================================================================
distances     rho
inverse       1/rho
exponential   exp(2 (1 - rho))/2, which changes ever less at long distances
internal      of atoms with a common neighbour, the negative cosine of the angle between the
              two bonds, or the mean of several; 1/rho of atoms in separate molecules of two or
              more atoms, which no bonds connect; rho of all other pairs, also of a hydrogen
              that moves between atoms and has no bond
bends         the same, with arcsin(0.9 u)/0.9 for each u = -cos
============= ===============================================================================

Lengths and cosines say as much as all distances, r_ij^2 = r_ki^2 + r_kj^2 - 2 r_ki r_kj cos, but
each in its own feature: a bond that stretches leaves the angle as it is, while it changes the
distance between the outer atoms.  What electrons do depends on them separately (radial functions
times spherical harmonics, which are polynomials of cosines), so that a smooth kernel of lengths and
cosines needs fewer frames and extrapolates better beyond them.  Likewise, two molecules act on each
other ever less with their distance, as 1/rho changes ever less.

Among the functions of an angle, the cosine changes little where it opens to 180 degrees, and the
angle itself has a kink there, as bends to all sides are the same angle.  The arcsine of nine tenths
of the cosine follows the angle up to 150 degrees, and is as smooth as the cosine beyond.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import bond_steps, nonzero_pair_distances, pair_indices
from rpr.molecule.rotors import fragments

FEATURES = ("distances", "inverse", "exponential", "internal", "bends")
WITH_ANGLES = ("internal", "bends")
_PART = 0.9  # factor of the cosine in the arcsine of "bends"


class PairFeatures:
    """Features of all pairs of atoms, in the order of the upper triangle.

    A feature is a function of the vectors between some atoms.  These vectors are listed: vector m
    runs from atom ``starts[m]`` to atom ``ends[m]``, and feature ``places[m]`` depends on it.

    Parameters
    ----------
    kind
        One of `FEATURES`.
    molecule
        Its bonds say which pairs span an angle.
    r_eq : array, [n_pairs]
        Reference distances, Angstrom.

    Attributes
    ----------
    starts, ends, places : array of int, [n_vectors]
        Atoms of each vector, and the feature that depends on it.

    Raises
    ------
    InputError
        If there are no such features.
    """

    def __init__(self, kind: str, molecule: Molecule, r_eq: np.ndarray) -> None:
        if kind not in FEATURES:
            raise InputError(f"features: found {kind!r}, expected one of {', '.join(FEATURES)}")
        self._kind, self._r_eq = kind, r_eq
        rows, columns = pair_indices(molecule.n_atoms)
        self._inverse = np.full(len(r_eq), kind == "inverse")
        if kind in WITH_ANGLES:
            sizes = np.zeros(molecule.n_atoms, dtype=int)
            for part in fragments(molecule):
                sizes[part] = len(part)
            whole = np.minimum(sizes[rows], sizes[columns]) > 1
            self._inverse = np.isinf(bond_steps(molecule.n_atoms, molecule.bonds)) & whole
        none = np.zeros((0, 4), dtype=int)
        legs = _legs(molecule, rows, columns) if kind in WITH_ANGLES else none
        i, j, apex, self._angles = legs.T
        counts = np.bincount(self._angles, minlength=len(rows))
        # the mean over all angles of a pair becomes its feature
        self._spanned = np.flatnonzero(counts)
        self._shares = 1.0 / counts[self._angles]
        self._mean = self._shares[:, None] * (self._angles[:, None] == self._spanned)
        self._straight = np.flatnonzero(counts == 0)
        self._i, self._j, self._apex = i, j, apex
        self.starts = np.concatenate([rows[self._straight], apex, apex])
        self.ends = np.concatenate([columns[self._straight], i, j])
        self.places = np.concatenate([self._straight, self._angles, self._angles])

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Features [n, n_features] of positions [n, n_atoms, 3], Angstrom."""
        z = nonzero_pair_distances(positions) / self._r_eq
        if self._kind == "exponential":
            return 0.5 * np.exp(2.0 - 2.0 * z)
        z[:, self._inverse] = 1.0 / z[:, self._inverse]
        if len(self._spanned):
            first, second, _, _ = self._directions(positions)
            opened = -np.einsum("npx,npx->np", first, second)  # u = -cos
            if self._kind == "bends":
                opened = np.arcsin(_PART * opened) / _PART
            z[:, self._spanned] = opened @ self._mean
        return z

    def gradients(self, positions: np.ndarray) -> np.ndarray:
        """Derivative of the feature of each vector by this vector.

        Parameters
        ----------
        positions : array, [..., n_atoms, 3]
            Angstrom.

        Returns
        -------
        array, [..., n_vectors, 3]
            1/Angstrom.
        """
        pairs = slice(len(self._straight))
        vectors = positions[..., self.ends[pairs], :] - positions[..., self.starts[pairs], :]
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
        r_eq = self._r_eq[self._straight][:, None]
        slopes = np.where(self._inverse[self._straight, None], -r_eq / lengths**2, 1.0 / r_eq)
        if self._kind == "exponential":
            slopes = -np.exp(2.0 - 2.0 * lengths / r_eq) / r_eq
        first, second, a, b = self._directions(positions)
        cosines = np.sum(first * second, axis=-1, keepdims=True)
        shares = self._shares[:, None]
        if self._kind == "bends":
            shares = shares / np.sqrt(1.0 - (_PART * cosines) ** 2)
        along_first = -shares * (second - cosines * first) / a
        along_second = -shares * (first - cosines * second) / b
        return np.concatenate([slopes * vectors / lengths, along_first, along_second], axis=-2)

    def _directions(
        self, positions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors from the apex of each angle to its ends, and their lengths."""
        first = positions[..., self._i, :] - positions[..., self._apex, :]
        second = positions[..., self._j, :] - positions[..., self._apex, :]
        a = np.linalg.norm(first, axis=-1, keepdims=True)
        b = np.linalg.norm(second, axis=-1, keepdims=True)
        return first / a, second / b, a, b


def _legs(molecule: Molecule, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Angles between bonds, [n, 4]: the two outer atoms, the apex, and the index of their pair.

    Outer atoms that are bonded to each other, as in rings of three, span none: their distance is a
    bond.
    """
    bonded = [set(near) for near in molecule.neighbours]
    found = [
        (i, j, apex, place)
        for place, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))
        if j not in bonded[i]
        for apex in sorted(bonded[i] & bonded[j])
    ]
    return np.array(found, dtype=int).reshape(-1, 4)
