"""The element of the permutation-inversion group that makes a mirror image of a geometry.

The mirror image of a geometry with dihedral -60 degrees has +60 degrees, but its labelled hydrogens
have changed places.  Together with an exchange of like atoms it is a geometry of the same labelled
molecule.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import NotApplicableError
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group


def mirror_permutation(molecule: Molecule) -> np.ndarray:
    """Permutation that, together with inversion, changes the sign of the dihedral.

    Parameters
    ----------
    molecule
        A molecule with a dihedral.

    Returns
    -------
    array of int, [n_atoms]
        An element of the permutation-inversion group with inversion: one that leaves the four
        atoms of the dihedral in place, or else one that reverses their order.

    Raises
    ------
    NotApplicableError
        If there is no dihedral, or no such element because the molecule is chiral.
    """
    if molecule.dihedral is None:
        raise NotApplicableError(
            "molecule: found no dihedral, whose sign the model 'folded' and training sets of one "
            "or both hands need; name four atoms or use the model 'symmetrized'"
        )
    group = find_group(molecule)
    dihedral = list(molecule.dihedral)
    inverting = group.permutations[group.inversions]
    for wanted in (dihedral, dihedral[::-1]):
        for permutation in inverting:
            if permutation[dihedral].tolist() == wanted:
                return permutation
    raise NotApplicableError(
        f"molecule: {''.join(molecule.symbols)} has no symmetry that changes the sign of the "
        f"dihedral {tuple(dihedral)}, which the model 'folded' and training sets of one or both "
        "hands need: its mirror images are different molecules; use the model "
        "'rotate-predict-rotate'"
    )
