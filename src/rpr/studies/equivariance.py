"""Equivariance of a fitted model: does the prediction turn with the molecule?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rpr.axes.rotation import random_rotations, rotate_vectors, to_axes
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.studies.evaluation import PropertyModel
from rpr.units import AU_DIPOLE, DEBYE, REPORTED

#: Largest deviation of an equivariant model: 1e-8 e bohr and 1e-6 bohr^3, in D and bohr^3.
LIMITS = {"dipole": 1e-8 * AU_DIPOLE / DEBYE, "polarizability": 1e-6}

COLUMNS = [
    "model", "property", "n_rotations", "max_error", "median_error", "unit", "n_frames",
    "n_train", "seed",
]  # fmt: skip


def equivariance(
    model: PropertyModel,
    frames: FrameSet,
    *,
    model_name: str,
    property: str,
    n_rotations: int = 1000,
    seed: int = 0,
    n_train: int | None = None,
) -> pd.DataFrame:
    """Deviation between f(R X) and R f(X) (R f R^T for the polarizability).

    Each of `n_rotations` uniformly random proper rotations is applied to one of the frames, which
    take turns.  The deviation of one rotation is the largest absolute element of the difference.

    Parameters
    ----------
    model
        Fitted estimator.
    frames
        Frames of the molecule, which need no labels.
    model_name, n_train
        Name and number that are written into the row.
    property
        ``"dipole"`` or ``"polarizability"``.
    n_rotations
        Number of random rotations.
    seed
        Seed of the rotations.

    Returns
    -------
    DataFrame
        One row, columns ``COLUMNS``; Debye or bohr^3.

    Raises
    ------
    InputError
        If there is no frame or no rotation.
    """
    if not len(frames) or n_rotations < 1:
        raise InputError(
            f"equivariance: found {len(frames)} frames and {n_rotations} rotations, "
            "expected at least one of each"
        )
    rotations = random_rotations(n_rotations, seed)
    chosen = np.arange(n_rotations) % len(frames)
    positions = frames.positions[chosen]
    expected = to_axes(model.predict(positions), rotations)
    turned = rotate_vectors(positions, rotations)
    deviation = np.abs(np.asarray(model.predict(turned)) - expected)
    unit, size = REPORTED[property]
    per_rotation = deviation.reshape(n_rotations, -1).max(axis=1) / size
    row = {
        "model": model_name,
        "property": property,
        "n_rotations": n_rotations,
        "max_error": float(per_rotation.max()),
        "median_error": float(np.median(per_rotation)),
        "unit": unit,
        "n_frames": len(np.unique(chosen)),
        "n_train": n_train,
        "seed": seed,
    }
    return pd.DataFrame([row], columns=COLUMNS)
