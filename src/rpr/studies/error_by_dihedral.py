"""Error of the models against the dihedral angle."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.studies import metrics
from rpr.studies.evaluation import INVARIANT, frame_origin, squared_errors

COLUMNS = [
    "model", "property", "component", "test_set", "dihedral_low", "dihedral_high", "n_test",
    "rmse", "unit", "n_train", "seed", "rmse_low", "rmse_high",
]  # fmt: skip

_KEYS = ["model", "property", "test_set", "n_train", "seed"]


def error_by_dihedral(
    predictions: pd.DataFrame, *, width: float = 10.0, minimum: int = 3
) -> pd.DataFrame:
    """Axes-independent RMSE in bins of the dihedral.

    Parameters
    ----------
    predictions
        Rows of :func:`rpr.studies.evaluation.predictions` of any models and test sets.
    width
        Width of a bin in degrees; the first bin starts at -180.
    minimum
        Bins with fewer frames are left out.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; empty for a molecule without a dihedral.
    """
    rows: list[dict] = []
    for keys, group in predictions.groupby(_KEYS, sort=False):
        frames, squares = squared_errors(group)
        known = frames["dihedral"].notna().to_numpy()
        row = dict(zip(_KEYS, keys, strict=True)) | {
            "component": INVARIANT[keys[1]],
            "unit": group["unit"].iloc[0],
        }
        bins = np.floor((frames["dihedral"].to_numpy(dtype=float)[known] + 180.0) / width)
        bins = np.minimum(bins, np.ceil(360.0 / width) - 1)  # 180 degrees belong to the last bin
        trajectories = frames["trajectory"].to_numpy()[known]
        rows.extend(_bin_rows(row, bins, squares[known], trajectories, width, minimum))
    return pd.DataFrame(rows, columns=COLUMNS)


def _bin_rows(
    row: dict,
    bins: np.ndarray,
    squares: np.ndarray,
    trajectories: np.ndarray,
    width: float,
    minimum: int,
) -> Iterator[dict]:
    """Rows of the bins that hold at least `minimum` frames."""
    for number in np.unique(bins):
        chosen = bins == number
        if chosen.sum() < minimum:
            continue
        low, high = metrics.rmse_interval(squares[chosen], trajectories[chosen])
        yield row | {
            "dihedral_low": float(number * width - 180.0),
            "dihedral_high": float((number + 1) * width - 180.0),
            "n_test": int(chosen.sum()),
            "rmse": float(np.sqrt(squares[chosen].mean())),
            "rmse_low": low,
            "rmse_high": high,
        }


def dihedral_table(frames: FrameSet, dt_fs: float) -> pd.DataFrame:
    """Dihedral of every frame, degrees; columns ``trajectory``, ``time_ps``, ``dihedral``."""
    origin = pd.DataFrame(frame_origin(frames))
    return origin.assign(time_ps=origin["step"] * dt_fs / 1000)[
        ["trajectory", "time_ps", "dihedral"]
    ]
