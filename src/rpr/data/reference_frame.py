"""The frame of a set that serves as the reference geometry of its molecule."""

from __future__ import annotations

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.molecule.pairs import pair_distances


def choose_reference(frames: FrameSet) -> tuple[int, str]:
    """Index of the frame that is closest to a minimum, and why it was chosen, in words.

    With energies this is the frame of lowest energy.  Without, it is the frame whose distances
    between atoms are closest to their medians over all frames, in the sense of least squares of
    r / r_median - 1.

    Parameters
    ----------
    frames
        Frames of one molecule.

    Returns
    -------
    tuple of int and str
    """
    if frames.energy is not None:
        return int(np.argmin(frames.energy)), "the frame of lowest energy"
    if len(frames.symbols) == 1:
        return 0, "the only geometry of an atom"
    distances = pair_distances(frames.positions)
    relative = distances / np.median(distances, axis=0) - 1.0
    return int(np.argmin((relative**2).sum(axis=1))), "the frame closest to the median distances"
