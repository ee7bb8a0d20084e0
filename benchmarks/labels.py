"""Speed, memory and accuracy of the label engine; prints ``name value unit`` lines.

    python benchmarks/labels.py                # everything, about 12 minutes
    python benchmarks/labels.py --frames 8 --baseline-frames 1 --part md
    python benchmarks/labels.py --part exact   # against integrals without density fitting
    python benchmarks/labels.py --part derivatives   # what dipole derivatives add to a label
    python benchmarks/labels.py --part polarizability_derivatives   # and both derivatives

The baseline is plain PySCF as in `rpr.labels.dft.plain_pyscf`:
``dft.RKS(xc="b3lyp5").density_fit()`` on the default grid, ``nuc_grad_method``, polarizability by
``gen_response`` and ``cphf.solve`` with default tolerances.  Both run on one thread and label the
same stretch of one trajectory of 1,2-dichloroethane (0.5 fs a step, 298 K, B3LYP5/def2-SVP forces,
fixed seed); processor time counts.  The engine's first frames, which have little history, are left
out of the figures along the trajectory.  ``labels.no_gradient`` is measured without any history:
frames of the rotated test set are 100 fs apart, so that each starts from superposed atoms.

Errors are the largest over frames and components, in the baseline's orientation and on its grid.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import units
from ase.io import read
from ase.md.velocitydistribution import thermalize_momenta
from ase.md.verlet import VelocityVerlet
from scipy.spatial.transform import Rotation
from threadpoolctl import threadpool_limits

from rpr.labels.calculator import LabelCalculator
from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import PROPERTIES, Labels
from rpr.units import BOHR, BOHR3, HARTREE

GEOMETRY = Path(__file__).resolve().parents[1] / "resources/geometries/dichloroethane_gauche.xyz"
WARM_UP = 4
LARGE = Method(basis="aug-cc-pvtz")
SMALL = Method(basis="def2-svp")
NO_GRADIENT = ("energy", "dipole", "polarizability")
MD = ("energy", "forces", "dipole")
KINDS = {
    "full": PROPERTIES,
    "derivatives": (*PROPERTIES, "dipole_derivatives"),
    "both": (*PROPERTIES, "dipole_derivatives", "polarizability_derivatives"),
}
STEP = 5e-3  #: Angstrom, of the differences of dipoles and polarizabilities
PARTS = (
    "md", "large", "shortcuts", "rotation", "exact", "derivatives", "polarizability_derivatives",
    "arithmetic", "processes",
)  # fmt: skip
Line = tuple[str, float, str]


@dataclass
class Trajectory:
    """Frames of 1,2-dichloroethane: positions in Angstrom, [n_frames, n_atoms, 3]."""

    symbols: Sequence[str]
    frames: np.ndarray

    def last(self, n_frames: int) -> Trajectory:
        """The last frames."""
        return Trajectory(self.symbols, self.frames[-n_frames:])


def make_trajectory(n_frames: int, *, seed: int = 0) -> Trajectory:
    """A stretch of dynamics, with the centre of nuclear charge at the origin."""
    atoms = read(GEOMETRY)
    atoms.calc = LabelCalculator(SMALL)
    thermalize_momenta(atoms, 298, rng=np.random.default_rng(seed))
    dynamics = VelocityVerlet(atoms, 0.5 * units.fs)
    frames = []
    for _ in range(n_frames):
        dynamics.run(1)
        frames.append(atoms.positions - atoms.numbers @ atoms.positions / atoms.numbers.sum())
    return Trajectory(atoms.get_chemical_symbols(), np.array(frames))


def cpu_seconds(function, *arguments):
    """Result and processor time of a call."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def baseline(symbols, positions, method: Method, properties: Sequence[str]):
    """Plain labels of a frame in atomic units, and the seconds of each part.

    Energy and dipole come from a second, tightly converged SCF: at PySCF's default tolerance the
    dipole has errors of 1e-5 e bohr of its own.
    """
    mol = plain.molecule(symbols, positions / BOHR, method.basis)
    mf = plain.mean_field(mol, method.functional, density_fitting=method.density_fitting)
    _, seconds = cpu_seconds(mf.kernel)
    labels, parts = {}, {"scf": seconds}
    if "forces" in properties:
        labels["forces"], parts["gradient"] = cpu_seconds(plain.gradient, mf)
        labels["forces"] *= -1
    if "polarizability" in properties:
        labels["polarizability"], parts["response"] = cpu_seconds(plain.polarizability, mf)
    mf.conv_tol, mf.conv_tol_grad = 1e-11, 1e-7
    labels["energy"] = mf.kernel(mf.make_rdm1())
    labels["dipole"] = plain.dipole(mf)
    return labels, parts


