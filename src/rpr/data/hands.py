"""Training frames of one hand or of both hands, by exact mirror images of whole trajectories.

A scan of the dihedral from 0 to 180 degrees samples one hand of the molecule, a scan over the full
circle both.  The mirror image of a frame, with like atoms exchanged, is a frame of the same
molecule, and its labels follow exactly:

    x'_i = -x_{P(i)},  E' = E,  F'_i = -F_{P(i)},  mu' = -mu,  alpha' = alpha.

Frames of one scan can therefore be read as frames of the other without any new label.
"""

from __future__ import annotations

import numpy as np

from rpr.data.frame_set import PER_ATOM, FrameSet
from rpr.errors import InputError
from rpr.molecule.mirror_image import mirror_permutation
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import SCANS, dihedral_angle, dihedral_of

#: Quantities that change their sign; those of each atom follow the permutation.
_ODD = ("forces", "velocities", "dipole", "dihedral", "polarizability_derivatives")


_QUARTER = 0.25  # of the trajectories, at least, is of each hand where both were sampled


def mirror_image(frames: FrameSet, molecule: Molecule, chosen: np.ndarray) -> FrameSet:
    """Frames of which some are replaced by their mirror images, with all their labels.

    Parameters
    ----------
    frames
        Frames of `molecule`.
    molecule
        A molecule with a dihedral and a symmetry that changes its sign.
    chosen : bool array, [n_frames]
        Frames to replace.

    Returns
    -------
    FrameSet
        In the order of `frames`.

    Raises
    ------
    InputError
        If the molecule has no such symmetry.
    """
    permutation = mirror_permutation(molecule)
    image = frames.subset(np.arange(len(frames)))
    image.positions[chosen] = -frames.positions[chosen][:, permutation]
    for name in frames.known:
        values = getattr(frames, name)[chosen]
        if name in PER_ATOM:
            values = values[:, permutation]
        getattr(image, name)[chosen] = -values if name in _ODD else values
    return image


def mirrored_scan(frames: FrameSet, molecule: Molecule, scan: str) -> FrameSet:
    """Frames as those of another scan of the dihedral; whole trajectories are mirrored.

    Parameters
    ----------
    frames
        Frames of trajectories, or independent frames (without ``trajectory``).
    molecule
        A molecule with a dihedral and a symmetry that changes its sign.
    scan
        ``one_hand``: every trajectory has a positive dihedral at its earliest frame.
        ``both_hands``: frames stay as they are if at least a quarter of the trajectories is of each
        hand.  Otherwise all are made positive, and those of odd number are then mirrored, or, where
        nearly all numbers are odd or even, every second one.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If there is no such scan, or the molecule has no such symmetry.
    """
    if scan not in SCANS:
        raise InputError(f"scan: found {scan!r}, expected one of {', '.join(SCANS)}")
    n_frames = len(frames)
    trajectory = np.arange(n_frames) if frames.trajectory is None else frames.trajectory
    step = np.zeros(n_frames) if frames.step is None else frames.step
    dihedral = dihedral_angle(frames.positions, dihedral_of(molecule))
    order = np.lexsort((step, trajectory))
    names, first = np.unique(trajectory[order], return_index=True)
    negative = dihedral[order][first] < 0.0  # of the earliest frame of each trajectory
    if scan == "both_hands":
        if not n_frames or _of_each(negative):
            return frames
        odd = names % 2 == 1
        negative ^= odd if _of_each(odd) else np.arange(len(names)) % 2 == 1
    return mirror_image(frames, molecule, negative[np.searchsorted(names, trajectory)])


def _of_each(kind: np.ndarray) -> bool:
    """Whether at least a quarter of the trajectories is of the kind, and as many are not."""
    return bool(_QUARTER <= kind.mean() <= 1.0 - _QUARTER)
