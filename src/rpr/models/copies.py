"""Plain kernel ridge regression in canonical axes on exact copies of the training frames.

The permutation-inversion group of the molecule gives |G| copies of each training frame, whose
labels follow exactly: geometries x'_i = s x_{P(i)} with dipoles s mu and polarizabilities alpha.
The model knows the mirror image and the relabelled copy of every training frame, as the symmetrized
model does, and needs nothing but the method of the paper and a frame of atoms that does not jump.
It costs |G|^3 times the fit and |G| times the prediction of the same model without copies.

In axes that every element of the group only turns by 180 degrees (bond-axis), predictions follow
the group exactly; in inertia axes, whose sign rule may jump, only nearly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.permutation_inversion import find_group


class CopiesRPR(RotatePredictRotate):
    """Rotate-predict-rotate on the training frames and their permutation-inversion copies.

    Parameters
    ----------
    axes
        Canonical axes; None takes bond-axis for a molecule with a dihedral and inertia otherwise.
    descriptor
        One of `rpr.regression.descriptors.DESCRIPTORS`.
    **settings
        As for `RotatePredictRotate`.  Copies of one frame are validated together.

    Attributes
    ----------
    group_ : PermutationInversionGroup
        Permutations and inversions that make the copies. The others are as for
        `RotatePredictRotate`.
    """

    KIND = "copies"

    def __init__(
        self, *, axes: str | None = None, descriptor: str = "RExyz", **settings: Any
    ) -> None:
        super().__init__(axes=axes, descriptor=descriptor, **settings)

    @property
    def is_handed(self) -> bool:
        """Whether no element of the group inverts the molecule."""
        return not find_group(self.molecule).inversions.any()

    @property
    def axes_(self) -> str:
        """Name of the axes in use."""
        return self.axes or ("bond-axis" if self.molecule.dihedral else "inertia")

    def _training_frames(
        self, positions: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self.group_ = find_group(self.molecule)
        copies = np.concatenate(self.group_.act_on_positions(positions))
        labels = np.concatenate(self.group_.act_on_tensors(values))
        return copies, labels, np.tile(np.arange(len(positions)), len(self.group_))
