"""The frame of a set that serves as the reference geometry of its molecule."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.molecule.plausibility import bond_lengths


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
    pairs = list(combinations(range(len(frames.symbols)), 2))
    if not pairs:
        return 0, "the only geometry of an atom"
    distances = bond_lengths(frames.positions, pairs)
    relative = distances / np.median(distances, axis=0) - 1.0
    return int(np.argmin((relative**2).sum(axis=1))), "the frame closest to the median distances"
