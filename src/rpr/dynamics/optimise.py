"""Optimisation of reference geometries."""

from __future__ import annotations

import logging

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixConstraint
from ase.data import covalent_radii
from ase.optimize import BFGS

from rpr.errors import ConvergenceError, InputError
from rpr.molecule.molecule import find_bonds
from rpr.molecule.pairs import pair_indices
from rpr.molecule.plausibility import check_overlap
from rpr.molecule.rigid_body import without_rigid_body_motion

_LOG = logging.getLogger(__name__)


def optimise(
    atoms: Atoms,
    calculator: Calculator,
    *,
    force_tolerance: float = 1e-3,
    max_steps: int = 200,
    name: str = "geometry",
    log_level: int = logging.DEBUG,
) -> Atoms:
    """Nearest stationary point, by BFGS in Cartesian coordinates (:class:`ase.optimize.BFGS`).

    The initial Hessian is `model_hessian`, with which BFGS needs a third to a half of the steps
    that a multiple of the unit matrix needs.  Integration grids cause a net force and torque of
    some meV/Angstrom, which no step can reduce; they are projected out of the forces.

    Parameters
    ----------
    atoms
        Start geometry; not changed.
    calculator
        Gives energy and forces.
    force_tolerance
        Largest force on an atom at the end, eV/Angstrom.
    max_steps
        Largest number of steps.
    name
        Name of this geometry in messages, such as ``"anti"``.
    log_level
        Level at which each step is logged.

    Returns
    -------
    Atoms
        The optimised geometry, with its energy (eV) and forces (eV/Angstrom).

    Raises
    ------
    InputError
        If the tolerance or the number of steps is not positive, or atoms overlap.
    ConvergenceError
        If the forces stay above the tolerance, bonds have broken or formed, or the calculator
        refuses a geometry on the way.
    """
    if not force_tolerance > 0.0 or max_steps < 1:
        raise InputError(
            f"{name}: found force_tolerance {force_tolerance} and max_steps {max_steps}, "
            "expected positive numbers"
        )
    check_overlap(atoms.positions[None], name)
    moving = Atoms(atoms.numbers, positions=atoms.positions)
    moving.set_constraint(_NoRigidBodyMotion())
    moving.calc = calculator
    optimiser = BFGS(moving, logfile=None)
    optimiser.H0 = model_hessian(moving)
    try:
        for _ in optimiser.irun(fmax=force_tolerance, steps=max_steps):
            _log_step(name, optimiser, moving, log_level)
    except InputError as error:  # the calculator refuses where the steps lead
        if not optimiser.nsteps:
            raise
        raise ConvergenceError(
            f"{name}: after {optimiser.nsteps} steps the geometry is none of this molecule "
            f"({error}); begin at a better geometry"
        ) from error
    if not _largest_force(moving) <= force_tolerance:
        raise ConvergenceError(
            f"{name}: largest force {_largest_force(moving):.2e} eV/Angstrom after "
            f"{optimiser.nsteps} steps, expected at most {force_tolerance:.0e}; allow more steps, "
            "loosen force_tolerance or begin at a better geometry"
        )
    if find_bonds(moving) != find_bonds(atoms):
        raise ConvergenceError(
            f"{name}: bonds are {_bonds_text(moving)} after the optimisation, "
            f"{_bonds_text(atoms)} before; begin at a better geometry"
        )
    return _with_results(moving)


def _log_step(name: str, optimiser: BFGS, atoms: Atoms, level: int) -> None:
    if _LOG.isEnabledFor(level):
        _LOG.log(
            level,
            "%s: step %d, energy %.6f eV, largest force %.2e eV/Angstrom",
            *(name, optimiser.nsteps, atoms.get_potential_energy(), _largest_force(atoms)),
        )


def model_hessian(atoms: Atoms) -> np.ndarray:
    """Rough positive Hessian: springs between all pairs of atoms, stiff for bonded ones.

    H = 1.5 I + sum_ij k_ij u_ij u_ij^T with k_ij = 35 exp(-4 max(0, r_ij / (c_i + c_j) - 1))
    eV/Angstrom^2, where c are the covalent radii and u_ij the stretch of the pair.

    Returns
    -------
    array, [3 n_atoms, 3 n_atoms]
        eV/Angstrom^2.
    """
    radii = covalent_radii[atoms.numbers]
    hessian = 1.5 * np.eye(3 * len(atoms))
    for i, j in zip(*pair_indices(len(atoms)), strict=True):
        arm = atoms.positions[i] - atoms.positions[j]
        length = np.linalg.norm(arm)
        stretch = np.zeros((len(atoms), 3))
        stretch[i], stretch[j] = arm / length, -arm / length
        constant = 35.0 * np.exp(-4.0 * max(0.0, length / (radii[i] + radii[j]) - 1.0))
        hessian += constant * np.outer(stretch, stretch)
    return hessian


class _NoRigidBodyMotion(FixConstraint):
    """Takes net force and torque out of the forces."""

    def get_removed_dof(self, atoms: Atoms) -> int:
        return 6

    def adjust_positions(self, atoms: Atoms, new: np.ndarray) -> None:
        pass

    def adjust_forces(self, atoms: Atoms, forces: np.ndarray) -> None:
        forces[:] = without_rigid_body_motion(forces, atoms.positions, np.ones(len(atoms)))


def _largest_force(atoms: Atoms) -> float:
    return float(np.linalg.norm(atoms.get_forces(), axis=1).max())


def _bonds_text(atoms: Atoms) -> str:
    return " ".join(f"{i}-{j}" for i, j in find_bonds(atoms))


def _with_results(atoms: Atoms) -> Atoms:
    result = Atoms(atoms.numbers, positions=atoms.positions)
    result.calc = SinglePointCalculator(
        result, energy=atoms.get_potential_energy(), forces=atoms.get_forces()
    )
    return result
