"""Benchmark grid: every kernel and component for one descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import component_names, to_components
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.regression import search
from rpr.regression.descriptors import describe
from rpr.regression.kernel_regression import KernelRegression
from rpr.regression.kernels import KERNELS
from rpr.studies import metrics
from rpr.studies.evaluation import labels_of
from rpr.units import REPORTED

COLUMNS = [
    "descriptor", "kernel", "axes", "component", "n_train", "n_test", "sigma", "lambda", "rmse",
    "mae", "max_error", "r2", "unit", "seed", "rmse_low", "rmse_high", "best_probability",
]  # fmt: skip


def benchmark(
    frames: FrameSet,
    train: np.ndarray,
    test: np.ndarray,
    *,
    molecule: Molecule,
    descriptor: str,
    kernels: Sequence[str] | None = None,
    properties: Sequence[str] = ("dipole", "polarizability"),
    axes: str = "inertia",
    coordinate_weight: float = 0.5,
    validation_fraction: float = 0.2,
    sigmas: Sequence[float] | None = None,
    lambdas: Sequence[float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Errors of one descriptor with every kernel, each component with its own sigma and lambda.

    A row is one kernel and one component.  All components share the kernel matrices of the search.
    Sigma and lambda are chosen on a part of the training frames, and the model is then fitted to
    all of them.

    Parameters
    ----------
    frames
        Labelled frames.
    train, test
        Indices of the training and test frames.
    molecule
        Molecule of the frames.
    descriptor
        One of :data:`rpr.regression.descriptors.DESCRIPTORS`.
    kernels
        Names from :data:`rpr.regression.kernels.KERNELS`; None takes all.
    properties
        Properties whose components are learnt.
    axes
        Canonical axes, one of :data:`rpr.axes.canonical.AXES`.
    coordinate_weight
        Weight of the coordinate part of the descriptor, 1/Angstrom.
    validation_fraction
        Part of the training frames that chooses sigma and lambda.
    sigmas
        Length scales relative to the median distance between training frames; None takes
        :func:`rpr.regression.search.sigma_factors`.
    lambdas
        Regularization strengths; None takes :func:`rpr.regression.search.default_lambdas`.
    seed
        Seed of the validation split and of the bootstrap.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; Debye and bohr^3. ``rmse_low`` and ``rmse_high`` bound the 95 %
        interval of a bootstrap over trajectories; ``best_probability`` is the part of these
        samples in which the kernel has the lowest error of the descriptor, for this component.
        Empty if the molecule lacks the anchors or the dihedral that the descriptor needs.
    """
    if not applies(descriptor, molecule):
        return pd.DataFrame(columns=COLUMNS)
    kernels = list(kernels or KERNELS)
    canonical = canonical_axes(axes, frames.positions, molecule)
    positions = to_axes_positions(frames.positions, canonical)
    X = describe(descriptor, positions, molecule, coordinate_weight=coordinate_weight)
    Y, components, units = _targets(frames, canonical.rotations, properties)
    settings: dict[str, Any] = {
        "lambdas": lambdas,
        "validation_fraction": validation_fraction,
        "seed": seed,
    }
    models = []
    for kernel in kernels:
        grid = search.sigma_grid(kernel, X[train], sigmas)
        model = KernelRegression(kernel=kernel, sigmas=grid, **settings)
        models.append(model.fit(X[train], Y[train]))
    predicted = np.stack([model.predict(X[test]) for model in models])  # -> [kernels, n_test, c]
    trajectory = np.zeros(len(frames)) if frames.trajectory is None else frames.trajectory
    (low, high), best = _resampled(predicted - Y[test], trajectory[test], seed)
    rows = [
        {
            "descriptor": descriptor,
            "kernel": kernel,
            "axes": axes,
            "component": component,
            "n_train": len(train),
            "n_test": len(test),
            "sigma": models[k].choices_[c].sigma,
            "lambda": models[k].choices_[c].lam,
            **metrics.summary(Y[test][:, c], predicted[k, :, c]),
            "unit": units[c],
            "seed": seed,
            "rmse_low": low[k, c],
            "rmse_high": high[k, c],
            "best_probability": best[k, c],
        }
        for k, kernel in enumerate(kernels)
        for c, component in enumerate(components)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def applies(descriptor: str, molecule: Molecule) -> bool:
    """Whether the molecule has the anchors or the dihedral that `descriptor` needs."""
    if descriptor == "REdihedCl":
        return molecule.dihedral is not None
    return descriptor not in ("RExyzCl", "REsphCl") or len(molecule.anchors) > 0


def _targets(
    frames: FrameSet, rotations: np.ndarray, properties: Sequence[str]
) -> tuple[np.ndarray, list[str], list[str]]:
    """Components in reported units, [n_frames, n_components], their names and their units."""
    values: list[np.ndarray] = []
    components: list[str] = []
    units: list[str] = []
    for property in properties:
        unit, size = REPORTED[property]
        values.append(to_components(to_axes(labels_of(frames, property), rotations)) / size)
        components.extend(component_names(property))
        units.extend([unit] * values[-1].shape[1])
    return np.hstack(values), components, units


def _resampled(
    error: np.ndarray, groups: np.ndarray, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Bounds of the RMSE, and how often a kernel is best, for errors [kernels, n_test, c]."""
    n_kernels, _, n_components = error.shape
    if len(np.unique(groups)) < metrics.MIN_GROUPS:
        empty = np.full((n_kernels, n_components), np.nan)
        return (empty, empty), empty
    weights = metrics.resampling_weights(groups, seed=seed)
    squared = np.moveaxis(error**2, 1, 0)  # -> [n_test, kernels, c]
    samples = metrics.resampled_rmse(squared, weights)  # -> [n_resamples, kernels, c]
    lowest = samples.argmin(axis=1)[:, None] == np.arange(n_kernels)[:, None]
    low, high = np.percentile(samples, (2.5, 97.5), axis=0)
    return (low, high), lowest.mean(axis=0)
