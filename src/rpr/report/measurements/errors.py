"""Errors of models on test sets, and their ratios."""

from __future__ import annotations

from rpr.report.measurements.rows import Measure, of_ratio, of_row, ratio, rows_of
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
