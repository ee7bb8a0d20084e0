"""Frames of a deposit with derivatives of the dipole: their own, or those of copies of them."""

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
    """The first frames of each kind that have derivatives.

    Parameters
    ----------
    derivatives
        Frames with derivatives: copies of others, which are found by their positions.
    frames
        Labelled frames of the dynamics. If they have derivatives, no copies are asked for.
    test_set
        The independent test set; likewise.
    n_frames, n_test_frames
        Number of frames of each of the two.

    Returns
    -------
    FrameSet
        Those of `frames` first, each kind in the order of the file that has the derivatives.

    Raises
    ------
    InputError
        If there are fewer.
    """
    wanted = {"n_frames": (frames, n_frames), "n_test_frames": (test_set, n_test_frames)}
    chosen = []
    for key, (known, n) in wanted.items():
        having = _with_derivatives(known, derivatives)
        if len(having) < n:
            words = "labelled frames" if key == "n_frames" else "frames of the test set"
            raise InputError(
                f"fewer_labels/{key}: found {n}, but {len(having)} {words} of this run have "
                "derivatives in the deposit; ask for fewer"
            )
        if n:
            chosen.append(having.subset(np.arange(n)))
    return concatenate(chosen)


def _with_derivatives(known: FrameSet, derivatives: FrameSet) -> FrameSet:
    """`known` itself if it has derivatives, else its copies among `derivatives`."""
    if known.dipole_derivatives is not None:
        return known
    return derivatives.subset(np.flatnonzero(find_frames(derivatives, known) >= 0))
