"""Errors of one model on one set of labelled frames, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import RANK, component_names, to_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.estimator import Estimator
from rpr.models.prediction import predicted
from rpr.studies import metrics
from rpr.studies.evaluation import component_axes_of
from rpr.units import REPORTED

COLUMNS = [
    "quantity", "component", "axes", "n_frames", "rmse", "rmse_low", "rmse_high", "mae", "median",
    "max_error", "spread", "unit",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """Labels and predictions of one quantity, or of one of its components.

    Attributes
    ----------
    quantity
        ``dipole``, ``polarizability``, ``energy`` or ``forces``.
    component
        Such as ``mu_x``, or ``all``.
    axes
        Axes that the component refers to.
    reference, predicted : array, [n_frames, ...]
        In `unit`.
    unit
        As in `rpr.units.REPORTED`.
    """

    quantity: str
    component: str
    axes: str
    reference: np.ndarray
    predicted: np.ndarray
    unit: str


def compare(model: Estimator, frames: FrameSet) -> list[Comparison]:
    """Labels and predictions of all frames, whole and per component.

    Parameters
    ----------
    model
        Fitted model of a dipole, a polarizability, or a potential.
    frames
        Frames with labels, their atoms in the order of the model.

    Returns
    -------
    list of Comparison
        The whole quantity comes first. Components of dipoles and polarizabilities follow, in the
        inertia axes of each frame, or in the laboratory for molecules without inertia axes.

    Raises
    ------
    InputError
        If the frames lack the labels, or are not of the model's molecule.
    """
    found = [
        _whole(name, _labels(frames, name), values)
        for name, values in predicted(model, frames).items()
    ]
    property = model.predicts[0]
    if property not in RANK:
        return found
    axes = component_axes_of(model.molecule)
    rotations = canonical_axes(axes, frames.positions, model.molecule).rotations
    turned = [
        to_components(to_axes(v, rotations)) for v in (found[0].reference, found[0].predicted)
    ]
    return found + [
        Comparison(property, name, axes, turned[0][:, k], turned[1][:, k], found[0].unit)
        for k, name in enumerate(component_names(property))
    ]


def error_table(comparisons: Sequence[Comparison], frames: FrameSet) -> pd.DataFrame:
    r"""Errors of a model, per component and independent of axes.

    The row ``all`` of a quantity has one error per frame, the root mean square over its components,
    such as :math:`|\Delta\mu|/\sqrt 3` or :math:`\lVert\Delta\alpha\rVert_F/3`.  Axes have no
    influence on it.

    Parameters
    ----------
    comparisons
        What `compare` found.
    frames
        The frames, by whose trajectories the bootstrap goes.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. ``rmse_low`` and ``rmse_high`` bound the 95 % interval of a bootstrap
        over the groups of `resampled_groups`. ``spread`` is the standard deviation of the labels.
    """
    groups, _ = resampled_groups(frames)
    return pd.DataFrame([_row(found, groups) for found in comparisons])[COLUMNS]


def resampled_groups(frames: FrameSet) -> tuple[np.ndarray, str]:
    """Groups that a bootstrap resamples, [n_frames], and what they are: trajectories or frames.

    Frames of one trajectory are correlated, so that trajectories are resampled where the frames
    name at least `rpr.studies.metrics.MIN_GROUPS` of them.
    """
    names = frames.trajectory
    if names is not None and len(np.unique(names)) >= metrics.MIN_GROUPS:
        return names, "trajectories"
    return np.arange(len(frames)), "frames"


def as_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Columns ``quantity, component, reference, prediction, unit``, one row for each number."""
    tables = [
        pd.DataFrame(
            {
                "quantity": found.quantity,
                "component": found.component,
                "reference": found.reference.ravel(),
                "prediction": found.predicted.ravel(),
                "unit": found.unit,
            }
        )
        for found in comparisons
    ]
    return pd.concat(tables, ignore_index=True)


def _labels(frames: FrameSet, name: str) -> np.ndarray:
    values = getattr(frames, name)
    if values is None:
        raise InputError(f"frames: found no {name}, expected one for every frame")
    return values


def _whole(quantity: str, reference: np.ndarray, predicted: np.ndarray) -> Comparison:
    unit, size = REPORTED[quantity]
    return Comparison(quantity, "all", "any", reference / size, predicted / size, unit)


def _row(found: Comparison, groups: np.ndarray) -> dict[str, Any]:
    n_frames = len(found.reference)
    squares = ((found.predicted - found.reference) ** 2).reshape(n_frames, -1)
    per_frame = np.sqrt(squares.mean(axis=1))
    low, high = metrics.rmse_interval(per_frame**2, groups)
    deviations = found.reference - found.reference.mean(axis=0)
    return {
        "quantity": found.quantity,
        "component": found.component,
        "axes": found.axes,
        "n_frames": n_frames,
        "rmse": float(np.sqrt(squares.mean())),
        "rmse_low": low,
        "rmse_high": high,
        "mae": float(per_frame.mean()),
        "median": float(np.median(per_frame)),
        "max_error": float(per_frame.max()),
        "spread": float(np.sqrt(np.mean(deviations**2))),
        "unit": found.unit,
    }
