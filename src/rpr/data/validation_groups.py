"""What a search for hyper-parameters validates on: single frames, or whole trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.data.known_geometries import first_of_each
from rpr.errors import InputError

#: Ways to validate.
VALIDATIONS = ("frames", "trajectories")


def validation_groups(
    validation: str, frames: Any, positions: np.ndarray, symbols: Sequence[str]
) -> np.ndarray:
    """Integers that are equal for frames which are validated together, [n_frames].

    Successive frames of a trajectory resemble each other, so that an error on validated frames of
    the fitted trajectories is smaller than one on trajectories of their own.  Copies of a frame,
    turned or mirrored, are validated with it.

    Parameters
    ----------
    validation
        One of `VALIDATIONS`.
    frames
        Training frames; only a `FrameSet` names trajectories.
    positions : array, [n_frames, n_atoms, 3]
        Their positions, Angstrom.
    symbols
        Chemical symbols, [n_atoms].

    Raises
    ------
    InputError
        If there is no such way, or trajectories are to be validated and the frames name fewer than
        two that are no copies of each other.
    """
    if validation not in VALIDATIONS:
        raise InputError(
            f"validation: found {validation!r}, expected one of {', '.join(VALIDATIONS)}"
        )
    first = first_of_each(positions, symbols, mirrored=True)
    if validation == "frames":
        return first
    trajectory = frames.trajectory if isinstance(frames, FrameSet) else None
    trajectory = None if trajectory is None else trajectory[first]
    n_found = 0 if trajectory is None else len(np.unique(trajectory))
    if n_found < 2:
        raise InputError(
            f"validation: found {n_found} trajectories, expected two or more that are no copies of "
            "each other for 'trajectories'; "
            "give a FrameSet with `trajectory`, or validate on 'frames'"
        )
    return np.asarray(trajectory)
