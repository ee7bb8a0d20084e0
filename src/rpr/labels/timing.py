"""Processor time of labels, by the properties that are asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import require_package
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import PROPERTIES

if TYPE_CHECKING:
    from pandas import DataFrame

#: Sets of properties whose price is measured: from a dipole alone to a label with derivatives.
SETS: tuple[tuple[str, ...], ...] = (
    ("energy", "dipole"),
    ("energy", "dipole", "dipole_derivatives"),
    PROPERTIES,
    (*PROPERTIES, "dipole_derivatives"),
)

COLUMNS = ["properties", "seconds", "seconds_low", "seconds_high", "n_frames", "pyscf"]


def label_seconds(
    frames: FrameSet,
    method: Method,
    *,
    sets: Sequence[Sequence[str]] = SETS,
    charge: int = 0,
    max_memory_mb: float | None = None,
) -> DataFrame:
    """Processor seconds of one label for each set of properties, measured by labelling frames.

    Each frame is labelled once for each set, in turn, by an engine that has seen no frame before
    except for one label that warms up the caches.

    Parameters
    ----------
    frames
        Frames to label.
    method
        Level of theory.
    sets
        Sets of properties.
    charge
        Total charge.
    max_memory_mb
        Memory that the engine may use, MB; None for no bound.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: the properties, separated by blanks; median, lower and upper quartile
        of the processor seconds of all threads; number of frames; version of PySCF.
    """
    import pyscf

    engine = make_engine(method, frames.symbols, max_memory_mb=max_memory_mb, charge=charge)
    engine.compute(frames.positions[0], ("energy",))
    seconds = np.empty((len(frames), len(sets)))
    for row, positions in zip(seconds, frames.positions, strict=True):
        for k, properties in enumerate(sets):
            engine.reset()
            start = time.process_time()
            engine.compute(positions, tuple(properties))
            row[k] = time.process_time() - start
    low, median, high = np.percentile(seconds, [25, 50, 75], axis=0)
    table = require_package("pandas", extra="plots").DataFrame(
        {
            "properties": [" ".join(properties) for properties in sets],
            "seconds": median,
            "seconds_low": low,
            "seconds_high": high,
            "n_frames": len(frames),
            "pyscf": pyscf.__version__,
        }
    )
    return table[COLUMNS]
