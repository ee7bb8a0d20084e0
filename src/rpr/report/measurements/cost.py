"""Processor time of models beside that of labels, and beside other ways to equivariance."""

from __future__ import annotations

from rpr.report.measurements.rows import Measure, NotMeasured, integer, rows_of
from rpr.report.verdicts import Measurement, Tables


def beside_labels(quantity: str, property: str) -> Measure:
    """Processor time of training, or of a prediction, over that of the labels it needs or replaces.

    Times of models are those of this run; those of labels were measured where the frames with
    derivatives were labelled.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"model": "rotate-predict-rotate", "property": property, "quantity": quantity}
        row = rows_of(tables, "cost", **keys).iloc[0]
        labels = rows_of(tables, "fewer_labels", labels="values").iloc[0]
        label = labels["seconds_full"] / labels["n_train"]
        if not label > 0.0:
            raise NotMeasured("label")
        needed = label * (row["n_train"] if quantity == "training" else 1)
        times = (row[f"seconds{end}"] / needed for end in ("", "_low", "_high"))
        counts = (integer(row[name]) for name in ("n_train", "n_test"))
        detail = (
            f"{row['seconds']:.2g} s, labels {needed:.2g} s; measured on this machine, "
            f"range of {int(row['n_repeats'])} repeats"
        )
        return Measurement(*times, "1", *counts, 1, integer(row["seed"]), detail)

    return measure
