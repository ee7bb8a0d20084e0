"""Exact symmetries of predictions, and errors at both signs of the dihedral."""

from __future__ import annotations

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
