"""Predictions of a fitted model on labelled frames, and the errors they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes, check_axes
from rpr.axes.components import RANK, component_names, to_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.studies import metrics
from rpr.studies.tables import require
from rpr.units import REPORTED


def named_test_sets(
    frames: FrameSet, splits: Mapping[str, np.ndarray], rotated: FrameSet
) -> dict[str, FrameSet]:
    """The test sets of learning curves: of the same trajectories, and the rotated frames."""
    return {"in_distribution": frames.subset(splits["test"]), "rotated": rotated}


PREDICTION_COLUMNS = [
    "model",
    "property",
    "test_set",
    "n_train",
    "seed",
    "frame",
    "trajectory",
    "step",
    "dihedral",
    "component",
    "reference",
    "prediction",
    "unit",
]

COLUMNS = [
    "model",
    "component",
    "test_set",
    "dihedral_sign",
    "n_test",
    "rmse",
    "mae",
    "max_error",
    "r2",
    "unit",
    "n_train",
    "seed",
    "rmse_low",
    "rmse_high",
]

#: Name of the frame-independent error of each property.
INVARIANT = {"dipole": "mu_inv", "polarizability": "alpha_inv"}
_KEYS = ["model", "property", "test_set", "n_train", "seed"]


def component_axes_of(molecule: Molecule) -> str:
    """Frame in which components are reported: inertia, or laboratory where there is none."""
    try:
        check_axes("inertia", molecule)
    except InputError:
        return "laboratory"
    return "inertia"


def dihedral_sign(dihedral: np.ndarray) -> np.ndarray:
    """``negative`` below 0 degrees, ``positive`` from 0 on, empty where there is no dihedral."""
    dihedral = np.asarray(dihedral, dtype=float)
    sign = np.where(dihedral < 0.0, "negative", "positive")
    return np.where(np.isnan(dihedral), "", sign)


def predictions(
    model,
    frames: FrameSet,
    *,
    model_name: str,
    property: str,
    test_set: str,
    molecule: Molecule,
    n_train: int,
    seed: int = 0,
    component_axes: str | None = None,
) -> pd.DataFrame:
    """Reference and prediction of every frame and component, in reported units.

    The model predicts in the laboratory; reference and prediction are then rotated into the
    same canonical axes of each geometry, x_c = R x, so that components of all models mean the
    same.

    Parameters
    ----------
    model
        Fitted estimator with ``predict(frames)``.
    frames
        Labelled frames.
    model_name, test_set
        Written into the rows.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.
    n_train, seed
        Size and seed of the training set, written into the rows.
    component_axes
        One of :data:`rpr.axes.canonical.AXES`; None takes :func:`component_axes_of`.

    Returns
    -------
    DataFrame
        Columns ``PREDICTION_COLUMNS``; Debye or bohr^3.

    Raises
    ------
    InputError
        If the frames carry no labels of `property`.
    """
    reference = labels_of(frames, property)
    names = component_names(property)
    if component_axes is None:
        component_axes = component_axes_of(molecule)
    unit, size = REPORTED[property]
    rotations = canonical_axes(component_axes, frames.positions, molecule).rotations
    predicted = np.asarray(model.predict(frames)) if len(frames) else reference
    values = [to_components(to_axes(v, rotations)) / size for v in (reference, predicted)]
    n_frames, n_components = values[0].shape
    columns = {
        "model": model_name,
        "property": property,
        "test_set": test_set,
        "n_train": int(n_train),
        "seed": int(seed),
        **{k: np.repeat(v, n_components) for k, v in frame_origin(frames).items()},
        "component": np.tile(names, n_frames),
        "reference": values[0].ravel(),
        "prediction": values[1].ravel(),
        "unit": unit,
    }
    return pd.DataFrame(columns)[PREDICTION_COLUMNS]


def errors(table: pd.DataFrame) -> pd.DataFrame:
    r"""Errors per component and frame-independent, for all frames and by sign of the dihedral.

    The frame-independent rows ``mu_inv`` and ``alpha_inv`` take one error per frame,
    :math:`e = |\Delta\mu|/\sqrt 3` or :math:`\lVert\Delta\alpha\rVert_F/3`; their rmse, mae and
    max_error are those of e, and r2 is left empty. ``rmse_low`` and ``rmse_high`` bound the
    95 % interval of a bootstrap over trajectories, empty with fewer than
    :data:`rpr.studies.metrics.MIN_GROUPS` trajectories.

    Parameters
    ----------
    table
        One or several tables of :func:`predictions`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; a sign without frames has no row.
    """
    require(table, PREDICTION_COLUMNS, "predictions")
    rows = []
    for keys, group in table.groupby(_KEYS, sort=False):
        rows.extend(_error_rows(dict(zip(_KEYS, keys, strict=True)), group))
    return pd.DataFrame(rows, columns=COLUMNS)


def squared_errors(group: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Squared frame-independent error of each frame of one model, property and test set.

    Parameters
    ----------
    group
        Rows of :func:`predictions` with one model, property, test set, size and seed.

    Returns
    -------
    frames : DataFrame
        Columns ``frame, trajectory, step, dihedral``.
    squared : array, [n_frames]
        |dmu|^2 / 3 or ||dalpha||_F^2 / 9 in squared reported units.
    """
    property = group["property"].iloc[0]
    frames, reference, prediction = _wide(group, property)
    return frames, _invariant_squares(prediction - reference, property)


