"""Folding: where the dihedral is negative, invert the molecule and exchange equal atoms.

The mirror image of a geometry with dihedral -60 degrees has +60 degrees, but its labelled hydrogens
have changed places, so that it is unknown to a model trained on positive dihedrals.  One element of
the permutation-inversion group inverts and leaves the atoms of the dihedral in place; for
1,2-dichloroethane it exchanges the hydrogens of both ends and inverts.  It maps negative dihedrals
onto positive ones that the model knows.  The dipole of the image is -mu, its polarizability alpha.
Frames are folded before training and before prediction, and predictions are unfolded.

The fold is not continuous at 0 and +-180 degrees, and it uses a single element of the group.  The
symmetrized kernel (:mod:`rpr.models.symmetrized`) has neither fault.
"""

from __future__ import annotations

import numpy as np

from rpr.axes.components import RANK
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions, training_data
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import dihedral_angle, dihedral_of


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
    InputError
        If there is no dihedral, or no such element because the molecule is chiral.
    """
    if molecule.dihedral is None:
        raise InputError(
            "molecule: found no dihedral, which the model 'folded' needs; name four atoms or use "
            "the model 'symmetrized'"
        )
    group = find_group(molecule)
    dihedral = list(molecule.dihedral)
    inverting = group.permutations[group.inversions]
    for wanted in (dihedral, dihedral[::-1]):
        for permutation in inverting:
            if permutation[dihedral].tolist() == wanted:
                return permutation
    raise InputError(
        f"molecule: {''.join(molecule.symbols)} has no symmetry that changes the sign of the "
        f"dihedral {tuple(dihedral)}, which the model 'folded' needs: its mirror images are "
        "different molecules; use the model 'rotate-predict-rotate'"
    )


def fold(positions: np.ndarray, molecule: Molecule) -> tuple[np.ndarray, np.ndarray]:
    """Map frames of negative dihedral onto their images of positive dihedral.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Positions in Angstrom.
    molecule
        A molecule with a dihedral and a symmetry that changes its sign.

    Returns
    -------
    folded : array, [n_frames, n_atoms, 3]
        -x_{P(i)} where the dihedral is negative, x_i elsewhere.
    parities : array, [n_frames]
        -1 where a frame was inverted, +1 elsewhere. The tensors of rank n of a frame are
        ``parities**n`` times those of its image.
    """
    permutation = mirror_permutation(molecule)
    positions = np.asarray(positions, dtype=float)
    negative = dihedral_angle(positions, dihedral_of(molecule)) < 0
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
        """Refuse a molecule that lacks the axes or a symmetry that changes the dihedral."""
        super().check_molecule()
        mirror_permutation(self.molecule)

    def fit(self, frames: Frames, values: np.ndarray | None = None) -> FoldedRPR:
        """Fold the training frames, then fit; see `RotatePredictRotate.fit`."""
        positions, values = training_data(self.property, frames, values, self.molecule)
        folded, parities = fold(positions, self.molecule)
        super().fit(folded, self._unfold(values, parities))
        return self

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        folded, parities = fold(checked_positions(frames, self.molecule), self.molecule)
        return self._unfold(super().predict(folded), parities)

    def _unfold(self, values: np.ndarray, parities: np.ndarray) -> np.ndarray:
        rank = RANK[self.property]
        return values * (parities**rank).reshape(-1, *[1] * rank)
