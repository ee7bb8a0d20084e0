"""Vectors whose sign is arbitrary in every frame, learnt through the tensor v v^T.

The sign of a transition dipole or of a coupling vector is that of a wave function, which quantum
chemistry chooses anew in every frame.  Learnt directly, labels of random sign average to zero.  The
symmetric tensor

    T(X) = v(X) v(X)^T

does not depend on the sign, turns with the molecule like a polarizability, and is learnt as one by
the covariant model.  The largest eigenvalue l and its eigenvector u give the vector back,

    v = +- sqrt(l) u,

up to its sign, which is the one with v . d > 0; d is that bond, from the atom of lower to the atom
of higher index, on which v has the largest projection.  The sign therefore turns with the molecule
and may jump elsewhere, as it must: a vector that passes through zero has no continuous one.

Martinka et al., J. Chem. Phys. 161, 174104 (2024), name such labels in their outlook.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from rpr.errors import ExtrapolationWarning, PlausibilityWarning
from rpr.models.covariant import CovariantRegression
from rpr.models.estimator import Frames
from rpr.models.property_estimator import (
    PropertyEstimator,
    checked_frames,
    training_checksum,
    training_data,
)
from rpr.molecule.molecule import Molecule


class ArbitrarySignRegression(PropertyEstimator):
    """Vectors known up to their sign, such as transition dipoles.

    Parameters
    ----------
    molecule
        Its reference geometry and bonds give the group and the convention of the sign.
    property
        ``"dipole"``: vectors in e Angstrom.
    order, n_search, seed
        As for `CovariantRegression`, which learns the tensor.
    hyperparameters
        `hyperparameters_` of a fitted model. If they are given, nothing is searched.

    Attributes
    ----------
    tensor_ : CovariantRegression
        The model of v v^T, whose "polarizability" it is, in (e Angstrom)^2.
    """

    KIND = "arbitrary-sign"
    STORED = ("property", "order", "n_search", "seed")

    def __init__(
        self,
        *,
        molecule: Molecule,
        property: str = "dipole",
        order: int = 2,
        n_search: int | None = None,
        seed: int = 0,
        hyperparameters: Mapping | None = None,
    ) -> None:
        super().__init__(molecule, property)
        self.order = order
        self.n_search = n_search
        self.seed = seed
        self.hyperparameters = hyperparameters

    @property
    def axes_(self) -> str:
        """Axes of `predict_components`; the model itself needs none."""
        return "inertia"

    def fit(self, frames: Frames, values: np.ndarray | None = None) -> ArbitrarySignRegression:
        """Learn v v^T; the signs of the values do not matter.

        Parameters
        ----------
        frames
            As for `CovariantRegression.fit`.
        values : array, [n_frames, 3]
            Vectors in the laboratory, e Angstrom; the default are the dipoles of the frames.

        Raises
        ------
        InputError
            As `CovariantRegression.fit`.
        """
        positions, vectors = training_data("dipole", frames, values, self.molecule)
        tensors = vectors[:, :, None] * vectors[:, None, :]
        with warnings.catch_warnings():  # as these are neither polarizabilities nor dipoles
            warnings.simplefilter("ignore", PlausibilityWarning)
            self.tensor_ = self._model().fit(positions, tensors)
            self._note_values(positions, vectors)
        self.hyperparameters_ = self.tensor_.hyperparameters_
        self.training_checksum_ = training_checksum(positions, tensors)
        return self

    def predict(self, frames: Frames) -> np.ndarray:
        """Vectors in the laboratory, [n_frames, 3], with the sign of the convention above."""
        self._require_fitted()
        positions = checked_frames(frames, self.molecule).positions
        self._warn_outside(positions)
        with warnings.catch_warnings():  # told above
            warnings.simplefilter("ignore", ExtrapolationWarning)
            tensors = self.tensor_.predict(positions)
        values, vectors = np.linalg.eigh(tensors)
        found = np.sqrt(np.maximum(values[:, -1:], 0.0)) * vectors[:, :, -1]
        i, j = np.array(self.molecule.bonds).T
        bonds = positions[:, j] - positions[:, i]
        projections = np.einsum("fbx,fx->fb", bonds, found)
        largest = np.take_along_axis(
            projections, np.abs(projections).argmax(axis=1)[:, None], axis=1
        )
        return np.where(largest < 0.0, -found, found)

    def score(self, frames: Frames, values: np.ndarray | None = None) -> float:
        """Part of the squared lengths that is predicted, 1 - sum |p -+ v|^2 / sum |v|^2.

        Each error is taken with the better sign, and the mean of vectors of random sign is zero.

        Parameters
        ----------
        frames, values
            As for `fit`.
        """
        positions, vectors = training_data("dipole", frames, values, self.molecule)
        errors = error_up_to_sign(vectors, self.predict(positions))
        return float(1.0 - np.sum(errors**2) / np.sum(vectors**2))

    def _model(self) -> CovariantRegression:
        return CovariantRegression(
            molecule=self.molecule,
            property="polarizability",
            order=self.order,
            n_search=self.n_search,
            seed=self.seed,
            hyperparameters=self.hyperparameters,
        )

    def _arrays(self) -> dict[str, np.ndarray]:
        return self.tensor_._arrays()

    def _metadata(self) -> dict[str, Any]:
        return {**super()._metadata(), "tensor": self.tensor_._metadata()}

    def _restore_arrays(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        self.tensor_ = CovariantRegression._restore(arrays, metadata["tensor"])


def error_up_to_sign(reference: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Smaller one of |p - r| and |p + r| for each of the vectors [n, 3], array [n].

    Examples
    --------
    >>> error_up_to_sign(np.array([[1.0, 0, 0]]), np.array([[-1.0, 0, 0.5]]))
    array([0.5])
    """
    return np.minimum(
        np.linalg.norm(predicted - reference, axis=1), np.linalg.norm(predicted + reference, axis=1)
    )
