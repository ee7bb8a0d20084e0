"""Learning curves of any named model: error against the number of training frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.data.splits import pool_order
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import errors, predictions

COLUMNS = [
    "property",
    "component",
    "model",
    "n_train",
    "seed",
    "test_set",
    "rmse",
    "unit",
    "n_test",
]


def learning_curve(
    frames: FrameSet,
    pool: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    molecule: Molecule,
    property: str,
    model: str,
    sizes: Sequence[int],
    seeds: Sequence[int],
    **settings,
) -> pd.DataFrame:
    """Errors of one model for several sizes and random subsets of the training frames.

    A seed puts the pool in random order; the training set of a size is the beginning of that
    order, so that sets are nested within a seed and independent draws between seeds.

    Parameters
    ----------
    frames
        Labelled frames to train on.
    pool
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
        Numbers of training frames; those larger than the pool are left out.
    seeds
        One random subset for each.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: a row for each component and the frame-independent error, size, seed
        and test set; Debye or bohr^3.
    """
    rows = []
    for seed in seeds:
        order = pool_order(pool, seed=seed)
        for size in (n for n in sizes if n <= len(order)):
            fitted = fit_model(
                model,
                frames,
                order[:size],
                property=property,
                molecule=molecule,
                seed=seed,
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
                        seed=seed,
                    )
                )
                rows.append(table[table["dihedral_sign"] == "all"])
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(rows, ignore_index=True).assign(property=property)[COLUMNS]
