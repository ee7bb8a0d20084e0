"""Dipoles whose signs are drawn at random: learnt directly, and through the tensor mu mu^T."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.models.arbitrary_sign import error_up_to_sign
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import frame_origin, labels_of
from rpr.studies.metrics import rmse_interval
from rpr.studies.trials import training_and_tests
from rpr.units import REPORTED

#: Model, and whether the signs of its training labels are drawn at random.
CASES = (("covariant", False), ("covariant", True), ("arbitrary-sign", True))

COLUMNS = [
    "model", "signs", "test_set", "repeat", "rmse", "rmse_low", "rmse_high", "unit", "n_train",
    "n_test",
]  # fmt: skip


def arbitrary_signs(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    n_train: int,
    n_test: int,
    repeats: Sequence[int],
) -> pd.DataFrame:
    """Errors up to the sign of models that learn dipoles of true and of random signs.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    rotated
        The independent test set.
    molecule
        Molecule of the frames.
    n_train, n_test
        Sizes of the training set and of the test sets taken from `frames`.
    repeats
        Seeds of splits and of signs, one for each training set.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: root mean square over frames of min(|p - r|, |p + r|) / sqrt 3 in D,
        with the 95 % interval of a bootstrap over trajectories.

    Raises
    ------
    InputError
        If the frames carry no trajectory, or there are too few of them.
    """
    unit, size = REPORTED["dipole"]
    rows = []
    for repeat in repeats:
        training, tests = training_and_tests(
            frames, rotated, n_train=n_train, n_test=n_test, seed=repeat
        )
        signs = np.random.default_rng(repeat).choice([-1.0, 1.0], size=(n_train, 1))
        for name, random in CASES:
            model = make_model(name, property="dipole", molecule=molecule, seed=repeat)
            values = labels_of(training, "dipole") * (signs if random else 1.0)
            model.fit(training, values)
            for test_set, test in tests.items():
                error = error_up_to_sign(labels_of(test, "dipole"), model.predict(test)) / size
                squared = error**2 / 3
                low, high = rmse_interval(squared, frame_origin(test)["trajectory"])
                rows.append(
                    (name, "random" if random else "true", test_set, repeat,
                     float(np.sqrt(squared.mean())), low, high, unit, n_train, len(test))
                )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)
