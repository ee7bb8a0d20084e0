"""Labelled geometries of very different small molecules, for `generality.py`.

Labels are GFN2-xTB, which costs milliseconds.  Molecules of a few atoms are sampled at random and
widely, with tails; the others along Langevin dynamics at 1000 K (H5O2+, which breaks, at 500 K), of
which every trajectory has a number.  Files are made once and kept in a folder outside of the
repository.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import molecule as g2
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.optimize import BFGS
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.labels.calculator import LabelCalculator
from rpr.labels.engine import make_engine
from rpr.labels.method import Method

METHOD = Method(code="tblite", functional="gfn2-xtb", basis="")
N_RANDOM = 1000  # frames that are sampled at random
N_TRAJECTORIES, N_SAVED, STEPS_APART = 20, 50, 30  # of 0.5 fs


def relaxed(atoms: Atoms, charge: int = 0) -> Atoms:
    """The geometry at the nearest minimum."""
    atoms = atoms.copy()
    atoms.calc = LabelCalculator(METHOD, charge=charge)
    BFGS(atoms, logfile=None).run(fmax=0.02, steps=300)
    return Atoms(atoms.symbols, atoms.positions)


def displaced(start: Atoms, rng: np.random.Generator, n: int, charge: int = 0) -> np.ndarray:
    """Random displacements of 0.02 to 0.2 Angstrom, below 3 eV: many small ones and a tail."""
    engine = make_engine(METHOD, start.get_chemical_symbols(), charge=charge)
    lowest = engine.compute(start.positions, ("energy",)).energy
    lengths, kept = pdist(start.positions), []
    while len(kept) < n:
        scale = rng.uniform(0.02, 0.2)
        x = start.positions + rng.normal(scale=scale, size=start.positions.shape)
        stretch = (pdist(x) / lengths)[lengths < 1.2]
        if stretch.min() < 0.6 or stretch.max() > 1.45:
            continue
        if pdist(x).min() > 0.6 and engine.compute(x, ("energy",)).energy - lowest < 3.0:
            kept.append(x)
    return np.array(kept)


def dimers(start: Atoms, rng: np.random.Generator, n: int) -> np.ndarray:
    """Two displaced monomers in any orientation, oxygens 2 to 6.5 Angstrom apart."""
    kept: list[np.ndarray] = []
    while len(kept) < n:
        parts = start.positions + rng.normal(scale=0.05, size=(2, 3, 3))
        turned = [Rotation.random(random_state=rng).apply(x - x[0]) for x in parts]
        turned[1] = turned[1] + [rng.uniform(2.0, 6.5), 0.0, 0.0]
        far = np.linalg.norm(turned[0][:, None] - turned[1], axis=2)
        if far.min() > 1.4:
            kept.append(np.concatenate(turned))
    return np.array(kept)


def dynamics(
    start: Atoms,
    rng: np.random.Generator,
    kelvin: float,
    charge: int = 0,
    n_trajectories: int = N_TRAJECTORIES,
    steps_apart: int = STEPS_APART,
) -> np.ndarray:
    """Frames of Langevin trajectories, one after the other; broken molecules are run again."""
    found: list[np.ndarray] = []
    while len(found) < n_trajectories * N_SAVED:
        atoms = start.copy()
        atoms.calc = LabelCalculator(METHOD, charge=charge)
        MaxwellBoltzmannDistribution(atoms, temperature_K=kelvin, rng=rng)
        run = Langevin(
            atoms, 0.5 * units.fs, temperature_K=kelvin, friction=0.02 / units.fs, rng=rng
        )
        frames = []
        for _ in range(N_SAVED):
            run.run(steps_apart)
            frames.append(atoms.positions.copy())
        spread = np.linalg.norm(frames[-1] - frames[-1].mean(axis=0), axis=1).max()
        reach = np.linalg.norm(start.positions - start.positions.mean(axis=0), axis=1).max()
        if spread < 1.5 * reach:
            found += frames
    return np.array(found)


def _zundel() -> Atoms:
    positions = [[-1.2, 0, 0], [1.2, 0, 0], [0, 0, 0]]
    positions += [[-1.6, 0.8, 0.3], [-1.6, -0.8, 0.3], [1.6, 0.3, 0.8], [1.6, 0.3, -0.8]]
    return Atoms("O2H5", positions)


def _malonaldehyde() -> Atoms:
    """Cis-enol with its hydrogen bond; x, y in the plane."""
    positions = [
        [0.00, 0.00, 0.0],  # central C
        [1.24, 0.72, 0.0],
        [-1.20, 0.68, 0.0],
        [1.25, 1.96, 0.0],  # O of the aldehyde
        [-1.27, 2.00, 0.0],  # O of the enol
        [-0.35, 2.35, 0.0],
        [0.00, -1.08, 0.0],
        [2.19, 0.16, 0.0],
        [-2.14, 0.13, 0.0],
    ]
    return Atoms("C3O2H4", positions)


def _pentane() -> Atoms:
    """All trans: a zigzag of carbons, each with its hydrogens to the outside."""
    symbols, positions = [], []
    for k in range(5):
        side = 1 if k % 2 else -1
        centre = np.array([1.27 * k, 0.43 * side, 0.0])
        symbols.append("C")
        positions.append(centre)
        for z in (0.89, -0.89):
            symbols.append("H")
            positions.append(centre + np.array([0.0, 0.63 * side, z]))
        if k in (0, 4):
            symbols.append("H")
            positions.append(centre + np.array([-0.9 if k == 0 else 0.9, -0.6 * side, 0.0]))
    return Atoms(symbols, positions)


def _paracetamol() -> Atoms:
    """C8H9NO2, 20 atoms: a benzene ring with OH and NH-CO-CH3."""
    ring = [1.39 * np.array([np.cos(a), np.sin(a), 0]) for a in np.arange(6) * np.pi / 3]
    out = [x / np.linalg.norm(x) for x in ring]
    symbols = ["C"] * 6
    positions = list(ring)
    for k in (1, 2, 4, 5):
        symbols.append("H")
        positions.append(ring[k] + 1.09 * out[k])
    symbols += ["O", "H", "N", "H", "C", "O", "C", "H", "H", "H"]
    nitrogen = ring[0] + np.array([1.41, 0.0, 0.0])
    carbonyl = nitrogen + np.array([0.70, 1.18, 0.0])
    methyl = carbonyl + np.array([1.50, 0.10, 0.0])
    positions += [ring[3] + np.array([-1.36, 0, 0]), ring[3] + np.array([-1.70, 0.90, 0])]
    positions += [nitrogen, nitrogen + np.array([0.55, -0.84, 0.0]), carbonyl]
    positions += [
        carbonyl + np.array([-0.60, 1.06, 0.0]),
        methyl,
        methyl + np.array([0.42, 1.0, 0.0]),
    ]
    positions += [methyl + np.array([0.36, -0.52, 0.88]), methyl + np.array([0.36, -0.52, -0.88])]
    return Atoms(symbols, positions)


#: Name -> start geometry, total charge, how geometries follow, and whether they are trajectories.
SETS: dict[str, tuple[Callable[[], Atoms], int, Callable[..., np.ndarray], bool]] = {
    "water": (lambda: g2("H2O"), 0, lambda s, r: displaced(s, r, N_RANDOM), False),
    "hydronium": (
        lambda: _ion(g2("NH3"), "OH3"),
        1,
        lambda s, r: displaced(s, r, N_RANDOM, 1),
        False,
    ),
    "dimer": (lambda: g2("H2O"), 0, lambda s, r: dimers(s, r, N_RANDOM), False),
    "zundel": (_zundel, 1, lambda s, r: dynamics(s, r, 500, 1, 10, 20), True),
    "malonaldehyde": (_malonaldehyde, 0, lambda s, r: dynamics(s, r, 1000, 0, 10, 20), True),
    "pentane": (_pentane, 0, lambda s, r: dynamics(s, r, 1000), True),
    "paracetamol": (_paracetamol, 0, lambda s, r: dynamics(s, r, 1000, 0, 10, 20), True),
}


def _ion(atoms: Atoms, formula: str) -> Atoms:
    return Atoms(formula, atoms.positions)


def make(name: str, folder: Path) -> tuple[Atoms, FrameSet]:
    """Reference geometry and labelled frames of a set, from its file or computed now."""
    path = folder / f"{name}.npz"
    if not path.exists():
        geometry, charge, sample, trajectories = SETS[name]
        rng = np.random.default_rng(2024)
        start = relaxed(geometry(), charge)
        positions = sample(start, rng)
        reference = start if positions.shape[1] == len(start) else _pair(start)
        engine = make_engine(METHOD, reference.get_chemical_symbols(), charge=charge)
        labels = [engine.compute(x, ("dipole", "polarizability")) for x in positions]
        groups = np.arange(len(positions)) // (N_SAVED if trajectories else 1)
        np.savez(
            path,
            symbols=reference.get_chemical_symbols(),
            reference=reference.positions,
            positions=positions,
            dipole=[label.dipole for label in labels],
            polarizability=[label.polarizability for label in labels],
            trajectory=groups,
        )
    with np.load(path) as file:
        symbols = tuple(file["symbols"].tolist())
        frames = FrameSet(
            symbols,
            file["positions"],
            dipole=file["dipole"],
            polarizability=file["polarizability"],
            trajectory=file["trajectory"],
        )
        return Atoms(symbols, file["reference"]), frames


def _pair(monomer: Atoms) -> Atoms:
    """Two molecules side by side, oxygens 3 Angstrom apart."""
    other = monomer.copy()
    other.positions[:, 0] += 3.0
    return relaxed(Atoms(monomer) + other)
