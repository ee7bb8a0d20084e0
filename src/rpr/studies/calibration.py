"""Are predicted errors as large as the errors that a model makes?

A model predicts values and their covariances.  Its labels on a test set are judged by proper
scores (:mod:`rpr.studies.probabilistic_scores`), by the part of them that lies in ellipsoids that
should hold 50, 90 and 95 %, and by size: frames are sorted by their predicted error, and in each
bin the error is compared with the predicted one.

Errors of a polarizability are measured in the Frobenius norm, so that no score depends on how a
molecule lies, except the CRPS of single components.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.special import gammaincinv  # scipy.stats takes long to import

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import component_names, from_components, to_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.regression.posterior import squared_mahalanobis
from rpr.studies import metrics, probabilistic_scores
from rpr.studies.evaluation import component_axes_of, labels_of
from rpr.units import REPORTED

#: Regions whose coverage is measured, in percent.
REGIONS = (50, 90, 95)

COLUMNS = [
    "model", "property", "test_set", "score", "value", "low", "high", "expected", "unit",
    "n_test", "n_train", "seed",
]  # fmt: skip
SIZE_COLUMNS = [
    "model", "property", "test_set", "bin", "predicted", "rmse", "rmse_low", "rmse_high", "unit",
    "n_test", "n_train", "seed",
]  # fmt: skip

_PER_BIN = 20  # frames of a bin, at least
_MOST_BINS = 10
#: Elements of a tensor for which each of its components stands.
_MULTIPLICITY = {3: np.ones(3), 6: np.array([1.0, 2.0, 2.0, 1.0, 2.0, 1.0])}


class ProbabilisticModel(Protocol):
    """Anything that predicts values and their covariances in the laboratory."""

    def predict(
        self, frames: FrameSet | np.ndarray, *, covariance: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values, and covariances [n, 3, 3] or [n, 6, 6]."""
        ...


def scores(values: np.ndarray, predicted: np.ndarray, covariance: np.ndarray) -> dict[str, float]:
    """Scores of predictions and their covariances.

    Parameters
    ----------
    values : array, [n, 3] or [n, 3, 3]
        Labels.
    predicted : array, of the same shape
        Predictions.
    covariance : array, [n, 3, 3] or [n, 6, 6]
        Predicted covariances of the components, in the order of `rpr.axes.components`: x, y, z, or
        xx, xy, xz, yy, yz, zz.

    Returns
    -------
    dict
        ``n_frames``; ``rmse`` and ``predicted_rmse``, the axes-independent error and the one that
        the covariances predict; ``nll``, the log score; ``energy_score``; ``crps``, the mean over
        components; ``size``, the mean of e^T S^-1 e / c with c the rank of S, which should be 1;
        ``coverage_50``, ``coverage_90`` and ``coverage_95``, parts of the values inside the regions
        that should hold 50, 90 and 95 %.  rmse, energy score and CRPS are in the unit of the
        values; the log score is that of a density in this unit.

    Raises
    ------
    InputError
        If shapes do not fit, or a covariance is zero or not positive semidefinite.
    """
    parts = per_frame_scores(values, predicted, covariance)
    squared = ("squared_error", "predicted_square")
    means = {name: float(part.mean()) for name, part in parts.items() if name not in squared}
    return {
        "n_frames": len(parts),
        "rmse": float(np.sqrt(parts["squared_error"].mean())),
        "predicted_rmse": float(np.sqrt(parts["predicted_square"].mean())),
        **means,
    }


