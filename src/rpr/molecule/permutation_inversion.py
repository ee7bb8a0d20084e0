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
``pyramidal_inversion=True`` declares it feasible, which gives twelve elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from rpr.errors import InputError
from rpr.molecule.bond_graph import isomorphisms, neighbours
from rpr.molecule.molecule import Molecule

FLAT = 0.2  # triple product of unit vectors below which three bonds are planar; 0.77 is tetrahedral
MAX_AUTOMORPHISMS = 20_000

#: Stereo rules: (atom or "bond", atoms) -> sign, and the factor of that sign under inversion.
StereoRules = dict[tuple[int | str, tuple[int, ...]], tuple[int, int]]


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
        If the bond graph has more than `MAX_AUTOMORPHISMS` automorphisms.
    """
    automorphisms = np.array(_automorphisms(molecule), dtype=int)
    rules = handedness(molecule, pyramidal_inversion) | rigid_bonds(molecule)
    found = [
        (permutation, inverted)
        for inverted, permutation in product((False, True), automorphisms)
        if _keeps(rules, permutation, -1 if inverted else 1)
    ]
    return PermutationInversionGroup(
        permutations=np.array([permutation for permutation, _ in found]),
        inversions=np.array([inverted for _, inverted in found]),
        names=tuple(_name(permutation, inverted) for permutation, inverted in found),
    )


def permutations_of(group: PermutationInversionGroup) -> np.ndarray:
    """Permutations that leave the potential energy unchanged, each once, [n, n_atoms]."""
    return np.array(sorted({tuple(int(i) for i in row) for row in group.permutations}))


def _automorphisms(molecule: Molecule) -> list[list[int]]:
    """All permutations that keep elements and bonds; the identity first."""
    found: list[list[int]] = []
    for permutation in isomorphisms(molecule.symbols, molecule.bonds):
        if len(found) == MAX_AUTOMORPHISMS:
            raise InputError(
                f"molecule {''.join(molecule.symbols)}: more than {MAX_AUTOMORPHISMS} permutations "
                "preserve its bonds, which is too many to sum over"
            )
        found.append(permutation)
    return sorted(found)


def handedness(molecule: Molecule, pyramidal_inversion: bool = False) -> StereoRules:
    """Sign (-1, 0, 1) of the triple product of each three bonds of an atom: odd under inversion.

    Returns
    -------
    dict
        ``(atom, three neighbours) -> (sign, -1)``; 0 for bonds that lie in a plane.
    """
    rules: StereoRules = {}
    for atom, near in enumerate(neighbours(molecule.n_atoms, molecule.bonds)):
        if len(near) == 3 and pyramidal_inversion:
            continue
        for triple in combinations(near, 3):
            bonds = molecule.reference[list(triple)] - molecule.reference[atom]
            bonds /= np.linalg.norm(bonds, axis=1, keepdims=True)
            volume = np.linalg.det(bonds)
            rules[atom, triple] = (0 if abs(volume) < FLAT else int(np.sign(volume)), -1)
    return rules


def rigid_bonds(molecule: Molecule) -> StereoRules:
    """Cis (+1) or trans (-1) across bonds between planar atoms with three bonds each.

    Returns
    -------
    dict
        ``("bond", (a, i, j, b)) -> (sign, 1)`` for a bond i-j with neighbours a of i and b of j.
    """
    near = neighbours(molecule.n_atoms, molecule.bonds)
    flat = {
        atom
        for (atom, _), (sign, _) in handedness(molecule).items()
        if sign == 0 and isinstance(atom, int) and len(near[atom]) == 3
    }
    rules: StereoRules = {}
    for i, j in molecule.bonds:
        if i not in flat or j not in flat:
            continue
        axis = molecule.reference[j] - molecule.reference[i]
        for a, b in product(near[i], near[j]):
            if a == j or b == i:
                continue
            first = np.cross(axis, molecule.reference[a] - molecule.reference[i])
            second = np.cross(axis, molecule.reference[b] - molecule.reference[j])
            rules["bond", (a, i, j, b)] = (1 if first @ second > 0 else -1, 1)
            rules["bond", (b, j, i, a)] = rules["bond", (a, i, j, b)]
    return rules


def _keeps(rules: StereoRules, permutation: np.ndarray, parity: int) -> bool:
    """Whether every stereo rule still holds after the element."""
    for (kind, atoms), (sign, under_inversion) in rules.items():
        image = tuple(int(permutation[atom]) for atom in atoms)
        factor = under_inversion if parity < 0 else 1
        if kind == "bond":
            there = rules["bond", image][0]
        else:
            ordered = tuple(sorted(image))
            there = rules[int(permutation[kind]), ordered][0] * _parity(image)
        if factor * there != sign:
            return False
    return True


def _parity(sequence: Sequence[int]) -> int:
    """Sign of the permutation that sorts a sequence."""
    swaps = sum(a > b for a, b in combinations(sequence, 2))
    return -1 if swaps % 2 else 1


def _name(permutation: np.ndarray, inverted: bool) -> str:
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
