"""Learning curves of any named model: error against the number of training frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.data.splits import random_order
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import errors, predictions

COLUMNS = [
    "property",
    "component",
    "model",
    "n_train",
    "repeat",
    "test_set",
    "rmse",
    "unit",
    "n_test",
]


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
    **settings,
) -> pd.DataFrame:
    """Errors of one model for several sizes and random subsets of the training frames.

    Each repeat puts the candidates in a random order; the training set of a size is the beginning
    of that order, so that sets are nested within a repeat and independent draws between repeats.

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
        Numbers of training frames; those larger than their number are left out.
    repeats
        Seeds of random orders, one for each repeat.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: a row for each component and the frame-independent error, size,
        repeat and test set; Debye or bohr^3.
    """
    rows = []
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
            for name, test_frames in test_sets.items():
                table = errors(
                    predictions(
                        fitted,
                        test_frames,
                        model_name=model,
                        property=property,
                        test_set=name,
                        molecule=molecule,
                        n_train=size,
                        seed=repeat,
                    )
                )
                rows.append(table[table["dihedral_sign"] == "all"])
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    return (
        pd.concat(rows, ignore_index=True)
        .rename(columns={"seed": "repeat"})
        .assign(property=property)[COLUMNS]
    )