def in_atomic_units(labels: Labels) -> dict[str, np.ndarray]:
    """Labels as a dictionary in atomic units."""
    size = {
        "energy": HARTREE,
        "forces": HARTREE / BOHR,
        "dipole": BOHR,
        "polarizability": BOHR3,
    }
    return {n: getattr(labels, n) / size[n] for n in PROPERTIES if getattr(labels, n) is not None}


UNITS = {
    "energy": "hartree",
    "forces": "hartree/bohr",
    "dipole": "e_bohr",
    "polarizability": "bohr^3",
}


def errors(found: Sequence[dict], expected: Sequence[dict], prefix: str) -> Iterator[Line]:
    """Largest deviation of each property."""
    for name in PROPERTIES:
        if name in found[0] and name in expected[0]:
            worst = max(
                np.abs(f[name] - e[name]).max() for f, e in zip(found, expected, strict=True)
            )
            yield f"{prefix}.error.{name}", worst, UNITS[name]


def run_engine(trajectory, method, properties, *, reset=False):
    """Labels, seconds of each frame and seconds of each part of each frame."""
    engine = make_engine(method, trajectory.symbols)
    labels, seconds = [], []
    for positions in trajectory.frames:
        if reset:
            engine.reset()
        result, spent = cpu_seconds(engine.compute, positions, properties)
        labels.append(result)
        seconds.append(spent)
    return labels, np.array(seconds)


def compare(name, trajectory, method, properties, reference, *, reset=False) -> Iterator[Line]:
    """Ratio of the baseline's seconds a frame to the engine's, with all parts."""
    plain_parts = reference[1]
    labels, seconds = run_engine(trajectory, method, properties, reset=reset)
    first = 1 if reset else WARM_UP
    mine, wanted = float(np.mean(seconds[first:])), {"scf"}
    wanted |= {"gradient"} if "forces" in properties else set()
    wanted |= {"response"} if "polarizability" in properties else set()
    theirs = sum(np.mean([parts[k] for parts in plain_parts]) for k in wanted)
    yield f"labels.{name}.ratio", theirs / mine, "1"
    yield f"labels.{name}.seconds", mine, "s"
    yield f"labels.{name}.baseline", float(theirs), "s"
    for part in labels[-1].timings:
        mean = float(np.mean([x.timings[part] for x in labels[first:]]))
        yield f"labels.{name}.{part}.seconds", mean, "s"
    for part in sorted(wanted):
        mean = float(np.mean([parts[part] for parts in plain_parts]))
        yield f"labels.{name}.{part}.baseline", mean, "s"
    yield f"labels.{name}.scf_cycles", float(np.mean([x.scf_cycles for x in labels[first:]])), "1"


def plain_reference(trajectory, method, properties, n_frames: int):
    """Plain labels and timings of the last frames."""
    chosen = trajectory.last(n_frames).frames
    results = [baseline(trajectory.symbols, x, method, properties) for x in chosen]
    return [r[0] for r in results], [r[1] for r in results]


def accuracy(name, trajectory, method, properties, reference) -> Iterator[Line]:
    """Errors of the last frames in the baseline's orientation."""
    expected = reference[0]
    plain = replace(method, canonical_orientation=False)
    stretch = trajectory.last(len(expected) + WARM_UP)
    labels, _ = run_engine(stretch, plain, properties)
    found = [in_atomic_units(x) for x in labels[-len(expected) :]]
    yield from errors(found, expected, f"labels.{name}")


