"""Which geometries and which atoms are the same, up to what the group of the molecule does."""

from __future__ import annotations

import numpy as np

from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import PermutationInversionGroup, find_group
from rpr.molecule.superposition import smallest_distance

#: Root-mean-square distance of atoms in Angstrom below which two geometries are the same.
SAME = 0.1


def distance(positions: np.ndarray, other: np.ndarray, group: PermutationInversionGroup) -> float:
    """Smallest root-mean-square distance of atoms between two geometries.

    min over g and R of sqrt(sum_i |R (g x)_i - y_i|^2 / n_atoms), with g of the
    permutation-inversion group and proper rotations R about the common centroid.  Mirror images are
    the same if an element with inversion of the group relates them; the two hands of a chiral
    molecule are not, as no torsion leads from one to the other.

    Parameters
    ----------
    positions, other : array, [n_atoms, 3]
        Angstrom.
    group
        Group of the molecule.

    Returns
    -------
    float
        Angstrom.
    """
    images = group.act_on_positions(positions[None])[:, 0]  # -> [n_elements, n_atoms, 3]
    return float(smallest_distance(images, other).min())


def distinct(
    positions: np.ndarray, group: PermutationInversionGroup, *, tolerance: float = SAME
) -> list[int]:
    """Indices of the geometries that are the same as none before them.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    group
        Group of the molecule.
    tolerance
        Largest :func:`distance` of geometries that are the same, Angstrom.

    Returns
    -------
    list of int
        In ascending order.
    """
    kept: list[int] = []
    for k, geometry in enumerate(positions):
        if all(distance(geometry, positions[other], group) > tolerance for other in kept):
            kept.append(k)
    return kept


def classes_of_atoms(molecule: Molecule) -> np.ndarray:
    """Class of each atom: the lowest index of the atoms that the group brings to its place.

    Returns
    -------
    int array, [n_atoms]
    """
    return find_group(molecule).permutations.min(axis=0)
