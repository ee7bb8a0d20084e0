"""Speed and accuracy of the learning core; prints ``name value unit`` lines.

    python benchmarks/learning.py              # all, KREG included
    python benchmarks/learning.py --part krr   # kernel ridge regression and prediction only

Everything is measured in one run, on as many threads as ``OMP_NUM_THREADS`` allows (default: all
cores).  The baseline of the grid is scikit-learn's ``GridSearchCV`` over ``KernelRidge`` with the
same grid and the same validation frames.  It is measured on a subset (two kernels, one component
each, the full grid of sigma and lambda), on one thread, and scaled by the number of fits.  The
subset favours the baseline: scikit-learn has Gaussian and Laplacian kernels of its own, while its
Matern kernel costs a Bessel function or a call per element.

Ratios are of processor time, so that other load on the machine matters little; for the ratio of
wall times the baseline is taken to run on all threads without loss.
``krr.grid.ratio_sklearn`` compares models with hyper-parameters per component, as the paper has
them, on both sides.  ``krr.grid.ratio_sklearn_shared`` is what remains when scikit-learn is allowed
one sigma and lambda for all nine components, which is a ninth of the fits and a worse model.

Frames are random geometries of 1,2-dichloroethane with analytic labels, so that the run needs no
other file.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Iterator

import kreg
import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from threadpoolctl import threadpool_limits

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import to_components
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.regression import search
from rpr.regression.descriptors import DESCRIPTORS, describe
from rpr.regression.kernel_regression import KernelRegression
from rpr.regression.kernels import KERNELS
from rpr.regression.resources import available_threads

N_TRAIN = 1000
N_TEST = 1000
N_SIGMAS = 12
N_LAMBDAS = 12
SIZES = (250, 500, 1000, 2000)
N_PREDICTED = 240_000
Line = tuple[str, float, str]


class Data:
    """Training and test frames in the inertia axes, with their nine components."""

    def __init__(self, n_train: int, n_test: int, seed: int = 0) -> None:
        self.molecule = dichloroethane()
        self.positions = random_frames(self.molecule, n_train + n_test, seed=seed)
        self.dipole, self.polarizability = analytic_labels(self.positions, self.molecule)
        frames = canonical_axes("inertia", self.positions, self.molecule)
        self.canonical = to_axes_positions(self.positions, frames)
        self.components = np.hstack(
            [
                to_components(to_axes(values, frames.rotations))
                for values in (self.dipole, self.polarizability)
            ]
        )  # -> [n_frames, 9]
        self.train, self.test = slice(0, n_train), slice(n_train, None)

    def describe(self, descriptor: str) -> np.ndarray:
        """Descriptors of all frames."""
        return describe(descriptor, self.canonical, self.molecule)


def grid_lines(data: Data, errors: dict) -> Iterator[Line]:
    """All descriptors, kernels and components: search, final fit and test errors."""
    wall, cpu = time.perf_counter(), time.process_time()
    for descriptor in DESCRIPTORS:
        X = data.describe(descriptor)
        for kernel in KERNELS:
            training = X[data.train]
            model = regression(kernel, training).fit(training, data.components[data.train])
            residual = model.predict(X[data.test]) - data.components[data.test]
            errors[descriptor, kernel] = np.sqrt(np.mean(residual**2, axis=0)), model.choices_
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    yield "krr.grid.seconds", wall, "s"
    yield "krr.grid.cpu_seconds", cpu, "s"
    yield "krr.grid.threads", available_threads(), "1"
    yield "krr.grid.fits", grid_fits(), "1"
    best = min(errors, key=lambda pair: errors[pair][0][:3].mean())
    yield f"krr.grid.best_dipole_rmse.{best[0]}.{best[1]}", errors[best][0][:3].mean(), "e*Angstrom"


def sigmas(kernel: str, X: np.ndarray) -> np.ndarray:
    """Length scales of the grid of this benchmark."""
    return search.sigma_grid(kernel, X, search.sigma_factors(kernel, N_SIGMAS))


def regression(kernel: str, X: np.ndarray) -> KernelRegression:
    """Regression with the grid of this benchmark for training frames with descriptors `X`."""
    return KernelRegression(
        kernel=kernel,
        sigmas=sigmas(kernel, X),
        lambdas=search.default_lambdas(N_LAMBDAS),
    )


def grid_fits() -> int:
    """Fits of one component that the whole grid stands for, the final ones included."""
    return len(DESCRIPTORS) * len(KERNELS) * 9 * (N_SIGMAS * N_LAMBDAS + 1)


def sklearn_lines(data: Data, errors: dict, grid: dict[str, float]) -> Iterator[Line]:
    """scikit-learn on a part of the grid, scaled to the whole."""
    seconds, fits, worst = np.zeros(2), 0, 0.0
    for descriptor, kernel, component in (("RExyzCl", "gaussian", 0), ("RExyzCl", "laplacian", 3)):
        taken, rmse = sklearn_search(data, descriptor, kernel, component)
        seconds += taken
        fits += N_SIGMAS * N_LAMBDAS + 1
        worst = max(worst, errors[descriptor, kernel][0][component] / rmse)
    wall, cpu = seconds * grid_fits() / fits
    ratio = cpu / grid["krr.grid.cpu_seconds"]
    yield "sklearn.subset.cpu_seconds", seconds[1], "s"
    yield "sklearn.subset.fits", fits, "1"
    yield "sklearn.grid.cpu_seconds_scaled_by_fits", cpu, "s"
    yield "krr.grid.ratio_sklearn", ratio, "1"
    yield (
        "krr.grid.ratio_sklearn_wall",
        wall / grid["krr.grid.threads"] / grid["krr.grid.seconds"],
        "1",
    )
    yield "krr.grid.ratio_sklearn_shared", ratio / 9, "1"
    yield "krr.grid.rmse_over_sklearn", worst, "1"


def sklearn_search(data: Data, descriptor: str, kernel: str, component: int) -> tuple[float, float]:
    """Seconds and test error of `GridSearchCV` for one component on the same grid and split."""
    X, y = data.describe(descriptor), data.components[:, component]
    X_train, y_train = X[data.train], y[data.train]
    widths = sigmas(kernel, X_train)
    gammas = 0.5 / widths**2 if kernel == "gaussian" else 1.0 / widths
    _, validated = search.validation_split(len(X_train), 0.2, 0)
    folds = np.full(len(X_train), -1)
    folds[validated] = 0
    grid_search = GridSearchCV(
        KernelRidge(kernel="rbf" if kernel == "gaussian" else "laplacian"),
        {"gamma": gammas, "alpha": search.default_lambdas(N_LAMBDAS)},
        scoring="neg_root_mean_squared_error",
        cv=PredefinedSplit(folds),
    )
    mean = y_train.mean()
    with threadpool_limits(1):
        start = np.array([time.perf_counter(), time.process_time()])
        grid_search.fit(X_train, y_train - mean)
        seconds = np.array([time.perf_counter(), time.process_time()]) - start
    predicted = grid_search.predict(X[data.test]) + mean
    return seconds, float(np.sqrt(np.mean((predicted - y[data.test]) ** 2)))


def prediction_lines(data: Data) -> Iterator[Line]:
    """Dipole and polarizability of many frames, from positions to tensors in the laboratory."""
    models = [
        RotatePredictRotate(molecule=data.molecule, property=name, kernel=kernel).fit(
            data.positions[data.train], getattr(data, name)[data.train]
        )
        for name, kernel in (("dipole", "matern2"), ("polarizability", "gaussian"))
    ]
    many = random_frames(data.molecule, N_PREDICTED, seed=1)
    wall, cpu = time.perf_counter(), time.process_time()
    for model in models:
        model.predict(many)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    yield "predict.240k.seconds", wall, "s"
    yield "predict.240k.cpu_seconds", cpu, "s"


def scaling_lines() -> Iterator[Line]:
    """Time and memory of one search and fit (nine components) as the training set grows."""
    data = Data(max(SIZES), 1)
    X = data.describe("RExyzCl")
    times, peaks = [], []
    for n in SIZES:
        cpu = time.process_time()
        regression("matern2", X[:n]).fit(X[:n], data.components[:n])
        times.append(time.process_time() - cpu)
        tracemalloc.start()
        regression("matern2", X[:n]).fit(X[:n], data.components[:n])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        yield f"krr.fit.{n}.cpu_seconds", times[-1], "s"
        yield f"krr.fit.{n}.memory", peaks[-1] / 1e9, "GB"
    for quantity, values in (("time", times), ("memory", peaks)):
        exponent = np.polyfit(np.log(SIZES), np.log(values), 1)[0]
        yield f"krr.fit.exponent_{quantity}", exponent, "1"


def krr_lines() -> Iterator[Line]:
    """All measurements of kernel ridge regression as (name, value, unit)."""
    data, errors = Data(N_TRAIN, N_TEST), {}
    grid = list(grid_lines(data, errors))
    yield from grid
    yield from sklearn_lines(data, errors, {name: value for name, value, _ in grid})
    yield from prediction_lines(data)
    yield from scaling_lines()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("krr", "kreg", "all"), default="all")
    part = parser.parse_args().part
    if part != "kreg":
        print_lines(krr_lines())
    if part != "krr":
        print_lines(kreg.lines())


def print_lines(lines: Iterator[Line]) -> None:
    """One line per measurement, as soon as it is there."""
    for name, value, unit in lines:
        print(f"{name} {value:.6g} {unit}", flush=True)


if __name__ == "__main__":
    main()
