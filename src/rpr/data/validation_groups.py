"""What a search for hyper-parameters validates on: single frames, or whole trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError

#: Ways to validate.
VALIDATIONS = ("frames", "trajectories")


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
