"""The molecule: its atoms, bonds, reference geometry, anchors and dihedral; files of geometries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from ase.io import read, write
from ase.neighborlist import natural_cutoffs, neighbor_list

from rpr.errors import InputError
from rpr.files import atomic_path, read_failure
from rpr.molecule.bond_graph import neighbours
from rpr.molecule.plausibility import check_overlap

#: Permutations and inversions that models may average over.
GROUPS = ("auto", "full", "without-methyl", "none")


@dataclass(frozen=True, eq=False, repr=False)
class Molecule:
    """What stays the same in all frames of a molecule.

    Parameters
    ----------
    symbols
        Chemical symbols; their order is the order of atoms in every frame.
    reference : array, [n_atoms, 3]
        Reference geometry in Angstrom; its distances are the r_eq of the RE descriptor.
    anchors
        Indices of the atoms whose coordinates the descriptors ending in ``Cl`` use (the two
        chlorines of 1,2-dichloroethane) and that decide the signs of canonical axes.
    dihedral
        Indices of the four atoms of the dihedral that is scanned, or None.
    bonds
        Pairs of bonded atoms.
    group
        Permutations and inversions that models average over: ``"full"``, ``"without-methyl"``,
        ``"none"``, or ``"auto"``, see :mod:`rpr.molecule.permutation_inversion`.
    inverting
        Atoms with three bonds whose pyramid turns inside out, as in ammonia.
    turning
        Bonds between planar atoms that turn freely nevertheless, as in biaryls.

    Raises
    ------
    InputError
        If there is no such group, or the reference geometry does not have one position for each
        symbol.
    """

    symbols: tuple[str, ...]
    reference: np.ndarray
    anchors: tuple[int, ...] = ()
    dihedral: tuple[int, int, int, int] | None = None
    bonds: tuple[tuple[int, int], ...] = ()
    group: str = "auto"
    inverting: tuple[int, ...] = ()
    turning: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise InputError(f"group: found {self.group!r}, expected one of {', '.join(GROUPS)}")
        if np.shape(self.reference) != (self.n_atoms, 3):
            raise InputError(
                f"reference: found shape {np.shape(self.reference)}, expected ({self.n_atoms}, 3)"
            )

    @classmethod
    def from_atoms(
        cls,
        atoms: Atoms,
        *,
        anchors: Sequence[int] = (),
        dihedral: Sequence[int] | None = None,
        bonds: Sequence[Sequence[int]] | None = None,
        group: str = "auto",
        inverting: Sequence[int] = (),
        turning: Sequence[Sequence[int]] = (),
    ) -> Molecule:
        """Molecule with `atoms` as its reference geometry.

        Parameters
        ----------
        atoms
            Reference geometry.
        anchors, dihedral, group, inverting, turning
            As for `Molecule`.
        bonds
            Pairs of bonded atoms; the default are those of :func:`find_bonds`.

        Raises
        ------
        InputError
            If an index is no atom or occurs twice, the dihedral does not have four atoms, atoms
            lie on top of each other, an inverting atom does not have three bonds, or a turning bond
            is none.
        """
        _check_indices("anchors", anchors, len(atoms))
        _check_indices("dihedral", dihedral or (), len(atoms))
        _check_indices("inverting", inverting, len(atoms))
        four = None
        if dihedral:
            if len(dihedral) != 4:
                raise InputError(f"dihedral: found {len(dihedral)} atom indices, expected four")
            i, j, k, m = (int(atom) for atom in dihedral)
            four = i, j, k, m
        check_overlap(atoms.positions[None], "reference geometry")
        known = find_bonds(atoms) if bonds is None else _pairs("bonds", bonds, len(atoms))
        turned = _pairs("turning", turning, len(atoms))
        _check_motions(inverting, turned, known)
        return cls(
            symbols=tuple(atoms.get_chemical_symbols()),
            reference=np.array(atoms.positions, dtype=float),
            anchors=tuple(int(k) for k in anchors),
            dihedral=four,
            bonds=known,
            group=group,
            inverting=tuple(int(k) for k in inverting),
            turning=turned,
        )

    def __repr__(self) -> str:
        details = f"{self.n_atoms} atoms {' '.join(self.symbols)}, {len(self.bonds)} bonds"
        if self.anchors:
            details += f", anchors {' '.join(map(str, self.anchors))}"
        if self.dihedral:
            details += f", dihedral {'-'.join(map(str, self.dihedral))}"
        return f"Molecule: {Atoms(self.symbols).get_chemical_formula()} ({details})"

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

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """Atoms that each atom is bonded to, in ascending order."""
        return tuple(tuple(near) for near in neighbours(self.n_atoms, self.bonds))

    def to_atoms(self, positions: np.ndarray | None = None) -> Atoms:
        """ASE atoms at `positions` (default: the reference geometry)."""
        return Atoms(self.symbols, positions=self.reference if positions is None else positions)


def find_bonds(atoms: Atoms, *, cutoff: float = 1.2) -> tuple[tuple[int, int], ...]:
    """Pairs of atoms closer than `cutoff` times the sum of their covalent radii, sorted."""
    isolated = Atoms(atoms.numbers, positions=atoms.positions)
    i, j = neighbor_list("ij", isolated, natural_cutoffs(isolated, mult=cutoff))
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
        images: Any = read(str(path), index=":")
    except Exception as error:
        raise InputError(
            f"{path}: not readable as a geometry ({unreadable_atoms(error)}); expected a file such "
            "as extended XYZ with one molecule, in Angstrom"
        ) from error
    if len(images) != 1 or len(images[0]) == 0:
        number = f"{len(images)} geometries" if len(images) != 1 else "no atoms"
        raise InputError(f"{path}: found {number}, expected one geometry")
    found = tuple(images[0].get_chemical_symbols())
    check_elements(found, path)
    check_symbols(found, symbols, path)
    check_overlap(images[0].positions[None], path)
    return Atoms(found, positions=images[0].positions)


def check_elements(symbols: Sequence[str], source: str | os.PathLike) -> None:
    """Refuse dummy atoms.

    Raises
    ------
    InputError
        If an atom is X; the message names `source`.
    """
    if "X" in symbols:
        raise InputError(f"{source}: found an atom X, which is no element; remove it or name it")


def unreadable_atoms(error: Exception) -> str:
    """Why atoms could not be read, in words, from what ASE raised; a KeyError may be an element."""
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    if name in ("D", "T"):
        return f"{name} is no element; write isotopes of hydrogen as H"
    if isinstance(name, str) and name.isalpha() and len(name) <= 3:
        return f"{name} is no element"
    return read_failure(error)


def check_symbols(
    found: Sequence[str], expected: Sequence[str] | None, source: str | os.PathLike
) -> None:
    """Refuse atoms that are not the expected ones in the expected order.

    Raises
    ------
    InputError
        If the atoms differ; the message names `source` and both orders.
    """
    if expected is None or tuple(found) == tuple(expected):
        return
    remedy = "reorder the atoms" if sorted(found) == sorted(expected) else "use the same molecule"
    raise InputError(
        f"{source}: found atoms {' '.join(found)}, expected {' '.join(expected)} in this order; "
        f"{remedy}"
    )


def _pairs(key: str, pairs: Sequence[Sequence[int]], n_atoms: int) -> tuple[tuple[int, int], ...]:
    """Pairs of atoms, each with the lower index first, sorted."""
    for pair in pairs:
        if len(pair) != 2:
            raise InputError(f"{key}: found {len(pair)} atoms, expected pairs such as (0, 1)")
        _check_indices(key, pair, n_atoms)
    return tuple(sorted({(int(min(pair)), int(max(pair))) for pair in pairs}))


def _check_motions(
    inverting: Sequence[int], turning: Sequence[tuple[int, int]], bonds: Sequence[tuple[int, int]]
) -> None:
    for atom in inverting:
        if (n := sum(atom in bond for bond in bonds)) != 3:
            raise InputError(
                f"inverting: atom {atom} has {n} bonds, expected three, those of a pyramid"
            )
    for bond in turning:
        if bond not in bonds:
            raise InputError(f"turning: atoms {bond[0]} and {bond[1]} are not bonded")


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


def read_molecule(path: str | os.PathLike, **options: Any) -> Molecule:
    """Molecule with the geometry in `path` as its reference; options of `Molecule.from_atoms`."""
    return Molecule.from_atoms(read_geometry(path), **options)
