"""Labelled frames of several files, checked and joined."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

import numpy as np

from rpr.data.consistency.battery import check_frames, refuse_contradictions
from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet, concatenate
from rpr.errors import InputError, PlausibilityWarning
from rpr.labels.results import PROPERTIES
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import check_stretch
from rpr.molecule.torsion import dihedral_angle


def assemble(
    paths: Sequence[str | os.PathLike],
    *,
    molecule: Molecule,
    n_needed: int = 1,
    n_failed: int = 0,
    given: bool = False,
) -> FrameSet:
    """Labelled frames of several files as one set with everything that the studies need.

    The dihedral is computed if the molecule has one.  Frames without a trajectory become
    trajectories of their own, so that no frame is a neighbour of another.

    Parameters
    ----------
    paths
        Extended XYZ files.
    molecule
        Molecule of the frames.
    n_needed
        Smallest number of frames that is enough.
    n_failed
        Number of frames without labels, for the message.
    given
        Whether the labels come from elsewhere, and are then checked against geometries and each
        other as by ``rpr check``.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If the atoms are other ones or come in another order, labels are missing, there are too
        few frames, or given labels contradict the geometries or each other.

    Warns
    -----
    PlausibilityWarning
        If given labels are implausible otherwise, such as dipoles in debye.
    """
    frames = concatenate([_read_labelled(path, molecule) for path in filled(paths)])
    if given:
        findings = check_frames(frames, molecule)
        remedy = f"correct {paths[0]}; `rpr check {paths[0]}` makes the same checks"
        refuse_contradictions(findings, PROPERTIES, remedy)
        for finding in findings:
            if finding.is_implausible:
                text = f"{paths[0]}: implausible {finding.check}: {finding.text}"
                warnings.warn(text, PlausibilityWarning, stacklevel=2)
    if len(frames) < n_needed:
        failed = f" ({n_failed} could not be labelled)" if n_failed else ""
        raise InputError(
            f"{paths[0]}: found {len(frames)} labelled frames{failed}, expected at "
            f"least {n_needed} to train and test on; label more frames or make these sets smaller"
        )
    n_frames = len(frames)
    if frames.trajectory is None:
        frames.trajectory = np.arange(n_frames)
    if frames.step is None:
        frames.step = np.zeros(n_frames, dtype=int)
    if molecule.dihedral is not None:
        frames.dihedral = dihedral_angle(frames.positions, molecule.dihedral)
    return frames


def filled(paths: Sequence[str | os.PathLike]) -> list[str | os.PathLike]:
    """Files that are not empty, as a small shard may be; all if there is no other one."""
    empty = [os.path.isfile(path) and not os.path.getsize(path) for path in paths]
    return [p for p, nothing in zip(paths, empty, strict=True) if not nothing] or list(paths)


def _read_labelled(path: str | os.PathLike, molecule: Molecule) -> FrameSet:
    frames = read_frames(path)
    if frames.symbols != molecule.symbols:
        raise InputError(
            f"{path}: found atoms {' '.join(frames.symbols)}, expected those of the reference "
            f"geometry in the same order: {' '.join(molecule.symbols)}"
        )
    try:
        check_stretch(frames.positions, molecule.reference, molecule.bonds)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    missing = [name for name in PROPERTIES if getattr(frames, name) is None]
    if missing:
        raise InputError(
            f"{path}: frames have no {missing[0]}; every frame needs {', '.join(PROPERTIES)}"
        )
    return frames
