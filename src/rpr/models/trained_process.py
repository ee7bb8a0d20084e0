"""The Gaussian process behind a trained covariant model, in units in which its scale is 1.

:class:`TrainedProcess` is what covariances of predictions and draws from the posterior need: the
covariance of the training observations as a Cholesky factor, the covariance between new values and
these observations, and the prior covariance of new values.  Observations are values of frames and
derivatives, in the order of `rpr.models.covariant_training.TrainingFrames`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from rpr.models.covariant_training import TrainingFrames
from rpr.regression import posterior
from rpr.regression.contracted_kernel import ContractedKernel
from rpr.regression.covariant_kernel import prior_covariance
from rpr.regression.kernel_derivatives import Observations, covariance
from rpr.regression.observed_kernel import ObservedKernel
from rpr.regression.packed_cholesky import PackedMatrix

_BLOCK_ELEMENTS = 1 << 23  # elements of the covariance with the observations that exist at once


class CoefficientFunctions(Protocol):
    """Functions of the features that are coefficients of the tensors."""

    n_functions: int

    def coefficients(self, features: np.ndarray, members: Sequence[int]) -> np.ndarray:
        """Coefficients [n, n_members, n_tensors] at features [n, n_features]."""
        ...

    def along(
        self, features: np.ndarray, changes: np.ndarray, members: Sequence[int]
    ) -> np.ndarray:
        """Their derivatives as the features change along `changes` [n, n_features]."""
        ...


@dataclass(eq=False)
class TrainedProcess:
    """Training observations, kernel and coefficients of a covariant model.

    Attributes
    ----------
    training
        The training frames.
    theta : array, [n_parameters]
        Logarithms of all parameters, the lambdas of values and of derivatives last.
    coefficients : array, [n_observations]
        C^-1 y, with y the observations and C their covariance.
    known_factor : PackedMatrix or None
        Cholesky factor of C, if the training had to compute it.
    """

    training: TrainingFrames
    theta: np.ndarray
    coefficients: np.ndarray
    known_factor: PackedMatrix | None = None

    @property
    def kernel(self) -> ObservedKernel:
        """Covariances of the observations."""
        return self.training.kernel

    @cached_property
    def factor(self) -> PackedMatrix:
        """Cholesky factor of C."""
        return self.known_factor or self.kernel.factorized(self.theta)

    @property
    def n_components(self) -> int:
        """Components of a packed value."""
        return self.kernel.sets[0].tensors.shape[3]

    @cached_property
    def noise_variances(self) -> tuple[float, float]:
        """Variance of the noise of a value and of a derivative.

        They are lambda times the mean prior variance of the values, or of the derivatives, of the
        training frames.
        """
        scalar, amplitudes, lambdas = self.kernel.split(self.theta)
        variances = []
        for part in self.kernel.sets:
            if part.slopes.shape[2]:
                frames = [part.part(slice(k, k + 1)) for k in range(part.n_frames)]
                blocks = [
                    np.diag(covariance(scalar, amplitudes, self.kernel.signs, one, one))
                    for one in frames
                ]
                variances.append(np.concatenate(blocks))
            else:
                prior = self._prior(part)
                variances.append(np.diagonal(prior, axis1=1, axis2=2).ravel())
        joined, derived = np.concatenate(variances), self.kernel.is_derivative()
        of_derivatives = float(joined[derived].mean()) if derived.any() else 0.0
        return float(lambdas[0] * joined[~derived].mean()), float(lambdas[1] * of_derivatives)

    @property
    def noise_of_observations(self) -> np.ndarray:
        """Variance of the noise of every observation, [n_observations]."""
        return np.where(self.kernel.is_derivative(), *self.noise_variances[::-1])

    def scale(self) -> float:
        """Scale of largest marginal likelihood, y^T C^-1 y / n."""
        rotated = self.factor.transposed_product(self.coefficients)
        return float(rotated @ rotated / len(rotated))

    def held_out_mahalanobis(self, groups: np.ndarray) -> np.ndarray:
        """Squared Mahalanobis distances of training frames [n_frames] whose group is left out.

        Parameters
        ----------
        groups : array, [n_frames]
            Group of every training frame.

        Returns
        -------
        array, [n_frames]
            See `rpr.regression.posterior.held_out_mahalanobis`.
        """
        observed, values = self._layout()
        return posterior.held_out_mahalanobis(
            self.factor,
            self.coefficients,
            groups=groups[observed],
            values=values,
            prior=self._prior(self.training.description.observations(self.training.positions)),
            noise=self.noise_variances[0],
        )

    def covariance(self, positions: np.ndarray) -> np.ndarray:
        """Covariance of the packed components of each frame after training, without noise.

        Parameters
        ----------
        positions : array, [n, n_atoms, 3]
            Angstrom.

        Returns
        -------
        array, [n, c, c]
        """
        size = max(1, _BLOCK_ELEMENTS // (self.n_components * len(self.coefficients)))
        result = []
        for block in np.array_split(positions, range(size, len(positions), size)):
            prior = self._prior(self.training.description.observations(block))
            result.append(posterior.conditioned(prior, self.cross(block), self.factor))
        return np.concatenate(result)

    def cross(self, positions: np.ndarray) -> np.ndarray:
        """Covariance of the packed values of new frames with all training observations.

        Parameters
        ----------
        positions : array, [n, n_atoms, 3]
            Angstrom.

        Returns
        -------
        array, [n * c, n_observations]
            Unscaled.
        """
        return self.kernel.cross(self.theta, self.training.description.observations(positions))

    def observe(self, functions: CoefficientFunctions, members: Sequence[int]) -> np.ndarray:
        """What the training frames show of given functions, [n_observations, n_members].

        Parameters
        ----------
        functions
            Coefficients of the tensors as functions of the features.
        members
            Numbers of the functions.
        """
        size = max(1, _BLOCK_ELEMENTS // max(1, functions.n_functions))
        return np.concatenate([_observed(part, functions, members) for part in self._parts(size)])

    def contract(self, coefficients: np.ndarray) -> ContractedKernel:
        """k(x, X) times coefficients [n_observations], as weights of the tensors."""
        return ContractedKernel.of_observations(self.kernel, self.theta, coefficients)

    def _parts(self, size: int = 64) -> list[Observations]:
        """The training observations in parts of about `size` values or derivatives of frames."""
        parts = []
        for observed in self.kernel.sets:
            step = max(1, size // observed.tensors.shape[2])
            starts = range(0, observed.n_frames, step)
            parts += [observed.part(slice(start, start + step)) for start in starts]
        return parts

    def _layout(self) -> tuple[np.ndarray, np.ndarray]:
        """Frame of every observation, and which observations are the value of each frame."""
        c, n_frames = self.n_components, len(self.training.positions)
        numbers = np.arange(len(self.coefficients))
        values = self.training.split(numbers, c)[0].astype(int)
        frames = np.repeat(np.arange(n_frames), c).reshape(n_frames, c)
        n, m = self.training.directions.shape[:2]
        of_derivatives = np.broadcast_to(frames[self.training.observed][:, None], (n, m, c))
        return self.training.join(frames, of_derivatives), values

    def _prior(self, rows: Observations) -> np.ndarray:
        """Covariance of the packed components of each frame before training, [n, c, c]."""
        scalar, amplitudes, _ = self.kernel.split(self.theta)
        tensors = np.swapaxes(rows.tensors[:, :, 0], 2, 3)
        return prior_covariance(scalar, amplitudes, self.kernel.signs, rows.features, tensors)


def _observed(
    part: Observations, functions: CoefficientFunctions, members: Sequence[int]
) -> np.ndarray:
    """Values and derivatives of functions at some frames, [part.size, n_members]."""
    features, slopes, tensors = part.features[0], part.slopes[0], part.tensors[0]
    n, m = slopes.shape[:2]
    weights = functions.coefficients(features, members)  # -> [n, n_members, n_tensors]
    result = np.einsum("nst,nbct->nbcs", weights, tensors, optimize=True)
    if m:
        repeated = np.repeat(features, m, axis=0)
        changes = functions.along(repeated, slopes.reshape(n * m, -1), members)
        changes = changes.reshape(n, m, *changes.shape[1:])
        result[:, 1:] += np.einsum("nbst,nct->nbcs", changes, tensors[:, 0], optimize=True)
    return result.reshape(part.size, -1)
