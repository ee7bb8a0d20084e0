"""Claims, measurements, and the rules of a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

#: Tables of a run by name.
Tables = Mapping[str, pd.DataFrame]

RULES = {
    "interval": "holds if the whole 95 % interval is in the expected range; undecided if part of "
    "it is, or if there is no interval; otherwise does not hold",
    "test": "a hypothesis that a test can only refute: does not hold if its p-value is below the "
    "expected range, undecided otherwise",
    "none": "a measured quantity without an expected range",
}


@dataclass(frozen=True)
class Measurement:
    """A number that a run measured, its 95 % interval (NaN if unknown), and what it rests on.

    `n_sets` is the number of training sets of `n_train` frames.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    unit: str = "1"
    n_train: int | None = None
    n_test: int | None = None
    n_sets: int | None = None
    seed: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Claim:
    """A statement, how its number is measured, and the range in which it expects that number.

    Without a range, the number is only measured.  A claim that is `general` holds for any molecule;
    the others are about 1,2-dichloroethane.
    """

    text: str
    source: str
    measure: Callable[[Tables], Measurement]
    low: float = math.nan
    high: float = math.nan
    rule: str = "none"
    general: bool = False


def verdict(rule: str, low: float, high: float, measured: Measurement | None) -> str:
    """Verdict on a measured number by one rule of :data:`RULES`."""
    if measured is None or math.isnan(measured.value):
        return "not measured"
    if rule == "none":
        return "measured"
    if rule == "test":
        return "undecided" if low <= measured.value <= high else "does not hold"
    if math.isnan(measured.low) or math.isnan(measured.high):
        return "undecided"
    if low <= measured.low and measured.high <= high:
        return "holds"
    return "undecided" if measured.low <= high and measured.high >= low else "does not hold"