def md(trajectory, options) -> Iterator[Line]:
    """A step of the dynamics at def2-SVP."""
    reference = plain_reference(trajectory, SMALL, PROPERTIES, 3)
    yield from compare("md", trajectory, SMALL, MD, reference)
    yield from compare("svp_full", trajectory, SMALL, PROPERTIES, reference)
    yield from accuracy("svp_full", trajectory, SMALL, PROPERTIES, reference)


def large(trajectory, options) -> Iterator[Line]:
    """Labels at aug-cc-pVTZ, with and without gradient."""
    reference = plain_reference(trajectory, LARGE, PROPERTIES, options.baseline_frames)
    yield from compare("full", trajectory, LARGE, PROPERTIES, reference)
    few = trajectory.last(4)
    yield from compare("no_gradient", few, LARGE, NO_GRADIENT, reference, reset=True)
    yield from accuracy("full", trajectory, LARGE, PROPERTIES, reference)


def shortcuts(trajectory, options) -> Iterator[Line]:
    """What each shortcut costs in accuracy, and smaller grids than the default would, def2-SVP."""
    exact = replace(
        SMALL,
        canonical_orientation=False,
        coarse_grid_level=3,
        response_grid_level=3,
        scf_gradient_tolerance=1e-8,
        response_tolerance=1e-5,
    )
    variants = {
        "coarse_grid_0": {"coarse_grid_level": 0},
        "coarse_grid_1": {"coarse_grid_level": 1},
        "response_grid_0": {"response_grid_level": 0},
        "response_grid_1": {"response_grid_level": 1},
        "scf_tolerance": {"scf_gradient_tolerance": SMALL.scf_gradient_tolerance},
        "response_tolerance": {"response_tolerance": SMALL.response_tolerance},
        "gradient_grid_1": {"gradient_grid_level": 1},
        "gradient_grid_2": {"gradient_grid_level": 2},
        "grid_2": {"grid_level": 2, "gradient_grid_level": 2},
    }
    stretch = trajectory.last(WARM_UP + 2)
    expected = [in_atomic_units(x) for x in run_engine(stretch, exact, PROPERTIES)[0]]
    for name, change in variants.items():
        labels, _ = run_engine(stretch, replace(exact, **change), PROPERTIES)
        found = [in_atomic_units(x) for x in labels]
        yield from errors(found, expected, f"labels.shortcut.{name}")


def rotation(trajectory, options) -> Iterator[Line]:
    """Labels of a rotated molecule against the rotated labels."""
    turn = Rotation.from_euler("xyz", [20, 50, 80], degrees=True).as_matrix()
    positions = trajectory.frames[-1]
    for name, canonical in (("canonical", True), ("laboratory", False)):
        method = replace(SMALL, canonical_orientation=canonical)
        plain, turned = (
            in_atomic_units(make_engine(method, trajectory.symbols).compute(x))
            for x in (positions, positions @ turn.T)
        )
        plain["forces"] = plain["forces"] @ turn.T
        plain["dipole"] = turn @ plain["dipole"]
        plain["polarizability"] = turn @ plain["polarizability"] @ turn.T
        yield from errors([turned], [plain], f"labels.rotation.{name}")


def exact(trajectory, options) -> Iterator[Line]:
    """Density fitting against exact integrals."""
    method = replace(SMALL, basis=options.exact_basis, canonical_orientation=False)
    stretch = trajectory.last(1)
    fitted = [in_atomic_units(x) for x in run_engine(stretch, method, PROPERTIES)[0]]
    method = replace(method, density_fitting=False)
    full = [baseline(stretch.symbols, stretch.frames[0], method, PROPERTIES)[0]]
    yield from errors(fitted, full, f"labels.density_fitting.{options.exact_basis}")


def derivatives(trajectory, options) -> Iterator[Line]:
    """What dipole derivatives add to a full label: time by part, memory, and their error."""
    yield from with_derivatives("derivatives", "dipole", "e", trajectory, options)


def polarizability_derivatives(trajectory, options) -> Iterator[Line]:
    """What derivatives of both dipole and polarizability add to a full label."""
    yield from with_derivatives("both", "polarizability", "Angstrom^2", trajectory, options)


