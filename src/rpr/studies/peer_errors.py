"""Errors of models of other programs, on the training sets of this project's studies.

The project gives training and test frames, another program predicts, and the errors of its
predictions become rows of a table.  Every row has the SHA-256 of its training frames and of its
test frames, so that it stands beside the errors of this project's models only where these learnt
from the same frames and were tested on the same ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.files import fingerprint
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import errors_on_test_sets
from rpr.studies.learning_curve import training_sets
from rpr.studies.tables import require

#: Columns of the table of errors.
COLUMNS = [
    "labels", "component", "n_train", "repeat", "test_set", "rmse", "rmse_low", "rmse_high", "unit",
    "n_test", "training_checksum", "test_checksum",
]  # fmt: skip


def training_and_test_sets(
    frames: FrameSet,
    candidates: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    sizes: Sequence[int],
    repeats: Sequence[int],
) -> dict[str, FrameSet]:
    """Training sets ``train-<repeat>``, and test sets by name, as another program gets them.

    The sets are those of :func:`rpr.studies.learning_curve.training_sets`.  Smaller sets of a
    repeat begin larger ones, so that one set for each repeat has them all.

    Parameters
    ----------
    frames
        Labelled frames.
    candidates : array of int
        Those of `frames` that may be trained on.
    test_sets
        Test sets by name.
    sizes, repeats
        Sizes and seeds of the training sets.
    """
    largest: dict[int, np.ndarray] = {}
    for repeat, _, chosen in training_sets(candidates, sizes, repeats):
        largest[repeat] = max(largest.get(repeat, chosen), chosen, key=len)
    training = {f"train-{repeat}": frames.subset(chosen) for repeat, chosen in largest.items()}
    return training | dict(test_sets)


def checksum(frames: FrameSet) -> str:
    """SHA-256 of labelled frames: positions and dipoles, to nine decimals."""
    if frames.dipole is None:
        raise InputError("frames: found no dipole, expected labelled frames")
    parts = [np.round(x, 9) + 0.0 for x in (frames.positions, frames.dipole)]
    return fingerprint({}, *parts)


def training_checksums(
    frames: FrameSet, candidates: np.ndarray, *, sizes: Sequence[int], repeats: Sequence[int]
) -> list[str]:
    """Checksums of all training sets of a study; arguments as for `training_and_test_sets`."""
    sets = training_sets(candidates, sizes, repeats)
    return [checksum(frames.subset(chosen)) for _, _, chosen in sets]


def rows_of_these_sets(
    peers: pd.DataFrame, training_checksums: Sequence[str], test_sets: Mapping[str, FrameSet]
) -> pd.DataFrame:
    """Rows of a table of errors that belong to these training sets and test sets.

    Rows of other sets are left out with a warning that says how many, and of what kind.

    Parameters
    ----------
    peers
        Table of `errors_of_predictions`.
    training_checksums
        Sums of the training sets.
    test_sets
        Test sets by name.
    """
    require(peers, COLUMNS, "peers")
    trained = peers["training_checksum"].isin(training_checksums)
    tested = peers["test_checksum"] == peers["test_set"].map(
        {name: checksum(test) for name, test in test_sets.items()}
    )
    for right, kind in ((trained, "training"), (tested | ~trained, "test")):
        if n_other := int((~right).sum()):
            warnings.warn(
                f"peers: {n_other} of {len(peers)} rows are left out, as they belong to other "
                f"{kind} frames than those of this run; let the program predict these anew",
                stacklevel=2,
            )
    return peers[trained & tested]


class RecordedPredictions:
    """Predictions that another program made for a test set, in the place of a model.

    Parameters
    ----------
    values : array, [n_frames, ...]
        Predictions in the order of the frames, in the unit of labels.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def predict(self, frames: FrameSet | np.ndarray) -> np.ndarray:
        """The predictions, which must be as many as `frames`."""
        if len(self.values) != len(frames):
            raise InputError(
                f"predictions: found {len(self.values)} rows for {len(frames)} test frames; "
                "predict the files that were written for this study"
            )
        return self.values


def errors_of_predictions(
    predictions: Mapping[str, np.ndarray],
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
    predictions
        Arrays ``train-<repeat>_<test set>_<size>`` with predictions [n_frames, 3], e Angstrom.
        Training sets without them are left out.
    labels
        What the rows are called.
    frames, candidates, test_sets, sizes, repeats
        As for `training_and_test_sets`.
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
            predicted = predictions.get(f"train-{repeat}_{name}_{size}")
            if predicted is None:
                continue
            table = errors_on_test_sets(
                RecordedPredictions(predicted),
                {name: test},
                model_name=labels,
                property="dipole",
                molecule=molecule,
                n_train=size,
                seed=repeat,
            )
            table = table[table["component"] == "mu_inv"].rename(columns={"seed": "repeat"})
            sums = {"training": frames.subset(chosen), "test": test}
            columns = {f"{key}_checksum": checksum(value) for key, value in sums.items()}
            tables.append(table.assign(labels=labels, **columns))
    if not tables:
        raise InputError("predictions: found none of these training sets")
    return pd.concat(tables, ignore_index=True)[COLUMNS]
