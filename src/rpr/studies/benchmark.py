"""Benchmark grid: every kernel and component for one descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import component_names, to_components
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.data.settings import Settings
from rpr.data.validation_groups import validation_groups
from rpr.molecule.molecule import Molecule
from rpr.regression import search
from rpr.regression.descriptors import describe, find_descriptor
from rpr.regression.kernel_regression import KernelRegression
from rpr.regression.kernels import KERNELS
from rpr.studies import metrics
from rpr.studies.evaluation import frame_origin, labels_of
from rpr.units import REPORTED

COLUMNS = [
    "descriptor", "kernel", "axes", "component", "n_train", "n_test", "sigma", "lambda", "rmse",
    "mae", "max_error", "r2", "unit", "seed", "rmse_low", "rmse_high", "best_probability",
    "better_than_gaussian", "validation_rmse", "at_edge",
]  # fmt: skip

#: Columns of the errors of single frames; one column for each component follows.
ERROR_COLUMNS = ["descriptor", "axes", "kernel", "n_train", "seed", "frame", "trajectory"]


@dataclass(frozen=True)
class BenchmarkSettings(Settings):
    """How the kernels of a benchmark are fitted.

    Parameters
    ----------
    axes
        Canonical axes, one of :data:`rpr.axes.canonical.AXES`.
    coordinate_weight
        Weight of the coordinate part of the descriptor, 1/Angstrom; None is that of
        `rpr.regression.descriptors.COORDINATE_WEIGHTS`.
    validation_fraction
        Part of the training frames that chooses sigma and lambda.
    validation
        Whether these are random ``"frames"`` or whole ``"trajectories"``.
    sigmas
        Length scales relative to the median distance between training frames; None takes
        :func:`rpr.regression.search.sigma_factors`.
    lambdas
        Regularization strengths; None takes :func:`rpr.regression.search.default_lambdas`.
    seed
        Seed of the validation split and of the bootstrap.
    """

    axes: str = "inertia"
    coordinate_weight: float | None = None
    validation_fraction: float = 0.2
    validation: str = "frames"
    sigmas: Sequence[float] | None = None
    lambdas: Sequence[float] | None = None
    seed: int = 0

    def regression(self, kernel: str, X: np.ndarray) -> KernelRegression:
        """Unfitted regression with one kernel, for training frames with descriptors `X`."""
        return KernelRegression(
            kernel=kernel,
            sigmas=search.sigma_grid(kernel, X, self.sigmas),
            lambdas=self.lambdas,
            validation_fraction=self.validation_fraction,
            seed=self.seed,
        )


def benchmark(
    frames: FrameSet,
    train: np.ndarray,
    test: np.ndarray,
    *,
    molecule: Molecule,
    descriptor: str,
    kernels: Sequence[str] | None = None,
    properties: Sequence[str] = ("dipole", "polarizability"),
    settings: BenchmarkSettings | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
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
    settings
        How they are fitted; None takes the defaults.

    Returns
    -------
    table : DataFrame
        Columns ``COLUMNS``; Debye and bohr^3. ``rmse_low`` and ``rmse_high`` bound the 95 %
        interval of a bootstrap over trajectories; ``best_probability`` is the part of these
        samples in which the kernel has the lowest error of the descriptor, for this component, and
        ``better_than_gaussian`` that in which its error is lower than the Gaussian kernel's.
        ``validation_rmse`` is the error that chose sigma and lambda, and ``at_edge`` names those of
        the two that lie at an end of the values tried.
    errors : DataFrame
        Columns ``ERROR_COLUMNS``, and one for each component with predictions minus labels of the
        test frames; a row for each kernel and frame.

    Both are empty if the molecule lacks the anchors or the dihedral that the descriptor needs.
    """
    if not find_descriptor(descriptor).applies(molecule):
        names = [name for property in properties for name in component_names(property)]
        return pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=[*ERROR_COLUMNS, *names])
    kernels, settings = list(kernels or KERNELS), settings or BenchmarkSettings()
    canonical = canonical_axes(settings.axes, frames.positions, molecule)
    positions = to_axes_positions(frames.positions, canonical)
    X = describe(descriptor, positions, molecule, coordinate_weight=settings.coordinate_weight)
    Y, components, units = _targets(frames, canonical.rotations, properties)
    known = frames.subset(train)
    groups = validation_groups(settings.validation, known, known.positions, molecule.symbols)
    models = [
        settings.regression(kernel, X[train]).fit(X[train], Y[train], groups=groups)
        for kernel in kernels
    ]
    predicted = np.stack([model.predict(X[test]) for model in models])  # -> [kernels, n_test, c]
    trajectory = frame_origin(frames)["trajectory"][test]
    keys: dict[str, Any] = {"descriptor": descriptor, "axes": settings.axes}
    keys |= {"n_train": len(train), "seed": settings.seed}
    origin = {"frame": np.asarray(test), "trajectory": trajectory}
    errors = [
        pd.DataFrame(keys | {"kernel": kernel} | origin)[ERROR_COLUMNS].join(
            pd.DataFrame(predicted[k] - Y[test], columns=components)
        )
        for k, kernel in enumerate(kernels)
    ]
    resampled = _resampled(predicted - Y[test], trajectory, settings.seed, kernels)
    rows = [
        {
            **keys,
            **{"kernel": kernel, "component": component, "unit": units[c], "n_test": len(test)},
            **_choice(models[k], c),
            **metrics.summary(Y[test][:, c], predicted[k, :, c]),
            **{name: values[k, c] for name, values in resampled.items()},
        }
        for k, kernel in enumerate(kernels)
        for c, component in enumerate(components)
    ]
    return pd.DataFrame(rows, columns=COLUMNS), pd.concat(errors, ignore_index=True)


