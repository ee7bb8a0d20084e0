"""Frames of a deposit with derivatives of the dipole, found by their geometries."""

from __future__ import annotations

import numpy as np

from rpr.data.frame_set import FrameSet, concatenate, find_frames
from rpr.errors import InputError


def take_derivatives(
    derivatives: FrameSet,
    frames: FrameSet,
    test_set: FrameSet,
    *,
    n_frames: int,
    n_test_frames: int,
) -> FrameSet:
    """The first frames of each kind among those that have derivatives.

    Parameters
    ----------
    derivatives
        Frames with derivatives: copies of others, which are found by their positions.
    frames
        Labelled frames of the dynamics.
    test_set
        The independent test set.
    n_frames, n_test_frames
        Number of frames of each of the two.

    Returns
    -------
    FrameSet
        Those of `frames` first, each kind in the order of the deposit.

    Raises
    ------
    InputError
        If there are fewer.
    """
    wanted = {"n_frames": (frames, n_frames), "n_test_frames": (test_set, n_test_frames)}
    chosen = []
    for key, (known, n) in wanted.items():
        places = np.flatnonzero(find_frames(derivatives, known) >= 0)
        if len(places) < n:
            words = "labelled frames" if key == "n_frames" else "frames of the test set"
            raise InputError(
                f"fewer_labels/{key}: found {n}, but {len(places)} {words} of this run have "
                "derivatives in the deposit; ask for fewer"
            )
        if n:
            chosen.append(derivatives.subset(places[:n]))
    return concatenate(chosen)
