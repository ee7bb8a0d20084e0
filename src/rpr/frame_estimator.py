"""What estimators in a canonical frame share: rotate, predict components, rotate back."""

from __future__ import annotations

import numpy as np

from rpr.components import from_components
from rpr.estimator import Estimator, checked_positions
from rpr.frames import canonical_frames, to_frame_positions, to_laboratory


class FrameEstimator(Estimator):
    """Base of estimators that predict the components of the property in a canonical frame.

    A subclass has ``frame_``, the name of the frame, and `_components`.
    """

    BLOCK = 4096  #: Frames rotated and described at once in a prediction.

    def predict(self, frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        return self._predict(frames, laboratory=True)

    def predict_components(self, frames) -> np.ndarray:
        """Components in each frame's own canonical axes, [n_frames, 3] or [n_frames, 6]."""
        return self._predict(frames, laboratory=False)

    def _components(self, canonical: np.ndarray) -> np.ndarray:
        """Components [n_frames, n_components] at canonical coordinates."""
        raise NotImplementedError

    def _predict(self, frames, *, laboratory: bool) -> np.ndarray:
        self._require_fitted()
        positions = checked_positions(frames, self.molecule)
        predicted = []
        for start in range(0, len(positions), self.BLOCK):
            canonical, rotations = self._rotate(positions[start : start + self.BLOCK])
            values = self._components(canonical)
            predicted.append(
                to_laboratory(from_components(values), rotations) if laboratory else values
            )
        return np.concatenate(predicted)

    def _rotate(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Canonical coordinates [n_frames, n_atoms, 3] and rotations [n_frames, 3, 3]."""
        frames = canonical_frames(self.frame_, positions, self.molecule)
        return to_frame_positions(positions, frames), frames.rotations
