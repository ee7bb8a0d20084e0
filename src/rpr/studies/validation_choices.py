"""What the choices of validation change: kernels, and frames or whole trajectories left out.

Models of one regression for each component choose sigma, lambda and, for a family of kernels, its
member by the error on a part of the training frames.  Here kernels are fixed instead, or the
validated part is made of whole trajectories, and the errors are compared with those of the models
as they are, on the same training sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.axes.components import RANK
from rpr.data.frame_set import FrameSet
from rpr.data.hands import mirrored_scan
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.studies.ablation_models import validation_error
from rpr.studies.evaluation import INVARIANT, errors_on_test_sets, labels_of
from rpr.studies.metrics import mean_over_sets
from rpr.studies.tables import require
from rpr.studies.trials import training_and_tests
from rpr.units import REPORTED

#: Model, and the scan of the dihedral as which frames are read, if the model tells hands apart.
MODELS = (
    ("rotate-predict-rotate", "one_hand"),
    ("rotate-predict-rotate", "both_hands"),
    ("folded", ""),
    ("symmetrized", ""),
)
DEFAULT = "as in this project"
#: What changes: name, and arguments of the model.
CHOICES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (DEFAULT, {}),
    ("kernel matern2", {"kernel": "matern2"}),
    ("kernel gaussian", {"kernel": "gaussian"}),
    ("kernel of the family matern", {"kernel": "matern"}),
    ("validation on trajectories", {"validation": "trajectories"}),
)
#: Name, among those of the test sets, of the validated part of the training frames.
VALIDATED = "validated"

_KEYS = ["model", "scan", "choice", "component", "test_set"]
SPLIT_COLUMNS = [*_KEYS, "repeat", "kernels", "rmse", "rmse_low", "rmse_high", "unit", "n_train",
                 "n_test"]  # fmt: skip
COLUMNS = [*_KEYS, "kernels", "rmse", "rmse_low", "rmse_high", "ratio", "ratio_low", "ratio_high",
           "unit", "n_sets", "n_train", "n_test"]  # fmt: skip


def errors_of_choices(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    n_train: int,
    n_test: int,
    repeats: Iterable[int],
    thermal: FrameSet | None = None,
    models: Sequence[tuple[str, str]] = MODELS,
    choices: Sequence[tuple[str, Mapping[str, Any]]] = CHOICES,
) -> pd.DataFrame:
    """Errors of each model, choice, property and training set on every test set.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    rotated
        The independent test set.
    molecule
        A molecule with a dihedral and a symmetry that changes its sign.
    n_train, n_test, repeats
        Sizes and seeds of the splits.
    thermal
        Frames in thermal equilibrium, if there are any.
    models
        Names and scans; an empty scan takes the frames as they are.
    choices
        Name, and arguments of the model that change; :data:`DEFAULT` is among them.  A kernel that
        the model has anyway is left out.

    Returns
    -------
    DataFrame
        Columns ``SPLIT_COLUMNS``; axes-independent errors in Debye or bohr^3, and for the test set
        :data:`VALIDATED` that of the validated training frames.

    Raises
    ------
    InputError
        If the molecule has no such symmetry, or there are too few frames.
    """
    rows: list[dict] = []
    for name, scan in models:
        read = mirrored_scan(frames, molecule, scan) if scan else frames
        for repeat in repeats:
            training, tests = training_and_tests(
                read, rotated, n_train=n_train, n_test=n_test, seed=repeat, thermal=thermal
            )
            for property in INVARIANT:
                about: dict[str, Any] = {"property": property, "molecule": molecule}
                about["seed"] = repeat
                own = make_model(name, **about).kernel_
                for choice, settings in choices:
                    if settings.get("kernel") == own:
                        continue
                    model = make_model(name, **about, **settings)
                    model.fit(training, labels_of(training, property))
                    table = errors_on_test_sets(
                        model, tests, model_name=name, n_train=n_train, **about
                    )
                    labelled = {"scan": scan, "choice": choice, "repeat": repeat}
                    rows += [{**row, **labelled} for row in _rows(model, table, property)]
    return pd.DataFrame(rows, columns=SPLIT_COLUMNS)


def validation_choices(splits: pd.DataFrame) -> pd.DataFrame:
    """Geometric means over the training sets, and ratios to the models as they are.

    Parameters
    ----------
    splits
        What :func:`errors_of_choices` returns.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``.  Intervals of errors are those of training sets and of test
        trajectories together, intervals of ratios those of training sets, which are paired.
        ``kernels`` has the kernels that any set chose, by component, separated by semicolons.
    """
    require(splits, SPLIT_COLUMNS, "validation_splits")
    rows = []
    for keys, group in splits.groupby(_KEYS, sort=False):
        about = dict(zip(_KEYS, keys, strict=True))
        of_default = {**about, "choice": DEFAULT}
        paired = group.set_index("repeat")["rmse"] / _select(splits, of_default)["rmse"]
        bounds = () if about["test_set"] == VALIDATED else ("rmse_low", "rmse_high")
        error = mean_over_sets(*(group[key].to_numpy() for key in ("rmse", *bounds)))
        ratio = mean_over_sets(paired.to_numpy())
        if about["choice"] == DEFAULT:
            ratio = (1.0, np.nan, np.nan)
        sizes = {"n_sets": len(group), **group[["unit", "n_train", "n_test"]].iloc[0]}
        found = dict(zip(("rmse", "rmse_low", "rmse_high"), error, strict=True))
        found |= dict(zip(("ratio", "ratio_low", "ratio_high"), ratio, strict=True))
        rows.append({**about, **found, **sizes, "kernels": _chosen(group["kernels"])})
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(model: Any, table: pd.DataFrame, property: str) -> Iterator[dict]:
    """Axes-independent errors on the test sets, and on the validated frames."""
    kernels = ";".join(found["kernel"] for found in model.hyperparameters_.values())
    of_tests = table[table["component"] == INVARIANT[property]]
    for row in of_tests.to_dict("records"):
        yield {**row, "kernels": kernels}
    error = validation_error(model) / 3 ** (RANK[property] / 2) / REPORTED[property][1]
    empty = {"test_set": VALIDATED, "n_test": np.nan, "rmse_low": np.nan, "rmse_high": np.nan}
    yield {**of_tests.iloc[0], **empty, "kernels": kernels, "rmse": error}


def _select(splits: pd.DataFrame, keys: Mapping[str, str]) -> pd.DataFrame:
    chosen = (splits[list(keys)] == pd.Series(keys)).all(axis=1)
    return splits[chosen].set_index("repeat")


def _chosen(kernels: pd.Series) -> str:
    by_component = zip(*(text.split(";") for text in kernels), strict=True)
    return "; ".join(", ".join(sorted(set(found))) for found in by_component)