def with_derivatives(kind, differentiated, unit, trajectory, options) -> Iterator[Line]:
    """Time by part, error and memory of labels of a kind with derivatives."""
    prefix = f"labels.{'derivatives' if kind == 'derivatives' else 'polarizability_derivatives'}"
    for name, method in (("svp", SMALL), ("full", LARGE)):
        yield from price(f"{prefix}.{name}", trajectory, method, KINDS[kind])
    for name, value in derivative_errors(trajectory, SMALL, differentiated):
        yield f"{prefix}.svp.error.{name}", value, unit
    peaks = [run_workers(options, 1, which)[0][1] for which in ("full", kind)]
    yield f"{prefix}.memory", peaks[1], "MiB"
    yield f"{prefix}.memory_ratio", peaks[1] / peaks[0], "1"


def price(prefix, trajectory, method, asked) -> Iterator[Line]:
    """Seconds of labels with derivatives over those without, frame by frame in turn."""
    engines = [make_engine(method, trajectory.symbols) for _ in range(2)]
    kinds = {"without": PROPERTIES, "with": asked}
    spent = {kind: [] for kind in kinds}
    for positions in trajectory.frames:
        for (kind, properties), engine in zip(kinds.items(), engines, strict=True):
            labels, seconds = cpu_seconds(engine.compute, positions, properties)
            spent[kind].append({"total": seconds, **labels.timings})
    middle = {
        kind: {part: float(np.median([x[part] for x in rows[WARM_UP:]])) for part in rows[0]}
        for kind, rows in spent.items()
    }
    yield f"{prefix}.ratio", middle["with"]["total"] / middle["without"]["total"], "1"
    first = {kind: rows[0]["total"] for kind, rows in spent.items()}
    yield f"{prefix}.ratio_without_history", first["with"] / first["without"], "1"
    for part, seconds in middle["with"].items():
        if part in middle["without"]:
            yield f"{prefix}.{part}.without", middle["without"][part], "s"
        yield f"{prefix}.{part.replace(' ', '_')}.with", seconds, "s"


def derivative_errors(trajectory, method, name) -> Iterator[tuple[str, float]]:
    """Derivatives at default settings against differences of tightly converged `name`."""
    positions, symbols = trajectory.frames[-1], trajectory.symbols
    method = replace(method, canonical_orientation=False)
    labels = make_engine(method, symbols).compute(positions, (f"{name}_derivatives",))
    found = getattr(labels, f"{name}_derivatives")
    tight = replace(
        method,
        scf_gradient_tolerance=1e-8,
        coarse_grid_level=1,
        response_grid_level=3,
        response_tolerance=1e-5,
    )
    engine, rows = make_engine(tight, symbols), []
    for shift in STEP * np.eye(positions.size).reshape(-1, *positions.shape):
        ahead, behind = (
            getattr(engine.compute(positions + sign * shift, (name,)), name) for sign in (1, -1)
        )
        rows.append((ahead - behind) / (2 * STEP))
    expected = np.array(rows).reshape(found.shape)
    error = found - expected
    yield "rms", float(np.sqrt(np.mean(error**2)))
    yield "max", float(np.abs(error).max())
    yield "sum_over_atoms", float(np.abs(found.sum(axis=0)).max())
    yield "rms_of_elements", float(np.sqrt(np.mean(expected**2)))


