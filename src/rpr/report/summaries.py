"""Tables that sum up other tables."""

from __future__ import annotations

import pandas as pd
from pandas.core.groupby import DataFrameGroupBy

from rpr.models.registry import MODELS
from rpr.studies.metrics import mean_over_sets
from rpr.studies.tables import require, spread_columns

#: Test sets in the order of the tables; others follow by name.
TEST_SETS = ("in_distribution", "held_out_trajectories", "rotated", "thermal")
#: Name of the model of the paper.
PUBLISHED_MODEL = "rotate-predict-rotate"
SIGNS = ("all", "positive", "negative")
_SIGN_MARKS = {"all": "", "positive": " (+)", "negative": " (-)"}


def rmse_table(test_set: pd.DataFrame, *, model: str = PUBLISHED_MODEL) -> pd.DataFrame:
    """RMSE of one model: a row for each component, a column for each test set and sign.

    Parameters
    ----------
    test_set
        Table ``test_set.csv``.
    model
        Name of the model.

    Returns
    -------
    DataFrame
        Columns ``component, unit, <test set>, <test set> (+), <test set> (-)``, where (+) and (-)
        are the signs of the dihedral.
    """
    require(test_set, ("model", "component", "test_set", "dihedral_sign", "rmse"), "test_set")
    chosen = test_set[test_set["model"] == model]
    return _pivot(chosen, "component")


def models_table(test_set: pd.DataFrame) -> pd.DataFrame:
    """Axes-independent RMSE of all models, a row for each model and property.

    The columns are those of :func:`rmse_table`.
    """
    require(test_set, ("model", "component", "test_set", "dihedral_sign", "rmse"), "test_set")
    chosen = test_set[test_set["component"].isin(("mu_inv", "alpha_inv"))]
    order = spread_columns(chosen["model"], MODELS)
    chosen = chosen.sort_values("model", key=lambda names: names.map(order.index), kind="stable")
    return _pivot(chosen, "model", "component")


def _pivot(rows: pd.DataFrame, *index: str) -> pd.DataFrame:
    labels = rows["test_set"] + rows["dihedral_sign"].map(_SIGN_MARKS).fillna("")
    wide = (
        rows.assign(column=labels)
        .pivot_table(index=[*index, "unit"], columns="column", values="rmse", sort=False)
        .reset_index()
    )
    wide.columns.name = None
    order = [
        s + _SIGN_MARKS[sign] for s in spread_columns(rows["test_set"], TEST_SETS) for sign in SIGNS
    ]
    return wide[[*index, "unit", *[c for c in order if c in wide.columns]]]


SUMMARY_COLUMNS = [
    "property",
    "component",
    "model",
    "n_train",
    "test_set",
    "n_repeats",
    "mean",
    "std",
    "min",
    "max",
    "unit",
    "n_test",
]


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over random subsets.

    Parameters
    ----------
    table
        Rows of :func:`rpr.studies.learning_curve.learning_curve`.

    Returns
    -------
    DataFrame
        Columns ``SUMMARY_COLUMNS``; ``std`` is the sample standard deviation, 0 for one subset.
    """
    keys = ["property", "component", "model", "n_train", "test_set"]
    grouped = table.groupby(keys, sort=False)
    summary = grouped["rmse"].agg(n_repeats="count", mean="mean", std="std", min="min", max="max")
    summary["std"] = summary["std"].fillna(0.0)
    labels = grouped[["unit", "n_test"]].first()
    return summary.join(labels).reset_index()[SUMMARY_COLUMNS]


def means_over_sets(grouped: DataFrameGroupBy, *bounds: str) -> pd.DataFrame:
    """Mean of the errors of each group over training sets, as :func:`mean_over_sets` takes it.

    Parameters
    ----------
    grouped
        Errors ``rmse`` in groups, one row for each training set.
    bounds
        Columns of the intervals of the single errors, if these count, too.

    Returns
    -------
    DataFrame
        Columns ``rmse``, ``low``, ``high`` and the number of training sets ``n_sets``, with the
        groups as index.
    """
    rows = {
        key: (*mean_over_sets(*(rows[name] for name in ("rmse", *bounds))), len(rows))
        for key, rows in grouped
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=grouped.keys)
    return pd.DataFrame(list(rows.values()), index, ["rmse", "low", "high", "n_sets"])
