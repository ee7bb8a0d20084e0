"""Equivariance of a fitted model: does the prediction follow what is done to the molecule?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import PropertyModel
from rpr.studies.operations import OPERATIONS, Images, images
from rpr.units import AU_DIPOLE, DEBYE, REPORTED

#: Largest deviation of an equivariant model: 1e-8 e bohr and 1e-6 bohr^3, in D and bohr^3.
LIMITS = {"dipole": 1e-8 * AU_DIPOLE / DEBYE, "polarizability": 1e-6}

COLUMNS = [
    "model", "property", "operation", "n_applied", "max_error", "median_error", "unit", "n_frames",
    "n_train", "seed",
]  # fmt: skip


def equivariance(
    model: PropertyModel,
    frames: FrameSet,
    *,
    molecule: Molecule,
    model_name: str,
    property: str,
    n_applied: int = 1000,
    seed: int = 0,
    n_train: int | None = None,
) -> pd.DataFrame:
    """Deviation between f(g X) and g f(X) for every operation g of `OPERATIONS`.

    Every operation is applied `n_applied` times to frames, which take turns.  The deviation is the
    largest absolute element of the difference between the prediction for the image and the image
    of the prediction.

    Parameters
    ----------
    model
        Fitted estimator.
    frames
        Frames of the molecule, which need no labels.
    molecule
        Molecule of the frames; its group gives inversions and permutations.
    model_name, n_train
        Name and number that are written into the rows.
    property
        ``"dipole"`` or ``"polarizability"``.
    n_applied
        Number of images for each operation.
    seed
        Seed of rotations and translations.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; Debye or bohr^3.  An operation that the molecule does not have has no
        row.

    Raises
    ------
    InputError
        If there is no frame, or `n_applied` is not positive.
    """
    unit, size = REPORTED[property]
    rows = []
    for operation in OPERATIONS:
        applied = images(operation, frames.positions, molecule, n=n_applied, seed=seed)
        if not len(applied):
            continue
        error = deviations(model, frames.positions, applied) / size
        rows.append(
            {
                "model": model_name,
                "property": property,
                "operation": operation,
                "n_applied": n_applied,
                "max_error": float(error.max()),
                "median_error": float(np.median(error)),
                "unit": unit,
                "n_frames": len(np.unique(applied.frame)),
                "n_train": n_train,
                "seed": seed,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def deviations(model: PropertyModel, positions: np.ndarray, applied: Images) -> np.ndarray:
    """Largest absolute element of f(g X) - g f(X) for every image, in the unit of the model.

    Parameters
    ----------
    model
        Fitted estimator.
    positions : array, [n_frames, n_atoms, 3]
        Frames that the images were made of, Angstrom.
    applied
        Their images.

    Returns
    -------
    array, [n_images]
    """
    expected = to_axes(np.asarray(model.predict(positions))[applied.frame], applied.matrices)
    difference = np.asarray(model.predict(applied.positions)) - expected
    return np.abs(difference).reshape(len(applied), -1).max(axis=1)
