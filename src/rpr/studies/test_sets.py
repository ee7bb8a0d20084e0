"""Test sets by name: which frames a model is judged on, and the split that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rpr.data.frame_set import FrameSet


def named_test_sets(
    frames: FrameSet, splits: Mapping[str, np.ndarray], rotated: FrameSet
) -> dict[str, FrameSet]:
    """Test sets of learning curves: frames of the training trajectories, and the rotated frames."""
    return {"in_distribution": frames.subset(splits["test"]), "rotated": rotated}


def model_test_sets(
    frames: FrameSet,
    splits: Mapping[str, Mapping[str, np.ndarray]],
    rotated: FrameSet,
    thermal: FrameSet | None = None,
) -> dict[str, tuple[str, FrameSet]]:
    """Test sets on which the models of both splits are judged.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    splits
        Indices ``test`` of the splits ``random`` and ``held_out``.
    rotated
        The independent test set.
    thermal
        Frames in thermal equilibrium, if there are any.

    Returns
    -------
    dict
        By name the split whose model is judged, and the frames.
    """
    tests = {
        "in_distribution": ("random", frames.subset(splits["random"]["test"])),
        "held_out_trajectories": ("held_out", frames.subset(splits["held_out"]["test"])),
        "rotated": ("random", rotated),
    }
    return tests if thermal is None else {**tests, "thermal": ("random", thermal)}
