"""The published method beside what it saves: labels, and equivariant architectures."""

from __future__ import annotations

from dataclasses import replace

from rpr.report.measurements.rows import Measure, NotMeasured, integer, of_row, ratio, rows_of
from rpr.report.verdicts import Measurement, Tables


def beside_labels(quantity: str, property: str) -> Measure:
    """Processor time of training, or of a prediction, over that of the labels it needs or replaces.

    The quantity is ``training``, compared with the labels of all training frames; ``retraining``,
    the same with one label, which active learning adds before it trains anew; or ``prediction``.
    Times of models are those of this run; those of labels were measured where the frames with
    derivatives were labelled.
    """

    def measure(tables: Tables) -> Measurement:
        timed = "prediction" if quantity == "prediction" else "training"
        keys = {"model": "rotate-predict-rotate", "property": property, "quantity": timed}
        row = rows_of(tables, "cost", **keys).iloc[0]
        labels = rows_of(tables, "fewer_labels", labels="values").iloc[0]
        label = labels["seconds_full"] / labels["n_train"]
        if not label > 0.0:
            raise NotMeasured("label")
        needed = label * (row["n_train"] if quantity == "training" else 1)
        n_train, n_test, seed = (integer(row[name]) for name in ("n_train", "n_test", "seed"))
        detail = (
            f"{row['seconds']:.2g} s, labels {needed:.2g} s; measured on this machine, "
            f"range of {int(row['n_repeats'])} repeats"
        )
        return Measurement(
            value=row["seconds"] / needed,
            low=row["seconds_low"] / needed,
            high=row["seconds_high"] / needed,
            n_train=n_train,
            n_test=n_test,
            n_sets=1,
            seed=seed,
            detail=detail,
        )

    return measure


def beside_networks(way: str, test_set: str) -> Measure:
    """Error of a way to equivariance over that of the best network with as many training frames.

    Both are means over the same splits, from the table ``ways``.
    """

    def measure(tables: Tables) -> Measurement:
        row = rows_of(tables, "ways", way=way).iloc[0]
        networks = rows_of(tables, "ways", idea="equivariant network", n_train=row["n_train"])
        best = networks.loc[networks[test_set].idxmin()]
        found = ratio(of_row(row, test_set), of_row(best, test_set))
        detail = f"{found.detail} ({best['way']})"
        return replace(found, n_sets=integer(row["n_repeats"]), detail=detail)

    return measure
