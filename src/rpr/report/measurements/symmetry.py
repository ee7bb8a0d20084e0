"""Exact symmetries of predictions, and errors at both signs of the dihedral."""

from __future__ import annotations

import math

from rpr.report.measurements.rows import (
    Measure,
    NotMeasured,
    integer,
    of_row,
    over_sets,
    ratio,
    rows_of,
)
from rpr.report.measurements.training_sets import most_repeated
from rpr.report.verdicts import Measurement, Tables


def deviation(model: str, property: str, operation: str = "rotation") -> Measure:
    """Largest deviation of a prediction from what the operation on the molecule demands.

    Operations are those of the table ``equivariance``.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"model": model, "property": property, "operation": operation}
        row = rows_of(tables, "equivariance", **keys).iloc[0]
        detail = f"median {row['median_error']:.1e}, {int(row['n_applied'])} times"
        number = of_row(row, "max_error", detail)
        return Measurement(
            value=number.value,
            low=number.value,  # of all rotations tried: it has no other interval
            high=number.value,
            unit=number.unit,
            n_train=number.n_train,
            n_test=integer(row.get("n_frames")),
            n_sets=1,
            seed=number.seed,
            detail=detail,
        )

    return measure


def rank_three(quantity: str, test_set: str = "in_distribution") -> Measure:
    """Error, or largest deviation from exact rotation, of the tensor of rank 3 over its size."""

    def measure(tables: Tables) -> Measurement:
        row = rows_of(tables, "rank_three", test_set=test_set).iloc[0]
        value = row[quantity] / row["size"]
        # The largest one of all rotations tried has no other interval.
        bound = value if quantity == "deviation" else math.nan
        return Measurement(
            value=value,
            low=bound,
            high=bound,
            n_train=integer(row["n_train"]),
            n_test=integer(row["n_test"]),
            n_sets=1,
            seed=integer(row["seed"]),
            detail=f"{row[quantity]:.2g} / {row['size']:.3g} {row['unit']}",
        )

    return measure


def kreg_hands(potential: str) -> Measure:
    """Energy error at negative over that at positive dihedrals.

    It is the mean over the training sets of the largest size of which there are several.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"quantity": "energy", "test_set": "rotated", "potential": potential}
        rows = rows_of(tables, "kreg", **keys)
        rows = rows[rows["n_train"] == most_repeated(rows)]
        negative, positive = (rows[rows["dihedral_sign"] == s] for s in ("negative", "positive"))
        if negative.empty or positive.empty:
            raise NotMeasured("sign")
        return ratio(over_sets(negative), over_sets(positive))

    return measure
