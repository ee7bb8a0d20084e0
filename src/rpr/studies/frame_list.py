"""What is known of each frame besides its labels, as a table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet


def frame_list(frames: FrameSet, splits: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Trajectory, step and dihedral of each frame, and its part in each split.

    Parameters
    ----------
    frames
        Frames of one set.
    splits
        By name of the split, indices of its parts, such as ``train`` and ``test``.

    Returns
    -------
    DataFrame
        Columns ``frame``, those of trajectory, step and dihedral that are known, and one for each
        split, which is empty for a frame in none of its parts.
    """
    table = pd.DataFrame({"frame": np.arange(len(frames))})
    for name in ("trajectory", "step", "dihedral"):
        if name in frames.known:
            table[name] = getattr(frames, name)
    for name, parts in splits.items():
        column = np.full(len(frames), "", dtype=object)
        for part, indices in parts.items():
            column[indices] = part
        table[f"split_{name}"] = column
    return table
