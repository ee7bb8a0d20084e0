"""How the numbers of the claims are measured from the tables of a run.

Each public function returns a function of the tables, which raises `NotMeasured` where a table, or
the rows that it needs, are missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from rpr.axes.components import COMPONENTS
from rpr.report.verdicts import Measurement, Tables
from rpr.studies.metrics import mean_over_sets

Measure = Callable[[Tables], Measurement]


class NotMeasured(LookupError):
    """A table, or the rows of it that a claim needs, are missing."""


def _rows(tables: Tables, name: str, **values: str) -> pd.DataFrame:
    if name not in tables:
        raise NotMeasured(name)
    table = tables[name]
    for column, value in values.items():
        table = table[table[column] == value]
    if table.empty:
        raise NotMeasured(name)
    return table


def _of_row(row: pd.Series, column: str = "rmse") -> Measurement:
    n_train, n_test, seed = (_integer(row.get(name)) for name in ("n_train", "n_test", "seed"))
    low, high = (row.get(f"{column}_{end}", math.nan) for end in ("low", "high"))
    return Measurement(row[column], low, high, row["unit"], n_train, n_test, seed)


def _integer(value: float | None) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _ratio(above: Measurement, below: Measurement, detail: str = "") -> Measurement:
    """Ratio of two errors; the intervals combine as those of independent logarithms."""
    if not above.value > 0.0 or not below.value > 0.0:
        raise NotMeasured("error")
    value = above.value / below.value
    spread = math.hypot(_log_width(above), _log_width(below))
    detail = detail or f"{above.value:.3g} / {below.value:.3g} {above.unit}"
    return Measurement(
        value,
        value * math.exp(-spread),
        value * math.exp(spread),
        "1",
        above.n_train,
        above.n_test,
        above.seed,
        detail,
    )


def _log_width(number: Measurement) -> float:
    if not number.low > 0.0 or math.isnan(number.high):
        return math.nan
    return 0.5 * math.log(number.high / number.low)


def _best(tables: Tables, descriptor: str, component: str, axes: str) -> Measurement:
    """Error of the kernel with the lowest validation error, which is of training frames."""
    rows = _rows(tables, "benchmark", descriptor=descriptor, component=component, axes=axes)
    rows = rows[rows["validation_rmse"].notna()]
    if rows.empty:
        raise NotMeasured("validation_rmse")
    return _of_row(rows.loc[rows["validation_rmse"].idxmin()])


def descriptor_factor(component: str, axes: str) -> Measure:
    """Error of RE over that of RExyzCl, each with the kernel that validation chooses."""

    def measure(tables: Tables) -> Measurement:
        return _ratio(
            _best(tables, "RE", component, axes), _best(tables, "RExyzCl", component, axes)
        )

    return measure


def sign_share(component: str) -> Measure:
    """Part of that factor, on the logarithmic scale, that the sign rule removes."""

    def measure(tables: Tables) -> Measurement:
        raw = descriptor_factor(component, "inertia-raw")(tables)
        rule = descriptor_factor(component, "inertia")(tables)
        return _share(raw, rule, "factor {:.3g} with raw axes, {:.3g} with the sign rule")

    return measure


def axes_share(axes: str) -> Measure:
    """Part of that factor for the whole dipole that a choice of axes removes."""

    def measure(tables: Tables) -> Measurement:
        raw, chosen = (_axes_factor(tables, name) for name in ("inertia-raw", axes))
        return _share(raw, chosen, "factor {:.3g} with raw axes, {:.3g} in the axes " + axes)

    return measure


def _axes_factor(tables: Tables, axes: str) -> Measurement:
    keys = {"component": "mu_inv", "test_set": "in_distribution", "axes": axes}
    pair = (_rows(tables, "axes_accuracy", descriptor=d, **keys) for d in ("RE", "RExyzCl"))
    without, with_coordinates = (_of_row(rows.iloc[0]) for rows in pair)
    return _ratio(without, with_coordinates)


def _share(before: Measurement, after: Measurement, detail: str) -> Measurement:
    """Part of a factor, on the logarithmic scale, that a change removes."""
    if before.value <= 1.0:
        raise NotMeasured("factor")
    value = 1.0 - math.log(after.value) / math.log(before.value)
    return Measurement(
        value,
        n_train=before.n_train,
        n_test=before.n_test,
        seed=before.seed,
        detail=detail.format(before.value, after.value),
    )


def matern_probability(property: str, *, gaussian: bool = False) -> Measure:
    """Lowest probability over components that a Matern kernel is better than the Gaussian one.

    The order n of the Matern kernel is the one with the lowest validation error, so that one kernel
    faces one.  With `gaussian`, the probability of the opposite.
    """

    def measure(tables: Tables) -> Measurement:
        rows = _rows(tables, "benchmark", descriptor="RExyzCl", axes="inertia")
        rows = rows[rows["component"].isin(COMPONENTS[property])]
        matern = rows[rows["kernel"].str.startswith("matern") & rows["validation_rmse"].notna()]
        if matern.empty:
            raise NotMeasured(property)
        chosen = matern.loc[matern.groupby("component", sort=False)["validation_rmse"].idxmin()]
        probability = chosen["better_than_gaussian"]
        if gaussian:
            probability = 1.0 - probability
        detail = ", ".join(
            f"{r.component} {r.kernel} {p:.2f}"
            for r, p in zip(chosen.itertuples(), probability, strict=True)
        )
        row = chosen.iloc[0]
        return Measurement(
            float(probability.min(skipna=False)),
            n_train=int(row["n_train"]),
            n_test=int(row["n_test"]),
            seed=int(row["seed"]),
            detail=detail,
        )

    return measure


def _error(
    tables: Tables, model: str, component: str, test_set: str, sign: str = "all"
) -> Measurement:
    rows = _rows(
        tables,
        "test_set",
        model=model,
        component=component,
        test_set=test_set,
        dihedral_sign=sign,
    )
    return _of_row(rows.iloc[0])


def between_sets(
    model: str, component: str, above: tuple[str, ...], below: tuple[str, ...]
) -> Measure:
    """Ratio of the errors of one model on two test sets, each with the sign of the dihedral."""
    return lambda tables: _ratio(
        _error(tables, model, component, *above), _error(tables, model, component, *below)
    )


def between_models(above: str, below: str, component: str, test_set: str = "rotated") -> Measure:
    """Ratio of the errors of two models on one test set, with a paired interval."""

    def measure(tables: Tables) -> Measurement:
        keys = {"above": above, "below": below, "component": component, "test_set": test_set}
        row = _rows(tables, "comparison", **keys).iloc[0]
        detail = f"{row['rmse_above']:.3g} / {row['rmse_below']:.3g} {row['unit']}"
        return replace(_of_row(row, "ratio"), unit="1", detail=detail)

    return measure


def folding_share(component: str) -> Measure:
    """Part of the factor between rotated and random frames that folding removes."""

    def measure(tables: Tables) -> Measurement:
        detail = "factor {:.3g} for rotate-predict-rotate, {:.3g} for folded"
        ordinary, folded = (
            between_sets(model, component, ("rotated",), ("in_distribution",))(tables)
            for model in ("rotate-predict-rotate", "folded")
        )
        return _share(ordinary, folded, detail)

    return measure


def fewer_frames(component: str, part: float = 1.0 / 3.0) -> Measure:
    """Error of `symmetrized` with a part of the frames over that of `folded` with many.

    Many are the most frames of which there are several random subsets, on which the interval rests.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"component": component, "test_set": "rotated"}
        folded = _rows(tables, "learning_curve", model="folded", **keys)
        symmetrized = _rows(tables, "learning_curve", model="symmetrized", **keys)
        repeats = folded.groupby("n_train")["repeat"].nunique()
        largest = int(repeats.index[repeats == repeats.max()].max())
        sizes = np.unique(symmetrized["n_train"])
        fitting = sizes[sizes <= part * largest + 1e-9]
        if not len(fitting):
            raise NotMeasured("size")
        few = int(fitting.max())
        above = _over_repeats(symmetrized[symmetrized["n_train"] == few])
        below = _over_repeats(folded[folded["n_train"] == largest])
        return _ratio(
            above,
            below,
            f"symmetrized at {few} frames {above.value:.3g}, "
            f"folded at {largest} frames {below.value:.3g} {above.unit}",
        )

    return measure


