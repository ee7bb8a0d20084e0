"""Minima that count as one conformer, because only their light ends differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle

#: Minima whose dihedrals are this near, in degrees, are one conformer.
ALIKE = 40.0


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
