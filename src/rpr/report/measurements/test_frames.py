"""What the rotated test set covers."""

from __future__ import annotations

from rpr.report.measurements.rows import Measure, integer, rows_of
from rpr.report.verdicts import Measurement, Tables


def covered(quantity: str) -> Measure:
    """A row of the table ``coverage``."""

    def measure(tables: Tables) -> Measurement:
        row = rows_of(tables, "coverage", quantity=quantity).iloc[0]
        return Measurement(
            value=row["value"],
            low=row["low"],
            high=row["high"],
            unit=str(row["unit"]),
            n_test=integer(row["n_frames"]),
            seed=integer(row["seed"]),
            detail=str(row["detail"]),
        )

    return measure
