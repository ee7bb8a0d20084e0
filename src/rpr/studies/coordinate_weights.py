"""Validation errors by the weight of coordinates beside RE, for every descriptor that has one.

The descriptors of the published model are judged in its axes, and RExyz in the model that uses it,
whose axes lie along the bonds.  No test frame enters: these are the errors of the validated part of
the training frames, and what :data:`rpr.regression.descriptors.COORDINATE_WEIGHTS` was chosen by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.errors import NotApplicableError
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.regression.descriptors import COORDINATE_WEIGHTS, find_descriptor
from rpr.studies.ablation_models import validation_error
from rpr.studies.evaluation import INVARIANT, labels_of
from rpr.studies.metrics import mean_over_sets
from rpr.studies.tables import require
from rpr.studies.trials import training_frames

#: Weights that are compared, 1/Angstrom where the coordinates are lengths.
WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
#: Model and descriptor.
CANDIDATES = (
    ("rotate-predict-rotate", "RExyzCl"),
    ("rotate-predict-rotate", "REsphCl"),
    ("rotate-predict-rotate", "REdihedCl"),
    ("symmetrized", "RExyz"),
)

SPLIT_COLUMNS = [
    "model", "axes", "descriptor", "component", "coordinate_weight", "repeat", "relative_error",
    "n_train",
]  # fmt: skip
COLUMNS = [
    "model", "axes", "descriptor", "component", "coordinate_weight", "relative_error", "low",
    "high", "in_use", "n_sets", "n_train",
]  # fmt: skip


def validation_errors(
    frames: FrameSet,
    *,
    molecule: Molecule,
    n_train: int,
    n_test: int,
    repeats: Iterable[int],
    candidates: Sequence[tuple[str, str]] = CANDIDATES,
    weights: Sequence[float] = WEIGHTS,
) -> pd.DataFrame:
    """Validation error of each weight over that of the weight in use, on every training set.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    molecule
        Molecule of the frames.
    n_train, n_test, repeats
        Sizes and seeds of the splits, of which the training frames are taken.
    candidates
        Names of model and descriptor; descriptors that the molecule cannot have are left out.
    weights
        Weights to compare; those in use have to be among them.

    Returns
    -------
    DataFrame
        Columns ``SPLIT_COLUMNS``; both properties.
    """
    rows = []
    for repeat in repeats:
        training = training_frames(frames, n_train=n_train, n_test=n_test, seed=repeat)
        options = {"molecule": molecule, "seed": repeat}
        for (name, descriptor), property in product(candidates, INVARIANT):
            if not find_descriptor(descriptor).applies(molecule):
                continue
            about: dict[str, Any] = {"descriptor": descriptor, "property": property, **options}
            try:
                models = [_fitted(name, training, coordinate_weight=w, **about) for w in weights]
            except NotApplicableError:  # a molecule whose axes or atoms this model cannot use
                continue
            errors = dict(zip(weights, map(validation_error, models), strict=True))
            in_use = errors[COORDINATE_WEIGHTS[descriptor]]
            rows += [
                {
                    **{"model": name, "axes": models[0].axes_, "descriptor": descriptor},
                    **{"component": INVARIANT[property], "coordinate_weight": weight},
                    **{"repeat": repeat, "n_train": n_train},
                    "relative_error": error / in_use,
                }
                for weight, error in errors.items()
            ]
    return pd.DataFrame(rows, columns=SPLIT_COLUMNS)


def _fitted(name: str, training: FrameSet, *, property: str, **settings: Any) -> Any:
    model = make_model(name, property=property, **settings)
    return model.fit(training, labels_of(training, property))


def coordinate_weights(splits: pd.DataFrame) -> pd.DataFrame:
    """Geometric means over the training sets, with their 95 % intervals.

    Parameters
    ----------
    splits
        What :func:`validation_errors` returns.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``in_use`` marks the weight that models take by default, to which the
        errors are relative.
    """
    require(splits, SPLIT_COLUMNS, "coordinate_weight_splits")
    keys = ["model", "axes", "descriptor", "component", "coordinate_weight"]
    rows = []
    for values, group in splits.groupby(keys, sort=False):
        about = dict(zip(keys, values, strict=True))
        mean, low, high = mean_over_sets(group["relative_error"].to_numpy())
        in_use = COORDINATE_WEIGHTS[about["descriptor"]] == about["coordinate_weight"]
        bounds = {"low": np.nan, "high": np.nan} if in_use else {"low": low, "high": high}
        sizes = {"n_sets": len(group), "n_train": group["n_train"].iloc[0]}
        rows.append({**about, "relative_error": mean, **bounds, "in_use": in_use, **sizes})
    return pd.DataFrame(rows, columns=COLUMNS)
