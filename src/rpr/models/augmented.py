"""Rotation augmentation: no canonical axes, but training frames turned at random.

This is the naive way to rotational behaviour, and shows what canonical axes are worth.  Components
are learnt as they stand in the laboratory, and the training set consists of randomly rotated copies
of the frames.  Equivariance is learnt and never exact.  Without any copies, the model is
``RotatePredictRotate(axes="laboratory")``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rpr.axes.rotation import random_rotations, rotate_vectors, to_axes
from rpr.models.estimator import Frames
from rpr.models.property_estimator import training_data
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.regression.search import Choice


class AugmentedRegression(RotatePredictRotate):
    """Kernel ridge regression in the laboratory on randomly rotated copies of the training frames.

    Parameters
    ----------
    n_rotations
        Number of rotated copies of each training frame; the system has n_rotations * n_train rows.
    n_search
        Largest number of rotated frames that hyper-parameters are searched on.
    descriptor, **settings
        As for `RotatePredictRotate`, except that the axes are those of the laboratory. The seed
        also draws the rotations.
    """

    KIND = "augmented"
    STORED: tuple[str, ...] = (
        *(name for name in RotatePredictRotate.STORED if name != "axes"),
        *("n_rotations", "n_search"),
    )

    def __init__(
        self,
        *,
        descriptor: str = "RExyz",
        n_rotations: int = 3,
        n_search: int = 1000,
        **settings: Any,
    ) -> None:
        super().__init__(axes="laboratory", descriptor=descriptor, **settings)
        self.n_rotations = n_rotations
        self.n_search = n_search

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Names of the arguments of the constructor; the axes are none of them."""
        return [name for name in super().parameter_names() if name != "axes"]

    def fit(self, frames: Frames, values: np.ndarray | None = None) -> AugmentedRegression:
        """Rotate copies of the training frames, then fit; see `RotatePredictRotate.fit`."""
        positions, values = training_data(self.property, frames, values, self.molecule)
        rotations = random_rotations(self.n_rotations * len(positions), self.seed)
        positions = np.tile(positions, (self.n_rotations, 1, 1))
        turned = rotate_vectors(positions, rotations)
        super().fit(turned, to_axes(np.concatenate([values] * self.n_rotations), rotations))
        return self

    def _choose(self, canonical: np.ndarray, targets: np.ndarray) -> tuple[float, list[Choice]]:
        order = np.random.default_rng(self.seed).permutation(len(canonical))
        searched = order[: self.n_search] if len(order) > self.n_search else slice(None)
        return super()._choose(canonical[searched], targets[searched])
