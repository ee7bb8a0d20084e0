"""What axes, descriptor and symmetry each are worth: one of them changed at a time.

Every cell is a model of the same kind: kernel ridge regression of components in canonical axes with
the same kernel, the same search and the same training frames.  The symmetry is one of

================= ==============================================================================
``none``          a plain kernel
``axis signs``    the kernel averaged over the four proper choices of the signs of the axes
``copies``        a plain kernel on exact permutation-inversion copies of the training frames
``averaged``      the kernel averaged over signs of axes and the permutation-inversion group
================= ==============================================================================

An average over the permutation-inversion group alone is not defined in axes whose signs follow a
rule, as an element changes components by signs that differ from frame to frame.  Where axes or
descriptor do not allow an average, the cell is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.copies import CopiesRPR
from rpr.models.registry import make_model
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.models.symmetrized import SymmetrizedRPR
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import INVARIANT, errors_on_test_sets, labels_of
from rpr.studies.trials import training_and_tests

AXES = ("inertia", "three-atom", "kabsch", "bond-axis")
DESCRIPTORS = ("RE", "RExyzCl", "RExyz")
SYMMETRIES = ("none", "axis signs", "copies", "averaged")
#: Models as they are offered, beside the cells: name, and arguments that differ.
OFFERED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("rotate-predict-rotate", {}),
    ("folded", {}),
    ("copies", {}),
    ("symmetrized", {}),
    ("covariant", {}),
    ("covariant", {"order": 0}),
)

_ESTIMATORS: Mapping[str, tuple[type[RotatePredictRotate], Mapping[str, Any]]] = {
    "none": (RotatePredictRotate, {}),
    "axis signs": (SymmetrizedRPR, {"permutation_inversion": False}),
    "copies": (CopiesRPR, {}),
    "averaged": (SymmetrizedRPR, {}),
}

COLUMNS = [
    "model", "axes", "descriptor", "symmetry", "kernel", "component", "test_set", "repeat", "rmse",
    "rmse_low", "rmse_high", "unit", "n_train", "n_test",
]  # fmt: skip


def ablation(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    property: str,
    axes: Sequence[str] = AXES,
    descriptors: Sequence[str] = DESCRIPTORS,
    symmetries: Sequence[str] = SYMMETRIES,
    offered: Sequence[tuple[str, Mapping[str, Any]]] = OFFERED,
    kernel: str = "gaussian",
    n_train: int,
    n_test: int,
    repeats: Sequence[int],
) -> pd.DataFrame:
    """Axes-independent errors of every combination of axes, descriptor and symmetry.

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
    axes, descriptors, symmetries
        What is combined.
    offered
        Models that are evaluated beside the cells, as they are offered.
    kernel
        Kernel of all cells.
    n_train, n_test
        Sizes of the training set and of the test sets taken from `frames`.
    repeats
        Seeds of the splits, one for each training set.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; Debye or bohr^3.  ``model`` is empty for a cell; for a model that is
        offered, the columns that do not apply are empty.

    Raises
    ------
    InputError
        If the frames carry no trajectory, or there are too few of them.
    """
    tables = []
    for repeat in repeats:
        training, tests = training_and_tests(
            frames, rotated, n_train=n_train, n_test=n_test, seed=repeat
        )
        values = labels_of(training, property)
        common = {"property": property, "molecule": molecule, "seed": repeat}
        for about, model in _models(axes, descriptors, symmetries, offered, kernel, common):
            try:
                model.fit(training, values)
            except InputError:  # these axes or this descriptor cannot have that symmetry
                continue
            table = errors_on_test_sets(
                model,
                tests,
                model_name=about["model"],
                property=property,
                molecule=molecule,
                n_train=n_train,
                seed=repeat,
            )
            table = table[table["component"] == INVARIANT[property]]
            tables.append(table.rename(columns={"seed": "repeat"}).assign(**about))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _models(
    axes: Sequence[str],
    descriptors: Sequence[str],
    symmetries: Sequence[str],
    offered: Sequence[tuple[str, Mapping[str, Any]]],
    kernel: str,
    common: Mapping[str, Any],
) -> list[tuple[dict[str, str], Any]]:
    """What is said of each model in the table, and the model."""
    models: list[tuple[dict[str, str], Any]] = []
    for name, descriptor, symmetry in product(axes, descriptors, symmetries):
        estimator, settings = _ESTIMATORS[symmetry]
        about = {"axes": name, "descriptor": descriptor, "symmetry": symmetry, "kernel": kernel}
        options = {"axes": name, "descriptor": descriptor, "kernel": kernel, **settings, **common}
        models.append(({"model": "", **about}, estimator(**options)))
    for name, changed in offered:
        text = ", ".join([name, *(f"{key} {value}" for key, value in changed.items())])
        about = dict.fromkeys(("axes", "descriptor", "symmetry", "kernel"), "")
        models.append(({"model": text, **about}, make_model(name, **common, **changed)))
    return models
