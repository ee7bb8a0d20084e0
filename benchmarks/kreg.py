"""Speed, memory and accuracy of the KREG potential; prints ``name value unit`` lines.

    python benchmarks/kreg.py             # N = 250, 500, 1000
    python benchmarks/kreg.py --large     # and N = 2000 (6 GB)

Everything is measured in one run: training against a plain LAPACK ``dpotrf`` of the size of the
projected system (19 N), each in its own process, with that process's peak memory.  Ratios are of
processor time, so that other load on the machine matters little; wall time is printed beside it.
Frames are 1,2-dichloroethane on an analytic potential (Morse functions over all pairs), so that the
run needs no other file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms
from scipy.linalg import lapack

from rpr.dynamics.batch import run
from rpr.models.kreg.potential import KREG
from rpr.models.kreg.search import search_hyperparameters
from rpr.models.kreg.targets import PotentialData
from rpr.molecule.molecule import Molecule
from rpr.units import FS, KB, KCAL_MOL

SIZES = (250, 500, 1000)
LARGE = 2000
PER_FRAME = 19
#: The permutations of 1,2-dichloroethane.
GROUP = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [3, 2, 1, 0, 6, 7, 4, 5],
        [3, 2, 1, 0, 7, 6, 5, 4],
        [0, 1, 2, 3, 5, 4, 7, 6],
    ]
)
Line = tuple[str, float, str]


def dichloroethane() -> Molecule:
    """Anti 1,2-dichloroethane, exactly C2h."""
    end = np.array(
        [[-1.376, 1.691, 0.0], [-0.76, 0.0, 0.0], [-1.13, -0.53, 0.88], [-1.13, -0.53, -0.88]]
    )
    other = -end[[0, 1, 3, 2]]
    positions = np.array([end[0], end[1], other[1], other[0], *end[2:], *other[2:]])
    atoms = Atoms("ClC2ClH4", positions=positions)
    return Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))


class MorsePairs:
    """sum over pairs of D (1 - exp(-a (r - r_eq)))^2, with its forces."""

    def __init__(self, molecule: Molecule) -> None:
        self.molecule = molecule
        self.i, self.j = np.triu_indices(molecule.n_atoms, 1)
        self.r_eq = np.linalg.norm(molecule.reference[self.i] - molecule.reference[self.j], axis=1)
        bonds = np.zeros((molecule.n_atoms, molecule.n_atoms), dtype=int)
        bonds[tuple(np.transpose(molecule.bonds))] = 1
        bonds += bonds.T
        bonded = bonds[self.i, self.j] > 0
        near = (bonds @ bonds)[self.i, self.j] > 0  # two bonds apart
        self.depth = np.where(bonded, 4.0, np.where(near, 0.8, 0.02))
        self.steepness = np.where(bonded, 1.8, np.where(near, 1.5, 0.8))

    def predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies and forces."""
        vectors = positions[:, self.i] - positions[:, self.j]
        r = np.linalg.norm(vectors, axis=2)
        decay = np.exp(-self.steepness * (r - self.r_eq))
        slopes = 2 * self.steepness * self.depth * (1 - decay) * decay
        pair = (slopes / r)[:, :, None] * vectors
        forces = np.zeros_like(positions)
        for k, (a, b) in enumerate(zip(self.i, self.j, strict=True)):
            forces[:, a] -= pair[:, k]
            forces[:, b] += pair[:, k]
        return (self.depth * (1 - decay) ** 2).sum(axis=1), forces


