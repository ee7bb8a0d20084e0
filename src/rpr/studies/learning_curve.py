"""Learning curves of any named model: error against the number of training frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.data.splits import random_order
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import errors_on_test_sets

COLUMNS = [
    "property", "component", "model", "n_train", "repeat", "test_set", "rmse", "unit", "n_test",
]  # fmt: skip


def learning_curve(
    frames: FrameSet,
    candidates: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    molecule: Molecule,
    property: str,
    model: str,
    sizes: Sequence[int],
    repeats: Sequence[int],
    **settings: Any,
) -> pd.DataFrame:
    """Errors of one model for several sizes and random subsets of the training frames.

    Each repeat puts the candidates in a random order, and the training set of a size is the
    beginning of that order.  Sets are therefore nested within a repeat, and independent between
    repeats.

    Parameters
    ----------
    frames
        Labelled frames to train on.
    candidates
        Indices of the frames that may be trained on; no test frame is among them.
    test_sets
        Labelled frames by name, for example ``in_distribution`` and ``rotated``.
    molecule
        Molecule of the frames.
    property
        ``"dipole"`` or ``"polarizability"``.
    model
        Name for :func:`rpr.models.registry.make_model`.
    sizes
        Numbers of training frames; those that exceed the number of candidates are left out.
    repeats
        Seeds of random orders, one for each repeat.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``, with a row for each size, repeat, test set and component, and for the
        axes-independent error; Debye or bohr^3.
    """
    tables = []
    for repeat in repeats:
        order = random_order(candidates, seed=repeat)
        for size in (n for n in sizes if n <= len(order)):
            fitted = fit_model(
                model,
                frames,
                order[:size],
                property=property,
                molecule=molecule,
                seed=repeat,
                **settings,
            )
            table = errors_on_test_sets(
                fitted,
                test_sets,
                model_name=model,
                property=property,
                molecule=molecule,
                n_train=size,
                seed=repeat,
            )
            tables.append(table.rename(columns={"seed": "repeat"}).assign(property=property))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables, ignore_index=True)[COLUMNS]
