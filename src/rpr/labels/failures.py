"""The table of frames that could not be labelled."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence

from rpr.files import atomic_path
from rpr.labels.results import FAILURE_COLUMNS


def write_failures(path: str | os.PathLike, rows: Iterable[Sequence[object]]) -> None:
    """Write ``frame,trajectory,step,reason`` of each frame as CSV, atomically."""
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(FAILURE_COLUMNS)
        writer.writerows(rows)
