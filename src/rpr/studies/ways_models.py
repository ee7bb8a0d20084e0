"""Models that only the study of ways to equivariance needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from rpr.axes.rotation import random_rotations, to_laboratory
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions

_BLOCK = 4096  # turned frames that are predicted at once


class AveragedOverRotations:
    r"""Mean of the predictions of a model for turned frames, turned back.

    f_n(X) = 1/n sum_k R_k^T f(R_k X) with fixed random rotations R_k.  As n grows, f_n tends to the
    mean over all rotations, which is equivariant; the deviation falls as the root of n.

    Parameters
    ----------
    model
        Fitted estimator, with ``predict`` and ``molecule``.
    n_rotations
        Number of rotations; a prediction costs as many predictions of the model.
    seed
        Seed of the rotations.

    Raises
    ------
    InputError
        If there is no rotation.
    """

    def __init__(self, model: Any, n_rotations: int, seed: int = 0) -> None:
        if n_rotations < 1:
            raise InputError(f"n_rotations: found {n_rotations}, expected at least one")
        self.model = model
        self.rotations = random_rotations(n_rotations, seed)

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        positions = checked_positions(frames, self.model.molecule)
        size = max(1, _BLOCK // len(self.rotations))
        blocks = [positions[start : start + size] for start in range(0, len(positions), size)]
        return np.concatenate([self._mean(block) for block in blocks])

    def _mean(self, positions: np.ndarray) -> np.ndarray:
        n, n_frames = len(self.rotations), len(positions)
        rotations = np.repeat(self.rotations, n_frames, axis=0)
        centred = positions - positions.mean(axis=1, keepdims=True)
        turned = np.einsum("rij,faj->rfai", self.rotations, centred)
        predicted = self.model.predict(turned.reshape(n * n_frames, *positions.shape[1:]))
        back = to_laboratory(predicted, rotations)
        return back.reshape(n, n_frames, *back.shape[1:]).mean(axis=0)