def fewer_labels(test_set: str, few: int, many: int) -> Measure:
    """Error of `covariant` with few frames with derivatives over that with many without."""

    def measure(tables: Tables) -> Measurement:
        above = _over_training_sets(tables, "values and derivatives", test_set, few)
        below = _over_training_sets(tables, "values", test_set, many)
        return _ratio(above, below)

    return measure


def derivatives_against_published(test_set: str, few: int, many: int) -> Measure:
    """Error of `covariant` with few frames with derivatives over the published model's."""

    def measure(tables: Tables) -> Measurement:
        above = _over_training_sets(tables, "values and derivatives", test_set, few)
        keys = {"component": "mu_inv", "test_set": test_set, "dihedral_sign": "all"}
        published = _rows(tables, "test_set", model="rotate-predict-rotate", **keys).iloc[0]
        if published["n_train"] != many:
            raise NotMeasured("size")
        return _ratio(above, _of_row(published))

    return measure


def _over_training_sets(tables: Tables, labels: str, test_set: str, size: int) -> Measurement:
    """Mean over training sets; the interval is of training sets and of test frames."""
    rows = _rows(tables, "fewer_labels", labels=labels, component="mu_inv", test_set=test_set)
    rows = rows[rows["n_train"] == size]
    if rows.empty:
        raise NotMeasured("size")
    return _over_repeats(rows, "rmse_low", "rmse_high")


