"""Training frames of the covariant model: their system of equations and its solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rpr.models.covariant_description import CovariantDescription
from rpr.regression import ridge
from rpr.regression.contracted_kernel import ContractedKernel
from rpr.regression.observed_kernel import ObservedKernel, check_memory
from rpr.regression.packed_cholesky import PackedMatrix


@dataclass(frozen=True, eq=False)
class TrainingFrames:
    """Frames whose values are known, and of some of them the derivatives.

    All observed numbers are ordered as in `ObservedKernel`: those of each frame with derivatives,
    the value first, then the values of the other frames.

    Attributes
    ----------
    description
        Features and tensors.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    observed : array of int, [n_derivatives]
        Frames with derivatives.
    directions : array, [n_derivatives, n_directions, n_atoms, 3]
        Directions of the derivatives.
    """

    description: CovariantDescription
    positions: np.ndarray
    observed: np.ndarray
    directions: np.ndarray

    @classmethod
    def from_arrays(
        cls, description: CovariantDescription, arrays: Mapping[str, np.ndarray]
    ) -> TrainingFrames:
        """Training frames from the arrays of a file; earlier versions wrote no derivatives."""
        positions = arrays["positions"]
        if "derivative_frames" not in arrays:
            none = np.zeros((0, 0, *positions.shape[1:]))
            return cls(description, positions, np.zeros(0, dtype=int), none)
        return cls(description, positions, arrays["derivative_frames"], arrays["directions"])

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays that a file keeps; the inverse of `from_arrays`."""
        if not len(self.observed):
            return {"positions": self.positions}
        return {
            "positions": self.positions,
            "derivative_frames": self.observed,
            "directions": self.directions,
        }

    @property
    def others(self) -> np.ndarray:
        """Frames without derivatives."""
        return np.setdiff1d(np.arange(len(self.positions)), self.observed)

    @cached_property
    def kernel(self) -> ObservedKernel:
        """Covariances of all observed numbers."""
        describe, x = self.description.observations, self.positions
        sets = [describe(x[self.observed], self.directions)] if len(self.observed) else []
        if len(self.others):
            sets.append(describe(x[self.others]))
        return self.description.observed_kernel(tuple(sets))

    def join(self, values: np.ndarray, derivatives: np.ndarray) -> np.ndarray:
        """All observed numbers from [n_frames, c] and [n_derivatives, n_directions, c]."""
        whole = np.concatenate([values[self.observed][:, None], derivatives], axis=1)
        return np.concatenate([whole.ravel(), values[self.others].ravel()])

    def split(self, numbers: np.ndarray, c: int) -> tuple[np.ndarray, np.ndarray]:
        """Parts of the values and of the derivatives; the inverse of `join`."""
        n, m = self.directions.shape[:2]
        whole = numbers[: n * (1 + m) * c].reshape(n, 1 + m, c)
        values = np.empty((len(self.positions), c))
        values[self.observed] = whole[:, 0]
        values[self.others] = numbers[n * (1 + m) * c :].reshape(-1, c)
        return values, whole[:, 1:].copy()

    def check_memory(self, c: int) -> None:
        """Refuse frames whose system, with c components, does not fit into memory."""
        n, m = self.directions.shape[:2]
        if not n:
            ridge.check_memory(len(self.positions), copies=3, rows_per_frame=c)
            return
        check_memory(
            n,
            len(self.positions) - n,
            per_frame=c * (1 + m),
            n_components=c,
            images=self.description.numbers_per_observation,
        )

    def solve(
        self, theta: np.ndarray, values: np.ndarray, derivatives: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, PackedMatrix | None]:
        """Coefficients of values and derivatives, of the shapes of these, and the Cholesky factor.

        Parameters
        ----------
        theta : array, [n_parameters]
            Logarithms of all parameters, the lambdas of values and of derivatives last.
        values : array, [n_frames, c]
            Packed values.
        derivatives : array, [n_derivatives, n_directions, c]
            Packed derivatives along the directions.

        Returns
        -------
        values, derivatives : array
            Coefficients.
        factor : PackedMatrix or None
            Cholesky factor of the covariance of the observations, kept because it takes most of
            the time; None without derivatives.
        """
        if not len(self.observed):
            kernel = self.description.kernel(self.positions)
            return kernel.coefficients(theta[:-1], values), derivatives, None
        factor = self.kernel.factorized(theta)
        found = factor.solve(self.join(values, derivatives))
        return *self.split(found, values.shape[1]), factor

    def contract(
        self, theta: np.ndarray, values: np.ndarray, derivatives: np.ndarray
    ) -> ContractedKernel:
        """What predictions need, from the coefficients that `solve` returns."""
        if not len(self.observed):
            kernel = self.description.kernel(self.positions)
            return ContractedKernel.of_values(kernel, theta[:-1], values)
        a = self.join(values, derivatives)
        return ContractedKernel.of_observations(self.kernel, theta, a)