def thermal(
    molecule: Molecule, angles: np.ndarray, *, temperature: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Starts at dihedral `angles` (degrees) with Boltzmann velocities without net momentum."""
    rng = np.random.default_rng(seed)
    positions = np.repeat(molecule.reference[None], len(angles), axis=0)
    for k, turn in enumerate(np.radians(angles - 180.0)):
        c, s = np.cos(turn), np.sin(turn)  # about x, the C-C bond
        positions[k][[3, 6, 7]] = positions[k][[3, 6, 7]] @ np.array(
            [[1, 0, 0], [0, c, s], [0, -s, c]]
        )
    width = FS * np.sqrt(KB * temperature / molecule.masses)[:, None]
    velocities = width * rng.standard_normal(positions.shape)
    drift = np.einsum("a,tax->tx", molecule.masses, velocities) / molecule.masses.sum()
    return positions, velocities - drift[:, None]


def training_frames(
    n: int, *, seed: int = 0
) -> tuple[Molecule, np.ndarray, np.ndarray, np.ndarray]:
    """`n` frames of short trajectories over all dihedrals, with labels."""
    molecule = dichloroethane()
    potential = MorsePairs(molecule)
    starts = thermal(molecule, np.linspace(0.0, 180.0, 70), temperature=600.0, seed=seed)
    steps = run(potential, *starts, molecule.masses, dt_fs=0.5, n_steps=100, every=2)
    frames = steps.positions[:, 1:].reshape(-1, molecule.n_atoms, 3)
    frames = frames[np.random.default_rng(seed).permutation(len(frames))[:n]]
    return molecule, frames, *potential.predict(frames)


def train(n: int, settings: dict, path: str) -> dict:
    """Train on `n` frames in a process of its own and save the model."""
    molecule, frames, energy, forces = training_frames(n)
    model = KREG(molecule=molecule, permutations=_group(settings), **settings["values"])
    before = _peak_memory()
    with Clock() as clock:
        model.fit(frames, energy, forces)
    after = _peak_memory()
    model.save(path)
    solution = model.solution_
    return clock.times | {
        "residual": solution.residual,
        "condition": solution.condition,
        "grown": after - before,
    }


def dpotrf(n: int) -> dict:
    """Plain LAPACK Cholesky factorization in place, run in a process of its own."""
    matrix = np.zeros((n, n), order="F")
    matrix += 1.0 / n
    matrix.flat[:: n + 1] += 1.0
    with Clock() as clock:
        _, info = lapack.dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
    return clock.times | {"info": int(info)}


class Clock:
    """Wall and processor time of a block."""

    def __enter__(self) -> Clock:
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exc: object) -> None:
        wall, cpu = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        self.times = {"wall": wall, "cpu": cpu}


def in_child(task: dict) -> dict:
    """Result of `task` in a fresh process, with its peak memory in bytes."""
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def child(task: dict) -> None:
    """Entry of the fresh process."""
    name = task.pop("task")
    result = {"train": train, "dpotrf": dpotrf}[name](**task)
    print(json.dumps(result | {"memory": _peak_memory()}))


def search_lines(settings: dict) -> Iterator[Line]:
    """Hyper-parameters by validation, and what that costs."""
    molecule, frames, energy, forces = training_frames(1000)
    data = PotentialData(frames, energy, forces)
    found = search_hyperparameters(data, {}, molecule=molecule, permutations=_group(settings))
    names = ("sigma", "lambda_energy", "lambda_forces")
    settings["values"] = {name: getattr(found, name) for name in names}
    yield "kreg.search.cpu_seconds", found.cpu_seconds, "s"
    yield "kreg.search.trainings", len(found.trials), "1"
    yield "kreg.search.frames", found.n_train, "1"
    for name, value in settings["values"].items():
        yield f"kreg.search.{name}", value, "1"


def training_lines(sizes: tuple[int, ...], settings: dict, folder: str) -> Iterator[Line]:
    """Training against dpotrf at each size, and how time and memory grow."""
    results = {}
    for n in sizes:
        task = {"task": "train", "n": n, "settings": settings, "path": model_path(folder, n)}
        result = results[n] = in_child(task)
        yield f"kreg.train.{n}.cpu_seconds", result["cpu"], "s"
        yield f"kreg.train.{n}.seconds", result["wall"], "s"
        yield f"kreg.train.{n}.memory", result["memory"] / 1e9, "GB"
        yield f"kreg.train.{n}.residual", result["residual"], "1"
        yield f"kreg.train.{n}.condition", result["condition"], "1"
        if n < LARGE:  # the square matrix of dpotrf takes twice the memory
            yield from baseline_lines(n, result)
    if len(sizes) > 1:
        logs = np.log(sizes)
        for key, quantity in (("cpu", "time"), ("grown", "memory")):
            values = np.log([results[n][key] for n in sizes])
            yield f"kreg.train.exponent_{quantity}", np.polyfit(logs, values, 1)[0], "1"


def baseline_lines(n: int, result: dict) -> Iterator[Line]:
    """What dpotrf takes at the same size."""
    baseline = in_child({"task": "dpotrf", "n": PER_FRAME * n})
    yield f"kreg.dpotrf.{n}.cpu_seconds", baseline["cpu"], "s"
    yield f"kreg.dpotrf.{n}.memory", baseline["memory"] / 1e9, "GB"
    yield f"kreg.train.{n}.ratio_dpotrf", result["cpu"] / baseline["cpu"], "1"
    yield f"kreg.train.{n}.ratio_dpotrf_wall", result["wall"] / baseline["wall"], "1"
    if n == 1000:
        yield "kreg.train.ratio_dpotrf", result["cpu"] / baseline["cpu"], "1"
        yield "kreg.train.memory", result["memory"] / 1e9, "GB"


def prediction_lines(path: str) -> Iterator[Line]:
    """Prediction of many frames, and 24 trajectories of 10 000 steps."""
    model = KREG.load(path)
    molecule, frames, energy, forces = training_frames(2000, seed=1)
    with Clock() as clock:
        predicted, predicted_forces = model.predict(frames)
    yield "kreg.predict.cpu_per_frame", 1e6 * clock.times["cpu"] / len(frames), "us"
    error = np.sqrt(np.mean((predicted - energy) ** 2)) / KCAL_MOL
    yield "kreg.predict.rmse_energy", error, "kcal/mol"
    error = np.sqrt(np.mean((predicted_forces - forces) ** 2)) / KCAL_MOL
    yield "kreg.predict.rmse_forces", error, "kcal/mol/Angstrom"
    starts = thermal(molecule, np.linspace(0.0, 180.0, 24), temperature=300.0, seed=2)
    with Clock() as clock:
        result = run(model, *starts, molecule.masses, dt_fs=0.5, n_steps=10_000, every=20)
    yield "kreg.dynamics.seconds", clock.times["cpu"], "s"
    yield "kreg.dynamics.wall_seconds", clock.times["wall"], "s"
    yield "kreg.dynamics.drift", result.drift().max() / KCAL_MOL, "kcal/mol"
    yield "kreg.dynamics.fluctuation", result.fluctuation().max() / KCAL_MOL, "kcal/mol"


def lines(
    sizes: tuple[int, ...] = SIZES, *, symmetric: bool = False, values: dict | None = None
) -> Iterator[Line]:
    """All measurements as (name, value, unit).

    Parameters
    ----------
    sizes
        Numbers of training frames; dynamics run on the model of the last one up to 1000.
    symmetric
        Average the kernel over the permutations of the molecule.
    values
        Hyper-parameters; searched if None.
    """
    settings = {"symmetric": symmetric, "values": values}
    if values is None:
        yield from search_lines(settings)
    with tempfile.TemporaryDirectory() as folder:
        yield from training_lines(sizes, settings, folder)
        yield from prediction_lines(model_path(folder, max(n for n in sizes if n <= 1000)))


def model_path(folder: str, n: int) -> str:
    """Where the model trained on `n` frames lies."""
    return str(Path(folder) / f"kreg-{n}.npz")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--large", action="store_true", help=f"also {LARGE} frames")
    parser.add_argument("--symmetric", action="store_true", help="with the permutations")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    sizes = (*arguments.sizes, LARGE) if arguments.large else tuple(arguments.sizes)
    for name, value, unit in lines(sizes, symmetric=arguments.symmetric):
        print(f"{name} {value:.6g} {unit}", flush=True)


def _group(settings: dict) -> np.ndarray | None:
    return GROUP if settings["symmetric"] else None


def _peak_memory() -> int:
    # of this process alone; ru_maxrss also counts the parent's before exec
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status: no VmHWM")


if __name__ == "__main__":
    main()
