"""Every way to equivariance on one split: errors, error of equivariance, and times."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.data.hands import mirrored_scan
from rpr.models.registry import find
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle
from rpr.studies.equivariance import deviations
from rpr.studies.evaluation import PropertyModel, labels_of
from rpr.studies.metrics import alpha_inv, mu_inv
from rpr.studies.operations import OPERATIONS, images
from rpr.studies.trials import training_and_tests
from rpr.studies.ways import WAYS, Way
from rpr.studies.ways_outside import RecordedWay
from rpr.units import REPORTED

COLUMNS = ["way", "idea", "n_train", "repeat", "quantity", "value", "unit"]
_ERROR = {"dipole": mu_inv, "polarizability": alpha_inv}


def measured_ways(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    property: str = "dipole",
    ways: Mapping[str, Way] = WAYS,
    predictions: Sequence[RecordedWay] = (),
    sizes: Sequence[int],
    n_test: int,
    n_applied: int,
    repeat: int,
) -> pd.DataFrame:
    """Measure every way at every size of the training set, on one split.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    rotated
        The independent test set.
    molecule
        Molecule of the frames.
    property
        ``"dipole"`` or ``"polarizability"``.
    ways
        Ways by name.
    predictions
        Predictions of other programs; those of other splits are left out.
    sizes
        Numbers of training frames; a smaller training set is the beginning of a larger one.
    n_test
        Frames of each test set taken from `frames`.
    n_applied
        Number of images for each operation.
    repeat
        Seed of the split.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``.  ``quantity`` is a test set (axes-independent RMSE), an operation (root
        mean square of the largest element of f(g X) - g f(X)), ``train_seconds`` or ``predict_ms``
        (processor time).  A way that the molecule does not allow has no row.
    """
    split = partial(training_and_tests, n_train=max(sizes), n_test=n_test, seed=repeat)
    table = SplitMeasurement(molecule, property, n_applied, repeat)
    cache: dict[tuple[str, int], Any] = {}  # of one model, by its size
    for name, way in ways.items():
        scan = find(way.model).scan
        read = mirrored_scan(frames, molecule, scan) if scan else frames
        training, tests = split(read, rotated)
        tests = with_signs(tests, molecule)
        for n in sizes:
            if way.largest is not None and n > way.largest:
                continue
            key = (str(replace(way, averaged_over=0, idea="")), n)
            if key not in cache:
                cache = {known: cache[known] for known in cache if known[0] == key[0]}
                start = time.process_time()
                model = way.make(property=property, molecule=molecule, seed=repeat)
                subset = training.subset(np.arange(n))
                model.fit(subset, labels_of(subset, property))
                cache[key] = (model, time.process_time() - start)
            model, seconds = cache[key]
            table.add(name, way.idea, n, way.predictor(model, repeat), tests, seconds)
    _, tests = split(frames, rotated)
    for recorded in predictions:
        about = recorded.about
        if about["repeat"] == repeat:
            found = with_signs(tests, molecule)
            keys = about["way"], about["idea"], int(about["n_train"])
            table.add(*keys, recorded, found, about["train_seconds"], about["predict_ms"])
    return pd.DataFrame(table.rows, columns=COLUMNS)


def with_signs(tests: Mapping[str, FrameSet], molecule: Molecule) -> dict[str, FrameSet]:
    """Test sets, and beside the rotated one its frames of positive dihedral, if there are both."""
    rotated = tests["rotated"]
    if molecule.dihedral is None:
        return dict(tests)
    positive = dihedral_angle(rotated.positions, molecule.dihedral) >= 0.0
    if positive.all() or not positive.any():
        return dict(tests)
    return {**tests, "rotated_positive": rotated.subset(np.flatnonzero(positive))}


class SplitMeasurement:
    """What is measured on one split, as rows of a table."""

    def __init__(self, molecule: Molecule, property: str, n_applied: int, repeat: int) -> None:
        self.molecule = molecule
        self.property = property
        self.n_applied = n_applied
        self.repeat = repeat
        self.rows: list[dict[str, Any]] = []

    def add(
        self,
        name: str,
        idea: str,
        n_train: int,
        model: PropertyModel,
        tests: Mapping[str, FrameSet],
        train_seconds: float,
        predict_ms: float | None = None,
    ) -> None:
        """Measure a fitted model and add its rows."""
        keys = {"way": name, "idea": idea, "n_train": n_train, "repeat": self.repeat}
        for quantity, value, unit in self._measured(model, tests, train_seconds, predict_ms):
            self.rows.append({**keys, "quantity": quantity, "value": value, "unit": unit})

    def _measured(
        self,
        model: PropertyModel,
        tests: Mapping[str, FrameSet],
        train_seconds: float,
        predict_ms: float | None,
    ) -> Iterator[tuple[str, float, str]]:
        unit, size = REPORTED[self.property]
        spent, n_predicted = 0.0, 0
        for name, frames in tests.items():
            start = time.process_time()
            predicted = model.predict(frames)
            spent, n_predicted = spent + time.process_time() - start, n_predicted + len(frames)
            error = _ERROR[self.property](labels_of(frames, self.property), predicted)
            yield name, error / size, unit
        base = tests["in_distribution"].positions
        for operation in OPERATIONS:
            applied = images(operation, base, self.molecule, n=self.n_applied, seed=self.repeat)
            if len(applied):
                error = np.sqrt(np.mean(deviations(model, base, applied) ** 2))
                yield operation, float(error) / size, unit
        yield "train_seconds", float(train_seconds), "s"
        measured = 1e3 * spent / n_predicted
        yield "predict_ms", measured if predict_ms is None else float(predict_ms), "ms"
