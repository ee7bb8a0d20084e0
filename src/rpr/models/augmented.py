"""Rotation augmentation: no canonical axes, training frames turned at random.

The naive way to rotational behaviour, kept to show what a canonical axes is worth: components are
learnt as they stand in the laboratory, and the training set is enlarged with randomly rotated
copies. Covariance is learnt, never exact. No copies at all is
``RotatePredictRotate(axes="laboratory")``.
"""

from __future__ import annotations

import numpy as np

from rpr.axes.rotation import random_rotations, to_axes
from rpr.models.estimator import checked_positions, checked_values
from rpr.models.rotate_predict_rotate import RotatePredictRotate


class AugmentedRegression(RotatePredictRotate):
    """Kernel ridge regression in the laboratory on randomly rotated copies of the training frames.

    Parameters
    ----------
    n_rotations : int
        Randomly rotated copies of each training frame; the system has n_rotations * n_train rows.
    n_search : int
        Hyper-parameters are searched on at most so many of the rotated frames.
    molecule, property, descriptor, kernel, coordinate_weight, sigmas, lambdas
        As for `RotatePredictRotate`; ``frame`` is the laboratory.
    validation_fraction, seed, hyperparameters
        As for `RotatePredictRotate`; ``seed`` also draws the rotations.
    """

    KIND = "augmented"
    STORED = (
        *(name for name in RotatePredictRotate.STORED if name != "axes"),
        *("n_rotations", "n_search"),
    )

    def __init__(
        self,
        *,
        molecule,
        property="dipole",
        descriptor="RExyz",
        kernel="matern2",
        coordinate_weight=0.5,
        sigmas=None,
        lambdas=None,
        validation_fraction=0.2,
        seed=0,
        hyperparameters=None,
        n_rotations=3,
        n_search=1000,
    ):
        super().__init__(
            molecule=molecule,
            property=property,
            axes="laboratory",
            descriptor=descriptor,
            kernel=kernel,
            coordinate_weight=coordinate_weight,
            sigmas=sigmas,
            lambdas=lambdas,
            validation_fraction=validation_fraction,
            seed=seed,
            hyperparameters=hyperparameters,
        )
        self.n_rotations = n_rotations
        self.n_search = n_search

    def fit(self, frames, values=None):
        """Rotate copies of the training frames, then fit; see `RotatePredictRotate.fit`."""
        positions = checked_positions(frames, self.molecule)
        values = checked_values(self.property, values, frames, len(positions))
        positions, values = self._augment(positions, values)
        given = self.hyperparameters
        try:
            if given is None and len(positions) > self.n_search:
                self.hyperparameters = self._search(positions, values)
            return super().fit(positions, values)
        finally:
            self.hyperparameters = given

    def _augment(self, positions, values):
        rotations = random_rotations(self.n_rotations * len(positions), self.seed)
        positions = np.tile(positions, (self.n_rotations, 1, 1))
        values = np.concatenate([values] * self.n_rotations)
        turned = np.einsum("fij,faj->fai", rotations, positions)
        return turned, to_axes(values, rotations)

    def _search(self, positions, values):
        """Hyper-parameters of a model trained on some of the rotated frames."""
        chosen = np.random.default_rng(self.seed).permutation(len(positions))[: self.n_search]
        model = RotatePredictRotate(
            **{name: getattr(self, name) for name in RotatePredictRotate.parameter_names()}
        )
        found = model.fit(positions[chosen], values[chosen]).hyperparameters_
        self.coordinate_weight_ = model.coordinate_weight_
        return {
            name: {"sigma": pair["sigma"], "lambda": pair["lambda"]} for name, pair in found.items()
        }
