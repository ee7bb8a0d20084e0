"""The published method beside what it saves: labels, and equivariant architectures."""

from __future__ import annotations

from dataclasses import replace

from rpr.report.measurements.rows import Measure, NotMeasured, integer, of_row, ratio, rows_of
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


def beside_networks(way: str, test_set: str) -> Measure:
    """Error of a way to equivariance over that of the best network with as many training frames.

    Both are means over the same splits, from the table ``ways``.
    """

    def measure(tables: Tables) -> Measurement:
        row = rows_of(tables, "ways", way=way).iloc[0]
        networks = rows_of(tables, "ways", idea="equivariant network", n_train=row["n_train"])
        best = networks.loc[networks[test_set].idxmin()]
        pair = [of_row(chosen, test_set) for chosen in (row, best)]
        found = ratio(*pair)
        detail = f"{found.detail} ({best['way']})"
        return replace(found, n_sets=integer(row["n_repeats"]), detail=detail)

    return measure
