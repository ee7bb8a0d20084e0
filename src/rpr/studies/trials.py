"""Training frames and test sets of studies that draw their own splits."""

from __future__ import annotations

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.data.splits import train_and_both_tests
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, dihedral_of

#: Width of a held-out torsion block, and where the first one begins, in degrees.
TORSION_WIDTH, FIRST_TORSION = 30.0, 15.0
_N_BLOCKS = 5  # from 15 to 165 degrees, so that each has known dihedrals on both sides


def training_and_tests(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    n_train: int,
    n_test: int,
    seed: int,
    thermal: FrameSet | None = None,
) -> tuple[FrameSet, dict[str, FrameSet]]:
    """Training frames, and test sets by name: of the same trajectories, held out, and rotated.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    rotated
        The independent test set.
    n_train, n_test, seed
        As for :func:`rpr.data.splits.train_and_both_tests`.
    thermal
        Frames in thermal equilibrium, if there are any: one more test set, ``thermal``.

    Raises
    ------
    InputError
        If the frames carry no trajectory, or there are too few of them.
    """
    split = train_and_both_tests(_trajectory(frames), n_train=n_train, n_test=n_test, seed=seed)
    training = frames.subset(split.pop("train"))
    tests = {name: frames.subset(chosen) for name, chosen in split.items()}
    tests["rotated"] = rotated
    return training, tests if thermal is None else {**tests, "thermal": thermal}


def training_frames(frames: FrameSet, *, n_train: int, n_test: int, seed: int) -> FrameSet:
    """The training frames of :func:`training_and_tests` alone; arguments as there."""
    split = train_and_both_tests(_trajectory(frames), n_train=n_train, n_test=n_test, seed=seed)
    return frames.subset(split["train"])


def torsion_block(seed: int) -> tuple[float, float]:
    """Bounds of the block of abs(dihedral) that a split holds out, in degrees.

    Successive seeds hold out 15 to 45, 45 to 75, ... 135 to 165 degrees, and begin again.
    """
    low = FIRST_TORSION + TORSION_WIDTH * (seed % _N_BLOCKS)
    return low, low + TORSION_WIDTH


def training_without_torsion(
    frames: FrameSet, *, molecule: Molecule, n_train: int, n_test: int, seed: int
) -> tuple[FrameSet, FrameSet]:
    """Training frames that keep away from a block of the dihedral, and test frames inside it.

    Trajectories whose earliest frame has a dihedral in the block are held out as a whole, and
    frames of the others that move into it are no training frames either.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    molecule
        A molecule with a dihedral.
    n_train, n_test
        Largest numbers of frames. If fewer are there, all are taken.
    seed
        Chooses the block, see :func:`torsion_block`, and draws the frames.

    Returns
    -------
    training, test : FrameSet

    Raises
    ------
    InputError
        If the frames carry no trajectory, the molecule has no dihedral, or nothing lies inside or
        outside of the block.
    """
    trajectory = _trajectory(frames)
    size = np.abs(dihedral_angle(frames.positions, dihedral_of(molecule)))
    low, high = torsion_block(seed)
    inside = (size >= low) & (size < high)
    step = np.zeros(len(frames)) if frames.step is None else frames.step
    order = np.lexsort((step, trajectory))
    names, first = np.unique(trajectory[order], return_index=True)
    held = np.isin(trajectory, names[inside[order][first]])
    rng = np.random.default_rng(seed)
    test = rng.permutation(np.flatnonzero(held & inside))[:n_test]
    train = rng.permutation(np.flatnonzero(~held & ~inside))[:n_train]
    if not len(test) or not len(train):
        raise InputError(
            f"frames: found {len(train)} outside and {len(test)} inside of the held-out dihedrals "
            f"from {low:g} to {high:g} degrees, expected both; run trajectories of more dihedrals"
        )
    return frames.subset(train), frames.subset(test)


def _trajectory(frames: FrameSet) -> np.ndarray:
    if frames.trajectory is None:
        raise InputError("frames: found no trajectories, which the splits hold out; give them")
    return frames.trajectory
