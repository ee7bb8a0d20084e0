"""Predictions of a fitted covariant model along trajectories of very many frames."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.covariant_tensors import unpack_values
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions
from rpr.regression.contracted_kernel import ContractedKernel
from rpr.regression.interpolated_kernel import InterpolatedKernel

_BLOCK = 2048  # frames described at once


class FastCovariant:
    """The predictions of a covariant model, several times as fast and equal but for rounding.

    It prepares the sums over training frames once, as :mod:`rpr.regression.interpolated_kernel`
    says, which takes about as long as a thousand predictions.  Training frames with derivatives are
    summed as they always are; so are all frames of a model with an order of interaction above 2, or
    with very short length scales.

    Parameters
    ----------
    model
        A fitted model.
    """

    def __init__(self, model: CovariantRegression) -> None:
        self.model = model
        self._sums = None
        contracted = model._contracted
        of_values = [centres for centres in contracted.centres if centres.slopes is None]
        others = tuple(centres for centres in contracted.centres if centres.slopes is not None)
        self._others = ContractedKernel(contracted.scalar, others) if others else None
        if of_values:
            with suppress(InputError):
                self._sums = InterpolatedKernel(
                    contracted.scalar,
                    np.concatenate([centres.features for centres in of_values]),
                    np.concatenate([centres.coefficients for centres in of_values]),
                )

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        if self._sums is None:
            return self.model.predict(frames)
        positions = checked_positions(frames, self.model.molecule)
        blocks = np.array_split(positions, range(_BLOCK, len(positions), _BLOCK))
        packed = np.concatenate([self._packed(block) for block in blocks])
        return unpack_values(packed, self.model.mean_)

    def _packed(self, positions: np.ndarray) -> np.ndarray:
        description = self.model._description
        assert self._sums is not None
        features = description.features(positions)
        weights = self._sums.evaluate(features)
        if self._others is not None:
            weights += self._others.weights(features)
        return np.einsum("nt,ntc->nc", weights, description.basis(positions))