def per_frame_scores(
    values: np.ndarray, predicted: np.ndarray, covariance: np.ndarray
) -> pd.DataFrame:
    """Scores of every frame; arguments and errors as for `scores`.

    Returns
    -------
    DataFrame
        ``squared_error`` and ``predicted_square``, |e|^2 and its predicted mean, divided by 3 for a
        dipole and by 9 for a polarizability; ``nll``, ``energy_score``, ``crps``, ``size``, and
        ``coverage_50``, ``coverage_90``, ``coverage_95``, which are 1 inside the region.
    """
    errors, covariance = _checked(values, predicted, covariance)
    c = errors.shape[1]
    weights = _MULTIPLICITY[c]
    n_elements = weights.sum()
    roots = np.sqrt(weights)
    normed = covariance * roots[:, None] * roots  # of the components of the Frobenius norm
    size, ranks = squared_mahalanobis(errors, covariance)
    columns = {
        "squared_error": errors**2 @ weights / n_elements,
        "predicted_square": np.trace(normed, axis1=1, axis2=2) / n_elements,
        "nll": probabilistic_scores.log_score(errors, covariance),
        "energy_score": probabilistic_scores.energy_score(errors * roots, normed),
        "crps": probabilistic_scores.crps(errors, _deviations(covariance)).mean(axis=1),
        "size": size / ranks,
    }
    for percent in REGIONS:
        columns[f"coverage_{percent}"] = (
            size <= 2.0 * gammaincinv(0.5 * ranks, percent / 100.0)
        ).astype(float)
    return pd.DataFrame(columns)


