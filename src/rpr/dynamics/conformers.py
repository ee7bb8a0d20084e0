"""A scan of the torsions of a molecule from one geometry, and the stationary points it leads to."""

from __future__ import annotations

import logging
from itertools import product

import numpy as np
from ase.calculators.calculator import Calculator

from rpr.data.frame_set import FrameSet
from rpr.dynamics.optimise import optimise
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.equivalence import distinct
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.rotors import Rotor, clashes, find_rotors, rotor_dihedrals, turn_rotors

_LOG = logging.getLogger(__name__)

#: Steps of the scan in degrees; the second is for molecules whose scan has too many points.
SCAN_STEPS = (60.0, 120.0)

#: Most points of a scan; molecules that need more are refused.
LARGEST_SCAN = 300

#: Random displacement of each coordinate in Angstrom, which leads away from saddle points.
_DISPLACEMENT = 0.02

#: Largest force on an atom at the end of the optimisations of a scan, eV/Angstrom.
_SCAN_TOLERANCE = 0.01


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
    rng = np.random.default_rng(seed)
    grid = torsion_grid(molecule)
    found, energies, failure = [], [], ""
    for k, point in enumerate(grid):
        start = molecule.to_atoms(point + _DISPLACEMENT * rng.standard_normal(point.shape))
        name = f"point {k + 1} of {len(grid)}"
        try:
            atoms = optimise(start, calculator, force_tolerance=_SCAN_TOLERANCE, name=name)
        except ConvergenceError as error:
            _LOG.info(failure := str(error))
            continue
        _LOG.info("%s: energy %.5f eV", name, atoms.get_potential_energy())
        found.append(atoms.positions)
        energies.append(atoms.get_potential_energy())
    if not found:
        raise ConvergenceError(f"no point of the torsional scan could be optimised; {failure}")
    return lowest_first(molecule, np.array(found), np.array(energies))


def lowest_first(molecule: Molecule, positions: np.ndarray, energies: np.ndarray) -> FrameSet:
    """Distinct geometries in order of energy.

    Parameters
    ----------
    molecule
        Its permutation-inversion group tells which geometries are the same.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    energies : array, [n_frames]
        eV.
    """
    order = np.argsort(energies, kind="stable")
    found = FrameSet(molecule.symbols, positions[order], energy=energies[order])
    return found.subset(np.array(distinct(found.positions, find_group(molecule))))


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
