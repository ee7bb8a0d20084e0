"""Minima of a molecule at a level of theory, from candidates of a cheaper one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.units import kJ, mol

from rpr.data.frame_set import FrameSet
from rpr.dynamics.conformers import lowest_first
from rpr.dynamics.optimise import optimise
from rpr.errors import ConvergenceError, require_package
from rpr.molecule.equivalence import distinct
from rpr.molecule.molecule import Molecule
from rpr.molecule.normal_modes import NormalModes, normal_modes
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import find_rotors, rotor_dihedrals

if TYPE_CHECKING:
    from pandas import DataFrame

_LOG = logging.getLogger(__name__)

#: Displacement along an imaginary mode, Angstrom sqrt(u), before another optimisation.
_ALONG_MODE = 0.3


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

    Returns
    -------
    Minima

    Raises
    ------
    ConvergenceError
        If no candidate becomes a minimum.
    """
    relax = partial(
        optimise, calculator=calculator, force_tolerance=force_tolerance, max_steps=max_steps
    )
    near = _within(candidates, window)
    positions, energies, failure = [], [], ""
    for k in range(len(near)):
        try:
            atoms = relax(near.atoms(k), name=f"candidate {k}")
        except ConvergenceError as error:
            _LOG.info(failure := str(error))
            continue
        _LOG.info("candidate %d: energy %.5f eV", k, atoms.get_potential_energy())
        positions.append(atoms.positions)
        energies.append(atoms.get_potential_energy())
    if not positions:
        raise ConvergenceError(f"no candidate could be optimised; {failure}")
    stationary = _within(lowest_first(molecule, np.array(positions), np.array(energies)), window)
    lowest = stationary.subset(np.arange(min(most, len(stationary))))
    return _minima(lowest, molecule, relax, hessian, window)


def minima_frames(minima: Minima, molecule: Molecule) -> FrameSet:
    """The minima as frames, with their energies."""
    return FrameSet(molecule.symbols, minima.positions, energy=minima.energy)


def minima_table(minima: Minima, molecule: Molecule) -> DataFrame:
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
    pd = require_package("pandas", extra="plots")
    return pd.DataFrame({**table, **dict(zip(names, dihedrals.T, strict=True))})


def _within(frames: FrameSet, window: float) -> FrameSet:
    energy = np.asarray(frames.energy)
    return frames.subset(energy <= energy.min() + window)


def _minima(
    stationary: FrameSet,
    molecule: Molecule,
    relax: Callable[..., Atoms],
    hessian: Callable[[np.ndarray], np.ndarray],
    window: float,
) -> Minima:
    """Those of distinct stationary points that are minima, or lead to one, within the window."""
    found: list[tuple[np.ndarray, float, np.ndarray]] = []
    for k, positions in enumerate(stationary.positions):
        matrix = hessian(positions)
        modes = normal_modes(positions, molecule.masses, matrix)
        energy = float(np.asarray(stationary.energy)[k])
        if modes.imaginary.any():
            name = f"stationary point {k}"
            softest = modes.describe(0, molecule.symbols)
            _LOG.info("%s: %s; goes downhill from there", name, softest)
            try:
                start = molecule.to_atoms(positions + _downhill(modes))
                atoms = relax(start, name=name)
            except ConvergenceError as error:
                _LOG.info(str(error))
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
    found = [minimum for minimum in found if minimum[1] <= found[0][1] + window]
    columns = [np.array(column) for column in zip(*found, strict=True)]
    kept = distinct(columns[0], find_group(molecule))
    return Minima(*(column[kept] for column in columns))


def _downhill(modes: NormalModes) -> np.ndarray:
    """Displacement along the softest mode, [n_atoms, 3] in Angstrom."""
    return _ALONG_MODE * modes.vectors[0] / np.sqrt(modes.masses)[:, None]
