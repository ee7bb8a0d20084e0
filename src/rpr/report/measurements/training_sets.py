"""Errors against the number of training frames, over several random training sets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from rpr.report.measurements.errors import error
from rpr.report.measurements.rows import Measure, NotMeasured, over_sets, ratio, rows_of
from rpr.report.verdicts import Measurement, Tables


def last_doubling(model: str, component: str, at_least: int) -> Measure:
    """Factor by which the last doubling of the training set lowers the error.

    It is taken from the largest size, which must be `at_least` so large, and the largest one of at
    most half of it; a factor of another size is scaled to a doubling, on logarithmic axes.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"model": model, "component": component, "test_set": "in_distribution"}
        rows = rows_of(tables, "learning_curve", **keys)
        large = int(rows["n_train"].max())
        smaller = rows.loc[2 * rows["n_train"] <= large, "n_train"]
        if large < at_least or smaller.empty:
            raise NotMeasured("size")
        small = int(smaller.max())
        few, many = (over_sets(rows[rows["n_train"] == n]) for n in (small, large))
        found = ratio(few, many)
        power = math.log(2.0) / math.log(large / small)
        detail = f"{few.value:.3g} with {small}, {many.value:.3g} {few.unit} with {large} frames"
        return replace(
            found,
            value=found.value**power,
            low=found.low**power,
            high=found.high**power,
            n_train=large,
            detail=detail,
        )

    return measure


def fewer_frames(component: str, part: float = 1.0 / 3.0) -> Measure:
    """Error of `symmetrized` with a part of the frames over that of `folded` with many.

    Many are the most frames of which there are several random subsets, on which the interval rests.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"component": component, "test_set": "rotated"}
        folded = rows_of(tables, "learning_curve", model="folded", **keys)
        symmetrized = rows_of(tables, "learning_curve", model="symmetrized", **keys)
        largest = most_repeated(folded)
        sizes = np.unique(symmetrized["n_train"])
        fitting = sizes[sizes <= part * largest + 1e-9]
        if not len(fitting):
            raise NotMeasured("size")
        few = int(fitting.max())
        above = over_sets(symmetrized[symmetrized["n_train"] == few])
        below = over_sets(folded[folded["n_train"] == largest])
        return ratio(
            above,
            below,
            f"symmetrized with {few} frames {above.value:.3g}, "
            f"folded with {largest} frames {below.value:.3g} {above.unit}",
        )

    return measure


def most_repeated(rows: pd.DataFrame) -> int:
    """The largest size of those with the most training sets."""
    repeats = rows.groupby("n_train")["repeat"].nunique()
    return int(repeats.index[repeats == repeats.max()].max())


def fewer_labels(test_set: str, few: int, many: int) -> Measure:
    """Error of `covariant` with few frames with derivatives over that with many without."""

    def measure(tables: Tables) -> Measurement:
        above = _with_labels(tables, "values and derivatives", test_set, few)
        below = _with_labels(tables, "values", test_set, many)
        return ratio(above, below)

    return measure


def random_signs(test_set: str) -> Measure:
    """Error up to the sign of a model of labels of random sign over that of one of true labels.

    The first learns mu mu^T, the second the dipole itself; both are covariant models.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"test_set": test_set}
        tensor = rows_of(tables, "arbitrary_signs", model="arbitrary-sign", signs="random", **keys)
        vector = rows_of(tables, "arbitrary_signs", model="covariant", signs="true", **keys)
        return ratio(over_sets(tensor), over_sets(vector))

    return measure


def derivatives_against_published(test_set: str, few: int, many: int) -> Measure:
    """Error of `covariant` with few frames with derivatives over the published model's."""

    def measure(tables: Tables) -> Measurement:
        above = _with_labels(tables, "values and derivatives", test_set, few)
        published = error(tables, "rotate-predict-rotate", "mu_inv", test_set)
        if published.n_train != many:
            raise NotMeasured("size")
        return ratio(above, published)

    return measure


def _with_labels(tables: Tables, labels: str, test_set: str, size: int) -> Measurement:
    keys = {"labels": labels, "component": "mu_inv", "test_set": test_set, "n_train": size}
    return over_sets(rows_of(tables, "fewer_labels", **keys))
