"""Learning from derivatives of the dipole: cost and accuracy; prints ``name value unit`` lines.

    python benchmarks/derivatives.py                  # cost, analytic labels
    python benchmarks/derivatives.py --part learning  # errors, geometries of the older deposit

Costs are processor time, and ratios are those to the model of values of the same frames in the same
run.  Without more, the labels of the errors are those of GFN2-xTB, computed here (2 minutes).
``--derivatives FILE ...`` takes derivatives at the level of this deposit from extended XYZ files of
frames of its pool; values and test frames are then those of the deposit.  Errors are of single
dipole components, for frames of 14 trajectories that were left out and for the rotated test set.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np

from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet, concatenate, find_frames
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.models.covariant import CovariantRegression
from rpr.molecule.molecule import Molecule
from rpr.run.deposit import read_deposit
from rpr.units import AU_DIPOLE

MANIFEST = "resources/one_hand/manifest.json"
N_PREDICTED = 400
N_LEFT_OUT = 14
WITH_DERIVATIVES = (10, 30, 100)
VALUES = (30, 100, 300, 1000)
Line = tuple[str, float, str]


def seconds(function: Callable[[], object], repeats: int = 1) -> float:
    """Smallest processor time of some runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def analytic(n: int) -> tuple[Molecule, FrameSet]:
    """Frames with analytic dipoles and their derivatives by central differences."""
    molecule = dichloroethane()
    positions = random_frames(molecule, n, seed=1)
    derivatives = np.zeros((*positions.shape, 3))
    for a, x in np.ndindex(*positions.shape[1:]):
        step = np.zeros_like(positions[0])
        step[a, x] = 1e-3
        ends = [analytic_labels(positions + s * step, molecule)[0] for s in (1, -1)]
        derivatives[:, a, x] = (ends[0] - ends[1]) / 2e-3
    dipole = analytic_labels(positions, molecule)[0]
    return molecule, FrameSet(
        molecule.symbols, positions, dipole=dipole, dipole_derivatives=derivatives
    )


def cost_lines() -> Iterator[Line]:
    """Fit and prediction with derivatives, against the same frames without."""
    molecule, frames = analytic(1000)
    hundred = frames.subset(np.arange(100))
    models = {name: CovariantRegression(molecule=molecule) for name in ("values", "derivatives")}
    for name, model in models.items():
        taken = seconds(lambda m=model, d=name == "derivatives": m.fit(hundred, derivatives=d))
        yield f"derivatives.fit.100.{name}.cpu_seconds", taken, "s"
    yield from prediction_lines(models, frames.positions[:N_PREDICTED])
    yield from large_lines(molecule, frames, models["derivatives"].hyperparameters_)
    thousand = CovariantRegression(
        molecule=molecule, hyperparameters=models["values"].hyperparameters_
    ).fit(frames)
    one = frames.positions[:1]
    for name, asked in (("value", False), ("with_derivatives", True)):
        taken = seconds(lambda a=asked: thousand.predict(one, derivatives=a), 200)
        yield f"derivatives.predict.one_frame.1000_values.{name}", 1e3 * taken, "ms"


def prediction_lines(models: dict[str, CovariantRegression], x: np.ndarray) -> Iterator[Line]:
    """Predictions of both models, with and without derivatives, relative to the plain one."""
    base = seconds(lambda: models["values"].predict(x), 5)
    yield "derivatives.predict.values.milliseconds_per_frame", 1e3 * base / len(x), "ms"
    for name, model in models.items():
        plain = seconds(lambda m=model: m.predict(x), 5)
        both = seconds(lambda m=model: m.predict(x, derivatives=True), 5)
        yield f"derivatives.predict.{name}.ratio", plain / base, "1"
        yield f"derivatives.predict.{name}.jacobian_ratio", both / plain, "1"


def large_lines(molecule: Molecule, frames: FrameSet, found: dict) -> Iterator[Line]:
    """A fit of 300 frames: the hyper-parameters, whose cost does not grow, are given."""
    part = frames.subset(np.arange(300))
    model = CovariantRegression(molecule=molecule, hyperparameters=found)
    tracemalloc.start()
    taken = seconds(lambda: model.fit(part, derivatives=True))
    yield "derivatives.fit.300.cpu_seconds", taken, "s"
    yield "derivatives.fit.300.memory", tracemalloc.get_traced_memory()[1] / 1e9, "GB"
    tracemalloc.stop()


def tight_binding(frames: FrameSet) -> FrameSet:
    """The geometries with labels of GFN2-xTB."""
    engine = make_engine(Method(code="tblite", functional="gfn2-xtb"), frames.symbols)
    labels = [engine.compute(x, ("dipole", "dipole_derivatives")) for x in frames.positions]
    return FrameSet(
        frames.symbols,
        frames.positions,
        dipole=np.array([found.dipole for found in labels]),
        dipole_derivatives=np.array([found.dipole_derivatives for found in labels]),
        trajectory=frames.trajectory,
    )


def labelled(paths: list[str]) -> tuple[FrameSet, FrameSet]:
    """Pool, with NaN for missing derivatives, and rotated test set."""
    pool, rotated = (read_deposit(MANIFEST, name) for name in ("frames", "test_set"))
    if not paths:
        return tight_binding(pool), tight_binding(rotated)
    found = concatenate([read_frames(path) for path in paths])
    derivatives = np.full((*pool.positions.shape, 3), np.nan)
    derivatives[find_frames(found, pool)] = found.dipole_derivatives
    pool.dipole_derivatives = derivatives
    return pool, rotated


def learning_lines(paths: list[str], repeats: int) -> Iterator[Line]:
    """Errors of models of values, and of fewer frames with derivatives."""
    pool, rotated = labelled(paths)
    reference = read_deposit(MANIFEST, "reference")
    molecule = Molecule.from_atoms(reference.atoms(0))
    known = np.isfinite(pool.dipole_derivatives[:, 0, 0, 0])
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        left_out = rng.choice(np.unique(pool.trajectory), N_LEFT_OUT, replace=False)
        unseen = np.isin(pool.trajectory, left_out)
        order = rng.permutation(np.flatnonzero(~unseen))
        tests = {"rotated": rotated, "unseen": pool.subset(unseen)}
        sizes = [(n, True) for n in WITH_DERIVATIVES] + [(n, False) for n in VALUES]
        for n, derivatives in sizes:
            chosen = (order[known[order]] if derivatives else order)[:n]
            if derivatives and len(chosen) < n:
                continue
            model = CovariantRegression(molecule=molecule, seed=repeat)
            model.fit(pool.subset(chosen), derivatives=derivatives)
            kind = "derivatives" if derivatives else "values"
            for name, test in tests.items():
                error = np.sqrt(np.mean((model.predict(test) - test.dipole) ** 2)) / AU_DIPOLE
                yield f"learning.{kind}.{len(chosen)}.{name}.{repeat}", 1e3 * error, "1e-3_e_bohr"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("cost", "learning"), default="cost")
    parser.add_argument("--derivatives", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    lines = (
        cost_lines()
        if arguments.part == "cost"
        else learning_lines(arguments.derivatives, arguments.repeats)
    )
    for name, value, unit in lines:
        print(f"{name} {value:.6g} {unit}", flush=True)


if __name__ == "__main__":
    main()
