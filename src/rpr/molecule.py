"""The molecule: its atoms, bonds, reference geometry, marked atoms and dihedral."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers, chemical_symbols
from ase.neighborlist import natural_cutoffs, neighbor_list

from rpr.errors import InputError


@dataclass(frozen=True, eq=False)
class Molecule:
    """What stays the same in all frames of a molecule.

    Parameters
    ----------
    symbols
        Chemical symbols; their order is the order of atoms in every frame.
    reference : array, [n_atoms, 3]
        Reference geometry in Angstrom; its distances are the r_eq of the RE descriptor.
    marked
        Indices of the marked atoms: those whose coordinates the descriptors ending in ``Cl`` use
        (the two chlorines of 1,2-dichloroethane) and that settle the signs of axes.
    dihedral
        Indices of the four atoms of the dihedral that is scanned, or None.
    bonds
        Pairs of bonded atoms.
    """

    symbols: tuple[str, ...]
    reference: np.ndarray
    marked: tuple[int, ...] = ()
    dihedral: tuple[int, int, int, int] | None = None
    bonds: tuple[tuple[int, int], ...] = ()

    @classmethod
    def from_atoms(
        cls,
        atoms: Atoms,
        *,
        marked: tuple[int, ...] = (),
        dihedral: tuple[int, int, int, int] | None = None,
    ) -> Molecule:
        """Molecule with `atoms` as reference geometry; bonds from covalent radii.

        Two atoms are bonded if closer than 1.2 times the sum of their covalent radii.

        Raises
        ------
        InputError
            If a marked or dihedral index names no atom.
        """
        n_atoms = len(atoms)
        for key, indices in (("marked", marked), ("dihedral", dihedral or ())):
            wrong = [i for i in indices if not 0 <= i < n_atoms]
            if wrong:
                raise InputError(
                    f"{key}: found atom index {wrong[0]}, expected 0..{n_atoms - 1} "
                    f"(the molecule has {n_atoms} atoms, counted from 0)"
                )
        i, j = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=1.2))
        bonds = tuple(sorted((int(a), int(b)) for a, b in zip(i, j, strict=True) if a < b))
        return cls(
            symbols=tuple(atoms.get_chemical_symbols()),
            reference=np.array(atoms.positions, dtype=float),
            marked=tuple(int(k) for k in marked),
            dihedral=tuple(int(k) for k in dihedral) if dihedral else None,
            bonds=bonds,
        )

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    @property
    def numbers(self) -> np.ndarray:
        """Atomic numbers, [n_atoms]."""
        return np.array([atomic_numbers[s] for s in self.symbols])

    @property
    def masses(self) -> np.ndarray:
        """Atomic masses in u (ASE's standard atomic weights), [n_atoms]."""
        return atomic_masses[self.numbers]

    def to_atoms(self, positions: np.ndarray | None = None) -> Atoms:
        """ASE atoms at `positions` (default: the reference geometry)."""
        numbers = [chemical_symbols[n] for n in self.numbers]
        return Atoms(numbers, positions=self.reference if positions is None else positions)


def dihedral_angle(positions: np.ndarray, indices: tuple[int, int, int, int]) -> np.ndarray:
    """Dihedral angle of four atoms, IUPAC sign convention.

    With b1, b2, b3 the vectors from atom to atom, the angle is
    atan2(|b2| b1 . (b2 x b3), (b1 x b2) . (b2 x b3)).

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    indices
        The four atoms.

    Returns
    -------
    array, [n_frames]
        Degrees in (-180, 180].
    """
    p = np.asarray(positions, dtype=float)[:, list(indices)]  # -> [n_frames, 4, 3]
    b1, b2, b3 = np.moveaxis(np.diff(p, axis=1), 1, 0)
    normal = np.cross(b2, b3)
    sine = np.linalg.norm(b2, axis=1) * np.sum(b1 * normal, axis=1)
    cosine = np.sum(np.cross(b1, b2) * normal, axis=1)
    degrees = np.degrees(np.arctan2(sine, cosine))
    return np.where(degrees == -180.0, 180.0, degrees)