def _over_repeats(rows: pd.DataFrame, *bounds: str) -> Measurement:
    """Geometric mean over random subsets; `bounds` are the columns of the intervals, if any."""
    value, low, high = mean_over_sets(*(rows[name].to_numpy() for name in ("rmse", *bounds)))
    row = rows.iloc[0]
    counts = int(row["n_train"]), _integer(row.get("n_test")), _integer(row.get("seed"))
    return Measurement(value, low, high, row["unit"], *counts)


def deviation(model: str, property: str) -> Measure:
    """Largest deviation of a prediction from exact rotation with the molecule."""

    def measure(tables: Tables) -> Measurement:
        keys = {"model": model, "property": property, "operation": "rotation"}
        row = _rows(tables, "equivariance", **keys).iloc[0]
        number = _of_row(row, "max_error")  # of all rotations tried: it has no other interval
        detail = f"median {row['median_error']:.1e}, {int(row['n_applied'])} rotations"
        return Measurement(
            number.value,
            number.value,
            number.value,
            number.unit,
            n_train=number.n_train,
            n_test=_integer(row.get("n_frames")),
            seed=number.seed,
            detail=detail,
        )

    return measure


def kreg_hands(potential: str) -> Measure:
    """Energy error at negative over that at positive dihedrals, with the most training frames."""

    def measure(tables: Tables) -> Measurement:
        if "kreg" not in tables or "dihedral_sign" not in tables["kreg"]:
            raise NotMeasured("kreg")
        keys = {"quantity": "energy", "test_set": "rotated", "potential": potential}
        rows = _rows(tables, "kreg", **keys)
        rows = rows[rows["n_train"] == rows["n_train"].max()]
        signs = [rows[rows["dihedral_sign"] == s] for s in ("negative", "positive")]
        if any(sign.empty for sign in signs):
            raise NotMeasured("sign")
        negative, positive = (_of_row(sign.sort_values("repeat").iloc[0]) for sign in signs)
        return _ratio(negative, positive)

    return measure
