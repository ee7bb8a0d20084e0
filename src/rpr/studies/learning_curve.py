"""Learning curves of any named model: error against the number of training frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rpr.datasets import FrameSet
from rpr.molecule import Molecule
from rpr.splits import pool_order
from rpr.studies.evaluate import errors, predictions
from rpr.studies.models import fit_model

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
SUMMARY_COLUMNS = [
    "property",
    "component",
    "model",
    "n_train",
    "test_set",
    "n_seeds",
    "mean",
    "std",
    "min",
    "max",
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
        Name for :func:`rpr.studies.models.make_model`.
    sizes
        Numbers of training frames; those larger than the pool are left out.
    seeds
        One random subset for each.
    **settings
        Passed to :func:`rpr.studies.models.make_model`.

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


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over the random subsets.

    Parameters
    ----------
    table
        Rows of :func:`learning_curve`.

    Returns
    -------
    DataFrame
        Columns ``SUMMARY_COLUMNS``; ``std`` is the sample standard deviation, 0 for one subset.
    """
    keys = ["property", "component", "model", "n_train", "test_set"]
    grouped = table.groupby(keys, sort=False)
    summary = grouped["rmse"].agg(n_seeds="count", mean="mean", std="std", min="min", max="max")
    summary["std"] = summary["std"].fillna(0.0)
    labels = grouped[["unit", "n_test"]].first()
    return summary.join(labels).reset_index()[SUMMARY_COLUMNS]