def arithmetic(trajectory, options) -> Iterator[Line]:
    """The least time each part could take: its integrals, and its operations at full speed."""
    from pyscf.df.incore import aux_e2

    from rpr.labels.dft.electronic_structure import auxiliary_molecule

    mol = plain.molecule(trajectory.symbols, trajectory.frames[-1] / BOHR, LARGE.basis)
    auxmol = auxiliary_molecule(mol, LARGE)
    double, single = (_matrix_speed(kind) for kind in (np.float64, np.float32))
    yield "labels.machine.double", double * 1e-9, "Gflop/s"
    yield "labels.machine.single", single * 1e-9, "Gflop/s"
    n, p, o = mol.nao, auxmol.nao, mol.nelectron // 2
    points = {level: _points(mol, level) for level in (0, 1, 3)}
    fitting = p**2 * n * (n + 1) / 2
    cycle = 2 * p * n * n * o + 2 * p * n * n * o + points[0] * n * (8 * o + 2 * n)
    fine = points[3] * n * (8 * o + 2 * n)
    product = 3 * (2 * p * n * n * o + 16 * points[1] * n * o)
    buffer = np.empty(p * n * (n + 1) // 2)
    _, integrals = cpu_seconds(lambda: aux_e2(mol, auxmol, "int3c2e", aosym="s2ij", out=buffer))
    block, moved = np.empty(3 * n * n * 60), 0.0
    for begin in range(0, auxmol.nbas, 4):
        shells = (0, mol.nbas, 0, mol.nbas, begin, min(begin + 4, auxmol.nbas))
        moved += cpu_seconds(
            lambda s=shells: aux_e2(mol, auxmol, "int3c2e_ip1", shls_slice=s, out=block)
        )[1]
    yield "labels.floor.integrals", integrals + fitting / double, "s"
    yield "labels.floor.scf_cycle", cycle / double, "s"
    yield "labels.floor.scf_fine_grid", fine / double, "s"
    yield "labels.floor.gradient", moved + 2 * p * n * n * o / double, "s"
    yield "labels.floor.response_iteration", product / single, "s"


def _matrix_speed(kind) -> float:
    """Operations a second of a matrix product of this type."""
    a = np.ones((1500, 1500), kind)
    a @ a
    _, seconds = cpu_seconds(lambda: [a @ a for _ in range(5)])
    return 5 * 2 * 1500**3 / seconds


def _points(mol, level: int) -> int:
    from rpr.labels.dft.grids import Grid

    return len(Grid(mol, level).weights)


def processes(trajectory, options) -> Iterator[Line]:
    """Frames a second of wall time of two one-thread processes against one; peak memory."""
    rates = {}
    for n in (1, 2):
        outputs = run_workers(options, n, "full")
        rates[n] = sum(1 / seconds for seconds, _ in outputs)
    yield "labels.two_process_scaling", rates[2] / rates[1], "1"
    yield "labels.memory", outputs[0][1], "MiB"


def run_workers(options, n: int, kind: str) -> list[list[float]]:
    """Wall seconds of a frame and peak memory in MiB of each of `n` processes at a time."""
    command = [sys.executable, __file__, "--worker", options.scratch, str(options.frames), kind]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(n)]
    return [[float(x) for x in worker.communicate()[0].split()] for worker in workers]


def worker(path: str, n_frames: int, properties: Sequence[str]) -> None:
    """Print the wall seconds of a frame at aug-cc-pVTZ and the peak memory in MiB."""
    frames = np.load(path)
    symbols = read(GEOMETRY).get_chemical_symbols()
    engine = make_engine(LARGE, symbols, max_memory_mb=4096)
    engine.compute(frames[0], properties)
    engine.compute(frames[1], properties)
    start = time.perf_counter()
    for positions in frames[2:n_frames]:
        engine.compute(positions, properties)
    seconds = (time.perf_counter() - start) / (min(n_frames, len(frames)) - 2)
    # not ru_maxrss: it begins with that of the parent, whose other parts took more
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(seconds, int(peak[1]) / 1024)


def main() -> None:
    """Parse the arguments."""
    from pyscf import lib

    lib.num_threads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all")
    parser.add_argument("--frames", type=int, default=10, help="frames of the trajectory")
    parser.add_argument("--baseline-frames", type=int, default=2, help="of them by the baseline")
    parser.add_argument("--exact-basis", default="def2-svp", help="basis of the part `exact`")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with threadpool_limits(1):
        if options.worker:
            path, n_frames, kind = options.worker
            worker(path, int(n_frames), KINDS[kind])
        else:
            measure(parser, options)


def measure(parser, options) -> None:
    """Run the parts and print their lines."""
    if options.frames < WARM_UP + 2:
        parser.error(f"--frames: found {options.frames}, expected at least {WARM_UP + 2}")
    trajectory = make_trajectory(options.frames)
    with tempfile.TemporaryDirectory() as folder:
        options.scratch = str(Path(folder) / "frames.npy")
        np.save(options.scratch, trajectory.frames)
        for part in options.part or PARTS:
            for name, value, unit in globals()[part](trajectory, options):
                print(f"{name} {value:.6g} {unit}", flush=True)


if __name__ == "__main__":
    main()
