"""Learning curves of any named model: error against the number of training frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.data.splits import random_order
from rpr.models.property_estimator import PropertyEstimator
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import errors_on_test_sets

COLUMNS = [
    "property", "component", "model", "n_train", "repeat", "test_set", "rmse", "unit", "n_test",
    "rmse_low", "rmse_high",
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
    first: np.ndarray | None = None,
    trained: PropertyEstimator | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Errors of one model for several sizes and random subsets of the training frames.

    Each repeat puts the candidates in a random order, and the training set of a size is the
    beginning of that order.  Sets are therefore nested within a repeat, and independent between
    repeats.  Hyper-parameters of a size are searched in the first repeat, on its training frames,
    and kept for the others.  A size that takes all candidates has the same set in every repeat and
    is fitted once.

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
    first
        Candidates that the first repeat begins with, such as the training frames of a split; the
        default are all.
    trained
        A model of the frames `first` that was trained before, which then is not fitted again.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``, with a row for each size, repeat, test set and component, and for the
        axes-independent error; Debye or bohr^3. ``rmse_low`` and ``rmse_high`` bound the 95 %
        interval of a bootstrap over test trajectories.
    """
    tables = []
    found: dict[int, dict[str, Any]] = {}
    first = candidates if first is None else first
    for repeat, size, chosen in training_sets(candidates, sizes, repeats, first):
        if trained is not None and repeat == repeats[0] and size == len(first):
            fitted = trained
        else:
            fitted = fit_model(
                model,
                frames,
                chosen,
                property=property,
                molecule=molecule,
                seed=repeat,
                **{**settings, **found.get(size, {})},
            )
        found.setdefault(size, fitted.found_hyperparameters())
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


def training_sets(
    candidates: np.ndarray,
    sizes: Sequence[int],
    repeats: Sequence[int],
    first: np.ndarray | None = None,
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Repeat, size and frames of every training set of a learning curve.

    Parameters
    ----------
    candidates
        Indices of the frames that may be trained on.
    sizes
        Numbers of training frames; those that exceed the number of candidates are left out.
    repeats
        Seeds of random orders of the candidates; smaller sets begin larger ones.
    first
        Candidates that the order of the first repeat begins with; None for all.

    Yields
    ------
    repeat, size : int
    indices : array of int, [size]
        A set of all candidates comes with the first repeat only, as it is the same in all.

    Examples
    --------
    >>> [(repeat, size) for repeat, size, _ in training_sets(np.arange(9), [3, 9, 27], [0, 1])]
    [(0, 3), (0, 9), (1, 3)]
    """
    for k, repeat in enumerate(repeats):
        order = random_order(candidates, seed=repeat)
        if k == 0 and first is not None:
            rest = order[~np.isin(order, first)]
            order = np.concatenate([random_order(np.sort(first), seed=repeat), rest])
        for size in sizes:
            if size < len(order) or (size == len(order) and k == 0):
                yield repeat, size, order[:size]
