"""Pairs of models on the same test frames: ratio of their errors, with a paired interval."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pandas as pd

from rpr.studies import metrics
from rpr.studies.evaluation import INVARIANT, PREDICTION_COLUMNS, squared_errors
from rpr.studies.tables import require

COLUMNS = [
    "component", "test_set", "above", "below", "ratio", "ratio_low", "ratio_high", "rmse_above",
    "rmse_below", "unit", "n_train", "n_test", "seed",
]  # fmt: skip


def compare_models(predictions: pd.DataFrame) -> pd.DataFrame:
    """Ratio of the axes-independent errors of every pair of models on every test set.

    Both models are evaluated on the same bootstrap samples of whole trajectories, so that frames
    which are difficult for both do not widen the interval.

    Parameters
    ----------
    predictions
        Tables of :func:`rpr.studies.evaluation.predictions`, with rows in any order.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: RMSE of the model ``above`` over that of the model ``below``, and the
        bounds of its 95 % interval, which are empty with fewer than
        :data:`rpr.studies.metrics.MIN_GROUPS` trajectories.
    """
    require(predictions, PREDICTION_COLUMNS, "predictions")
    keys = ["property", "test_set", "n_train", "seed"]
    rows = [
        row | dict(zip(keys, values, strict=True))
        for values, group in predictions.groupby(keys, sort=False)
        for row in _pairs(group)
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, "property"])[COLUMNS]


def _pairs(group: pd.DataFrame) -> Iterator[dict]:
    """Rows of every ordered pair of the models of a group, which have the same test frames."""
    squared = {}
    for model, rows in group.groupby("model", sort=False):
        frames, squared[model] = squared_errors(rows)
    trajectories = frames["trajectory"].to_numpy()
    about = {
        "component": INVARIANT[group["property"].iloc[0]],
        "unit": group["unit"].iloc[0],
        "n_test": len(frames),
    }
    for above, below in permutations(squared, 2):
        if ratio := metrics.rmse_ratio(squared[above], squared[below], trajectories):
            yield {**about, "above": above, "below": below, **ratio}
