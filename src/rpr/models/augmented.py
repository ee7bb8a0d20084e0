"""Augmentation: no canonical axes, but copies of the training frames turned at random.

This is the naive way to equivariance, and shows what canonical axes and exact symmetry are worth.
Components are learnt as they stand in the laboratory, and the training set consists of copies of
the frames, each with a random element of a group applied: a proper rotation, or a proper rotation
and an element of the permutation-inversion group of the molecule.  Equivariance is learnt and never
exact.  Without any copies, the model is ``RotatePredictRotate(axes="laboratory")``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rpr.axes.rotation import random_rotations, rotate_vectors, to_axes
from rpr.errors import InputError
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.permutation_inversion import find_group
from rpr.regression.search import Choice

#: Groups that copies are drawn from: rotations, or rotations times permutation-inversions.
GROUPS = ("rotations", "permutation-inversions")


class AugmentedRegression(RotatePredictRotate):
    """Kernel ridge regression in the laboratory on randomly turned copies of the training frames.

    Parameters
    ----------
    n_rotations
        Number of copies of each training frame, each with a rotation of its own; the system has
        n_rotations * n_train rows.
    group
        One of `GROUPS`: with ``"permutation-inversions"``, each copy also has a random element of
        the permutation-inversion group of the molecule applied, with its label.
    n_search
        Largest number of copies that hyper-parameters are searched on.
    descriptor, **settings
        As for `RotatePredictRotate`, except that the axes are those of the laboratory. The seed
        also draws the copies.  Copies of one frame are validated together.

    Raises
    ------
    InputError
        At the fit, if there is no such group, or fewer than one copy.
    """

    KIND = "augmented"
    STORED: tuple[str, ...] = (
        *(name for name in RotatePredictRotate.STORED if name != "axes"),
        *("n_rotations", "group", "n_search"),
    )

    def __init__(
        self,
        *,
        descriptor: str = "RExyz",
        n_rotations: int = 3,
        group: str = "rotations",
        n_search: int = 1000,
        **settings: Any,
    ) -> None:
        super().__init__(axes="laboratory", descriptor=descriptor, **settings)
        self.n_rotations = n_rotations
        self.group = group
        self.n_search = n_search

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Names of the arguments of the constructor; the axes are none of them."""
        return [name for name in super().parameter_names() if name != "axes"]

    @property
    def is_handed(self) -> bool:
        """Whether no copy of a frame is inverted."""
        return self.group == "rotations" or not find_group(self.molecule).inversions.any()

    def _training_frames(
        self, positions: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self.group not in GROUPS or self.n_rotations < 1:
            raise InputError(
                f"augmented: found group {self.group!r} and n_rotations {self.n_rotations}, "
                f"expected one of {', '.join(GROUPS)} and at least one copy"
            )
        source = np.tile(np.arange(len(positions)), self.n_rotations)
        positions, values = positions[source], values[source]
        rotations = random_rotations(len(positions), self.seed)
        if self.group == "permutation-inversions":
            positions, values = self._permuted(positions, values)
        return rotate_vectors(positions, rotations), to_axes(values, rotations), source

    def _permuted(self, positions: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each frame and its label after a random element of the permutation-inversion group."""
        group = find_group(self.molecule)
        element = np.random.default_rng([self.seed, 1]).integers(len(group), size=len(positions))
        parities = group.parities[element]
        images = np.take_along_axis(positions, group.permutations[element][:, :, None], axis=1)
        signs = parities ** (values.ndim - 1)
        return (
            parities[:, None, None] * images,
            signs.reshape(-1, *[1] * (values.ndim - 1)) * values,
        )

    def _choose(
        self, canonical: np.ndarray, targets: np.ndarray, groups: np.ndarray
    ) -> tuple[float, list[Choice]]:
        order = np.random.default_rng(self.seed).permutation(len(canonical))
        searched = np.sort(order[: self.n_search])
        return super()._choose(canonical[searched], targets[searched], groups[searched])