def labels_of(frames: FrameSet, property: str) -> np.ndarray:
    """Labels of `property`.

    Raises
    ------
    InputError
        If the frames carry none.
    """
    component_names(property)
    values = getattr(frames, property)
    if values is None:
        raise InputError(f"frames: found no {property}, expected one for every frame; label them")
    return values


def frame_origin(frames: FrameSet) -> dict[str, np.ndarray]:
    """Columns frame, trajectory, step, dihedral; missing trajectories count as -1, steps as 0."""
    n_frames = len(frames)
    fill = {
        "trajectory": np.full(n_frames, -1),
        "step": np.zeros(n_frames, dtype=int),
        "dihedral": np.full(n_frames, np.nan),
    }
    known = {k: v if getattr(frames, k) is None else getattr(frames, k) for k, v in fill.items()}
    return {"frame": np.arange(n_frames), **known}


def _error_rows(keys: dict, group: pd.DataFrame) -> Iterator[dict]:
    property = keys["property"]
    frames, reference, prediction = _wide(group, property)
    squares = _invariant_squares(prediction - reference, property)
    signs = dihedral_sign(frames["dihedral"].to_numpy())
    trajectories = frames["trajectory"].to_numpy()
    unit = group["unit"].iloc[0]
    for sign in ("all", "positive", "negative"):
        chosen = np.full(len(signs), True) if sign == "all" else signs == sign
        if not chosen.any():
            continue
        row = {**keys, "dihedral_sign": sign, "n_test": int(chosen.sum()), "unit": unit}
        for k, name in enumerate(component_names(property)):
            pair = reference[chosen, k], prediction[chosen, k]
            squared = (pair[1] - pair[0]) ** 2
            yield (
                row
                | {"component": name}
                | metrics.summary(*pair)
                | _interval(squared, trajectories[chosen])
            )
        yield (
            row
            | {"component": INVARIANT[property]}
            | _invariant_summary(squares[chosen])
            | _interval(squares[chosen], trajectories[chosen])
        )


def _wide(group: pd.DataFrame, property: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    n_components = len(component_names(property))
    if len(group) % n_components:
        raise InputError(
            f"predictions: found {len(group)} rows of {property}, expected a multiple of "
            f"{n_components} (one for each component of each frame)"
        )
    frames = group.iloc[::n_components][["frame", "trajectory", "step", "dihedral"]]
    arrays = [
        group[column].to_numpy(dtype=float).reshape(-1, n_components)
        for column in ("reference", "prediction")
    ]
    return frames.reset_index(drop=True), *arrays


def _invariant_squares(error: np.ndarray, property: str) -> np.ndarray:
    # An off-diagonal component of a symmetric tensor stands for two elements.
    twice = [name[-1] != name[-2] for name in component_names(property)]
    weights = np.where(twice, 2.0, 1.0) if property == "polarizability" else np.ones(3)
    return (error**2) @ weights / 3 ** RANK[property]


def _invariant_summary(squares: np.ndarray) -> dict[str, float]:
    size = np.sqrt(squares)
    return {
        "rmse": float(np.sqrt(squares.mean())),
        "mae": float(size.mean()),
        "max_error": float(size.max()),
        "r2": float("nan"),
    }


def _interval(squared: np.ndarray, trajectories: np.ndarray) -> dict[str, float]:
    low, high = metrics.rmse_interval(squared, trajectories)
    return {"rmse_low": low, "rmse_high": high}
