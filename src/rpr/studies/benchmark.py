"""Benchmark grid: every kernel and component for one descriptor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import component_names, to_components
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.regression import ridge, search
from rpr.regression.descriptors import describe
from rpr.regression.kernels import KERNELS, distance, kernel_from_distance, metric
from rpr.studies import metrics
from rpr.studies.evaluation import labels_of
from rpr.units import REPORTED

COLUMNS = [
    "descriptor",
    "kernel",
    "axes",
    "component",
    "n_train",
    "n_test",
    "sigma",
    "lambda",
    "rmse",
    "mae",
    "max_error",
    "r2",
    "unit",
    "seed",
    "rmse_low",
    "rmse_high",
    "best_probability",
]


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

    A row is one kernel and one component. All components share the kernel matrices of the
    search; sigma and lambda are chosen on a part of the training frames and the model is then
    fitted to all of them.

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
        :func:`rpr.regression.search.default_sigmas`.
    lambdas
        Regularisation strengths; None takes :func:`rpr.regression.search.default_lambdas`.
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
    search = _Search(X[train], Y[train], X[test], sigmas, lambdas, validation_fraction, seed)
    results = [search.run(kernel) for kernel in kernels]
    predicted = np.stack([prediction for prediction, _ in results])  # -> [kernels, n_test, c]
    trajectory = np.zeros(len(frames)) if frames.trajectory is None else frames.trajectory
    intervals, best = _resampled(predicted - Y[test], trajectory[test], seed)
    rows = [
        {
            "descriptor": descriptor,
            "kernel": kernel,
            "axes": axes,
            "component": component,
            "n_train": len(train),
            "n_test": len(test),
            "sigma": results[k][1][c].sigma,
            "lambda": results[k][1][c].lam,
            **metrics.summary(Y[test][:, c], predicted[k, :, c]),
            "unit": units[c],
            "seed": seed,
            "rmse_low": intervals[0][k, c],
            "rmse_high": intervals[1][k, c],
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


class _Search:
    """Search, fit and prediction for one descriptor; distances are shared between kernels."""

    def __init__(self, X, Y, X_test, sigmas, lambdas, validation_fraction, seed):
        self._X, self._Y, self._X_test = X, Y, X_test
        self._sigmas = sigmas
        self._lambdas = search.default_lambdas() if lambdas is None else lambdas
        self._fitted, self._validated = search.validation_split(len(X), validation_fraction, seed)
        self._distances = {}

    def run(self, kernel):
        """Prediction of the test frames [n_test, c] and the Choice of each component."""
        between, to_test = self._distance(kernel)
        blocks = np.ix_(self._fitted, self._fitted), np.ix_(self._validated, self._fitted)
        sigmas = (
            search.default_sigmas(kernel, between)
            if self._sigmas is None
            else search.median_distance(between) * np.asarray(self._sigmas)
        )

        def kernel_blocks(sigma):
            return tuple(kernel_from_distance(kernel, between[b], sigma) for b in blocks)

        centre = self._Y[self._fitted].mean(axis=0)
        choices = search.search(
            kernel_blocks,
            self._Y[self._fitted] - centre,
            self._Y[self._validated] - centre,
            sigmas,
            self._lambdas,
        )
        return self._predict(kernel, between, to_test, choices), choices

    def _predict(self, kernel, between, to_test, choices):
        centre = self._Y.mean(axis=0)
        prediction = np.empty((len(to_test), len(choices)))
        chosen = np.array([choice.sigma for choice in choices])
        lambdas = np.array([choice.lam for choice in choices])
        for sigma in np.unique(chosen):
            columns = chosen == sigma
            K = kernel_from_distance(kernel, between, sigma)
            a = ridge.solve_ridge(K, (self._Y - centre)[:, columns], lambdas[columns])
            prediction[:, columns] = kernel_from_distance(kernel, to_test, sigma) @ a
        return prediction + centre

    def _distance(self, kernel):
        kind = metric(kernel)
        if kind not in self._distances:
            self._distances[kind] = (
                distance(kernel, self._X),
                distance(kernel, self._X_test, self._X),
            )
        return self._distances[kind]


def _targets(frames, rotations, properties):
    values, components, units = [], [], []
    for property in properties:
        unit, size = REPORTED[property]
        values.append(to_components(to_axes(labels_of(frames, property), rotations)) / size)
        components.extend(component_names(property))
        units.extend([unit] * values[-1].shape[1])
    return np.hstack(values), components, units


def _resampled(error, groups, seed):
    n_kernels, _, n_components = error.shape
    if len(np.unique(groups)) < metrics.MIN_GROUPS:
        empty = np.full((n_kernels, n_components), np.nan)
        return (empty, empty), empty
    weights = metrics.resampling_weights(groups, seed=seed)
    squared = np.moveaxis(error**2, 1, 0)  # -> [n_test, kernels, c]
    samples = metrics.resampled_rmse(squared, weights)  # -> [n_resamples, kernels, c]
    lowest = samples.argmin(axis=1)[:, None] == np.arange(n_kernels)[:, None]
    return tuple(np.percentile(samples, (2.5, 97.5), axis=0)), lowest.mean(axis=0)
