"""Predictions of other programs for the splits of the target `evidence`, in one compact table.

The project gives its frames and the splits, another program learns and predicts, and its
predictions become one table with a row for each test frame.  Each row names the model, the split
and the test set, and has SHA-256 sums of the training and of the test frames, so that predictions
for other frames are refused.  Columns of predictions are those of
:func:`rpr.axes.components.component_names`, in laboratory axes, in Debye or bohr^3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from rpr.axes.components import COMPONENTS, component_names, from_components, to_components
from rpr.data.frame_set import FrameSet
from rpr.data.splits import train_and_both_tests
from rpr.errors import InputError
from rpr.studies.peer_errors import RecordedPredictions, checksum
from rpr.studies.tables import require
from rpr.studies.trials import training_and_tests
from rpr.units import REPORTED

KEYS = ["model", "repeat", "n_train", "test_set", "training_checksum", "test_checksum"]

#: Decimals of a prediction in reported units: an error of 1e-3 D, or of 1e-2 bohr^3, changes by
#: less than 0.1 %.
DECIMALS = {"dipole": 4, "polarizability": 3}


def splits_table(
    frames: FrameSet, *, n_train: int, n_test: int, repeats: Iterable[int]
) -> pd.DataFrame:
    """Indices of the frames of every set, as another program gets them.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    n_train, n_test, repeats
        Sizes and seeds of the splits of :func:`rpr.studies.trials.training_and_tests`.

    Returns
    -------
    DataFrame
        Columns repeat, set and frame.
    """
    if frames.trajectory is None:
        raise InputError("frames: found no trajectories, which the splits hold out; give them")
    rows = [
        pd.DataFrame({"repeat": repeat, "set": name, "frame": chosen})
        for repeat in repeats
        for name, chosen in train_and_both_tests(
            frames.trajectory, n_train=n_train, n_test=n_test, seed=repeat
        ).items()
    ]
    return pd.concat(rows)


def collect_predictions(
    predictions: Mapping[str, np.ndarray],
    model: str,
    frames: FrameSet,
    others: Mapping[str, FrameSet],
    *,
    n_train: int,
    n_test: int,
    repeats: Iterable[int],
) -> pd.DataFrame:
    """One table of the predictions ``<property>_<repeat>_<test set>``.

    Parameters
    ----------
    predictions
        Arrays by these names, in the units of labels (e Angstrom, Angstrom^3).  A property without
        arrays has no columns.
    model
        Name of the model.
    frames, n_train, n_test, repeats
        As for `splits_table`.
    others
        The test sets of other trajectories: ``rotated`` and, if there is one, ``thermal``.

    Returns
    -------
    DataFrame
        Columns `KEYS` and components, rounded to `DECIMALS`, in the order of the test frames.

    Raises
    ------
    InputError
        If arrays of some test sets are missing, or do not have the number of their frames.
    """
    known = [p for p in COMPONENTS if any(name.startswith(f"{p}_") for name in predictions)]
    if not known:
        raise InputError("predictions: found none; let the program predict these splits")
    blocks = []
    for repeat in repeats:
        training, tests = training_and_tests(
            frames, n_train=n_train, n_test=n_test, seed=repeat, **others
        )
        for name, test in tests.items():
            values = {
                "model": model,
                "repeat": repeat,
                "n_train": n_train,
                "test_set": name,
                "training_checksum": checksum(training),
                "test_checksum": checksum(test),
            }
            for property in known:
                array = _array(predictions, f"{property}_{repeat}_{name}", len(test))
                predicted = to_components(array) / REPORTED[property][1]
                columns = np.round(predicted, DECIMALS[property]).T
                values |= dict(zip(component_names(property), columns, strict=True))
            blocks.append(pd.DataFrame(values))
    return pd.concat(blocks, ignore_index=True)


def predictions_of_peer(
    table: pd.DataFrame,
    property: str,
    repeat: int,
    training: FrameSet,
    tests: Mapping[str, FrameSet],
    *,
    source: str,
) -> tuple[str, dict[str, RecordedPredictions]]:
    """Predictions for one split, after a check that they were made for it.

    Parameters
    ----------
    table
        Table of `collect_predictions`.
    property
        ``"dipole"`` or ``"polarizability"``.
    repeat
        Number of the split.
    training, tests
        Its training frames, and its test sets by name.
    source
        Name of the table in messages.

    Returns
    -------
    model : str
    predictions : dict
        What stands in the place of the model on each test set.

    Raises
    ------
    InputError
        If the table lacks a test set, or was made for other training or test frames.
    """
    require(table, [*KEYS, *component_names(property)], source)
    rows = table[table["repeat"] == repeat]
    found = {}
    for name, test in tests.items():
        chosen = rows[rows["test_set"] == name]
        if len(chosen) != len(test):
            raise InputError(
                f"{source}: found {len(chosen)} predictions for the {len(test)} frames of test set "
                f"{name} of split {repeat}; {_REMEDY}"
            )
        for column, own, words in (
            ("training_checksum", training, "training frames"),
            ("test_checksum", test, f"frames of test set {name}"),
        ):
            if (chosen[column] != checksum(own)).any():
                raise InputError(
                    f"{source}: split {repeat} was predicted with other {words} than those of this "
                    f"run; {_REMEDY}"
                )
        components = chosen[list(component_names(property))].to_numpy(dtype=float)
        found[name] = RecordedPredictions(from_components(components) * REPORTED[property][1])
    return str(rows["model"].iloc[0]), found


_REMEDY = "predict the splits of this run anew, or leave the file out of evidence/peers"


def _array(predictions: Mapping[str, np.ndarray], name: str, n_frames: int) -> np.ndarray:
    if name not in predictions:
        raise InputError(f"predictions: found no {name}; let the program predict this test set")
    values = predictions[name]
    if len(values) != n_frames:
        raise InputError(f"{name}: found {len(values)} predictions, expected {n_frames}")
    return values
