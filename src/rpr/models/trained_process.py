"""The Gaussian process behind a trained covariant model, in units in which its scale is 1.

:class:`TrainedProcess` is what covariances of predictions and draws from the posterior need: the
covariance of training observations as a Cholesky factor, the covariance between new values and
these observations, and the prior covariance of new values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from rpr.models.covariant_tensors import TensorBasis
from rpr.molecule.permutation_inversion import PermutationInversionGroup
from rpr.regression import posterior
from rpr.regression.covariant_kernel import CovariantKernel, cross_covariance, prior_covariance

_BLOCK_ELEMENTS = 1 << 23  # elements of the covariance with the observations that exist at once


class CoefficientFunctions(Protocol):
    """Functions of the features that are coefficients of the tensors."""

    n_functions: int

    def coefficients(self, features: np.ndarray, members: Sequence[int]) -> np.ndarray:
        """Coefficients [n, n_members, n_tensors] at features [n, n_features]."""
        ...


@dataclass(eq=False)
class TrainedProcess:
    """Kernel, training observations and coefficients of a covariant model.

    Attributes
    ----------
    kernel
        Kernel with the training frames and their images.
    theta : array, [n_parameters]
        Logarithms of its parameters.
    coefficients : array, [n_observations]
        C^-1 y, with y the observations and C their covariance.
    basis
        Tensors of a geometry.
    describe
        Features [n, n_features] of positions [n, n_atoms, 3].
    group
        Permutations and inversions that the kernel is averaged over.
    """

    kernel: CovariantKernel
    theta: np.ndarray
    coefficients: np.ndarray
    basis: TensorBasis
    describe: Callable[[np.ndarray], np.ndarray]
    group: PermutationInversionGroup

    @cached_property
    def factor(self) -> np.ndarray:
        """Lower Cholesky factor of C, [n_observations, n_observations]."""
        C = np.asfortranarray(self.kernel.matrix(self.theta).T)
        C.flat[:: len(C) + 1] += self.noise_variance
        return posterior.factorize(C)

    @cached_property
    def noise_variance(self) -> float:
        """Variance of the noise of a value, which is lambda times the mean prior variance."""
        return self.kernel.split(self.theta)[2] * self.kernel.mean_variance(self.theta)

    @property
    def noise_variances(self) -> np.ndarray:
        """Variance of the noise of every observation, [n_observations]."""
        return np.full(len(self.coefficients), self.noise_variance)

    @property
    def observed_frames(self) -> np.ndarray:
        """Training frame of every observation, [n_observations]."""
        n_components = self.kernel.tensors.shape[3]
        return np.repeat(np.arange(self.kernel.tensors.shape[1]), n_components)

    @property
    def observed_values(self) -> np.ndarray:
        """Which observations are the components of each frame's value, [n_frames, c]."""
        return np.arange(len(self.coefficients)).reshape(-1, self.kernel.tensors.shape[3])

    def scale(self) -> float:
        """Scale of largest marginal likelihood, y^T C^-1 y / n."""
        rotated = self.factor.T @ self.coefficients
        return float(rotated @ rotated / len(rotated))

    def held_out_sizes(self, groups: np.ndarray) -> np.ndarray:
        """Squared residuals of the training frames [n_frames] when their group is left out.

        Parameters
        ----------
        groups : array, [n_frames]
            Group of every training frame.

        Returns
        -------
        array, [n_frames]
            See `rpr.regression.posterior.held_out_sizes`.
        """
        return posterior.held_out_sizes(
            self.factor, self.coefficients, groups[self.observed_frames], self.observed_values
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
        c = self.kernel.tensors.shape[3]
        size = max(1, _BLOCK_ELEMENTS // (c * len(self.coefficients)))
        blocks = np.array_split(positions, range(size, len(positions), size))
        return np.concatenate(
            [
                posterior.conditioned(self.prior(block), self.cross(block), self.factor)
                for block in blocks
            ]
        )

    def cross(self, positions: np.ndarray) -> np.ndarray:
        """Covariance between packed values and observations, [n * c, n_observations]."""
        return cross_covariance(
            self.kernel, self.theta, self.describe(positions), self.basis(positions)
        )

    def prior(self, positions: np.ndarray) -> np.ndarray:
        """Covariance of the packed components of each frame before training, [n, c, c]."""
        images = self.group.act_on_positions(positions)  # -> [n_elements, n, n_atoms, 3]
        n_elements, n = images.shape[:2]
        features = self.describe(images.reshape(-1, *positions.shape[1:]))
        scalar, amplitudes, _ = self.kernel.split(self.theta)
        return prior_covariance(
            scalar,
            amplitudes,
            self.kernel.signs,
            features.reshape(n_elements, n, -1),
            self.basis(images),
        )

    def group_of_features(self) -> np.ndarray:
        """Features z(g X) = z(X)[order] of the images of a geometry, [n_elements, n_features]."""
        n_atoms = self.group.permutations.shape[1]
        first, second = np.triu_indices(n_atoms, k=1)
        pairs = np.zeros((n_atoms, n_atoms), dtype=int)
        pairs[first, second] = pairs[second, first] = np.arange(len(first))
        return pairs[self.group.permutations[:, first], self.group.permutations[:, second]]

    def observe(self, functions: CoefficientFunctions, members: Sequence[int]) -> np.ndarray:
        """What the training frames show of given functions, [n_observations, n_members].

        Parameters
        ----------
        functions
            ``coefficients(features, members)`` are the coefficients of the tensors,
            [n, n_members, n_tensors].
        members
            Numbers of the functions.
        """
        size = max(1, _BLOCK_ELEMENTS // max(1, functions.n_functions))
        frames = np.arange(self.kernel.features.shape[1])
        parts = [
            np.einsum(
                "nst,ntc->ncs",
                functions.coefficients(self.kernel.features[0, block], members),
                self.kernel.tensors[0, block],
            )
            for block in np.array_split(frames, range(size, len(frames), size))
        ]
        return np.concatenate(parts).reshape(-1, len(members))