def _choice(model: KernelRegression, c: int) -> dict[str, object]:
    """Hyper-parameters of component `c`, their error, and which lie at an end of those tried."""
    choice = model.choices_[c]
    lambdas = search.default_lambdas() if model.lambdas is None else model.lambdas
    tried = {
        "sigma": (choice.sigma, np.asarray(model.sigmas)),
        "lambda": (choice.lam, np.asarray(lambdas)),
    }
    at_edge = [
        name
        for name, (chosen, values) in tried.items()
        if np.isclose(chosen, (np.min(values), np.max(values))).any()
    ]
    chosen = {"sigma": choice.sigma, "lambda": choice.lam, "validation_rmse": choice.rmse}
    return {**chosen, "at_edge": " ".join(at_edge)}


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
    error: np.ndarray, groups: np.ndarray, seed: int, kernels: Sequence[str]
) -> dict[str, np.ndarray]:
    """What the bootstrap says about each kernel and component: columns [kernels, c].

    They are bounds of the RMSE, how often a kernel is best, and how often better than the Gaussian
    one.  Errors are [kernels, n_test, c].
    """
    n_kernels, _, n_components = error.shape
    empty = np.full((n_kernels, n_components), np.nan)
    names = ("rmse_low", "rmse_high", "best_probability", "better_than_gaussian")
    if len(np.unique(groups)) < metrics.MIN_GROUPS:
        return dict.fromkeys(names, empty)
    weights = metrics.resampling_weights(groups, seed=seed)
    squared = np.moveaxis(error**2, 1, 0)  # -> [n_test, kernels, c]
    samples = metrics.resampled_rmse(squared, weights)  # -> [n_resamples, kernels, c]
    lowest = samples.argmin(axis=1)[:, None] == np.arange(n_kernels)[:, None]
    low, high = metrics.interval(samples)
    better = empty
    if "gaussian" in kernels:
        better = (samples < samples[:, [kernels.index("gaussian")]]).mean(axis=0)
    return dict(zip(names, (low, high, lowest.mean(axis=0), better), strict=True))
