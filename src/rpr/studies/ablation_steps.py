"""What each step from the published model to the covariant one is worth: factors, and in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rpr.studies.ablation import COLUMNS as ABLATION_COLUMNS
from rpr.studies.ablation import STEPS
from rpr.studies.evaluation import INVARIANT
from rpr.studies.metrics import mean_over_sets
from rpr.studies.tables import require

COLUMNS = [
    "step", "component", "test_set", "rmse", "low", "high", "unit", "gain", "gain_low", "gain_high",
    "n_sets", "n_train", "n_test",
]  # fmt: skip
_KEYS = ["model", "axes", "descriptor", "symmetry"]


def steps(ablation: pd.DataFrame) -> pd.DataFrame:
    """Error after each step, and the factor by which the step lowers it.

    Parameters
    ----------
    ablation
        Tables of :func:`rpr.studies.ablation.ablation` and
        :func:`rpr.studies.ablation.held_out_torsion`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``.  Errors are geometric means over the training sets, in Debye or bohr^3.
        ``gain`` is the error before the step over that after it, paired by training set, which
        exceeds one if the step helps; it is empty for the first step.  Intervals are those of
        Student's t at 95 %.
    """
    require(ablation, ABLATION_COLUMNS, "ablation")
    table = ablation.assign(**{key: ablation[key].fillna("") for key in _KEYS})
    rows = []
    for component in INVARIANT.values():
        of_component = table[table["component"] == component]
        for test_set in of_component["test_set"].unique():
            before = None
            for step, cell in STEPS:
                found = _rows(of_component[of_component["test_set"] == test_set], cell.about)
                if found.empty:
                    continue
                row = {"step": step, "component": component, "test_set": test_set}
                rows.append({**row, **_summary(found, before)})
                before = found["rmse"]
    return pd.DataFrame(rows, columns=COLUMNS)


def sentences(table: pd.DataFrame) -> str:
    """What the steps are worth on the rotated frames, one sentence for each property.

    Parameters
    ----------
    table
        What :func:`steps` returns.
    """
    text = ""
    for property, component in INVARIANT.items():
        rows = table[(table["component"] == component) & (table["test_set"] == "rotated")]
        rows = rows.set_index("step").reindex([name for name, _ in STEPS])
        if rows["rmse"].isna().any():
            continue
        first, last = rows.iloc[0], rows.iloc[-1]
        parts = [
            f"{name.removeprefix('+ ')} {_gain(row)}" for name, row in rows.iloc[1:].iterrows()
        ]
        text += (
            f"Of the factor {first['rmse'] / last['rmse']:.2g} between a plain kernel in "
            f"inertia axes and the covariant model for the {property} on rotated frames "
            f"({first['rmse']:.2g} and {last['rmse']:.2g} {last['unit']}, "
            f"{int(last['n_train'])} training frames, "
            f"{int(last['n_sets'])} training sets), each step makes: {'; '.join(parts)}.\n"
        )
    return text


def _gain(row: pd.Series) -> str:
    interval = f" [{row['gain_low']:.2g}, {row['gain_high']:.2g}]"
    return f"{row['gain']:.2g}" + ("" if np.isnan(row["gain_low"]) else interval)


def _rows(table: pd.DataFrame, about: dict[str, str]) -> pd.DataFrame:
    """Rows of a cell, with the training set as index."""
    chosen = np.logical_and.reduce([table[key] == value for key, value in about.items()])
    return table[chosen].set_index("repeat")


def _summary(found: pd.DataFrame, before: pd.Series | None) -> dict[str, object]:
    rmse, low, high = mean_over_sets(found["rmse"].to_numpy())
    gains = (np.nan,) * 3
    if before is not None:
        gains = mean_over_sets((before / found["rmse"]).dropna().to_numpy())
    return {
        **dict(zip(("rmse", "low", "high"), (rmse, low, high), strict=True)),
        **dict(zip(("gain", "gain_low", "gain_high"), gains, strict=True)),
        "n_sets": len(found),
        **found[["unit", "n_train", "n_test"]].iloc[0].to_dict(),
    }
