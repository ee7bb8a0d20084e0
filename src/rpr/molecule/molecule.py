"""The molecule: its atoms, bonds, reference geometry, anchors and dihedral."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from ase.io import read, write
from ase.neighborlist import natural_cutoffs, neighbor_list

from rpr.errors import InputError
from rpr.files import atomic_path, read_failure

#: Two nuclei closer than this, in Angstrom, are taken for an error in the input (H2 has 0.74).
MINIMUM_DISTANCE = 0.4


@dataclass(frozen=True, eq=False)
class Molecule:
    """What stays the same in all frames of a molecule.

    Parameters
    ----------
    symbols
        Chemical symbols; their order is the order of atoms in every frame.
    reference : array, [n_atoms, 3]
        Reference geometry in Angstrom; its distances are the r_eq of the RE descriptor.
    anchors
        Indices of the anchors: those whose coordinates the descriptors ending in ``Cl`` use
        (the two chlorines of 1,2-dichloroethane) and that settle the signs of axes.
    dihedral
        Indices of the four atoms of the dihedral that is scanned, or None.
    bonds
        Pairs of bonded atoms.
    """

    symbols: tuple[str, ...]
    reference: np.ndarray
    anchors: tuple[int, ...] = ()
    dihedral: tuple[int, int, int, int] | None = None
    bonds: tuple[tuple[int, int], ...] = ()

    @classmethod
    def from_atoms(
        cls,
        atoms: Atoms,
        *,
        anchors: Sequence[int] = (),
        dihedral: Sequence[int] | None = None,
    ) -> Molecule:
        """Molecule with `atoms` as reference geometry; bonds from covalent radii.

        Two atoms are bonded if closer than 1.2 times the sum of their covalent radii.

        Raises
        ------
        InputError
            If a anchors or dihedral index names no atom or an atom twice, the dihedral has not
            four atoms, or atoms lie on top of each other.
        """
        _check_indices("anchors", anchors, len(atoms))
        _check_indices("dihedral", dihedral or (), len(atoms))
        if dihedral and len(dihedral) != 4:
            raise InputError(f"dihedral: found {len(dihedral)} atom indices, expected four")
        refuse_overlap(atoms.positions[None], "reference geometry")
        return cls(
            symbols=tuple(atoms.get_chemical_symbols()),
            reference=np.array(atoms.positions, dtype=float),
            anchors=tuple(int(k) for k in anchors),
            dihedral=tuple(int(k) for k in dihedral) if dihedral else None,
            bonds=find_bonds(atoms),
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
        return Atoms(self.symbols, positions=self.reference if positions is None else positions)


def find_bonds(atoms: Atoms) -> tuple[tuple[int, int], ...]:
    """Pairs of atoms closer than 1.2 times the sum of their covalent radii, sorted."""
    isolated = Atoms(atoms.numbers, positions=atoms.positions)
    i, j = neighbor_list("ij", isolated, natural_cutoffs(isolated, mult=1.2))
    return tuple(sorted((int(a), int(b)) for a, b in zip(i, j, strict=True) if a < b))


def read_geometry(path: str | os.PathLike, *, symbols: Sequence[str] | None = None) -> Atoms:
    """Read one geometry from a file in any format that ASE knows, as an isolated molecule.

    Parameters
    ----------
    path
        File with one geometry in Angstrom.
    symbols
        Expected chemical symbols, in order.

    Returns
    -------
    Atoms
        Without cell.

    Raises
    ------
    InputError
        If the file cannot be read, holds more than one geometry or no atoms, a coordinate is not
        finite, two atoms lie on top of each other, or the atoms are not `symbols`.
    """
    try:
        images = read(path, index=":")
    except Exception as error:
        raise InputError(
            f"{path}: not readable as a geometry ({read_failure(error)}); expected a file such as "
            "extended XYZ with one molecule, in Angstrom"
        ) from error
    if len(images) != 1 or len(images[0]) == 0:
        found = f"{len(images)} geometries" if len(images) != 1 else "no atoms"
        raise InputError(f"{path}: found {found}, expected one geometry")
    found = tuple(images[0].get_chemical_symbols())
    check_symbols(found, symbols, path)
    refuse_overlap(images[0].positions[None], path)
    return Atoms(found, positions=images[0].positions)


def check_symbols(
    found: Sequence[str], expected: Sequence[str] | None, source: str | os.PathLike
) -> None:
    """Refuse atoms that are not the expected ones in the expected order.

    Raises
    ------
    InputError
        Names `source` and both orders; says so if it is only the order that differs.
    """
    if expected is None or tuple(found) == tuple(expected):
        return
    remedy = "reorder the atoms" if sorted(found) == sorted(expected) else "use the same molecule"
    raise InputError(
        f"{source}: found atoms {' '.join(found)}, expected {' '.join(expected)} in this order; "
        f"{remedy}"
    )


def refuse_overlap(positions: np.ndarray, source: str | os.PathLike) -> None:
    """Refuse positions that are not finite or have atoms on top of each other.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    source
        What the message begins with: a file or an argument.

    Raises
    ------
    InputError
        If a number is not finite or two atoms are closer than `MINIMUM_DISTANCE`.
    """
    positions = np.asarray(positions, dtype=float)
    finite = np.isfinite(positions).all(axis=(1, 2))
    if not finite.all():
        frame = int(np.argmin(finite))
        atom = int(np.argmin(np.isfinite(positions[frame]).all(axis=1)))
        raise InputError(
            f"{source}: {_frame(frame, positions)}position of atom {atom} is not a finite number; "
            "remove the frame or compute it again"
        )
    i, j = np.triu_indices(positions.shape[1], k=1)
    close = np.linalg.norm(positions[:, i] - positions[:, j], axis=2) < MINIMUM_DISTANCE
    if close.any():
        frame, pair = np.argwhere(close)[0]
        distance = np.linalg.norm(positions[frame, i[pair]] - positions[frame, j[pair]])
        raise InputError(
            f"{source}: {_frame(frame, positions)}atoms {i[pair]} and {j[pair]} are "
            f"{distance:.3f} Angstrom apart, expected at least {MINIMUM_DISTANCE}; "
            "are the coordinates in Angstrom?"
        )


def _frame(frame: int, positions: np.ndarray) -> str:
    return f"frame {frame}: " if len(positions) > 1 else ""


def _check_indices(key: str, indices: Sequence[int], n_atoms: int) -> None:
    wrong = [i for i in indices if i not in range(n_atoms)]
    if wrong:
        raise InputError(
            f"{key}: found atom index {wrong[0]!r}, expected 0..{n_atoms - 1} "
            f"(the molecule has {n_atoms} atoms, counted from 0)"
        )
    if len(set(indices)) != len(indices):
        raise InputError(
            f"{key}: found {', '.join(str(i) for i in indices)}, expected each atom only once"
        )


def write_geometry(path: str | os.PathLike, atoms: Atoms) -> None:
    """Write one geometry as extended XYZ, atomically."""
    with atomic_path(path) as temporary:
        write(temporary, atoms, format="extxyz")


def read_molecule(
    path: str | os.PathLike, *, anchors: Sequence[int], dihedral: Sequence[int] | None
) -> Molecule:
    """Molecule with the geometry in `path` as its reference."""
    return Molecule.from_atoms(
        read_geometry(path), anchors=tuple(anchors), dihedral=tuple(dihedral) if dihedral else None
    )
