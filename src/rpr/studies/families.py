"""Versions of a minimum, and minima that count as one conformer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial.transform import Rotation

from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import dihedral_angle

#: Minima whose dihedrals are this near, in degrees, are one conformer.
ALIKE = 40.0
_SAME = 0.05  # Angstrom; root-mean-square distance below which two geometries are the same


def families(versions: Mapping[str, np.ndarray], molecule: Molecule) -> dict[str, str]:
    """The conformer that each minimum counts as: the first one of a like dihedral.

    Minima that differ in the torsions of light ends only, such as those of hydroxyl groups, change
    into each other within picoseconds, and are one conformer.  Their dihedrals, in any version, are
    at most `ALIKE` apart from one to the next.

    Parameters
    ----------
    versions
        Geometries [n_versions, n_atoms, 3] of each minimum in Angstrom, by name.
    molecule
        Its dihedral is used.

    Returns
    -------
    dict
        Name of the conformer by name of the minimum; without a dihedral all are the first.
    """
    names = list(versions)
    if molecule.dihedral is None:
        return dict.fromkeys(names, names[0])
    angles = {n: dihedral_angle(x, molecule.dihedral) for n, x in versions.items()}
    family: dict[str, str] = {}
    for name in names:
        waiting = [] if name in family else [name]
        while waiting:
            member = waiting.pop()
            family[member] = name
            waiting += [
                other
                for other in names
                if other not in family and _apart(angles[member], angles[other]) <= ALIKE
            ]
    return family


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Smallest difference between the angles of two sets, degrees."""
    return float(np.abs((one[:, None] - other + 180.0) % 360.0 - 180.0).min())


def versions(molecule: Molecule, positions: np.ndarray) -> np.ndarray:
    """Geometries that the permutation-inversion group makes of one, different up to rotation.

    Parameters
    ----------
    molecule
        Its bonds and reference geometry give the group.
    positions : array, [n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [n_versions, n_atoms, 3]
        Centred on the mean of the atoms, the given geometry first.
    """
    centred = positions - positions.mean(axis=0)
    different: list[np.ndarray] = []
    for image in find_group(molecule).act_on_positions(centred[None])[:, 0]:
        distances = (Rotation.align_vectors(image, other)[1] for other in different)
        if all(d / np.sqrt(len(image)) > _SAME for d in distances):
            different.append(image)
    return np.array(different)
