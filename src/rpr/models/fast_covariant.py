"""Predictions of a fitted covariant model along trajectories of very many frames."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.covariant_tensors import unpack
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions
from rpr.regression.interpolated_kernel import InterpolatedKernel

_BLOCK = 2048  # frames described at once


class FastCovariant:
    """The predictions of a covariant model, several times as fast and equal but for rounding.

    It prepares the sums over training frames once, as :mod:`rpr.regression.interpolated_kernel`
    says, which takes about as long as a thousand predictions.  Models of an order of interaction
    above 2, or of very short length scales, predict as they always do.

    Parameters
    ----------
    model
        A fitted model.
    """

    def __init__(self, model: CovariantRegression) -> None:
        self.model = model
        self._sums = None
        with suppress(InputError):
            self._sums = InterpolatedKernel(
                model._scalar, model._centres, model._image_coefficients
            )

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        model = self.model
        if self._sums is None:
            return model.predict(frames)
        positions = checked_positions(frames, model.molecule)
        packed = [
            np.einsum(
                "nt,ntc->nc", self._sums.evaluate(model._features(block)), model._basis(block)
            )
            for block in np.array_split(positions, range(_BLOCK, len(positions), _BLOCK))
        ]
        values = np.concatenate(packed)
        if model.property == "dipole":
            return values
        return unpack(values) + model.mean_ * np.eye(3)
