"""Published values beside those of a run.

The files in ``resources/published`` hold what Martinka et al., J. Chem. Phys. 161, 174104 (2024)
report: sizes of the protocol, ranges of the components in Fig. 5, and errors estimated from the
scatter there. Columns: ``quantity,component,published,low,high,unit,source,note``; low and high
bound how well the value can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rpr.errors import InputError
from rpr.studies.tables import require

FILE_COLUMNS = ["quantity", "component", "published", "low", "high", "unit", "source", "note"]

COLUMNS = [
    "quantity",
    "component",
    "source",
    "published",
    "published_low",
    "published_high",
    "ours",
    "unit",
    "ratio",
    "inside",
    "n_test",
    "seed",
]

_STATISTICS = ("range_low", "range_high", "rmse_rotated")


def compare(
    published: Sequence[pd.DataFrame],
    *,
    test_set: pd.DataFrame,
    predictions: pd.DataFrame,
    protocol: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Published values and ours, row by row.

    Parameters
    ----------
    published
        Tables read from ``resources/published``.
    test_set
        Table ``test_set.csv``: gives the errors of the paper's model on the rotated set.
    predictions
        Predictions of the paper's model of both properties: give the ranges of the reference
        values on the rotated set.
    protocol
        Sizes of this run by the names in ``protocol.csv``, for example ``n_train``.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``inside`` says whether ours lies within the bounds of reading, and
        is empty, as is ``ours``, for what the run did not measure.

    Raises
    ------
    InputError
        If a published table lacks a column or names a quantity that is not known.
    """
    rows = []
    for table in published:
        require(table, FILE_COLUMNS, "published")
        for _, entry in table.iterrows():
            measured = _measured(entry, test_set, predictions, protocol or {})
            rows.append(_row(entry, *measured))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n_test": "Int64", "seed": "Int64"})


def _measured(entry, test_set, predictions, protocol):
    quantity, component = entry["quantity"], entry["component"]
    if quantity in _STATISTICS:
        return _statistic(quantity, component, test_set, predictions)
    if pd.isna(component):
        return protocol.get(quantity), None, None
    raise InputError(
        f"published: found quantity {quantity!r} for {component}, "
        f"expected one of {', '.join(_STATISTICS)}"
    )


def _statistic(quantity, component, test_set, predictions):
    if quantity == "rmse_rotated":
        rows = test_set[
            (test_set["model"] == "rotate-predict-rotate")
            & (test_set["component"] == component)
            & (test_set["test_set"] == "rotated")
            & (test_set["dihedral_sign"] == "all")
        ]
        values = rows["rmse"]
    else:
        rows = predictions[
            (predictions["component"] == component) & (predictions["test_set"] == "rotated")
        ]
        values = rows["reference"].agg(["min" if quantity == "range_low" else "max"])
    if rows.empty:
        return None, None, None
    n_test = rows["n_test"].iloc[0] if "n_test" in rows else rows["frame"].nunique()
    return float(values.iloc[0]), int(n_test), int(rows["seed"].iloc[0])


def _row(entry, ours, n_test, seed):
    known = ours is not None
    return {
        "quantity": entry["quantity"],
        "component": entry["component"],
        "source": entry["source"],
        "published": float(entry["published"]),
        "published_low": float(entry["low"]),
        "published_high": float(entry["high"]),
        "ours": float(ours) if known else None,
        "unit": entry["unit"],
        "ratio": float(ours) / float(entry["published"]) if known else None,
        "inside": str(entry["low"] <= ours <= entry["high"]).lower() if known else None,
        "n_test": n_test,
        "seed": seed,
    }
