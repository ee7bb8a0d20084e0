"""What only breaking a bond could change: handedness of centres, and cis or trans at rigid bonds.

Atoms of `Molecule.inverting` turn inside out and count as planar; bonds of `Molecule.turning` turn
freely, although their geometry looks rigid.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np

from rpr.molecule.bond_graph import neighbours
from rpr.molecule.molecule import Molecule

FLAT = 0.2  # triple product of unit vectors below which three bonds are planar; 0.77 is tetrahedral

#: Stereo rules: (atom or "bond", atoms) -> sign, and the factor of that sign under inversion.
StereoRules = dict[tuple[int | str, tuple[int, ...]], tuple[int, int]]


def handedness(molecule: Molecule, pyramidal_inversion: bool = False) -> StereoRules:
    """Sign (-1, 0, 1) of the triple product of each three bonds of an atom: odd under inversion.

    Returns
    -------
    dict
        ``(atom, three neighbours) -> (sign, -1)``; 0 for bonds that lie in a plane.
    """
    rules: StereoRules = {}
    for atom, near in enumerate(neighbours(molecule.n_atoms, molecule.bonds)):
        if len(near) == 3 and (pyramidal_inversion or atom in molecule.inverting):
            continue
        for triple in combinations(near, 3):
            bonds = molecule.reference[list(triple)] - molecule.reference[atom]
            bonds /= np.linalg.norm(bonds, axis=1, keepdims=True)
            volume = np.linalg.det(bonds)
            rules[atom, triple] = (0 if abs(volume) < FLAT else int(np.sign(volume)), -1)
    return rules


def rigid_bonds(molecule: Molecule) -> StereoRules:
    """Cis (+1) or trans (-1) across bonds between planar or inverting atoms with three bonds each.

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
    } | {atom for atom in molecule.inverting if len(near[atom]) == 3}
    rules: StereoRules = {}
    turning = {(min(bond), max(bond)) for bond in molecule.turning}
    for i, j in molecule.bonds:
        if i not in flat or j not in flat or (i, j) in turning:
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
