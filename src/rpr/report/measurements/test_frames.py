"""What the rotated test set covers."""

from __future__ import annotations

import math

from rpr.report.measurements.rows import Measure, integer, rows_of
from rpr.report.verdicts import Measurement, Tables


def covered(quantity: str) -> Measure:
    """A row of the table ``coverage``."""

    def measure(tables: Tables) -> Measurement:
        row = rows_of(tables, "coverage", quantity=quantity).iloc[0]
        bounds = (row.get(name, math.nan) for name in ("value", "low", "high"))
        counts = None, integer(row["n_frames"]), None, integer(row["seed"])
        return Measurement(*bounds, str(row["unit"]), *counts, str(row["detail"]))

    return measure
