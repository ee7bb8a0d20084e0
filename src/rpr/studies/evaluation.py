"""Predictions of a fitted model on labelled frames, and the errors they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes, check_axes
from rpr.axes.components import component_names, to_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError, NotApplicableError
from rpr.molecule.molecule import Molecule
from rpr.studies import metrics
from rpr.studies.tables import require
from rpr.units import REPORTED

PREDICTION_COLUMNS = [
    "model", "property", "test_set", "n_train", "seed", "frame", "trajectory", "step", "dihedral",
    "component", "reference", "prediction", "unit",
]  # fmt: skip

COLUMNS = [
    "model", "component", "test_set", "dihedral_sign", "n_test", "rmse", "mae", "max_error", "r2",
    "unit", "n_train", "seed", "rmse_low", "rmse_high",
]  # fmt: skip

#: Name of the axes-independent error of each property.
INVARIANT = {"dipole": "mu_inv", "polarizability": "alpha_inv"}
_KEYS = ["model", "property", "test_set", "n_train", "seed"]
_FRAME = ["frame", "trajectory", "step", "dihedral"]


class PropertyModel(Protocol):
    """Anything that predicts a property in the laboratory."""

    def predict(self, frames: FrameSet | np.ndarray) -> np.ndarray:
        """Dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        ...


def component_axes_of(molecule: Molecule) -> str:
    """Axes that components are reported in: inertia, or laboratory for a molecule without them."""
    try:
        check_axes("inertia", molecule)
    except NotApplicableError:
        return "laboratory"
    return "inertia"


def dihedral_sign(dihedral: np.ndarray) -> np.ndarray:
    """``negative`` below 0 degrees, ``positive`` from 0 on, empty where there is no dihedral."""
    dihedral = np.asarray(dihedral, dtype=float)
    sign = np.where(dihedral < 0.0, "negative", "positive")
    return np.where(np.isnan(dihedral), "", sign)


def masks_by_sign(dihedral: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Masks of all frames and of those of either sign of the dihedral, unless there are none."""
    signs = dihedral_sign(dihedral)
    for sign in ("all", "positive", "negative"):
        mask = np.full(len(signs), True) if sign == "all" else signs == sign
        if mask.any():
            yield sign, mask


def predictions(
    model: PropertyModel,
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

    The model predicts in the laboratory.  Reference and prediction are then rotated into the same
    canonical axes of each geometry, x_c = R x, so that components mean the same for all models.

    Parameters
    ----------
    model
        Fitted estimator with ``predict(frames)``.
    frames
        Labelled frames.
    model_name, test_set
        Names that are written into the rows.
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
    r"""Errors per component and independent of axes, for all frames and by sign of the dihedral.

    The axes-independent rows ``mu_inv`` and ``alpha_inv`` have one error per frame,
    :math:`e = |\Delta\mu|/\sqrt 3` or :math:`\lVert\Delta\alpha\rVert_F/3`; their rmse, mae and
    max_error are those of e, and r2 is left empty.  ``rmse_low`` and ``rmse_high`` bound the
    95 % interval of a bootstrap over trajectories; they are empty with fewer than
    :data:`rpr.studies.metrics.MIN_GROUPS` trajectories.

    Parameters
    ----------
    table
        One or several tables of :func:`predictions`, with rows in any order.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; a sign without frames has no row.
    """
    require(table, PREDICTION_COLUMNS, "predictions")
    rows: list[dict] = []
    for keys, group in table.groupby(_KEYS, sort=False):
        rows.extend(_error_rows(dict(zip(_KEYS, keys, strict=True)), group))
    return pd.DataFrame(rows, columns=COLUMNS)


def errors_on_test_sets(
    model: PropertyModel, test_sets: Mapping[str, FrameSet], **settings: Any
) -> pd.DataFrame:
    """Errors of a model on several test sets, all signs of the dihedral together.

    Parameters
    ----------
    model
        Fitted estimator.
    test_sets
        Labelled frames by name.
    **settings
        As for :func:`predictions`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``.
    """
    tables = [errors(predictions(model, f, test_set=n, **settings)) for n, f in test_sets.items()]
    table = pd.concat(tables, ignore_index=True)
    return table[table["dihedral_sign"] == "all"]


def squared_errors(group: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Squared axes-independent error of each frame of one model, property and test set.

    Parameters
    ----------
    group
        Rows of :func:`predictions` with one model, property, test set, size and seed, in any order.

    Returns
    -------
    frames : DataFrame
        Columns ``frame, trajectory, step, dihedral``, in ascending order of the frames.
    squared : array, [n_frames]
        |dmu|^2 / 3 or ||dalpha||_F^2 / 9 in squared reported units.
    """
    property = group["property"].iloc[0]
    frames, reference, prediction = _wide(group, property)
    return frames, metrics.invariant_squares(prediction - reference, property)


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
        raise InputError(f"frames: found no {property}, expected one for every frame")
    return values


def frame_origin(frames: FrameSet) -> dict[str, np.ndarray]:
    """Columns frame, trajectory, step, dihedral; unknown trajectories are -1, unknown steps 0."""
    n_frames = len(frames)
    fill = {
        "trajectory": np.full(n_frames, -1),
        "step": np.zeros(n_frames, dtype=int),
        "dihedral": np.full(n_frames, np.nan),
    }
    known = {k: getattr(frames, k) for k in fill if getattr(frames, k) is not None}
    return {"frame": np.arange(n_frames), **fill, **known}


def _error_rows(keys: dict, group: pd.DataFrame) -> Iterator[dict]:
    property = keys["property"]
    frames, reference, prediction = _wide(group, property)
    squares = metrics.invariant_squares(prediction - reference, property)
    trajectories = frames["trajectory"].to_numpy()
    unit = group["unit"].iloc[0]
    for sign, chosen in masks_by_sign(frames["dihedral"].to_numpy()):
        row = {**keys, "dihedral_sign": sign, "n_test": int(chosen.sum()), "unit": unit}
        for k, name in enumerate(component_names(property)):
            pair = reference[chosen, k], prediction[chosen, k]
            interval = _interval((pair[1] - pair[0]) ** 2, trajectories[chosen])
            yield row | {"component": name} | metrics.summary(*pair) | interval
        interval = _interval(squares[chosen], trajectories[chosen])
        summary = _invariant_summary(squares[chosen])
        yield row | {"component": INVARIANT[property]} | summary | interval


def _wide(group: pd.DataFrame, property: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Frames in ascending order, and their references and predictions [n_frames, n_components]."""
    names = list(component_names(property))
    frames = group.drop_duplicates("frame").sort_values("frame", ignore_index=True)[_FRAME]
    expected = pd.MultiIndex.from_product([frames["frame"], names])
    values = group.set_index(["frame", "component"])[["reference", "prediction"]]
    if len(values) != len(expected) or values.index.symmetric_difference(expected).size:
        raise InputError(
            f"predictions: found {len(values)} rows of {property} and {len(frames)} frames, "
            f"expected one row for each frame and each of {', '.join(names)}"
        )
    wide = values.loc[expected].to_numpy(dtype=float).reshape(len(frames), len(names), 2)
    return frames, wide[:, :, 0], wide[:, :, 1]


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
