"""Bonds about which a molecule can be turned, found from its bonds and reference geometry.

A *rotor* is a bond that is in no ring, has other atoms on both sides, and is no double bond.  Each
rotor is described by one dihedral, whose outer atoms are the heaviest neighbours of its bond.  The
*principal* rotor is the slowest: the one with the largest reduced moment of inertia about its bond,

    I = I_1 I_2 / (I_1 + I_2),

where I_1 and I_2 are the moments of the two ends of the molecule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from ase.data import covalent_radii
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.stereo import planar_atoms
from rpr.molecule.torsion import dihedral_angle, dihedral_of, set_dihedral, turned_atoms

#: Bonds shorter than this, in sums of covalent radii, are double bonds (C=C has 0.88, C=N 0.86).
DOUBLE_BOND = 0.90

#: The same between two planar atoms, which conjugation stiffens (amides have 0.93, biaryls 0.97).
CONJUGATED_BOND = 0.95

#: Angle at an atom, in degrees, above which its bonds are in line and no dihedral is defined.
STRAIGHT = 170.0

#: Atoms three bonds or more apart closer than this, in sums of van der Waals radii, clash.  Closer
#: contacts than molecules have (about 0.7) must stay: they teach a potential its repulsive walls.
CLASH = 0.5

#: Bondi's radii in Angstrom; other elements have the largest of these.
_VAN_DER_WAALS = {
    1: 1.20, 6: 1.70, 7: 1.55, 8: 1.52, 9: 1.47, 14: 2.10, 15: 1.80, 16: 1.80, 17: 1.75, 35: 1.85,
}  # fmt: skip
_LARGEST = 2.10


@dataclass(frozen=True)
class Rotor:
    """A bond that can be turned.

    Parameters
    ----------
    dihedral
        Four atoms; the middle ones are the bond.
    reduced_moment
        Reduced moment of inertia of the two ends about the bond, u Angstrom^2.
    fold
        Number of like atoms, with no others, at one of the ends: 3 for a methyl group, else 1.
        The potential of this rotor repeats after 360 / fold degrees, whatever else turns.
    """

    dihedral: tuple[int, int, int, int]
    reduced_moment: float
    fold: int = 1


def find_rotors(molecule: Molecule) -> tuple[Rotor, ...]:
    """Rotors of a molecule, the principal one first.

    Parameters
    ----------
    molecule
        Its symbols, bonds and reference geometry are used.

    Returns
    -------
    tuple of Rotor
        In order of decreasing reduced moment, methyl groups last; of equal ones the first bond
        comes first.

    Examples
    --------
    >>> from ase.build import molecule as example
    >>> rotors = find_rotors(Molecule.from_atoms(example("CH3CH2OH")))
    >>> [rotor.dihedral[1:3] for rotor in rotors]
    [(1, 2), (0, 1)]
    """
    planar = planar_atoms(molecule)
    found = [
        rotor for bond in molecule.bonds if (rotor := _rotor(molecule, planar, *bond)) is not None
    ]
    return tuple(sorted(found, key=lambda r: (r.fold, -round(r.reduced_moment, 3))))


def fragments(molecule: Molecule) -> list[list[int]]:
    """Atoms of each connected part of the bond graph; one part for a whole molecule."""
    bonds = np.array(molecule.bonds, dtype=int).reshape(-1, 2)
    shape = (molecule.n_atoms, molecule.n_atoms)
    graph = coo_array((np.ones(len(bonds)), bonds.T), shape=shape)
    n, part = connected_components(graph, directed=False)
    return [np.flatnonzero(part == k).tolist() for k in range(n)]


def check_chain(molecule: Molecule) -> None:
    """Refuse a dihedral whose atoms are not bonded one to the next.

    Raises
    ------
    InputError
        If the molecule has no dihedral, or two successive atoms of it are not bonded.
    """
    chain = dihedral_of(molecule)
    for i, j in pairwise(chain):
        if (min(i, j), max(i, j)) not in molecule.bonds:
            raise InputError(
                f"dihedral: its atoms {i} and {j} are not bonded in the reference geometry; give "
                "the four atoms in the order of the chain"
            )


def suggest_anchors(molecule: Molecule) -> tuple[int, ...]:
    """Atoms that settle the signs of the axes: the ends of the dihedral, or the farthest two atoms.

    Without a dihedral these are the heaviest atom, and the atom farthest from it; the first of
    equal ones.
    """
    if molecule.dihedral is not None:
        return molecule.dihedral[0], molecule.dihedral[3]
    if molecule.n_atoms == 1:
        return (0,)
    first = int(np.argmax(molecule.masses))
    distances = np.linalg.norm(molecule.reference - molecule.reference[first], axis=1)
    return first, int(np.argmax(distances.round(3)))


def turn_rotors(
    positions: np.ndarray, molecule: Molecule, rotors: Sequence[Rotor], degrees: np.ndarray
) -> np.ndarray:
    """Give the dihedral of each rotor a value; nothing else in the molecule changes.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its bonds decide what turns.
    rotors
        Rotors, from :func:`find_rotors`.
    degrees : array, [n_frames, n_rotors]
        New dihedrals.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.
    """
    for rotor, angles in zip(rotors, np.asarray(degrees, dtype=float).T, strict=True):
        positions = set_dihedral(positions, replace(molecule, dihedral=rotor.dihedral), angles)
    return positions


def rotor_dihedrals(positions: np.ndarray, rotors: Sequence[Rotor]) -> np.ndarray:
    """Dihedrals of the rotors in degrees, [n_frames, n_rotors]."""
    columns = [dihedral_angle(positions, rotor.dihedral) for rotor in rotors]
    return np.stack(columns, axis=1) if columns else np.empty((len(positions), 0))


def clashes(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    """Whether atoms three bonds or more apart are closer than `CLASH` van der Waals radii.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its bonds decide which atoms are far apart.  A distance that the reference geometry has,
        too, such as within a ring, is no clash.

    Returns
    -------
    bool array, [n_frames]
    """
    i, j = _distant_pairs(molecule)
    radii = np.array([_VAN_DER_WAALS.get(int(z), _LARGEST) for z in molecule.numbers])
    reference = np.linalg.norm(molecule.reference[i] - molecule.reference[j], axis=1)
    least = np.minimum(CLASH * (radii[i] + radii[j]), 0.9 * reference)
    distances = np.linalg.norm(positions[:, i] - positions[:, j], axis=2)
    return (distances < least).any(axis=1)


def _distant_pairs(molecule: Molecule) -> tuple[np.ndarray, np.ndarray]:
    near = np.eye(molecule.n_atoms, dtype=bool)
    for i, atoms in enumerate(molecule.neighbours):
        near[i, list(atoms)] = True
    two = (near.astype(int) @ near.astype(int)) > 0
    pairs = np.argwhere(np.triu(~two, 1))
    return pairs[:, 0], pairs[:, 1]


def _rotor(molecule: Molecule, planar: frozenset[int], j: int, k: int) -> Rotor | None:
    """The rotor about a bond, or None if the bond cannot be turned."""
    first = [atom for atom in molecule.neighbours[j] if atom != k]
    last = [atom for atom in molecule.neighbours[k] if atom != j]
    if not first or not last or _is_stiff(molecule, planar, j, k):
        return None
    i, m = (_heaviest(molecule, atoms) for atoms in (first, last))
    if _is_straight(molecule, i, j, k) or _is_straight(molecule, j, k, m):
        return None
    turned = replace(molecule, dihedral=(i, j, k, m))
    try:
        beyond = [*turned_atoms(turned), k]
    except InputError:  # the bond is part of a ring
        return None
    before = sorted(set(range(molecule.n_atoms)) - set(beyond))
    moments = [_moment(molecule, atoms, j, k) for atoms in (before, beyond)]
    fold = max(_fold(molecule, atoms) for atoms in (first, last))
    return Rotor((i, j, k, m), moments[0] * moments[1] / sum(moments), fold)


def _heaviest(molecule: Molecule, atoms: Sequence[int]) -> int:
    return max(atoms, key=lambda atom: (molecule.numbers[atom], -atom))


def _is_stiff(molecule: Molecule, planar: frozenset[int], j: int, k: int) -> bool:
    """Whether a bond is a double bond, or conjugated between two planar atoms."""
    radii = covalent_radii[molecule.numbers]
    length = np.linalg.norm(molecule.reference[j] - molecule.reference[k]) / (radii[j] + radii[k])
    return bool(length < (CONJUGATED_BOND if {j, k} <= planar else DOUBLE_BOND))


def _is_straight(molecule: Molecule, i: int, j: int, k: int) -> bool:
    one, two = (molecule.reference[atom] - molecule.reference[j] for atom in (i, k))
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    return bool(cosine < np.cos(np.radians(STRAIGHT)))


def _moment(molecule: Molecule, atoms: Sequence[int], j: int, k: int) -> float:
    """Moment of inertia of atoms about the line through j and k, u Angstrom^2."""
    axis = molecule.reference[k] - molecule.reference[j]
    axis /= np.linalg.norm(axis)
    arms = np.cross(molecule.reference[list(atoms)] - molecule.reference[j], axis)
    return float(molecule.masses[list(atoms)] @ (arms**2).sum(axis=1))


def _fold(molecule: Molecule, atoms: Sequence[int]) -> int:
    alike = len({molecule.symbols[atom] for atom in atoms}) == 1
    leaves = all(len(molecule.neighbours[atom]) == 1 for atom in atoms)
    return len(atoms) if alike and leaves and len(atoms) == 3 else 1