def calibration(
    model: ProbabilisticModel,
    frames: FrameSet,
    *,
    model_name: str,
    property: str,
    test_set: str,
    molecule: Molecule,
    n_train: int,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of a model on a test set, and errors by size of the predicted error.

    Parameters
    ----------
    model
        Fitted estimator whose ``predict(frames, covariance=True)`` returns covariances.
    frames
        Labelled frames.
    model_name, test_set
        Names that are written into the rows.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames; its canonical axes are those of the CRPS of single components.
    n_train, seed
        Size and seed of the training set, written into the rows.

    Returns
    -------
    scores : DataFrame
        Columns ``COLUMNS``: one row for each score of `scores`, and for the CRPS of each component;
        ``low`` and ``high`` bound the 95 % interval of a bootstrap over trajectories, and are empty
        with fewer than five of them; ``expected`` is what a calibrated model reaches, where that is
        known. Debye or bohr^3.
    by_size : DataFrame
        Columns ``SIZE_COLUMNS``: bins with equally many frames, in ascending order of the predicted
        error; ``predicted`` and ``rmse`` are root mean squares.

    Raises
    ------
    InputError
        If the frames carry no labels of `property`.
    """
    unit, size = REPORTED[property]
    values = labels_of(frames, property) / size
    predicted, covariance = model.predict(frames, covariance=True)
    axes = canonical_axes(component_axes_of(molecule), frames.positions, molecule).rotations
    values, predicted = (to_axes(x, axes) for x in (values, predicted / size))
    covariance = turned_covariance(covariance / size**2, axes)
    keys = {"model": model_name, "property": property, "test_set": test_set}
    rest = {"unit": unit, "n_train": int(n_train), "seed": int(seed)}
    parts = per_frame_scores(values, predicted, covariance)
    components = component_names(property)
    errors = to_components(values) - to_components(predicted)
    single = probabilistic_scores.crps(errors, _deviations(covariance))
    for k, name in enumerate(components):
        parts[f"crps_{name}"] = single[:, k]
    trajectories = np.arange(len(frames)) if frames.trajectory is None else frames.trajectory
    rows = [keys | rest | row | {"n_test": len(parts)} for row in _score_rows(parts, trajectories)]
    bins = [keys | rest | row for row in _size_rows(parts, trajectories)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.loc[~table["score"].isin(_with_unit(components)), "unit"] = ""
    return table, pd.DataFrame(bins, columns=SIZE_COLUMNS)


def turned_covariance(covariance: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Covariances of the components of turned tensors.

    Parameters
    ----------
    covariance : array, [n, 3, 3] or [n, 6, 6]
        Covariance of the components of a dipole or a polarizability.
    rotations : array, [n, 3, 3]
        Rotation of each frame.

    Returns
    -------
    array, of the shape of `covariance`
        D S D^T, where D turns the components.
    """
    c = covariance.shape[1]
    n = len(rotations)
    units = from_components(np.eye(c))  # -> [c, 3] or [c, 3, 3]
    repeated = np.repeat(rotations, c, axis=0)
    turned = to_components(to_axes(np.tile(units, (n, *[1] * (units.ndim - 1))), repeated))
    D = turned.reshape(n, c, c).transpose(0, 2, 1)
    return D @ covariance @ D.transpose(0, 2, 1)


def _checked(
    values: np.ndarray, predicted: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the components [n, c] and symmetric covariances [n, c, c]."""
    values, predicted = np.asarray(values, dtype=float), np.asarray(predicted, dtype=float)
    if values.shape != predicted.shape or not len(values):
        raise InputError(
            f"predicted: found shape {predicted.shape}, expected that of values, {values.shape}, "
            "with at least one frame"
        )
    errors = to_components(values) - to_components(predicted)
    n, c = errors.shape
    covariance = np.asarray(covariance, dtype=float)
    if covariance.shape != (n, c, c):
        raise InputError(f"covariance: found shape {covariance.shape}, expected {(n, c, c)}")
    covariance = 0.5 * (covariance + covariance.transpose(0, 2, 1))
    values = np.linalg.eigvalsh(covariance)
    bad = (values[:, 0] < -1e-10 * values[:, -1]) | ~(values[:, -1] > 0.0)
    if bad.any():
        raise InputError(
            f"covariance: that of frame {int(np.argmax(bad))} is not positive semidefinite"
        )
    return errors, covariance


def _deviations(covariance: np.ndarray) -> np.ndarray:
    """Standard deviations [n, c] of the components."""
    return np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0))


def _with_unit(components: tuple[str, ...]) -> list[str]:
    of_components = [f"crps_{name}" for name in components]
    return ["rmse", "predicted_rmse", "energy_score", "crps", *of_components]


def _score_rows(parts: pd.DataFrame, trajectories: np.ndarray) -> Iterator[dict[str, Any]]:
    weights = None
    if len(np.unique(trajectories)) >= metrics.MIN_GROUPS:
        weights = metrics.resampling_weights(trajectories)
    expected = {"size": 1.0} | {f"coverage_{p}": p / 100.0 for p in REGIONS}
    roots = {"squared_error": "rmse", "predicted_square": "predicted_rmse"}
    for column in parts:
        of_mean: Callable = np.sqrt if column in roots else np.asarray
        score = roots.get(str(column), str(column))
        low, high = _interval(parts[column].to_numpy(), weights, of_mean)
        yield {
            "score": score,
            "value": float(of_mean(parts[column].mean())),
            "low": low,
            "high": high,
            "expected": expected.get(score, np.nan),
        }


def _interval(
    part: np.ndarray, weights: np.ndarray | None, of_mean: Callable
) -> tuple[float, float]:
    if weights is None:
        return np.nan, np.nan
    means = weights @ part / np.maximum(weights.sum(axis=1), 1)
    low, high = np.percentile(of_mean(means), (2.5, 97.5))
    return float(low), float(high)


def _size_rows(parts: pd.DataFrame, trajectories: np.ndarray) -> Iterator[dict[str, Any]]:
    order = np.argsort(parts["predicted_square"].to_numpy(), kind="stable")
    n_bins = min(_MOST_BINS, max(1, len(order) // _PER_BIN))
    for number, chosen in enumerate(np.array_split(order, n_bins)):
        squared = parts["squared_error"].to_numpy()[chosen]
        low, high = metrics.rmse_interval(squared, trajectories[chosen])
        yield {
            "bin": number,
            "predicted": float(np.sqrt(parts["predicted_square"].to_numpy()[chosen].mean())),
            "rmse": float(np.sqrt(squared.mean())),
            "rmse_low": low,
            "rmse_high": high,
            "n_test": len(chosen),
        }
