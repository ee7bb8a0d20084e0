"""Rows of tables as measurements, and ratios of measurements."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from rpr.report.verdicts import Measurement, Tables
from rpr.studies.metrics import mean_over_sets

Measure = Callable[[Tables], Measurement]


class NotMeasured(LookupError):
    """A table, or the rows of it that a claim needs, are missing."""


def rows_of(tables: Tables, name: str, **values: object) -> pd.DataFrame:
    """Rows of the table `name` with these values in its columns.

    Raises
    ------
    NotMeasured
        If there is no such table, column or row.
    """
    if name not in tables:
        raise NotMeasured(name)
    table = tables[name]
    for column, value in values.items():
        if column not in table:
            raise NotMeasured(f"{name}: {column}")
        table = table[table[column] == value]
    if table.empty:
        raise NotMeasured(name)
    return table


def integer(value: float | None) -> int | None:
    """A count, or None where the table has none."""
    return None if value is None or pd.isna(value) else int(value)


def of_row(row: pd.Series, column: str = "rmse", detail: str = "") -> Measurement:
    """A number of one row, with its interval and what it rests on."""
    low, high = (row.get(f"{column}_{end}", math.nan) for end in ("low", "high"))
    return Measurement(
        value=row[column],
        low=low,
        high=high,
        unit=row["unit"],
        n_train=integer(row.get("n_train")),
        n_test=integer(row.get("n_test")),
        n_sets=1,
        seed=integer(row.get("seed")),
        detail=detail,
    )


def of_ratio(row: pd.Series) -> Measurement:
    """The ratio of a table of pairs, which has a paired interval."""
    return Measurement(
        value=row["ratio"],
        low=row["ratio_low"],
        high=row["ratio_high"],
        n_train=integer(row.get("n_train")),
        n_test=integer(row.get("n_test")),
        n_sets=1,
        seed=integer(row.get("seed")),
        detail=f"{row['rmse_above']:.3g} / {row['rmse_below']:.3g} {row['unit']}",
    )


def ratio(above: Measurement, below: Measurement, detail: str = "") -> Measurement:
    """Ratio of two errors; the intervals combine as those of independent logarithms."""
    if not above.value > 0.0 or not below.value > 0.0:
        raise NotMeasured("error")
    value = above.value / below.value
    spread = math.hypot(_log_width(above), _log_width(below))
    return Measurement(
        value=value,
        low=value * math.exp(-spread),
        high=value * math.exp(spread),
        n_train=above.n_train,
        n_test=above.n_test,
        n_sets=above.n_sets,
        seed=above.seed,
        detail=detail or f"{above.value:.3g} / {below.value:.3g} {above.unit}",
    )


def _log_width(number: Measurement) -> float:
    if not number.low > 0.0 or math.isnan(number.high):
        return math.nan
    return 0.5 * math.log(number.high / number.low)


def over_sets(rows: pd.DataFrame) -> Measurement:
    """Geometric mean of the errors of several training sets.

    The interval is of training sets, and of test frames where the rows have intervals.
    """
    known = all(name in rows and rows[name].notna().all() for name in ("rmse_low", "rmse_high"))
    columns = ("rmse", "rmse_low", "rmse_high") if known else ("rmse",)
    value, low, high = mean_over_sets(*(rows[name].to_numpy() for name in columns))
    row = rows.iloc[0]
    counts = integer(row.get("n_train")), integer(row.get("n_test")), len(rows)
    return Measurement(value, low, high, row["unit"], *counts, integer(row.get("seed")))
