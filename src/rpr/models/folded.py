"""Cure R: where the dihedral is negative, invert the molecule and exchange equal atoms.

The mirror image of a geometry with dihedral -60 degrees has +60 degrees, but its labelled
hydrogens have changed places: for a model trained on positive dihedrals it is still a stranger. The
element g of the permutation-inversion group that inverts and leaves the atoms of the dihedral in
place (for 1,2-dichloroethane the exchange of the hydrogens of both ends, with inversion) maps
negative dihedrals onto positive ones that the model knows; the dipole of the image is -mu, its
polarizability alpha. Frames are folded before training and before prediction, predictions are
unfolded.

The fold is not continuous at 0 and +-180 degrees, and uses one element of the group only: the
symmetrised kernel (:mod:`rpr.models.symmetrized`) has neither fault.
"""

from __future__ import annotations

import numpy as np

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import RANK, to_components
from rpr.axes.rotation import to_axes
from rpr.errors import InputError
from rpr.models.estimator import checked_positions, checked_values
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import dihedral_angle


def mirror_permutation(molecule):
    """Permutation that, with inversion, turns the sign of the dihedral and nothing else.

    Parameters
    ----------
    molecule : Molecule
        With a dihedral.

    Returns
    -------
    ndarray of int [n_atoms]
        An element of the permutation-inversion group with inversion; one that leaves the four
        atoms of the dihedral in place, or else one that reverses their order.

    Raises
    ------
    InputError
        If there is no dihedral, or no such element (the molecule is chiral).
    """
    if molecule.dihedral is None:
        raise InputError(
            "the model 'folded' needs molecule/dihedral, found none; name four atoms or use the "
            "model 'symmetrized'"
        )
    group = find_group(molecule)
    dihedral = list(molecule.dihedral)
    inverting = group.permutations[group.inversions]
    for wanted in (dihedral, dihedral[::-1]):
        for permutation in inverting:
            if permutation[dihedral].tolist() == wanted:
                return permutation
    raise InputError(
        f"the model 'folded' finds no symmetry of {''.join(molecule.symbols)} that changes the "
        f"sign of the dihedral {tuple(dihedral)}: its mirror images are different molecules; use "
        "the model 'rotate-predict-rotate'"
    )


def fold(positions, molecule):
    """Map frames of negative dihedral onto their images of positive dihedral.

    Parameters
    ----------
    positions : ndarray [n_frames, n_atoms, 3]
        Angstrom.
    molecule : Molecule

    Returns
    -------
    folded : ndarray [n_frames, n_atoms, 3]
        -x_{P(i)} where the dihedral is negative, x_i elsewhere.
    parities : ndarray [n_frames]
        -1 where a frame was inverted, +1 elsewhere: tensors of rank n of a frame are
        ``parities**n`` times those of its image.
    """
    permutation = mirror_permutation(molecule)
    positions = np.asarray(positions, dtype=float)
    negative = dihedral_angle(positions, molecule.dihedral) < 0
    folded = np.where(negative[:, None, None], -positions[:, permutation], positions)
    return folded, np.where(negative, -1.0, 1.0)


class FoldedRPR(RotatePredictRotate):
    """Rotate-predict-rotate on folded frames; parameters as for its base class.

    Raises
    ------
    InputError
        At the fit, if the molecule has no dihedral or no symmetry that changes its sign.
    """

    KIND = "folded"

    def check_molecule(self) -> None:
        """Refuse a molecule without these axes or without a symmetry that changes the dihedral."""
        super().check_molecule()
        mirror_permutation(self.molecule)

    def fit(self, frames, values=None):
        """Fold the training frames, then fit; see `RotatePredictRotate.fit`."""
        positions = checked_positions(frames, self.molecule)
        values = checked_values(self.property, values, frames, len(positions))
        folded, parities = fold(positions, self.molecule)
        return super().fit(folded, self._unfold(values, parities))

    def predict(self, frames):
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        folded, parities = fold(checked_positions(frames, self.molecule), self.molecule)
        return self._unfold(super().predict(folded), parities)

    def predict_components(self, frames):
        """Components in the canonical axes of each frame as it is, [n_frames, 3] or [.., 6]."""
        positions = checked_positions(frames, self.molecule)
        rotations = canonical_axes(self.axes, positions, self.molecule).rotations
        return to_components(to_axes(self.predict(positions), rotations))

    def _unfold(self, values, parities):
        signs = parities ** RANK[self.property]
        return values * signs.reshape(-1, *[1] * RANK[self.property])
