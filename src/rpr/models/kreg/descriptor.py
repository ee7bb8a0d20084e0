"""Relative distances r_eq / r over all pairs of atoms, with their derivatives.

This is the RE descriptor of the KREG model [1]_.  Values here are r_eq / r - 1.  The shift changes
no difference between frames, and keeps digits of distances that are computed as
|x|^2 + |x'|^2 - 2 x . x'.

.. [1] Martinka et al., J. Chem. Phys. 161, 174104 (2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import (
    equilibrium_distances,
    pair_distances,
    pair_indices,
    pair_permutations,
)


@dataclass(frozen=True, eq=False)
class RelativeDistances:
    """Pairs of atoms and their equilibrium distances.

    Parameters
    ----------
    first, second : array of int, [n_pairs]
        The atoms of each pair.
    equilibrium : array, [n_pairs]
        Distances r_eq in Angstrom.
    n_atoms
        Number of atoms of the molecule.
    """

    first: np.ndarray
    second: np.ndarray
    equilibrium: np.ndarray
    n_atoms: int

    @classmethod
    def from_reference(
        cls, reference: np.ndarray, permutations: np.ndarray | None = None
    ) -> RelativeDistances:
        """All pairs of a reference geometry.

        Parameters
        ----------
        reference : array, [n_atoms, 3]
            Angstrom.
        permutations : array of int, [n_permutations, n_atoms], or None
            A group of permutations of atoms, over which r_eq is averaged
            (:func:`rpr.molecule.pairs.equilibrium_distances`); None takes r_eq as it is.
        """
        distances = (
            pair_distances(reference)
            if permutations is None
            else equilibrium_distances(reference, permutations)
        )
        return cls(*pair_indices(len(reference)), distances, len(reference))

    @property
    def n_pairs(self) -> int:
        """Length of the descriptor."""
        return len(self.first)

    def describe(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Descriptor and what its derivative needs.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Positions in Angstrom.

        Returns
        -------
        x : array, [n_frames, n_pairs]
            Descriptor r_eq / r - 1.
        slopes : array, [n_frames, n_pairs, 3]
            Derivative dx / dR for the first atom of each pair, -r_eq (R_first - R_second) / r^3,
            in 1/Angstrom; that for the second atom is its negative.
        """
        vectors = positions[:, self.first] - positions[:, self.second]  # -> [n_frames, n_pairs, 3]
        squares = np.einsum("fpx,fpx->fp", vectors, vectors)
        ratio = self.equilibrium / np.sqrt(squares)
        vectors *= (-ratio / squares)[:, :, None]
        return ratio - 1.0, vectors

    def jacobian(self, slopes: np.ndarray) -> np.ndarray:
        """dx / dR from `slopes`, [n_frames, n_pairs, 3 n_atoms]."""
        full = np.zeros((len(slopes), self.n_pairs, self.n_atoms, 3))
        pairs = np.arange(self.n_pairs)
        full[:, pairs, self.first] = slopes
        full[:, pairs, self.second] = -slopes
        return full.reshape(len(slopes), self.n_pairs, 3 * self.n_atoms)

    def cartesian(self, slopes: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """dE / dR = (dx / dR)^T dE / dx, without forming the Jacobian.

        Parameters
        ----------
        slopes : array, [n_frames, n_pairs, 3]
            What `describe` returns.
        gradient : array, [n_frames, n_pairs]
            Derivative dE / dx.

        Returns
        -------
        array, [n_frames, n_atoms, 3]
        """
        pairs = slopes * gradient[:, :, None]  # -> [n_frames, n_pairs, 3]
        return np.matmul(self.incidence, pairs)

    @cached_property
    def incidence(self) -> np.ndarray:
        """Matrix [n_atoms, n_pairs] with +1 for the first atom of a pair and -1 for the second."""
        atoms = np.arange(self.n_atoms)[:, None]
        return (atoms == self.first).astype(float) - (atoms == self.second)


def symmetric_distances(
    molecule: Molecule, permutations: np.ndarray | None
) -> tuple[RelativeDistances, np.ndarray]:
    """Pairs of a molecule, and the permutations of them that leave its potential unchanged.

    Parameters
    ----------
    molecule
        Its reference geometry gives r_eq.
    permutations : array of int, [n_permutations, n_atoms]
        A group of permutations of atoms, or None for no symmetry.

    Returns
    -------
    distances : RelativeDistances
        Pairs with an r_eq that is invariant under the group.
    pair_permutations : array of int, [n_permutations, n_pairs]
        Permutations of pairs without repetitions, as several ones of atoms may be the same here.

    Raises
    ------
    InputError
        If there is only one atom, or the permutations are no group.
    """
    if molecule.n_atoms < 2:
        raise InputError("molecule: found one atom, expected at least two for a potential")
    if permutations is None:
        distances = RelativeDistances.from_reference(molecule.reference)
        return distances, np.arange(distances.n_pairs)[None]
    permutations = check_group(permutations, molecule.symbols)
    distances = RelativeDistances.from_reference(molecule.reference, permutations)
    return distances, np.unique(pair_permutations(permutations), axis=0)


def check_group(permutations: np.ndarray, symbols: tuple[str, ...]) -> np.ndarray:
    """Permutations of atoms as an array of int, checked to form a group.

    Parameters
    ----------
    permutations : array of int, [n_permutations, n_atoms]
        Permutations of atoms, among them the identity.
    symbols
        Chemical symbols of the atoms; only equal ones may be exchanged.

    Raises
    ------
    InputError
        If a row is no permutation, exchanges different elements, or the set is not closed.
    """
    rows = np.atleast_2d(np.asarray(permutations))
    n_atoms = len(symbols)
    if rows.shape[1:] != (n_atoms,) or not np.issubdtype(rows.dtype, np.integer):
        raise InputError(
            f"permutations: found {rows.dtype} array of shape {rows.shape}, "
            f"expected integers of shape [n_permutations, {n_atoms}]"
        )
    for row in rows:
        if sorted(row.tolist()) != list(range(n_atoms)):
            raise InputError(f"permutations: {row.tolist()} is no permutation of {n_atoms} atoms")
        if any(symbols[i] != symbols[k] for i, k in enumerate(row)):
            raise InputError(f"permutations: {row.tolist()} exchanges different elements")
    members = {tuple(row.tolist()) for row in rows}
    if len(members) < len(rows):
        raise InputError("permutations: a permutation is given twice")
    for p in rows:
        for q in rows:
            if tuple(p[q].tolist()) not in members:
                raise InputError(
                    f"permutations: no group; {p[q].tolist()}, the product of {p.tolist()} "
                    f"and {q.tolist()}, is missing"
                )
    return rows
