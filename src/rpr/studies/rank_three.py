r"""A tensor of rank 3, learnt in canonical axes by the method of the paper.

The paper says that the method serves tensors of any rank.  There is no label of rank 3, but the
product of two labels is one,

.. math:: T_{ijk} = \mu_i \alpha_{jk},

which turns with the molecule in all three indices.  Its 18 distinct components in canonical axes
are learnt like those of a dipole, and the prediction is rotated back.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes
from rpr.axes.rotation import to_axes, to_axes_positions, to_laboratory
from rpr.data.frame_set import FrameSet
from rpr.data.validation_groups import validation_groups
from rpr.models.property_estimator import checked_positions
from rpr.molecule.molecule import Molecule
from rpr.regression import search
from rpr.regression.descriptors import describe
from rpr.regression.kernel_regression import KernelRegression
from rpr.studies.equivariance import deviations
from rpr.studies.evaluation import labels_of
from rpr.studies.operations import images
from rpr.units import REPORTED

COLUMNS = [
    "test_set", "rmse", "size", "deviation", "unit", "axes", "descriptor", "n_train", "n_test",
    "n_applied", "seed",
]  # fmt: skip

UNIT = "D bohr^3"
_DISTINCT = np.triu_indices(3)


class RankThree:
    """Rotate, predict, rotate for the tensor mu_i alpha_jk in D bohr^3.

    Parameters
    ----------
    frames
        Training frames with dipoles and polarizabilities.
    molecule, axes, descriptor, kernel, coordinate_weight, validation_fraction, validation, seed
        As for :class:`rpr.models.rotate_predict_rotate.RotatePredictRotate`.
    """

    def __init__(
        self,
        frames: FrameSet,
        molecule: Molecule,
        *,
        axes: str = "inertia",
        descriptor: str = "RExyzCl",
        kernel: str = "matern",
        coordinate_weight: float | None = None,
        validation_fraction: float = 0.2,
        validation: str = "frames",
        seed: int = 0,
    ) -> None:
        self.molecule, self.axes, self.descriptor = molecule, axes, descriptor
        self._weight = coordinate_weight
        X, rotations = self._describe(frames.positions)
        targets = to_axes(product_of_labels(frames), rotations)
        components = targets[:, :, *_DISTINCT].reshape(len(targets), -1)  # -> [n_frames, 18]
        groups = validation_groups(validation, frames, frames.positions, molecule.symbols)
        self._regression = KernelRegression(
            kernel=kernel,
            sigmas=search.sigma_grids(kernel, X),
            validation_fraction=validation_fraction,
            seed=seed,
        ).fit(X, components, groups=groups)

    def predict(self, frames: FrameSet | np.ndarray) -> np.ndarray:
        """Tensors in the laboratory, [n_frames, 3, 3, 3], in D bohr^3."""
        X, rotations = self._describe(checked_positions(frames, self.molecule))
        components = self._regression.predict(X).reshape(len(X), 3, -1)
        tensors = np.empty((len(X), 3, 3, 3))
        j, k = _DISTINCT
        tensors[:, :, j, k] = components
        tensors[:, :, k, j] = components
        return to_laboratory(tensors, rotations)

    def _describe(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Descriptors [n_frames, n_features] and rotations [n_frames, 3, 3]."""
        axes = canonical_axes(self.axes, positions, self.molecule)
        canonical = to_axes_positions(positions, axes)
        X = describe(self.descriptor, canonical, self.molecule, coordinate_weight=self._weight)
        return X, axes.rotations


def product_of_labels(frames: FrameSet) -> np.ndarray:
    """The tensors mu_i alpha_jk of labelled frames, [n_frames, 3, 3, 3], in D bohr^3.

    Raises
    ------
    InputError
        If the frames carry no dipoles or no polarizabilities.
    """
    dipole, polarizability = (
        labels_of(frames, name) / REPORTED[name][1] for name in ("dipole", "polarizability")
    )
    return np.einsum("fi,fjk->fijk", dipole, polarizability)


def rank_three(
    model: RankThree,
    test_sets: Mapping[str, FrameSet],
    *,
    n_train: int,
    n_applied: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Error of the tensor of rank 3, and its deviation from exact rotation with the molecule.

    Parameters
    ----------
    model
        The fitted model.
    test_sets
        Labelled frames by name.
    n_train, seed
        Numbers that are written into the rows; the seed also draws the rotations.
    n_applied
        Number of random rotations of each test set.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: ``rmse`` and ``size`` are root mean squares over the 27 elements of the
        errors and of the labels, ``deviation`` is the largest element of f(R X) - R f(X).
    """
    rows = []
    for name, frames in test_sets.items():
        labels = product_of_labels(frames)
        error = model.predict(frames.positions) - labels
        applied = images("rotation", frames.positions, model.molecule, n=n_applied, seed=seed)
        rows.append(
            {
                "test_set": name,
                "rmse": float(np.sqrt(np.mean(error**2))),
                "size": float(np.sqrt(np.mean(labels**2))),
                "deviation": float(deviations(model, frames.positions, applied).max()),
                "unit": UNIT,
                "axes": model.axes,
                "descriptor": model.descriptor,
                "n_train": n_train,
                "n_test": len(frames),
                "n_applied": n_applied,
                "seed": seed,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)
