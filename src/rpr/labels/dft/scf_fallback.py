"""Solvers for frames without a guess, or for which the default solver fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rpr.errors import ConvergenceError
from rpr.labels.dft.eigenpairs import eigenpairs
from rpr.labels.dft.electronic_structure import ElectronicStructure
from rpr.labels.dft.scf import FockBuilder, OrthogonalBasis, SCFSolution, lowest_orbitals, solve_scf

if TYPE_CHECKING:
    from pyscf import gto

LEVEL_SHIFT = 0.3  #: hartree
SHIFTED_CYCLES = 200


def atomic_orbitals(
    mol: gto.Mole, builder: FockBuilder, basis: OrthogonalBasis, n_occupied: int
) -> np.ndarray:
    """Lowest orbitals in the field of superposed atomic densities, [n_ao, n_occupied].

    The atomic densities are those of a minimal basis; the natural orbitals of their sum, scaled by
    the roots of their occupations, stand for the occupied orbitals in one Fock matrix.
    """
    from pyscf.scf import hf

    density = hf.init_guess_by_minao(mol)
    occupations, vectors = eigenpairs(basis.root @ density @ basis.root)
    occupied = occupations > 1e-6
    scaled = vectors[:, occupied] * np.sqrt(occupations[occupied] / 2)
    builder.build(basis.inverse_root @ scaled)
    return lowest_orbitals(basis.transform(builder.total()[1]), basis, n_occupied)


def solve_from_scratch(
    structure: ElectronicStructure, n_occupied: int, *, gradient_tolerance: float, max_cycles: int
) -> tuple[SCFSolution, str]:
    """Self-consistent field of a frame without a guess.

    The solvers are tried in turn: DIIS from superposed atoms, PySCF's second-order solver, PySCF
    with a level shift.  Orbitals from PySCF are the guess of a last self-consistent field, so that
    the result always solves the same equations.

    Parameters
    ----------
    structure
        Integrals and grids of the frame.
    n_occupied
        Number of occupied orbitals.
    gradient_tolerance, max_cycles
        As for :func:`rpr.labels.dft.scf.solve_scf`.

    Returns
    -------
    solution : SCFSolution
        The self-consistent field.
    solver : str
        ``default``, ``second-order`` or ``level-shift``.

    Raises
    ------
    ConvergenceError
        If all solvers fail; the message has the reason of each.
    """
    options: Any = {"gradient_tolerance": gradient_tolerance, "max_cycles": max_cycles}
    reasons = []
    try:
        builder = structure.builder()
        guess = atomic_orbitals(structure.mol, builder, structure.basis, n_occupied)
        return _with_gap(solve_scf(builder, structure.basis, guess, **options)), "default"
    except ConvergenceError as error:
        reasons.append(f"default: {error}")
    for name, run in (("second-order", second_order), ("level-shift", level_shift)):
        try:
            mf = run(structure.mean_field())
            guess = mf.mo_coeff[:, mf.mo_occ > 0]
            return _with_gap(
                solve_scf(structure.builder(), structure.basis, guess, **options)
            ), name
        except (ConvergenceError, np.linalg.LinAlgError) as error:
            reasons.append(f"{name}: {error}")
    raise ConvergenceError("; ".join(reasons))


def converge_plain(mf: Any, guess: np.ndarray | None = None) -> tuple[Any, str]:
    """Run a PySCF mean field, with the second-order solver and a level shift if necessary.

    Parameters
    ----------
    mf
        PySCF mean field that has not run.
    guess : array, [n_ao, n_ao]
        Density matrix to start from; by default PySCF's own guess.

    Returns
    -------
    mf
        The converged mean field.
    solver : str
        ``default``, ``second-order`` or ``level-shift``.

    Raises
    ------
    ConvergenceError
        If all solvers fail; the message has the reason of each.
    """
    mf.kernel(dm0=guess)
    if mf.converged:
        return mf, "default"
    reasons = [f"default: not converged in {mf.max_cycle} cycles"]
    for name, run in (("second-order", second_order), ("level-shift", level_shift)):
        try:
            return run(mf.copy()), name
        except ConvergenceError as error:
            reasons.append(f"{name}: {error}")
    raise ConvergenceError("; ".join(reasons))


def second_order(mf: Any) -> Any:
    """Converge a PySCF mean field by its second-order solver."""
    mf = mf.newton()
    mf.max_cycle = 50
    mf.kernel()
    return _converged(mf)


def level_shift(mf: Any) -> Any:
    """Converge a PySCF mean field with a level shift, then without."""
    mf.level_shift, mf.max_cycle = LEVEL_SHIFT, SHIFTED_CYCLES
    mf.kernel()
    return _converged(mf)


def _converged(mf: Any) -> Any:
    if not mf.converged:
        raise ConvergenceError(f"not converged in {mf.max_cycle} cycles")
    return mf


def _with_gap(solution: SCFSolution) -> SCFSolution:
    if solution.orbital_gap <= 0:
        raise ConvergenceError(
            f"converged to a state without a gap ({solution.orbital_gap:.3f} hartree), which is no "
            "ground state"
        )
    return solution
