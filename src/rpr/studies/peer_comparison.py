"""Models of this project and of other programs on the same splits, compared with one of them.

Every model learns from the training frames of :func:`rpr.studies.trials.training_and_tests`.  The
errors of two models on a test set are paired by its frames, and over training sets by the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.axes.components import component_names
from rpr.data.frame_set import FrameSet
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.studies.comparison import COLUMNS as PAIR_COLUMNS
from rpr.studies.comparison import compare_models
from rpr.studies.evaluation import labels_of, predictions
from rpr.studies.metrics import mean_over_sets
from rpr.studies.peer_predictions import predictions_of_peer
from rpr.studies.tables import require
from rpr.studies.trials import training_and_tests

MODELS = ("rotate-predict-rotate", "copies", "symmetrized", "covariant")
#: The model that all others are compared with.
REFERENCE = "covariant"

COLUMNS = [
    "component", "test_set", "model", "rmse", "low", "high", "ratio", "ratio_low", "ratio_high",
    "lower_error", "unit", "n_sets", "n_train", "n_test",
]  # fmt: skip


def compare_on_split(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    property: str,
    peers: Mapping[str, pd.DataFrame],
    models: Sequence[str] = MODELS,
    n_train: int,
    n_test: int,
    repeat: int,
    thermal: FrameSet | None = None,
) -> pd.DataFrame:
    """Errors of all models on one split, relative to those of `REFERENCE`.

    Parameters
    ----------
    frames, rotated, thermal, n_train, n_test
        As for :func:`rpr.studies.trials.training_and_tests`.
    molecule
        Molecule of the frames.
    property
        ``"dipole"`` or ``"polarizability"``.
    peers
        Tables of :func:`rpr.studies.peer_predictions.collect_predictions`, by the name that
        messages give them; those without this property are passed over.
    models
        Models of this project; `REFERENCE` is among them.
    repeat
        Seed of the split.

    Returns
    -------
    DataFrame
        Columns of :func:`rpr.studies.comparison.compare_models`; `REFERENCE` is the model
        ``below`` in each row.  Intervals are those of a bootstrap over trajectories.

    Raises
    ------
    InputError
        If predictions were made for other frames, or the frames do not allow such a split.
    """
    training, tests = training_and_tests(
        frames, rotated, n_train=n_train, n_test=n_test, seed=repeat, thermal=thermal
    )
    common: dict[str, Any] = {"property": property, "molecule": molecule, "seed": repeat}
    predicting: dict[str, dict[str, Any]] = {}
    for name in models:
        model = make_model(name, **common).fit(training, labels_of(training, property))
        predicting[name] = dict.fromkeys(tests, model)
    for source, table in peers.items():
        if not set(component_names(property)) <= set(table.columns):
            continue
        name, found = predictions_of_peer(table, property, repeat, training, tests, source=source)
        predicting[name] = found
    predicted = [
        predictions(by_set[t], test, model_name=name, test_set=t, n_train=n_train, **common)
        for name, by_set in predicting.items()
        for t, test in tests.items()
    ]
    pairs = compare_models(pd.concat(predicted, ignore_index=True))
    return pairs[pairs["below"] == REFERENCE].reset_index(drop=True)


def over_sets(pairs: pd.DataFrame) -> pd.DataFrame:
    """Errors and ratios over training sets, and which model has the lower error.

    Parameters
    ----------
    pairs
        Tables of `compare_on_split`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`.  Errors are geometric means over training sets, with the interval of
        Student's t over sets.  ``ratio`` is the error of the model over that of `REFERENCE`; the
        half-width of its 95 % interval, of logarithms, adds Student's t over sets and the mean of
        the paired bootstraps over test trajectories in squares
        (:func:`rpr.studies.metrics.mean_over_sets`).  ``lower_error`` names a model if the whole
        interval is on its side of one, and is ``undecided`` otherwise.
    """
    require(pairs, PAIR_COLUMNS, "pairs")
    rows = []
    for (component, test_set), group in pairs.groupby(["component", "test_set"], sort=False):
        about = {"component": component, "test_set": test_set}
        one = group[group["above"] == group["above"].iloc[0]]
        rows.append({**about, "model": REFERENCE, **_error(one, "rmse_below")})
        for model, chosen in group.groupby("above", sort=False):
            bounds = (chosen[f"ratio{end}"].to_numpy() for end in ("", "_low", "_high"))
            ratio, low, high = mean_over_sets(*bounds)
            rows.append(
                {
                    **about,
                    "model": model,
                    **_error(chosen, "rmse_above"),
                    "ratio": ratio,
                    "ratio_low": low,
                    "ratio_high": high,
                    "lower_error": _lower(str(model), low, high),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _error(chosen: pd.DataFrame, column: str) -> dict[str, object]:
    rmse, low, high = mean_over_sets(chosen[column].to_numpy())
    about = chosen[["unit", "n_train", "n_test"]].iloc[0].to_dict()
    return {"rmse": rmse, "low": low, "high": high, "n_sets": len(chosen), **about}


def _lower(model: str, low: float, high: float) -> str:
    """The model of lower error, if the interval of the ratio leaves no doubt."""
    if np.isnan(low) or low <= 1.0 <= high:
        return "undecided"
    return model if high < 1.0 else REFERENCE
