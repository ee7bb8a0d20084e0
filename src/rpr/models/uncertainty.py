"""Covariances of predictions that one can trust, and draws from the posterior of a model.

A model that is a Gaussian process predicts a covariance with every value.  Its shape comes from the
kernel, but its size rests on a scale that the likelihood finds from training frames, near which
predictions are better than elsewhere.  So the scale is calibrated by one factor: every trajectory
of the training frames is left out once, in closed form, and the factor makes the squared residuals
of its frames as large on average as their predicted covariances.

The covariance is that of the value of the process.  Labels have next to no noise: what the model
calls noise is what its kernel cannot represent, and the calibration makes up for it.
`docs/uncertainty.md` derives everything and says what it reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rpr.axes.components import to_components
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.covariant_tensors import unpack
from rpr.models.estimator import Frames
from rpr.models.posterior_draws import PosteriorDraws
from rpr.models.property_estimator import PropertyEstimator, checked_positions
from rpr.models.trained_process import TrainedProcess

#: Fewest trajectories whose leaving out calibrates a model; with fewer, single frames are left out.
MIN_TRAJECTORIES = 5


@dataclass(frozen=True)
class Calibration:
    """Scale of the covariances of a model, and what it was found from.

    Attributes
    ----------
    scale
        Scale of the process of largest marginal likelihood.
    factor
        Calibration factor: the covariances of the model are ``factor * scale`` times those of the
        process of scale 1.
    held_out
        What was left out: ``"trajectories"`` or ``"frames"``.
    n_groups
        Number of trajectories or frames, each of which was left out once.
    """

    scale: float
    factor: float
    held_out: str
    n_groups: int

    @property
    def variance(self) -> float:
        """Calibrated scale of the process."""
        return self.scale * self.factor


def calibrate(process: TrainedProcess, trajectories: np.ndarray | None) -> Calibration:
    """Calibrated scale of a process.

    Parameters
    ----------
    process
        The trained process.
    trajectories : array of int, [n_frames] or None
        Trajectory of every training frame.  Without trajectories, or with fewer than
        `MIN_TRAJECTORIES`, every frame is left out by itself, which underestimates errors on
        other trajectories.
    """
    n_frames = len(process.training.positions)
    by_trajectory = trajectories is not None and len(np.unique(trajectories)) >= MIN_TRAJECTORIES
    groups = np.asarray(trajectories) if by_trajectory else np.arange(n_frames)
    scale = process.scale()
    return Calibration(
        scale=scale,
        factor=float(process.held_out_mahalanobis(groups).mean() / scale) if scale > 0.0 else 1.0,
        held_out="trajectories" if by_trajectory else "frames",
        n_groups=len(np.unique(groups)),
    )


class ProbabilisticEstimator(PropertyEstimator):
    """Base of estimators that are Gaussian processes.

    A subclass provides `_trained_process`, and sets `_mean` of the isotropic polarizability.  Its
    fit calls `_forget_uncertainty`.
    """

    predicts_covariance = True
    mean_: float
    trajectories_: np.ndarray | None
    _calibration: Calibration | None
    _process: TrainedProcess | None

    def _trained_process(self) -> TrainedProcess:
        """The process behind the fitted model."""
        raise NotImplementedError

    def _forget_uncertainty(self, trajectories: np.ndarray | None) -> None:
        """Note the trajectories of new training frames; what belongs to old ones is dropped."""
        self.trajectories_ = trajectories
        self._calibration, self._process = None, None

    @property
    def calibration_(self) -> Calibration:
        """Calibration of the covariances; found at the first use, and stored by `save`.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        self._require_fitted()
        if self._calibration is None:
            self._calibration = calibrate(self._known_process(), self.trajectories_)
        return self._calibration

    def predict_covariance(self, frames: Frames) -> np.ndarray:
        """Covariance of the predicted components of each frame, in the laboratory.

        Parameters
        ----------
        frames
            As for `predict`.

        Returns
        -------
        array, [n_frames, 3, 3] or [n_frames, 6, 6]
            Of the dipole (x, y, z), e^2 Angstrom^2; of the polarizability (xx, xy, xz, yy, yz, zz:
            the elements of the tensor as they are), Angstrom^6.

        Raises
        ------
        InputError
            If the model learnt a single geometry, which leaves nothing to calibrate with.
        """
        positions = checked_positions(frames, self.molecule)
        calibration, process = self._checked_calibration(), self._known_process()
        packed = calibration.variance * process.covariance(positions)
        return packed if self.property == "dipole" else unpacked_covariance(packed)

    def draw(self, n: int, seed: int = 0, coefficients: np.ndarray | None = None) -> PosteriorDraws:
        """Functions drawn from the posterior, each of which predicts frames as the model does.

        A draw is one function of the geometry: however many frames it predicts, together or one
        after the other, they belong to each other as the process says.  It turns with the molecule,
        obeys the permutation-inversion group, and has no noise.

        Parameters
        ----------
        n
            Number of draws.
        seed
            Seed of the random numbers; draw k is the same for every `n`.
        coefficients : array, [n, n_observations], or None
            ``coefficients`` of the same draws of this model, kept from before, which spare the
            factorization of the training matrix.

        Returns
        -------
        PosteriorDraws
            A sequence of objects with ``predict(frames)``.  Its own ``predict(frames)`` returns the
            predictions of all draws, [n, n_frames, ...], in little more time than one takes.
        """
        return PosteriorDraws(
            self._known_process(),
            property=self.property,
            molecule=self.molecule,
            variance=self._checked_calibration().variance,
            mean=self.mean_,
            n=n,
            seed=seed,
            coefficients=coefficients,
        )

    def sample(self, frames: Frames, n_samples: int, seed: int = 0) -> np.ndarray:
        """Predictions of `n_samples` draws, [n_samples, n_frames, ...]; see `draw`."""
        return self.draw(n_samples, seed).predict(frames)

    def _checked_calibration(self) -> Calibration:
        if self.calibration_.n_groups < 2:
            raise InputError(
                "uncertainty: the model learnt one geometry, expected at least two, of which one "
                "can be left out to calibrate it"
            )
        return self.calibration_

    def _known_process(self) -> TrainedProcess:
        self._require_fitted()
        if self._process is None:
            self._process = self._trained_process()
        return self._process

    def _metadata(self) -> dict[str, Any]:
        return {**super()._metadata(), "calibration": asdict(self.calibration_)}

    def _arrays(self) -> dict[str, np.ndarray]:
        return {} if self.trajectories_ is None else {"trajectories": self.trajectories_}

    def _restore_uncertainty(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        """Put back what the file holds; a file of an earlier version holds nothing."""
        self._forget_uncertainty(arrays.get("trajectories"))
        if "calibration" in metadata:
            self._calibration = Calibration(**metadata["calibration"])


def trajectories_of(frames: Frames) -> np.ndarray | None:
    """Trajectory of every frame where a `FrameSet` knows it, else None."""
    return frames.trajectory if isinstance(frames, FrameSet) else None


def unpacked_covariance(packed: np.ndarray) -> np.ndarray:
    """Covariance of the elements of a polarizability from that of its packed form.

    Parameters
    ----------
    packed : array, [n, 6, 6]
        Covariance of (xx, yy, zz, sqrt2 xy, sqrt2 xz, sqrt2 yz).

    Returns
    -------
    array, [n, 6, 6]
        Covariance of (xx, xy, xz, yy, yz, zz).
    """
    elements = to_components(unpack(np.eye(6))).T  # -> [6 elements, 6 packed]
    return elements @ packed @ elements.T
