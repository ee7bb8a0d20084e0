"""Minima of a molecule from one geometry: a scan of its torsions, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from ase.calculators.calculator import Calculator
from ase.units import kJ, mol

from rpr.data.frame_set import FrameSet
from rpr.dynamics.optimise import optimise
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.equivalence import distinct
from rpr.molecule.molecule import Molecule
from rpr.molecule.normal_modes import NormalModes, normal_modes
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import Rotor, clashes, find_rotors, rotor_dihedrals, turn_rotors

#: Steps of the scan in degrees; the second is for molecules whose scan has too many points.
SCAN_STEPS = (60.0, 120.0)

#: Most points of a scan; molecules that need more are refused.
LARGEST_SCAN = 300

#: Random displacement of each coordinate in Angstrom, which leads away from saddle points.
_DISPLACEMENT = 0.02

#: Displacement along an imaginary mode, Angstrom sqrt(u), before another optimisation.
_ALONG_MODE = 0.3

#: Largest force on an atom at the end of the optimisations of a scan, eV/Angstrom.
_SCAN_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class Minima:
    """Minima of a molecule at one level of theory, the lowest first.

    Parameters
    ----------
    positions : array, [n_minima, n_atoms, 3]
        Angstrom.
    energy : array, [n_minima]
        eV.
    hessians : array, [n_minima, 3 n_atoms, 3 n_atoms]
        eV/Angstrom^2.
    """

    positions: np.ndarray
    energy: np.ndarray
    hessians: np.ndarray


def torsion_grid(molecule: Molecule) -> np.ndarray:
    """Geometries of a systematic scan of all rotors, without clashes, each once.

    Every rotor takes the angle of the reference geometry plus multiples of 60 degrees, or of 120
    degrees if that gives more than :data:`LARGEST_SCAN` points; a methyl group turns by less than
    120 degrees, after which it looks the same.  Geometries that the permutation-inversion group
    makes equal are kept once.

    Parameters
    ----------
    molecule
        Its bonds and reference geometry are used.

    Returns
    -------
    array, [n_points, n_atoms, 3]
        Angstrom; the reference geometry comes first.

    Raises
    ------
    InputError
        If the scan has too many points.
    """
    rotors = find_rotors(molecule)
    start = rotor_dihedrals(molecule.reference[None], rotors)[0]
    turns = np.array(list(product(*_turns(rotors))), dtype=float)  # -> [n_points, n_rotors]
    turned = np.repeat(molecule.reference[None], len(turns), axis=0)
    turned = turn_rotors(turned, molecule, rotors, start + turns)
    turned = turned[~clashes(turned, molecule)]
    points = np.concatenate([molecule.reference[None], turned])
    return points[distinct(points, find_group(molecule))]


def scan_torsions(
    molecule: Molecule,
    calculator: Calculator,
    *,
    seed: int = 0,
    log: Callable[[str], None] | None = None,
) -> FrameSet:
    """Optimise every point of the :func:`torsion_grid`; what is found, the lowest first.

    Each coordinate of a point is displaced by a random 0.02 Angstrom, as a symmetrical start leads
    to a saddle point.  A point whose optimisation fails, or breaks or forms a bond, is left out.

    Parameters
    ----------
    molecule
        Its bonds and reference geometry are used.
    calculator
        Gives energy and forces.
    seed
        Seed of the displacements.
    log
        Called with a line of text for each point.

    Returns
    -------
    FrameSet
        Distinct geometries with their energies, in order of energy.

    Raises
    ------
    ConvergenceError
        If no optimisation succeeds.
    InputError
        If the scan has too many points.
    """
    say = log or (lambda line: None)
    rng = np.random.default_rng(seed)
    grid = torsion_grid(molecule)
    found, energies, failure = [], [], ""
    for k, point in enumerate(grid):
        start = molecule.to_atoms(point + _DISPLACEMENT * rng.standard_normal(point.shape))
        name = f"point {k + 1} of {len(grid)}"
        try:
            atoms = optimise(start, calculator, force_tolerance=_SCAN_TOLERANCE, name=name)
        except ConvergenceError as error:
            say(failure := str(error))
            continue
        say(f"{name}: energy {atoms.get_potential_energy():.5f} eV")
        found.append(atoms.positions)
        energies.append(atoms.get_potential_energy())
    if not found:
        raise ConvergenceError(f"no point of the torsional scan could be optimised; {failure}")
    return _lowest_first(molecule, np.array(found), np.array(energies))


def find_minima(
    candidates: FrameSet,
    molecule: Molecule,
    calculator: Calculator,
    hessian: Callable[[np.ndarray], np.ndarray],
    *,
    window: float,
    most: int,
    force_tolerance: float = 1e-3,
    max_steps: int = 200,
    log: Callable[[str], None] | None = None,
) -> Minima:
    """Optimise candidates at a level of theory, and keep those that are minima.

    A saddle point is left along its softest mode and optimised once more.

    Parameters
    ----------
    candidates
        Geometries with their energies (eV) at any level, the lowest first.
    molecule
        Molecule of the geometries.
    calculator
        Gives energy and forces at the level of theory.
    hessian
        Gives the Hessian of positions, [3 n_atoms, 3 n_atoms] in eV/Angstrom^2, at the same level.
    window
        Candidates, and minima, higher than this above the lowest are left out, eV.
    most
        Largest number of minima.
    force_tolerance
        Largest force on an atom of a minimum, eV/Angstrom.
    max_steps
        Largest number of steps of one optimisation.
    log
        Called with a line of text for each candidate.

    Returns
    -------
    Minima

    Raises
    ------
    ConvergenceError
        If no candidate becomes a minimum.
    """
    say = log or (lambda line: None)
    settings = {"force_tolerance": force_tolerance, "max_steps": max_steps}
    near = _within(candidates, window)
    positions, energies, failure = [], [], ""
    for k in range(len(near)):
        try:
            atoms = optimise(near.atoms(k), calculator, name=f"candidate {k}", **settings)
        except ConvergenceError as error:
            say(failure := str(error))
            continue
        say(f"candidate {k}: energy {atoms.get_potential_energy():.5f} eV")
        positions.append(atoms.positions)
        energies.append(atoms.get_potential_energy())
    if not positions:
        raise ConvergenceError(f"no candidate could be optimised; {failure}")
    stationary = _within(_lowest_first(molecule, np.array(positions), np.array(energies)), window)
    lowest = stationary.subset(np.arange(min(most, len(stationary))))
    return _minima(lowest, molecule, calculator, hessian, settings, say)


def minima_frames(minima: Minima, molecule: Molecule) -> FrameSet:
    """The minima as frames, with their energies."""
    return FrameSet(molecule.symbols, minima.positions, energy=minima.energy)


def minima_table(minima: Minima, molecule: Molecule) -> pd.DataFrame:
    """What the minima are.

    Returns
    -------
    DataFrame
        Columns ``minimum``, ``energy_kJ_per_mol`` above the lowest, ``lowest_wavenumber`` in
        cm^-1, and for each rotor ``dihedral_i_j_k_l`` in degrees.
    """
    rotors = find_rotors(molecule)
    names = ["dihedral_" + "_".join(map(str, rotor.dihedral)) for rotor in rotors]
    dihedrals = rotor_dihedrals(minima.positions, rotors)
    lowest = [
        normal_modes(positions, molecule.masses, hessian).wavenumbers[0]
        for positions, hessian in zip(minima.positions, minima.hessians, strict=True)
    ]
    table = {
        "minimum": np.arange(len(minima.energy)),
        "energy_kJ_per_mol": (minima.energy - minima.energy[0]) / (kJ / mol),
        "lowest_wavenumber": lowest,
    }
    return pd.DataFrame({**table, **dict(zip(names, dihedrals.T, strict=True))})


def _turns(rotors: tuple[Rotor, ...]) -> list[np.ndarray]:
    """Angles by which each rotor is turned, degrees."""
    for step in SCAN_STEPS:
        turns = [np.arange(0.0, 360.0 / rotor.fold, step) for rotor in rotors]
        if np.prod([len(t) for t in turns], dtype=float) <= LARGEST_SCAN:
            return turns
    raise InputError(
        f"found {len(rotors)} bonds that can be turned, whose scan has more than {LARGEST_SCAN} "
        "points; give the minima that matter in molecule/geometries, and the dihedral"
    )


def _lowest_first(molecule: Molecule, positions: np.ndarray, energies: np.ndarray) -> FrameSet:
    """Distinct geometries in order of energy."""
    order = np.argsort(energies, kind="stable")
    found = FrameSet(molecule.symbols, positions[order], energy=energies[order])
    return found.subset(np.array(distinct(found.positions, find_group(molecule))))


def _within(frames: FrameSet, window: float) -> FrameSet:
    energy = np.asarray(frames.energy)
    return frames.subset(energy <= energy.min() + window)


def _minima(
    stationary: FrameSet,
    molecule: Molecule,
    calculator: Calculator,
    hessian: Callable[[np.ndarray], np.ndarray],
    settings: dict,
    say: Callable[[str], None],
) -> Minima:
    """Those of distinct stationary points that are minima, or lead to one."""
    found: list[tuple[np.ndarray, float, np.ndarray]] = []
    for k, positions in enumerate(stationary.positions):
        matrix = hessian(positions)
        modes = normal_modes(positions, molecule.masses, matrix)
        energy = float(np.asarray(stationary.energy)[k])
        if modes.imaginary.any():
            say(f"candidate {k}: {modes.describe(0, molecule.symbols)}; goes downhill from there")
            try:
                start = molecule.to_atoms(positions + _downhill(modes))
                atoms = optimise(start, calculator, name=f"candidate {k}", **settings)
            except ConvergenceError as error:
                say(str(error))
                continue
            positions, energy = atoms.positions, atoms.get_potential_energy()
            matrix = hessian(positions)
            if normal_modes(positions, molecule.masses, matrix).imaginary.any():
                continue
        found.append((positions, energy, matrix))
    if not found:
        raise ConvergenceError(
            f"{''.join(molecule.symbols)}: found no minimum, as every stationary point has an "
            "imaginary frequency; tighten optimisation/fmax and the grid of the method"
        )
    found.sort(key=lambda minimum: minimum[1])
    columns = [np.array(column) for column in zip(*found, strict=True)]
    kept = distinct(columns[0], find_group(molecule))
    return Minima(*(column[kept] for column in columns))


def _downhill(modes: NormalModes) -> np.ndarray:
    """Displacement along the softest mode, [n_atoms, 3] in Angstrom."""
    return _ALONG_MODE * modes.vectors[0] / np.sqrt(modes.masses)[:, None]
