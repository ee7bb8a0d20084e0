"""Errors of models of other programs, on the training sets of this project's studies.

The project writes training and test frames, another program predicts, and the errors of its
predictions become rows of a table.  Every row has the SHA-256 of its training frames, so that it
stands beside the errors of this project's models only where these learnt from the same frames.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rpr.data.extxyz import write_frames
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.files import fingerprint
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import errors_on_test_sets
from rpr.studies.learning_curve import training_sets

#: Columns of the table of errors.
COLUMNS = [
    "labels", "component", "n_train", "repeat", "test_set", "rmse", "rmse_low", "rmse_high", "unit",
    "n_test", "training_checksum",
]  # fmt: skip


def write_training_sets(
    folder: str | os.PathLike,
    frames: FrameSet,
    candidates: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    sizes: Sequence[int],
    repeats: Sequence[int],
) -> list[tuple[int, int]]:
    """Write training sets ``train-<repeat>.extxyz`` and test sets ``<name>.extxyz``.

    The sets are those of :func:`rpr.studies.learning_curve.training_sets`.  Smaller sets of a
    repeat begin larger ones, so that one file for each repeat has them all.

    Returns
    -------
    list of (int, int)
        Repeat and size of every training set.
    """
    largest: dict[int, np.ndarray] = {}
    found = []
    for repeat, size, chosen in training_sets(candidates, sizes, repeats):
        found.append((repeat, size))
        largest[repeat] = max(largest.get(repeat, chosen), chosen, key=len)
    for repeat, chosen in largest.items():
        write_frames(Path(folder, f"train-{repeat}.extxyz"), frames.subset(chosen))
    for name, test in test_sets.items():
        write_frames(Path(folder, f"{name}.extxyz"), test)
    return found


def checksum(training: FrameSet) -> str:
    """SHA-256 of training frames: positions and dipoles, to nine decimals."""
    if training.dipole is None:
        raise InputError("training frames: found no dipole, expected labelled frames")
    parts = [np.round(x, 9) + 0.0 for x in (training.positions, training.dipole)]
    return fingerprint({}, *parts)


def training_checksums(
    frames: FrameSet, candidates: np.ndarray, *, sizes: Sequence[int], repeats: Sequence[int]
) -> list[str]:
    """Checksums of all training sets of a study; arguments as for `write_training_sets`."""
    sets = training_sets(candidates, sizes, repeats)
    return [checksum(frames.subset(chosen)) for _, _, chosen in sets]


class _Recorded:
    """Predictions that another program made, in the place of a model."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def predict(self, frames: FrameSet | np.ndarray) -> np.ndarray:
        if len(self.values) != len(frames):
            raise InputError(
                f"predictions: found {len(self.values)} rows for {len(frames)} test frames; "
                "predict the files that were written for this study"
            )
        return self.values


def errors_of_predictions(
    folder: str | os.PathLike,
    labels: str,
    frames: FrameSet,
    candidates: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    molecule: Molecule,
    sizes: Sequence[int],
    repeats: Sequence[int],
) -> pd.DataFrame:
    """Axes-independent errors of predicted dipoles.

    Parameters
    ----------
    folder
        Files ``train-<repeat>_<test set>_<size>.npy`` with predictions [n_frames, 3], e Angstrom.
        Training sets without them are left out.
    labels
        What the rows are called.
    frames, candidates, test_sets, sizes, repeats
        As for `write_training_sets`.
    molecule
        Molecule of the frames.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; Debye.
    """
    tables = []
    for repeat, size, chosen in training_sets(candidates, sizes, repeats):
        for name, test in test_sets.items():
            path = Path(folder, f"train-{repeat}_{name}_{size}.npy")
            if not path.exists():
                continue
            table = errors_on_test_sets(
                _Recorded(np.load(path)),
                {name: test},
                model_name=labels,
                property="dipole",
                molecule=molecule,
                n_train=size,
                seed=repeat,
            )
            table = table[table["component"] == "mu_inv"].rename(columns={"seed": "repeat"})
            tables.append(
                table.assign(labels=labels, training_checksum=checksum(frames.subset(chosen)))
            )
    if not tables:
        raise InputError(f"{folder}: found no predictions of these training sets")
    return pd.concat(tables, ignore_index=True)[COLUMNS]
