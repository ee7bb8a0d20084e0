"""Types of options that take a number with a unit."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

_FEMTOSECONDS = {"fs": 1.0, "ps": 1e3, "ns": 1e6}


def time(unit: str, *, zero: bool = False) -> Callable[[str], float]:
    """Type of an option that takes a time such as ``20ps``, in the given unit.

    Parameters
    ----------
    unit
        ``fs``, ``ps`` or ``ns``: unit of the converted number.
    zero
        Whether zero is allowed.
    """

    def convert(text: str) -> float:
        found = re.fullmatch(r"\s*([0-9.eE+-]+?)\s*(fs|ps|ns)\s*", text)
        try:
            number = float(found[1]) if found else float("nan")
        except ValueError:
            number = float("nan")
        if found is None or number != number:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a time with its unit, such as 20ps or 0.5fs"
            )
        if not (number > 0 or (zero and number == 0)):
            raise argparse.ArgumentTypeError(f"found {text}, expected a positive time")
        return number * _FEMTOSECONDS[found[2]] / _FEMTOSECONDS[unit]

    return convert


def positive(text: str) -> float:
    """Type of an option that takes a positive number."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0.0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text}, expected a positive number")
    return number
