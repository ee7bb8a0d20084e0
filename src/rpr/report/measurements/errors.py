"""Errors of models on test sets, and their ratios."""

from __future__ import annotations

import numpy as np

from rpr.report.measurements.rows import Measure, integer, of_ratio, of_row, ratio, rows_of
from rpr.report.verdicts import Measurement, Tables


def error(
    tables: Tables, model: str, component: str, test_set: str, sign: str = "all"
) -> Measurement:
    """Error of a model on a test set, from the table ``test_set``."""
    keys = {"model": model, "component": component, "test_set": test_set, "dihedral_sign": sign}
    return of_row(rows_of(tables, "test_set", **keys).iloc[0])


def between_sets(
    model: str, component: str, above: tuple[str, ...], below: tuple[str, ...]
) -> Measure:
    """Ratio of the errors of one model on two test sets, each with the sign of the dihedral."""
    return lambda tables: ratio(
        error(tables, model, component, *above), error(tables, model, component, *below)
    )


def nearest_factor(component: str, scan: str, expected: float) -> Measure:
    """The factor of the choice that comes nearest to the expected one, from ``factor_span``.

    The choices are those that the paper leaves open.  The detail names the choice, and the smallest
    and the largest factor of all.
    """

    def measure(tables: Tables) -> Measurement:
        rows = rows_of(tables, "factor_span", component=component, scan=scan)
        row = rows.loc[np.log(rows["factor"] / expected).abs().idxmin()]
        smallest, largest = rows["factor"].min(), rows["factor"].max()
        return Measurement(
            value=float(row["factor"]),
            low=float(row["low"]),
            high=float(row["high"]),
            n_train=integer(row["n_train"]),
            n_test=integer(row["n_rotated"]),
            n_sets=integer(row["n_sets"]),
            detail=f"{row['choice']}; {smallest:.2g} to {largest:.2g} over {len(rows)} choices",
        )

    return measure


def between_models(above: str, below: str, component: str, test_set: str = "rotated") -> Measure:
    """Ratio of the errors of two models on one test set, with a paired interval."""

    def measure(tables: Tables) -> Measurement:
        keys = {"above": above, "below": below, "component": component, "test_set": test_set}
        return of_ratio(rows_of(tables, "comparison", **keys).iloc[0])

    return measure


def spherical_error(model: str, component: str, test_set: str) -> Measure:
    """Error of a spherical part of the polarizability, root mean square over its components."""

    def measure(tables: Tables) -> Measurement:
        keys = {"model": model, "component": component, "test_set": test_set}
        return of_row(rows_of(tables, "spherical", dihedral_sign="all", **keys).iloc[0])

    return measure
