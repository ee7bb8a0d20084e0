"""Permutation-inversion group of a molecule, found from its bonds and reference geometry.

An element g = (permutation P, inversion s) turns a geometry x into

    x'_i = s x_{P(i)},   s = -1 with inversion, +1 without.

Energy and forces, dipole and polarizability follow exactly: E' = E, mu' = s mu, alpha' = alpha,
for every element. An element is useful only if both geometries occur, that is, if it is feasible
without breaking a bond. An element belongs to the group if

1. P is an automorphism of the bond graph (elements and bonds are kept), and
2. it keeps the handedness of every centre: the sign of the triple product of each three bonds of
   an atom, and
3. it keeps cis and trans at every bond between two planar three-coordinate atoms.

Internal rotation about every other bond is free, so that a torsion may change its sign. For
1,2-dichloroethane four of the sixteen combinations remain: the identity, an exchange of the ends
that keeps the dihedral, the exchange of the hydrogens of both CH2Cl groups with inversion, which
changes the sign of the dihedral, and the product of the two.

Pyramidal atoms with three bonds keep their handedness too: ammonia has the six elements of C3v(M).
Its umbrella inversion takes 25 kJ/mol and 1e-11 s, longer than a trajectory of picoseconds;
``pyramidal_inversion=True``, or the atom in `Molecule.inverting`, declares it feasible, which gives
twelve elements.  Bonds in `Molecule.turning` turn although both ends are planar, as in biaryls.

`Molecule.group` chooses: ``full``; ``without-methyl``, the elements that keep one marked hydrogen
of each methyl group among the marked ones, which leaves out rotations of methyl groups; ``none``,
the identity; ``auto``, the full group up to `MOST_AVERAGED` elements, and else without-methyl.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rpr.errors import InputError
from rpr.molecule.bond_graph import isomorphisms
from rpr.molecule.molecule import Molecule
from rpr.molecule.stereo import RuleKeeper, handedness, rigid_bonds

MAX_ELEMENTS = 20_000

#: Largest group that models average over without being asked; a larger one loses the rotations of
#: its methyl groups.
MOST_AVERAGED = 100


@dataclass(frozen=True, eq=False)
class PermutationInversionGroup:
    """Feasible permutations of equal atoms, with or without inversion; the identity comes first.

    Attributes
    ----------
    permutations : int array, [n_elements, n_atoms]
        Element g turns x into x'_i = s x_{permutations[g, i]}.
    inversions : bool array, [n_elements]
        True where s = -1.
    names : tuple of str
        Cycle notation with atom indices counted from 0, with ``*`` for inversion; ``E`` is the
        identity.
    """

    permutations: np.ndarray
    inversions: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.permutations)

    def identity(self) -> PermutationInversionGroup:
        """The group of the identity alone."""
        return PermutationInversionGroup(self.permutations[:1], self.inversions[:1], self.names[:1])

    def subset(self, chosen: np.ndarray) -> PermutationInversionGroup:
        """The elements where a boolean array is true, which must be a subgroup."""
        names = tuple(name for name, kept in zip(self.names, chosen, strict=True) if kept)
        return PermutationInversionGroup(self.permutations[chosen], self.inversions[chosen], names)

    @property
    def parities(self) -> np.ndarray:
        """s of every element: +1, or -1 with inversion, [n_elements]."""
        return np.where(self.inversions, -1.0, 1.0)

    def act_on_positions(self, positions: np.ndarray) -> np.ndarray:
        """Images of geometries under every element.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Relative to an origin that does not move under the permutations.

        Returns
        -------
        array, [n_elements, n_frames, n_atoms, 3]
        """
        images = np.asarray(positions)[:, self.permutations]  # -> [n_frames, n_elements, ...]
        return self.parities[:, None, None, None] * np.swapaxes(images, 0, 1)

    def act_on_tensors(self, values: np.ndarray) -> np.ndarray:
        """Images of dipoles, polarizabilities or tensors of any rank: s^rank times the tensor.

        Parameters
        ----------
        values : array, [n_frames, 3, ..., 3]

        Returns
        -------
        array, [n_elements, n_frames, 3, ..., 3]
        """
        values = np.asarray(values)
        signs = self.parities ** (values.ndim - 1)
        return signs.reshape(-1, *[1] * values.ndim) * values[None]


def find_group(
    molecule: Molecule, *, pyramidal_inversion: bool = False
) -> PermutationInversionGroup:
    """Permutation-inversion group of a molecule from its bonds and reference geometry.

    Parameters
    ----------
    molecule
        Its symbols, bonds and reference geometry are used.
    pyramidal_inversion
        Whether pyramids of an atom with three bonds can turn inside out.

    Returns
    -------
    PermutationInversionGroup

    Raises
    ------
    InputError
        If more than `MAX_ELEMENTS` elements of one parity are feasible.
    """
    rules = handedness(molecule, pyramidal_inversion) | rigid_bonds(molecule)
    found = [
        (permutation, inverted)
        for inverted in (False, True)
        for permutation in _elements(molecule, RuleKeeper(rules, -1 if inverted else 1))
    ]
    group = PermutationInversionGroup(
        permutations=np.array([permutation for permutation, _ in found]),
        inversions=np.array([inverted for _, inverted in found]),
        names=tuple(_name(permutation, inverted) for permutation, inverted in found),
    )
    return _chosen(group, molecule)


def group_text(molecule: Molecule, group: PermutationInversionGroup) -> str:
    """The elements of a group in words, and what was left out of it."""
    text = f"{len(group)} permutation-inversions: {' '.join(group.names[:8])}"
    text += " ..." if len(group) > 8 else ""
    if molecule.group == "auto":
        size = len(find_group(replace(molecule, group="full")))
        if size > len(group):
            text += (
                f"; the full group has {size}, more than {MOST_AVERAGED}: rotations of methyl "
                "groups are left out (--group full or group='full' takes all)"
            )
    elif molecule.group != "full":
        text += f" ({molecule.group})"
    return text


def permutations_of(group: PermutationInversionGroup) -> np.ndarray:
    """Permutations that leave the potential energy unchanged, each once, [n, n_atoms]."""
    return np.array(sorted({tuple(int(i) for i in row) for row in group.permutations}))


def _elements(molecule: Molecule, keeps: RuleKeeper) -> list[list[int]]:
    """Feasible permutations of one parity; the identity, where it is one, comes first.

    Assignments of atoms are extended one atom at a time and dropped as soon as a rule is broken, so
    that permutations of bonded atoms that are not feasible cost nothing: C11H24 has 36864 of
    them, and 36 feasible elements.
    """
    found: list[list[int]] = []
    for permutation in isomorphisms(molecule.symbols, molecule.bonds, keeps=keeps):
        if len(found) == MAX_ELEMENTS:
            raise InputError(
                f"molecule {''.join(molecule.symbols)}: more than {MAX_ELEMENTS} feasible "
                "permutations, which is too many to sum over; use fewer of them: "
                "group='without-methyl' or 'none' (--group)"
            )
        found.append(permutation)
    return sorted(found)


def _chosen(group: PermutationInversionGroup, molecule: Molecule) -> PermutationInversionGroup:
    """The subgroup that `Molecule.group` asks for."""
    if molecule.group == "none":
        return group.identity()
    if molecule.group == "full" or (molecule.group == "auto" and len(group) <= MOST_AVERAGED):
        return group
    return group.subset(_keeps_marks(group, methyl_marks(molecule)))


def methyl_marks(molecule: Molecule) -> tuple[int, ...]:
    """One atom of each group of three like end atoms at an atom with four bonds, such as CH3."""
    near = molecule.neighbours
    marks = []
    for atoms in near:
        ends = [atom for atom in atoms if len(near[atom]) == 1]
        symbols = [molecule.symbols[atom] for atom in ends]
        alike = [a for a, symbol in zip(ends, symbols, strict=True) if symbols.count(symbol) == 3]
        if len(atoms) == 4 and alike:
            marks.append(alike[0])
    return tuple(marks)


def _keeps_marks(group: PermutationInversionGroup, marks: tuple[int, ...]) -> np.ndarray:
    """Which elements map a set of atoms onto itself: these are a subgroup, [n_elements]."""
    images = np.sort(group.permutations[:, list(marks)], axis=1)
    return (images == np.sort(marks)).all(axis=1)


def _name(permutation: Sequence[int], inverted: bool) -> str:
    cycles, seen = "", set[int]()
    for start in range(len(permutation)):
        cycle, atom = [], start
        while atom not in seen:
            seen.add(atom)
            cycle.append(str(atom))
            atom = int(permutation[atom])
        if len(cycle) > 1:
            cycles += f"({' '.join(cycle)})"
    return (cycles or "E") + ("*" if inverted else "")
