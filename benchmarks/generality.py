"""The covariant model beside Gaussian process regression with lambda-SOAP, on many molecules.

    python benchmarks/generality.py --folder /tmp/sets --soap .venv-soap/bin/python

Frames and splits are the same for both.  Sets of `generality_sets.py` are made in the folder when
they are missing; the environment of lambda-SOAP is that of `peers/lambda_soap`.  Each line has
set, property, split, training frames and seed, then of both models the root-mean-square and the
median error relative to the spread of the labels, processor seconds of the fit and milliseconds
of the prediction of a frame, and last the ratios covariant / lambda-SOAP.  The spread is the
root-mean-square deviation of the labels from their mean (dipoles: their root-mean-square).
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ase import Atoms
from generality_sets import SETS, make

from rpr.data.frame_set import FrameSet
from rpr.models.covariant import CovariantRegression
from rpr.molecule.molecule import Molecule

N_TEST = 300
COLUMNS = ("set", "property", "split", "n", "seed")
MEASURES = ("rmse", "median", "fit", "predict")


class Result(NamedTuple):
    """Predictions of a model, and its processor times in seconds (fit, a frame)."""

    predicted: np.ndarray
    fit: float
    predict: float


def main() -> None:
    """Print one line for each set, property, split, number of frames and seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where sets are kept")
    parser.add_argument("--soap", help="Python with featomic; without it only rpr is measured")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--properties", nargs="+", default=["dipole", "polarizability"])
    parser.add_argument("--splits", nargs="+", default=["random", "trajectory"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[100, 200, 500])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--features", default="bends", help="of the covariant model")
    parser.add_argument("--ridge-floor", type=float, help="of the covariant model")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = [f"{who}_{m}" for who in ("rpr", "soap") for m in MEASURES]
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow([*COLUMNS, *names, "rmse_ratio", "median_ratio"])
    for name in options.sets:
        reference, frames = make(name, options.folder)
        molecule = _molecule(reference, frames)
        splits = options.splits if SETS[name][3] else ["random"]
        for case in _cases(options, splits):
            settings = {"features": options.features, "ridge_floor": options.ridge_floor}
            found = _compare(molecule, frames, options.soap, settings, *case)
            table.writerow([name, *case, *found])
            sys.stdout.flush()


def _molecule(reference: Atoms, frames: FrameSet) -> Molecule:
    """Molecule with the bonds that all frames have: a shared proton belongs to no one."""
    molecule = Molecule.from_atoms(reference)
    i, j = np.array(molecule.bonds).T
    lengths = np.linalg.norm(frames.positions[:, i] - frames.positions[:, j], axis=2)
    first = np.linalg.norm(molecule.reference[i] - molecule.reference[j], axis=1)
    kept = (lengths < 1.55 * first).all(axis=0)
    return replace(molecule, bonds=tuple(b for b, k in zip(molecule.bonds, kept, strict=True) if k))


def _cases(options: argparse.Namespace, splits: list[str]) -> list[tuple[str, str, int, int]]:
    return [
        (property, split, n, seed)
        for property in options.properties
        for split in splits
        for n in options.sizes
        for seed in options.seeds
    ]


def _compare(
    molecule: Molecule,
    frames: FrameSet,
    soap: str | None,
    settings: Mapping[str, Any],
    property: str,
    split: str,
    n: int,
    seed: int,
) -> list[str]:
    train, test = _split(frames, split, n, seed)
    ours = _covariant(molecule, train, test, property, settings)
    found = [*_errors(ours, test, property), ours.fit, 1e3 * ours.predict]
    if soap is None:
        return [f"{x:.4g}" for x in found]
    theirs = _lambda_soap(soap, train, test, property)
    found += [*_errors(theirs, test, property), theirs.fit, 1e3 * theirs.predict]
    found += [found[0] / found[4], found[1] / found[5]]
    return [f"{x:.4g}" for x in found]


def _split(frames: FrameSet, split: str, n: int, seed: int) -> tuple[FrameSet, FrameSet]:
    """Training and test frames: drawn at random, or of different trajectories."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(frames))
    if split == "random":
        return frames.subset(order[:n]), frames.subset(order[-N_TEST:])
    assert frames.trajectory is not None
    names = rng.permutation(np.unique(frames.trajectory))
    kept_out = np.isin(frames.trajectory[order], names[: len(names) * 3 // 10])
    return frames.subset(order[~kept_out][:n]), frames.subset(order[kept_out][:N_TEST])


def _errors(result: Result, test: FrameSet, property: str) -> tuple[float, float]:
    """Root-mean-square and median error over frames, relative to the spread of the labels."""
    truth = getattr(test, property)
    centre = 0.0 if property == "dipole" else truth.mean(axis=0)
    spread = np.sqrt(np.mean((truth - centre) ** 2))
    error = ((result.predicted - truth) ** 2).reshape(len(truth), -1).mean(axis=1)
    return float(np.sqrt(error.mean()) / spread), float(np.sqrt(np.median(error)) / spread)


def _covariant(
    molecule: Molecule,
    train: FrameSet,
    test: FrameSet,
    property: str,
    settings: Mapping[str, Any],
) -> Result:
    start = time.process_time()
    model = CovariantRegression(molecule=molecule, property=property, **settings)
    model.fit(train.positions, getattr(train, property))
    fit = time.process_time() - start
    start = time.process_time()
    predicted = model.predict(test.positions)
    return Result(predicted, fit, (time.process_time() - start) / len(test))


def _lambda_soap(python: str, train: FrameSet, test: FrameSet, property: str) -> Result:
    script = Path(__file__).with_name("generality_soap.py")
    with tempfile.TemporaryDirectory() as folder:
        task, target = Path(folder) / "task.npz", Path(folder) / "found.npz"
        np.savez(
            task,
            symbols=train.symbols,
            train=train.positions,
            values=getattr(train, property),
            test=test.positions,
            property=property,
        )
        subprocess.run([python, str(script), str(task), str(target)], check=True)
        with np.load(target) as found:
            return Result(found["predicted"], float(found["fit"]), float(found["predict"]))


if __name__ == "__main__":
    main()
