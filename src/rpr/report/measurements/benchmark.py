"""Descriptors, kernels and canonical axes of the published method."""

from __future__ import annotations

import pandas as pd

from rpr.axes.components import COMPONENTS
from rpr.report.measurements.rows import (
    Measure,
    NotMeasured,
    integer,
    of_ratio,
    of_row,
    ratio,
    rows_of,
)
from rpr.report.verdicts import Measurement, Tables
from rpr.studies.evaluation import INVARIANT


def over_distances(descriptor: str, component: str, axes: str = "inertia") -> Measure:
    """Error of RE over that of `descriptor`, each with the kernel that validation chooses."""

    def measure(tables: Tables) -> Measurement:
        keys = {"axes": axes, "component": component, "above": "RE", "below": descriptor}
        return of_ratio(rows_of(tables, "benchmark_pairs", **keys).iloc[0])

    return measure


def least_gain(descriptor: str, property: str) -> Measure:
    """The smallest of these ratios over the components of a property."""

    def measure(tables: Tables) -> Measurement:
        rows = rows_of(tables, "benchmark_pairs", axes="inertia", above="RE", below=descriptor)
        rows = rows[rows["component"].isin(COMPONENTS[property])]
        if len(rows) < len(COMPONENTS[property]):
            raise NotMeasured(property)
        row = rows.loc[rows["ratio"].idxmin()]
        found = of_ratio(row)
        return Measurement(
            found.value,
            rows["ratio_low"].min(skipna=False),
            found.high,
            *(found.unit, found.n_train, found.n_test, found.n_sets, found.seed),
            f"{row['component']}: {found.detail}",
        )

    return measure


def kernels(property: str, better: str) -> Measure:
    """Error of the other kernel over that of the `better` one, Gaussian or Matern.

    The order n of the Matern kernel is the one with the lowest validation error of each component,
    so that one kernel faces one.
    """

    def measure(tables: Tables) -> Measurement:
        keys = {"axes": "inertia", "above": "RExyzCl", "below": "RExyzCl"}
        rows = rows_of(tables, "benchmark_pairs", component=INVARIANT[property], **keys)
        pair = rows.iloc[0]  # the Gaussian kernel is above
        return of_ratio(pair if better == "matern" else _inverted(pair))

    return measure


def axes_factor(axes: str, component: str = "mu_inv") -> Measure:
    """Error of RE over that of RExyzCl in some axes, in distribution."""

    def measure(tables: Tables) -> Measurement:
        keys = {"component": component, "test_set": "in_distribution", "axes": axes}
        without, beside = (
            of_row(rows_of(tables, "axes_accuracy", descriptor=d, **keys).iloc[0])
            for d in ("RE", "RExyzCl")
        )
        return ratio(without, beside)

    return measure


def axes_deviation(property: str, axes: str, descriptor: str) -> Measure:
    """Largest deviation from exact rotation with the molecule of the published method."""

    def measure(tables: Tables) -> Measurement:
        keys = {"axes": axes, "descriptor": descriptor, "property": property}
        rows = rows_of(tables, "axes_accuracy", **keys)
        row = rows.loc[rows["deviation"].idxmax()]
        value, n_train = float(row["deviation"]), integer(row["n_train"])
        seed, n_test = integer(row["seed"]), int(rows["n_test"].sum())
        detail = f"{value / row['rmse']:.1e} of its RMSE"
        return Measurement(value, value, value, row["unit"], n_train, n_test, 1, seed, detail)

    return measure


def _inverted(pair: pd.Series) -> pd.Series:
    """The same pair with the other one above."""
    pair = pair.copy()
    pair["ratio"] = 1.0 / pair["ratio"]
    pair["ratio_low"], pair["ratio_high"] = 1.0 / pair["ratio_high"], 1.0 / pair["ratio_low"]
    pair["rmse_above"], pair["rmse_below"] = pair["rmse_below"], pair["rmse_above"]
    return pair
