"""Frames of 1,2-dichloroethane with exact labels, made once for all tests that use them."""

from functools import cache

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames

MOLECULE = dichloroethane()


@cache
def labelled_frames(n: int, seed: int, frames_per_trajectory: int = 6) -> FrameSet:
    """Random frames with dipoles, polarizabilities and trajectories; their arrays are read-only."""
    positions = random_frames(MOLECULE, n, seed=seed)
    dipole, polarizability = analytic_labels(positions, MOLECULE)
    trajectory = np.arange(n) // frames_per_trajectory
    for array in (positions, dipole, polarizability, trajectory):
        array.setflags(write=False)
    return FrameSet(
        MOLECULE.symbols,
        positions,
        dipole=dipole,
        polarizability=polarizability,
        trajectory=trajectory,
    )
