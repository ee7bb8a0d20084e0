"""Labelled frames of several files as one checked set."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet, concatenate
from rpr.errors import InputError
from rpr.labels.results import PROPERTIES
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle


def assemble(
    paths: Sequence[str | os.PathLike],
    *,
    molecule: Molecule,
    n_needed: int = 1,
    n_failed: int = 0,
) -> FrameSet:
    """Labelled frames of several files as one set, checked for what the studies need.

    A dihedral is computed where the molecule has one; frames without a trajectory become
    trajectories of their own, so that none is a neighbour of another.

    Parameters
    ----------
    paths
        Extended XYZ files.
    molecule
        What the frames must be frames of.
    n_needed
        Smallest useful number of frames.
    n_failed
        Number of frames that could not be labelled, for the message.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If atoms, labels or frames are missing.
    """
    frames = concatenate([_read_labelled(path, molecule) for path in paths])
    if len(frames) < n_needed:
        failed = f" ({n_failed} could not be labelled)" if n_failed else ""
        raise InputError(
            f"{paths[0]}: found {len(frames)} labelled frames{failed}, but split/n_train + "
            f"split/n_test need {n_needed}; label more frames or make the split smaller"
        )
    n_frames = len(frames)
    if frames.trajectory is None:
        frames.trajectory = np.arange(n_frames)
    if frames.step is None:
        frames.step = np.zeros(n_frames, dtype=int)
    if molecule.dihedral is not None:
        frames.dihedral = dihedral_angle(frames.positions, molecule.dihedral)
    return frames


def _read_labelled(path: str | os.PathLike, molecule: Molecule) -> FrameSet:
    frames = read_frames(path)
    if frames.symbols != molecule.symbols:
        raise InputError(
            f"{path}: found atoms {' '.join(frames.symbols)}, expected those of the reference "
            f"geometry in the same order: {' '.join(molecule.symbols)}"
        )
    missing = [name for name in PROPERTIES if getattr(frames, name) is None]
    if missing:
        raise InputError(
            f"{path}: frames have no {missing[0]}; every frame needs {', '.join(PROPERTIES)}"
        )
    return frames
