"""Training frames and test sets of studies that draw their own splits."""

from __future__ import annotations

from rpr.data.frame_set import FrameSet
from rpr.data.splits import train_and_both_tests
from rpr.errors import InputError


def training_and_tests(
    frames: FrameSet, rotated: FrameSet, *, n_train: int, n_test: int, seed: int
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

    Raises
    ------
    InputError
        If the frames carry no trajectory, or there are too few of them.
    """
    if frames.trajectory is None:
        raise InputError("frames: found no trajectories, which the splits hold out; give them")
    split = train_and_both_tests(frames.trajectory, n_train=n_train, n_test=n_test, seed=seed)
    training = frames.subset(split.pop("train"))
    tests = {name: frames.subset(chosen) for name, chosen in split.items()}
    return training, {**tests, "rotated": rotated}
