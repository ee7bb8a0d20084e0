"""What a search for hyper-parameters validates on: single frames, or whole trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_frames, checked_values
from rpr.molecule.molecule import Molecule

#: Ways to validate.
VALIDATIONS = ("frames", "trajectories")


def grouped_training_data(
    property: str, frames: Frames, values: np.ndarray | None, molecule: Molecule, validation: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of training frames, their property, and the groups that are validated together.

    Parameters
    ----------
    property, frames, values, molecule
        As for :func:`rpr.models.property_estimator.training_data`.
    validation
        One of `VALIDATIONS`.

    Returns
    -------
    positions : array, [n_frames, n_atoms, 3]
    values : array, [n_frames, 3] or [n_frames, 3, 3]
    groups : array of int, [n_frames]
        As :func:`validation_groups`.

    Raises
    ------
    InputError
        As these two functions.
    """
    given = checked_frames(frames, molecule)
    values = checked_values(property, values, given)
    return given.positions, values, validation_groups(validation, given.frames, len(values))


def validation_groups(validation: str, frames: Any, n_frames: int) -> np.ndarray:
    """Integers that are equal for frames which are validated together, [n_frames].

    Successive frames of a trajectory resemble each other, so that an error on validated frames of
    the fitted trajectories is smaller than one on trajectories of their own.

    Parameters
    ----------
    validation
        One of `VALIDATIONS`.
    frames
        Training frames; only a `FrameSet` names trajectories.
    n_frames
        Their number.

    Raises
    ------
    InputError
        If there is no such way, or the frames name fewer than two trajectories, and these are to be
        validated.
    """
    if validation not in VALIDATIONS:
        raise InputError(
            f"validation: found {validation!r}, expected one of {', '.join(VALIDATIONS)}"
        )
    if validation == "frames":
        return np.arange(n_frames)
    trajectory = frames.trajectory if isinstance(frames, FrameSet) else None
    n_found = 0 if trajectory is None else len(np.unique(trajectory))
    if n_found < 2:
        raise InputError(
            f"validation: found {n_found} trajectories, expected two or more for 'trajectories'; "
            "give a FrameSet with `trajectory`, or validate on 'frames'"
        )
    return np.asarray(trajectory)
