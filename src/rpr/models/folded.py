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
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.mirror_image import mirror_permutation
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, dihedral_of


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
    NotApplicableError
        At the fit, if the molecule has no dihedral or no symmetry that changes its sign.
    """

    KIND = "folded"

    @property
    def is_handed(self) -> bool:
        """No: frames of both hands are folded onto those of one."""
        return False

    def check_molecule(self) -> None:
        """Refuse a molecule that lacks the axes or a symmetry that changes the dihedral."""
        super().check_molecule()
        mirror_permutation(self.molecule)

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        folded, parities = fold(checked_positions(frames, self.molecule), self.molecule)
        return self._unfold(super().predict(folded), parities)

    def _training_frames(
        self, positions: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        folded, parities = fold(positions, self.molecule)
        return folded, self._unfold(values, parities), np.arange(len(positions))

    def _unfold(self, values: np.ndarray, parities: np.ndarray) -> np.ndarray:
        rank = RANK[self.property]
        return values * (parities**rank).reshape(-1, *[1] * rank)
