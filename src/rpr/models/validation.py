"""Training frames of a property with the groups that a search for hyper-parameters validates."""

from __future__ import annotations

import numpy as np

from rpr.data.validation_groups import validation_groups
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_frames, checked_values
from rpr.molecule.molecule import Molecule


def grouped_training_data(
    property: str, frames: Frames, values: np.ndarray | None, molecule: Molecule, validation: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of training frames, their property, and the groups that are validated together.

    Parameters
    ----------
    property, frames, values, molecule
        As for :func:`rpr.models.property_estimator.training_data`.
    validation
        One of `rpr.data.validation_groups.VALIDATIONS`.

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
    groups = validation_groups(validation, given.frames, given.positions, molecule.symbols)
    return given.positions, values, groups
