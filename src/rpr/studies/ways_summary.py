"""The table ``ways``: one row for each way to equivariance, from the trials of all splits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from rpr.studies.metrics import mean_over_sets
from rpr.studies.operations import OPERATIONS
from rpr.studies.tables import require
from rpr.studies.ways import IDEAS
from rpr.studies.ways_measured import COLUMNS as MEASURED

TEST_SETS = ("in_distribution", "held_out_trajectories", "rotated", "rotated_positive")
COLUMNS = [
    "idea", "way", "n_train",
    *(f"{name}{end}" for name in TEST_SETS for end in ("", "_low", "_high")),
    *OPERATIONS, "unit", "train_seconds", "predict_ms", "frames_needed", "largest",
    "rotated_largest", "n_repeats",
]  # fmt: skip


def ways_table(trials: pd.DataFrame, *, n_reference: int, target: float) -> pd.DataFrame:
    """One row for each way, at a common number of training frames.

    Parameters
    ----------
    trials
        Tables of :func:`rpr.studies.ways_measured.measured_ways` of all splits.
    n_reference
        Number of training frames of the errors, deviations and times.  A way that was not measured
        there is shown with the nearest number that it was measured with.
    target
        Error on the rotated set for which ``frames_needed`` is given, in the unit of the errors.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``, in the order of `IDEAS`: RMSE of each test set (geometric mean over the
        splits, with the 95 % interval of Student's t), root mean square deviation from equivariance
        for each operation (root mean square over the splits), mean processor times, and error on
        the rotated set with the largest training set.  ``frames_needed`` interpolates the learning
        curve on logarithmic scales; ``> 800`` means that it does not get there, ``< 50`` that the
        smallest training set suffices.
    """
    require(trials, MEASURED, "trials")
    rows = [_row(name, group, n_reference, target) for name, group in _ordered(trials)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _ordered(trials: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    rank = {idea: k for k, idea in enumerate(IDEAS)}
    groups = list(trials.groupby("way", sort=False))
    yield from sorted(groups, key=lambda pair: rank.get(pair[1]["idea"].iloc[0], len(rank)))


def _row(name: str, group: pd.DataFrame, n_reference: int, target: float) -> dict:
    sizes = np.unique(group["n_train"])
    shown = int(sizes[np.argmin(np.abs(np.log(sizes / n_reference)))])
    here = group[group["n_train"] == shown]
    row = {"idea": group["idea"].iloc[0], "way": name, "n_train": shown, "largest": sizes[-1]}
    for test_set in TEST_SETS:
        values = _values(here, test_set)
        if len(values):
            row |= dict(
                zip(
                    (test_set, f"{test_set}_low", f"{test_set}_high"),
                    mean_over_sets(values),
                    strict=True,
                )
            )
    for operation in OPERATIONS:
        values = _values(here, operation)
        if len(values):
            row[operation] = float(np.sqrt(np.mean(values**2)))
    curve = {
        int(n): mean_over_sets(_values(of_size, "rotated"))[0]
        for n, of_size in group.groupby("n_train")
    }
    return row | {
        "unit": here.loc[here["quantity"] == "rotated", "unit"].iloc[0],
        "train_seconds": _values(here, "train_seconds").mean(),
        "predict_ms": _values(here, "predict_ms").mean(),
        "frames_needed": frames_needed(curve, target),
        "rotated_largest": curve[sizes[-1]],
        "n_repeats": here["repeat"].nunique(),
    }


def _values(rows: pd.DataFrame, quantity: str) -> np.ndarray:
    return rows.loc[rows["quantity"] == quantity, "value"].to_numpy(dtype=float)


def frames_needed(curve: dict[int, float], target: float) -> str:
    """Number of training frames with which a learning curve first reaches an error.

    Parameters
    ----------
    curve
        Error by number of training frames.
    target
        Error to reach.

    Returns
    -------
    str
        A number, or ``< n`` and ``> n`` with the smallest and the largest number of the curve.

    Examples
    --------
    >>> frames_needed({50: 0.08, 200: 0.02}, 0.04), frames_needed({50: 0.08}, 0.04)
    ('100', '> 50')
    """
    sizes = sorted(curve)
    if curve[sizes[0]] <= target:
        return f"< {sizes[0]}"
    for low, high in pairwise(sizes):
        if curve[high] <= target:
            part = np.log(curve[low] / target) / np.log(curve[low] / curve[high])
            return f"{low * (high / low) ** part:.0f}"
    return f"> {sizes[-1]}"
