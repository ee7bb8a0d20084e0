"""The table of frames that could not be labelled."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rpr.errors import require_package
from rpr.files import atomic_path

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("frame", "trajectory", "step", "reason")


def write_failures(path: str | os.PathLike, rows: Iterable[Sequence[object]]) -> None:
    """Write ``frame,trajectory,step,reason`` of each frame as a CSV file, atomically."""
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def failure_reasons(path: str | os.PathLike) -> dict[int, str]:
    """Why frames of one table have no labels, by the number of the frame."""
    with open(path, encoding="utf-8", newline="") as stream:
        return {int(row["frame"]): row["reason"] for row in csv.DictReader(stream)}


def read_failures(paths: Sequence[str | os.PathLike]) -> DataFrame:
    """Read the frames without labels from the tables of all shards."""
    pd = require_package("pandas", extra="plots")
    tables = [pd.read_csv(path, keep_default_na=False) for path in paths]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
