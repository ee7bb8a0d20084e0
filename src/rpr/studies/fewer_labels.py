"""Error of the dipole against the price of its training labels, with and without derivatives.

The covariant model learns either from dipoles, or from dipoles and their derivatives with respect
to the positions.  A frame with derivatives costs more to label, and fewer are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet, find_frames
from rpr.errors import InputError
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.molecule.sum_rules import about_centre_of_mass
from rpr.studies.evaluation import errors_on_test_sets
from rpr.studies.learning_curve import training_sets
from rpr.studies.metrics import rmse_interval
from rpr.studies.peer_errors import rows_of_these_sets, training_checksums

MODEL = "covariant"

#: What a model learns from, and the properties of a label that gives it: of the cheapest one, and
#: of one that has energy, forces and polarizability, too.
LABELS = {
    "values": ("energy dipole", "energy forces dipole polarizability"),
    "values and derivatives": (
        "energy dipole dipole_derivatives",
        "energy forces dipole polarizability dipole_derivatives",
    ),
}

COLUMNS = [
    "labels", "component", "n_train", "repeat", "test_set", "rmse", "rmse_low", "rmse_high", "unit",
    "n_test", "seconds", "seconds_full",
]  # fmt: skip


def fewer_labels(
    frames: FrameSet,
    derivatives: FrameSet,
    candidates: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    label_seconds: pd.DataFrame,
    *,
    molecule: Molecule,
    sizes: Mapping[str, Sequence[int]],
    repeats: Sequence[int],
    peers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Errors of models that learn from values, or from values and derivatives.

    Training sets are those of :func:`rpr.studies.learning_curve.training_sets`; hyper-parameters of
    a size are found in the first repeat, on its training frames, and kept for the others.

    Parameters
    ----------
    frames
        Labelled frames to train on.
    derivatives
        Frames with ``dipole_derivatives``.  Those among the candidates are trained on, those of the
        test sets are predicted.
    candidates
        Indices of the frames that may be trained on; no test frame is among them.
    test_sets
        Labelled frames by name.
    label_seconds
        Table of :func:`rpr.labels.timing.label_seconds`.
    molecule
        Molecule of the frames.
    sizes
        Numbers of training frames for each of `LABELS`.
    repeats
        Seeds of random orders of the candidates.
    peers
        Errors of other programs that learnt from values, a table of
        :func:`rpr.studies.peer_errors.errors_of_predictions`.  Rows of other training or test sets
        than those of this study are left out with a warning.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: the axes-independent error ``mu_inv`` in D, and the error ``dmu_dR`` of
        an element of the derivatives in e on those test frames that have them; processor seconds of
        all training labels, of the cheapest labels and of full ones.

    Raises
    ------
    InputError
        If no candidate has derivatives.
    """
    with_derivatives = np.intersect1d(candidates, find_frames(derivatives, frames))
    if not len(with_derivatives):
        raise InputError("derivatives: none of these frames may be trained on, expected some")
    known = {"values": candidates, "values and derivatives": with_derivatives}
    price = label_seconds.set_index("properties")["seconds"]
    tested = {name: _tested(derivatives, test) for name, test in test_sets.items()}
    tables = []
    if peers is not None:
        same = training_checksums(frames, candidates, sizes=sizes["values"], repeats=repeats)
        tables.append(_priced(rows_of_these_sets(peers, same, test_sets), price, "values"))
    for labels in LABELS:
        found: dict[int, dict[str, Any]] = {}
        for repeat, size, chosen in training_sets(known[labels], sizes[labels], repeats):
            model = make_model(
                MODEL, property="dipole", molecule=molecule, seed=repeat, **found.get(size, {})
            )
            _fit(model, frames.subset(chosen), None if labels == "values" else derivatives)
            found.setdefault(size, {"hyperparameters": model.hyperparameters_})
            errors = [
                _dipole_errors(model, test_sets, molecule, size),
                _derivative_errors(model, tested, molecule),
            ]
            table = pd.concat(errors).assign(labels=labels, n_train=size, repeat=repeat)
            tables.append(_priced(table, price, labels))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _fit(model: Any, training: FrameSet, derivatives: FrameSet | None) -> None:
    """Fit to dipoles, and to derivatives of the dipole if those of all frames are given."""
    tensors = None
    if derivatives is not None:
        places = find_frames(training, derivatives)
        tensors = derivatives.subset(places).dipole_derivatives
    model.fit(training, training.dipole, derivatives=tensors)


def _priced(table: pd.DataFrame, price: pd.Series, labels: str) -> pd.DataFrame:
    """The table with the processor seconds of its training labels: cheapest ones, and full ones."""
    cheap, full = (price[properties] for properties in LABELS[labels])
    n_train = table["n_train"]
    return table.assign(seconds=n_train * cheap, seconds_full=n_train * full)


def _tested(derivatives: FrameSet, test: FrameSet) -> FrameSet:
    """Those frames of a test set that have derivatives."""
    return derivatives.subset(find_frames(derivatives, test) >= 0)


def _dipole_errors(
    model: Any, test_sets: Mapping[str, FrameSet], molecule: Molecule, size: int
) -> pd.DataFrame:
    """Errors of the dipole, independent of axes."""
    table = errors_on_test_sets(
        model,
        test_sets,
        model_name=MODEL,
        property="dipole",
        molecule=molecule,
        n_train=size,
        seed=0,
    )
    return table[table["component"] == "mu_inv"]


def _derivative_errors(
    model: Any, test_sets: Mapping[str, FrameSet], molecule: Molecule
) -> pd.DataFrame:
    """Root-mean-square error of an element of the derivatives, e."""
    rows = []
    for name, test in test_sets.items():
        if not len(test) or test.dipole_derivatives is None:
            continue
        _, jacobian = model.predict(test, derivatives=True)  # -> [n, 3, n_atoms, 3]
        labels = about_centre_of_mass(test.dipole_derivatives, molecule.masses)
        deviations = np.moveaxis(jacobian, 1, 3) - labels
        squared = (deviations.reshape(len(test), -1) ** 2).mean(axis=1)
        groups = np.arange(len(test)) if test.trajectory is None else test.trajectory
        low, high = rmse_interval(squared, groups)
        rows.append(
            {
                "component": "dmu_dR",
                "test_set": name,
                "rmse": float(np.sqrt(squared.mean())),
                "rmse_low": low,
                "rmse_high": high,
                "unit": "e",
                "n_test": len(test),
            }
        )
    return pd.DataFrame(rows)
