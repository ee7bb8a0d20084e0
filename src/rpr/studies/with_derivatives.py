"""A dipole model of the values of all training frames, and of the derivatives of some."""

from __future__ import annotations

import numpy as np

from rpr.data.frame_set import FrameSet, find_frames
from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.molecule.molecule import Molecule


def training_derivatives(training: FrameSet, derivatives: FrameSet, most: int) -> np.ndarray:
    """Derivatives of the first training frames that have them.

    Parameters
    ----------
    training
        Training frames.
    derivatives
        Frames with ``dipole_derivatives``, in any order.
    most
        Largest number of training frames with derivatives.

    Returns
    -------
    array, [n_frames, n_atoms, 3, 3]
        e; NaN for the other frames.

    Raises
    ------
    InputError
        If no training frame has derivatives.
    """
    if derivatives.dipole_derivatives is None:
        raise InputError("derivatives: found no dipole_derivatives in these frames")
    places = find_frames(training, derivatives)
    chosen = np.flatnonzero(places >= 0)[:most]
    if not len(chosen):
        raise InputError("derivatives: found none for the training frames, expected some")
    found = np.full((len(training), *derivatives.dipole_derivatives.shape[1:]), np.nan)
    found[chosen] = derivatives.dipole_derivatives[places[chosen]]
    return found


def fit_with_derivatives(
    training: FrameSet, derivatives: FrameSet, *, molecule: Molecule, most: int, seed: int
) -> CovariantRegression:
    """The covariant model of the dipole from values and derivatives.

    Parameters
    ----------
    training, derivatives, most
        As for `training_derivatives`; all values are learnt.
    molecule
        Molecule of the frames.
    seed
        Seed of the choice of frames for the search of hyper-parameters.
    """
    known = training_derivatives(training, derivatives, most)
    model = CovariantRegression(molecule=molecule, property="dipole", seed=seed)
    return model.fit(training, training.dipole, derivatives=known)
