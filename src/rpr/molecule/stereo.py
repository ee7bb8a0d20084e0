"""What only breaking a bond could change: handedness of centres, and cis or trans at rigid bonds.

Atoms of `Molecule.inverting` turn inside out and count as planar; bonds of `Molecule.turning` turn
freely, although their geometry looks rigid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np

from rpr.molecule.molecule import Molecule

FLAT = 0.2  # triple product of unit vectors below which three bonds are planar; 0.77 is tetrahedral

#: Stereo rules: (atom or "bond", atoms) -> sign, and the factor of that sign under inversion.
StereoRules = dict[tuple[int | str, tuple[int, ...]], tuple[int, int]]


def triple_products(
    positions: np.ndarray, centres: np.ndarray, *, unit: bool = False
) -> np.ndarray:
    """Triple products b_1 . (b_2 x b_3) of three bonds of an atom, whose signs are its handedness.

    Parameters
    ----------
    positions : array, [..., n_atoms, 3]
        Angstrom.
    centres : array of int, [n_centres, 4]
        The atom in the middle, and the three that its bonds b_k = R_k - R_0 lead to.
    unit
        Whether the bonds are taken as unit vectors, for which 0 is a plane and 0.77 tetrahedral.

    Returns
    -------
    array, [..., n_centres]
        Angstrom^3, or a number from -1 to 1.  An exchange of two of the atoms changes its sign, and
        so does an inversion.
    """
    corners = positions[..., centres, :]  # -> [..., n_centres, 4, 3]
    bonds = corners[..., 1:, :] - corners[..., :1, :]
    if unit:
        bonds /= np.linalg.norm(bonds, axis=-1, keepdims=True)
    return np.linalg.det(bonds)


def centres_of_four_bonds(molecule: Molecule) -> np.ndarray:
    """Atoms with four bonds and the first three of their neighbours, int array [n_centres, 4]."""
    found = [(atom, *near[:3]) for atom, near in enumerate(molecule.neighbours) if len(near) == 4]
    return np.array(found, dtype=int).reshape(-1, 4)


def sides(positions: np.ndarray, chains: np.ndarray) -> np.ndarray:
    """Whether the ends of chains of atoms a-i-j-b are cis (positive) or trans (negative).

    With the bond u = R_j - R_i this is (u x (R_a - R_i)) . (u x (R_b - R_j)), the cosine of the
    dihedral times positive lengths.

    Parameters
    ----------
    positions : array, [..., n_atoms, 3]
        Angstrom.
    chains : array of int, [n_chains, 4]
        Atoms a, i, j, b.

    Returns
    -------
    array, [..., n_chains]
        Angstrom^4.
    """
    a, i, j, b = (positions[..., atoms, :] for atoms in chains.T)
    return np.sum(np.cross(j - i, a - i) * np.cross(j - i, b - j), axis=-1)


def handedness(molecule: Molecule, pyramidal_inversion: bool = False) -> StereoRules:
    """Sign (-1, 0, 1) of the triple product of each three bonds of an atom: odd under inversion.

    Returns
    -------
    dict
        ``(atom, three neighbours) -> (sign, -1)``; 0 for bonds that lie in a plane.
    """
    keys = [
        (atom, triple)
        for atom, near in enumerate(molecule.neighbours)
        if len(near) != 3 or not (pyramidal_inversion or atom in molecule.inverting)
        for triple in combinations(near, 3)
    ]
    signs = _signs(molecule, [(atom, *triple) for atom, triple in keys])
    return {key: (sign, -1) for key, sign in zip(keys, signs, strict=True)}


def planar_atoms(molecule: Molecule) -> frozenset[int]:
    """Atoms with three bonds that lie in a plane in the reference geometry."""
    three = [(atom, *near) for atom, near in enumerate(molecule.neighbours) if len(near) == 3]
    signs = _signs(molecule, three)
    return frozenset(atom for (atom, *_), sign in zip(three, signs, strict=True) if not sign)


def _signs(molecule: Molecule, centres: Sequence[tuple[int, ...]]) -> list[int]:
    """Signs of the triple products in the reference geometry, 0 for bonds in a plane."""
    atoms = np.array(centres, dtype=int).reshape(-1, 4)
    volumes = triple_products(molecule.reference, atoms, unit=True)
    return np.where(np.abs(volumes) < FLAT, 0, np.sign(volumes)).astype(int).tolist()


def rigid_bonds(molecule: Molecule) -> StereoRules:
    """Cis (+1) or trans (-1) across bonds between planar or inverting atoms with three bonds each.

    Returns
    -------
    dict
        ``("bond", (a, i, j, b)) -> (sign, 1)`` for a bond i-j with neighbours a of i and b of j.
    """
    near = molecule.neighbours
    flat = planar_atoms(molecule) | {atom for atom in molecule.inverting if len(near[atom]) == 3}
    turning = {(min(bond), max(bond)) for bond in molecule.turning}
    chains = [
        (a, i, j, b)
        for i, j in molecule.bonds
        if i in flat and j in flat and (i, j) not in turning
        for a, b in product(near[i], near[j])
        if a != j and b != i
    ]
    found = sides(molecule.reference, np.array(chains, dtype=int).reshape(-1, 4))
    rules: StereoRules = {}
    for (a, i, j, b), side in zip(chains, found.tolist(), strict=True):
        rules["bond", (a, i, j, b)] = rules["bond", (b, j, i, a)] = (1 if side > 0 else -1, 1)
    return rules


class RuleKeeper:
    """Whether elements keep stereo rules, checked as soon as all atoms of a rule have an image.

    Parameters
    ----------
    rules
        Stereo rules of a molecule.
    parity
        -1 for elements with inversion, +1 without.
    """

    def __init__(self, rules: StereoRules, parity: int) -> None:
        self._rules = rules
        self._parity = parity
        self._of_atom: dict[int, list[tuple[int | str, tuple[int, ...]]]] = {}
        for kind, atoms in rules:
            for atom in (*atoms, *([kind] if isinstance(kind, int) else [])):
                self._of_atom.setdefault(atom, []).append((kind, atoms))

    def __call__(self, image: Mapping[int, int], atom: int) -> bool:
        """Whether the rules of `atom` hold, as far as the images of their atoms are known."""
        return all(self._holds(rule, image) for rule in self._of_atom.get(atom, ()))

    def _holds(self, rule: tuple[int | str, tuple[int, ...]], image: Mapping[int, int]) -> bool:
        kind, atoms = rule
        if any(atom not in image for atom in atoms):
            return True
        found = tuple(image[atom] for atom in atoms)
        sign, under_inversion = self._rules[rule]
        if isinstance(kind, str):
            there = self._rules["bond", found][0] if ("bond", found) in self._rules else 0
        elif kind not in image:
            return True
        else:
            key = image[kind], tuple(sorted(found))
            there = self._rules[key][0] * _parity(found) if key in self._rules else 0
        return there * (under_inversion if self._parity < 0 else 1) == sign


def _parity(sequence: tuple[int, ...]) -> int:
    """Sign of the permutation that sorts a sequence."""
    swaps = sum(a > b for a, b in combinations(sequence, 2))
    return -1 if swaps % 2 else 1
