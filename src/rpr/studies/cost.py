"""Processor time of training a model and of a prediction, on the machine of the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule

COLUMNS = [
    "model", "property", "quantity", "seconds", "seconds_low", "seconds_high", "n_train", "n_test",
    "n_repeats", "seed",
]  # fmt: skip


def cost(
    frames: FrameSet,
    train: np.ndarray,
    test: np.ndarray,
    *,
    model: str,
    property: str,
    molecule: Molecule,
    n_repeats: int = 3,
    seed: int = 0,
    **settings: Any,
) -> pd.DataFrame:
    """Processor time of a fit, and of the prediction of one frame.

    A fit contains the search of hyper-parameters.  Frames are predicted all at once.  Times differ
    between machines and from run to run; nothing else of a run depends on them.

    Parameters
    ----------
    frames
        Labelled frames.
    train, test
        Indices of the training and test frames.
    model
        Name for :func:`rpr.models.registry.make_model`.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.
    n_repeats
        How often fit and predictions are timed.
    seed
        Seed of the validation split.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: rows ``training``, seconds for all frames, and ``prediction``, seconds
        a frame, each as the median of the repeats with the shortest and the longest.

    Raises
    ------
    InputError
        If there are no test frames, or nothing is repeated.
    """
    if not len(test) or n_repeats < 1:
        raise InputError(
            f"cost: found {len(test)} test frames and {n_repeats} repeats, expected at least one "
            "of each"
        )
    options = {"property": property, "molecule": molecule, "seed": seed, **settings}
    training, fitted = _timed(partial(fit_model, model, frames, train, **options), n_repeats)
    prediction, _ = _timed(partial(fitted.predict, frames.positions[test]), n_repeats)
    about = {"model": model, "property": property, "n_train": len(train), "n_test": len(test)}
    rows = [
        {
            **about,
            "quantity": quantity,
            "seconds": float(np.median(seconds)),
            "seconds_low": float(seconds.min()),
            "seconds_high": float(seconds.max()),
            "n_repeats": n_repeats,
            "seed": seed,
        }
        for quantity, seconds in (("training", training), ("prediction", prediction / len(test)))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _timed(work: Callable[[], Any], n_repeats: int) -> tuple[np.ndarray, Any]:
    """Processor time of each repeat, of all threads, and what the last one returned."""
    times = []
    for _ in range(n_repeats):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return np.array(times), result
