"""Does it pay to choose which frames are labelled?  Random, farthest-point and greedy variance.

    python benchmarks/choosing_frames.py run --output choosing.csv    # a minute of one core
    python benchmarks/choosing_frames.py table --output choosing.csv  # means and intervals

Frames are those of the older deposit, with their dipoles.  In each repeat a fifth of the
trajectories is held out, and the candidates are the frames of the others.  Three ways of choosing
N of them:

random
    at random.
farthest
    each frame is the one farthest from those chosen before, in inverse distances and to the nearest
    image of the permutation-inversion group; the first is a random one.
variance
    each frame is the one whose dipole has the largest posterior variance given those chosen before,
    with hyper-parameters of 25 random frames, with which the choice begins.

A covariant model is then fitted to the chosen frames, hyper-parameters included, and its errors are
those on the held-out trajectories and on the rotated set.  Intervals are those of a bootstrap over
trajectories, of the ratio to the error of random frames, on the same test frames.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from ase.io import read

import rpr
from rpr.data.frame_set import FrameSet
from rpr.files import atomic_path
from rpr.models.covariant import CovariantRegression
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_distances
from rpr.molecule.permutation_inversion import find_group
from rpr.studies import metrics
from rpr.units import DEBYE

ROOT = Path(__file__).parents[1]
DEPOSIT = ROOT / "resources" / "one_hand"
SIZES = (50, 100, 200)
N_REPEATS = 5
N_START = 25  # random frames with which the choice by variance begins
WAYS = ("random", "farthest", "variance")
COLUMNS = ["repeat", "way", "n_train", "test_set", "frame", "trajectory", "squared_error"]


def main() -> None:
    """Measure, or print what was measured."""
    parser = argparse.ArgumentParser(description="Ways of choosing the frames that are labelled.")
    parser.add_argument("command", choices=("run", "table"))
    parser.add_argument("--output", type=Path, required=True, help="table of squared errors, CSV")
    parser.add_argument("--repeats", type=int, default=N_REPEATS, help="training sets per point")
    arguments = parser.parse_args()
    if arguments.command == "run":
        run(arguments.output, arguments.repeats)
    else:
        print(table(pd.read_csv(arguments.output)).to_string(index=False))


def run(path: Path, n_repeats: int) -> None:
    """Append what is missing, one training set after the other."""
    atoms = read(ROOT / "resources" / "geometries" / "dichloroethane_anti.xyz")
    molecule = Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))
    frames = rpr.read_frames(DEPOSIT / "frames.extxyz.gz")
    rotated = rpr.read_frames(DEPOSIT / "test_set.extxyz.gz")
    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    for repeat in range(n_repeats):
        candidates, held_out = separated(frames, repeat)
        for way in WAYS:
            order = chosen_order(way, candidates, molecule, repeat)
            for n in SIZES:
                key = (done["repeat"] == repeat) & (done["way"] == way) & (done["n_train"] == n)
                if key.any():
                    continue
                model = CovariantRegression(molecule=molecule, seed=repeat)
                model.fit(candidates.subset(order[:n]))
                rows = [
                    squared_errors(model, test, repeat=repeat, way=way, n_train=n, test_set=name)
                    for name, test in (("held_out", held_out), ("rotated", rotated))
                ]
                done = pd.concat([part for part in (done, *rows) if len(part)], ignore_index=True)
                with atomic_path(path) as temporary:
                    done.to_csv(temporary, index=False)


def separated(frames: FrameSet, repeat: int) -> tuple[FrameSet, FrameSet]:
    """Candidates, and the frames of a fifth of the trajectories, which no repeat shares."""
    names = np.unique(frames.trajectory)
    order = np.random.default_rng(0).permutation(names)
    held = np.array_split(order, N_REPEATS)[repeat % N_REPEATS]
    out = np.isin(frames.trajectory, held)
    return frames.subset(~out), frames.subset(out)


def chosen_order(way: str, candidates: FrameSet, molecule: Molecule, seed: int) -> np.ndarray:
    """Candidates in the order in which they are chosen, as many as are needed."""
    shuffled = np.random.default_rng(seed).permutation(len(candidates))
    if way == "random":
        return shuffled
    if way == "farthest":
        return farthest(candidates.positions, molecule, int(shuffled[0]))
    return largest_variance(candidates, molecule, shuffled[:N_START], seed)


def farthest(positions: np.ndarray, molecule: Molecule, first: int) -> np.ndarray:
    """Farthest-point sampling in inverse distances, modulo the group."""
    images = find_group(molecule).act_on_positions(positions)
    inverse = np.array([1.0 / pair_distances(image) for image in images])
    nearest, order = np.full(len(positions), np.inf), [first]
    while len(order) < max(SIZES):
        differences = inverse[0][None] - inverse[:, order[-1]][:, None]
        nearest = np.minimum(nearest, np.linalg.norm(differences, axis=2).min(axis=0))
        order.append(int(np.argmax(nearest)))
    return np.array(order)


def largest_variance(
    candidates: FrameSet, molecule: Molecule, start: np.ndarray, seed: int
) -> np.ndarray:
    """Greedy choice by posterior variance: a Cholesky factorization that pivots over frames."""
    model = CovariantRegression(molecule=molecule, seed=seed).fit(candidates.subset(start))
    theta = np.asarray(model.hyperparameters_["theta"])
    K = model._description.kernel(candidates.positions).matrix(theta)
    n = len(candidates)
    noise = np.exp(theta[-1]) * np.trace(K) / len(K) * np.eye(3)
    factor = np.zeros((len(K), 3 * max(SIZES)))
    variance = np.diag(K).reshape(n, 3).sum(axis=1)
    order: list[int] = []
    while len(order) < max(SIZES):
        left = variance.copy()
        left[order] = -np.inf
        k = int(start[len(order)]) if len(order) < len(start) else int(np.argmax(left))
        rows, used = slice(3 * k, 3 * k + 3), slice(0, 3 * len(order))
        block = K[:, rows] - factor[:, used] @ factor[rows, used].T
        root = np.linalg.cholesky(block[rows] + noise)
        columns = np.linalg.solve(root, block.T).T
        factor[:, 3 * len(order) : 3 * len(order) + 3] = columns
        variance -= (columns**2).reshape(n, 3, 3).sum(axis=(1, 2))
        order.append(k)
    return np.array(order)


def squared_errors(model: CovariantRegression, test: FrameSet, **keys: object) -> pd.DataFrame:
    """Squared error per component of every frame, D^2."""
    errors = (np.asarray(model.predict(test)) - test.dipole) / DEBYE
    columns = {
        **keys,
        "frame": np.arange(len(test)),
        "trajectory": test.trajectory,
        "squared_error": (errors**2).mean(axis=1),
    }
    return pd.DataFrame(columns)[COLUMNS]


def table(errors: pd.DataFrame) -> pd.DataFrame:
    """RMSE of each way and size, and its ratio to random frames with a 95 % interval."""
    return pd.DataFrame(rows(errors))


def rows(errors: pd.DataFrame) -> Iterator[dict]:
    """Rows of `table`; repeats are pooled."""
    keys = ["repeat", "frame"]
    for (test_set, n), group in errors.groupby(["test_set", "n_train"]):
        wide = group.pivot(index=keys, columns="way", values="squared_error").dropna()
        trajectories = group.drop_duplicates(keys).set_index(keys)["trajectory"].loc[wide.index]
        weights = metrics.resampling_weights(trajectories.to_numpy())
        resampled = {way: metrics.resampled_rmse(wide[way].to_numpy(), weights) for way in wide}
        for way in wide:
            rmse = np.sqrt(wide[way].mean())
            low, high = metrics.interval(resampled[way] / resampled["random"])
            per_repeat = np.sqrt(wide[way].groupby(level="repeat").mean())
            yield {
                "test_set": test_set,
                "n_train": n,
                "way": way,
                "rmse_mD": 1e3 * rmse,
                "smallest": 1e3 * per_repeat.min(),
                "largest": 1e3 * per_repeat.max(),
                "largest_error_mD": 1e3 * np.sqrt(wide[way].max()),
                "ratio": rmse / np.sqrt(wide["random"].mean()),
                "ratio_low": low,
                "ratio_high": high,
            }


if __name__ == "__main__":
    main()
