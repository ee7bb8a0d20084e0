"""Nuclear gradient of the density-fitted energy of a closed shell.

With D, the energy-weighted W = 2 C F_oo C^T, and for the fitted energy
E_J = (1/2) d J^-1 d, d_P = sum_mn D_mn (mn|P), and E_K = -a sum_ij (ij|P) J^-1_PQ (Q|ij),

    dE/dA = sum_mn D_mn dh_mn/dA - sum_mn W_mn dS_mn/dA + dV_nn/dA
          + sum_mnP G^P_mn d(mn|P)/dA + sum_PQ w_PQ dJ_PQ/dA + dE_xc/dA,
    G^P_mn = c_P D_mn - 2 a sum_ij t^P_ij C_mi C_nj,     c = J^-1 d,  t_ij = J^-1 (ij|,
    w_PQ   = -(1/2) c_P c_Q + a sum_ij t^P_ij t^Q_ij.

Only the integrals (grad m n|P) are needed: a common shift of all three functions changes nothing,
so that the derivative with respect to the centre of P is minus those of m and n.  The grid is
held fixed, as in PySCF's default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg

from rpr.labels.dft.density_fitting import FittedIntegrals, three_centre
from rpr.labels.dft.exchange_correlation import Functional, density_on_grid, orbitals_on_grid
from rpr.labels.dft.grids import Grid
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto

_AUXILIARY_BLOCK = 24  #: auxiliary functions at a time
_GRID_BLOCK = 448

#: components of the second derivatives for (x, y, z) x (x, y, z)
_SECOND = ((4, 5, 6), (5, 7, 8), (6, 8, 9))


def nuclear_gradient(
    mol: gto.Mole,
    auxmol: gto.Mole,
    integrals: FittedIntegrals,
    functional: Functional,
    grid: Grid | None,
    solution: SCFSolution,
    workspace: Workspace,
) -> np.ndarray:
    """Gradient of the total energy, hartree/bohr, [n_atoms, 3].

    Parameters
    ----------
    mol, auxmol
        PySCF molecules of the orbital and of the auxiliary basis.
    integrals
        Fitted integrals of the frame.
    functional
        Exchange-correlation functional.
    grid
        Grid of the exchange-correlation part; None for Hartree-Fock.
    solution
        Converged self-consistent field.
    workspace
        Memory for large arrays.
    """
    from pyscf.grad.rhf import grad_nuc

    gradient = grad_nuc(mol) + _one_electron(mol, solution)
    gradient += _fitted(mol, auxmol, integrals, functional, solution, workspace)
    if grid is not None:
        gradient += exchange_correlation_gradient(mol, functional, grid, solution.occupied)
    return gradient


def _one_electron(mol: gto.Mole, solution: SCFSolution) -> np.ndarray:
    density = solution.density
    occupied = solution.occupied
    energies = solution.orbital_energies[: solution.n_occupied]
    weighted = 2 * (occupied * energies) @ occupied.T
    moved = mol.intor("int1e_ipkin", comp=3) + mol.intor("int1e_ipnuc", comp=3)
    per_function = -2 * np.einsum("xmn,mn->mx", moved, density)
    per_function += 2 * np.einsum("xmn,mn->mx", mol.intor("int1e_ipovlp", comp=3), weighted)
    gradient = _sum_by_atom(mol, per_function)
    for atom, charge in enumerate(mol.atom_charges()):
        with mol.with_rinv_at_nucleus(atom):
            field = mol.intor("int1e_iprinv", comp=3)
        gradient[atom] -= 2 * charge * np.einsum("xmn,mn->x", field, density)
    return gradient


def _fitted(
    mol: gto.Mole,
    auxmol: gto.Mole,
    integrals: FittedIntegrals,
    functional: Functional,
    solution: SCFSolution,
    workspace: Workspace,
) -> np.ndarray:
    occupied, share = solution.occupied, functional.exact_exchange
    density = solution.density
    coulomb = _solve_transposed(integrals.factor, integrals.fit(density))  # c
    pair_density = -0.5 * np.outer(coulomb, coulomb)
    exchange = None
    if solution.half is not None:
        pairs = solution.half @ occupied  # B_ij -> [P, i, j]
        flat = _solve_transposed(integrals.factor, pairs.reshape(len(pairs), -1))  # t
        pair_density += share * (flat @ flat.T)
        exchange = np.matmul(-2 * share * flat.reshape(pairs.shape), occupied.T)  # -> [P, i, m]
    metric = np.einsum("xpq,pq->px", auxmol.intor("int2c2e_ip1", comp=3), pair_density)
    gradient = -2 * _sum_by_atom(auxmol, metric)
    for atom, shells, functions in _auxiliary_blocks(auxmol):
        weights = np.multiply.outer(coulomb[functions], density)  # G -> [P, n, m]
        if exchange is not None:
            weights += np.matmul(occupied, exchange[functions])
        moved = _derivative_integrals(mol, auxmol, shells, workspace)  # -> [x, P, n, m]
        per_function = np.array([np.einsum("pnm,pnm->m", m, weights) for m in moved]).T
        gradient -= 2 * _sum_by_atom(mol, per_function)
        gradient[atom] += 2 * per_function.sum(axis=0)
    return gradient


def _derivative_integrals(
    mol: gto.Mole, auxmol: gto.Mole, shells: tuple[int, int], workspace: Workspace
) -> np.ndarray:
    """(grad m n|P), [3, P, n, m]."""
    loc = auxmol.ao_loc
    shape = (3, loc[shells[1]] - loc[shells[0]], mol.nao, mol.nao)
    buffer = workspace.array("derivatives", shape)
    raw = three_centre(mol, auxmol, "int3c2e_ip1", symmetry="s1", shells=shells, out=buffer)
    return raw.transpose(0, 3, 2, 1)


def _auxiliary_blocks(auxmol: gto.Mole) -> Iterator[tuple[int, tuple[int, int], slice]]:
    """Atom, shells and functions of blocks of the auxiliary basis that lie on one atom each."""
    loc = auxmol.ao_loc
    for atom, (begin, end) in enumerate(auxmol.aoslice_by_atom()[:, :2]):
        first = begin
        for shell in range(begin, end):
            if shell + 1 == end or loc[shell + 2] - loc[first] > _AUXILIARY_BLOCK:
                yield atom, (first, shell + 1), slice(loc[first], loc[shell + 1])
                first = shell + 1


def exchange_correlation_gradient(
    mol: gto.Mole, functional: Functional, grid: Grid, occupied: np.ndarray
) -> np.ndarray:
    """dE_xc/dA at a fixed grid, [n_atoms, 3].

    With u_m = sum_i C_mi psi_i and v the potential times weights,
    ``dE/dA_x = -4 sum_{m in A} sum_p [d_x phi_m (v_0 u_m + sum_y v_y d_y u_m)
    + sum_y v_y d_x d_y phi_m u_m]``.
    """
    per_function = np.zeros((mol.nao, 3))
    order = functional.derivative
    for points, basis in grid.blocks(order + 1, size=_GRID_BLOCK):
        psi = orbitals_on_grid(occupied, basis[: 4 if order else 1])
        potential = functional.energy_and_potential(density_on_grid(psi), grid.weights[points])[1]
        weighted = np.einsum("cip,cp->ip", psi, potential)
        transformed = occupied @ weighted  # sum_c v_c d_c u_m -> [m, p]
        for x in range(3):
            per_function[:, x] += np.einsum("mp,mp->m", basis[1 + x], transformed)
        if order:
            plain = occupied @ psi[0]  # u_m
            for y in range(3):
                along = plain * potential[1 + y]
                for x in range(3):
                    per_function[:, x] += np.einsum("mp,mp->m", basis[_SECOND[x][y]], along)
    return -4 * _sum_by_atom(mol, per_function)


def _solve_transposed(factor: np.ndarray, values: np.ndarray) -> np.ndarray:
    """L^-T values."""
    return scipy.linalg.solve_triangular(factor, values, lower=True, trans="T")


def _sum_by_atom(mol: gto.Mole, per_function: np.ndarray) -> np.ndarray:
    """Sums over the functions of each atom, [n_atoms, 3]."""
    return np.array([per_function[a:b].sum(axis=0) for a, b in mol.aoslice_by_atom()[:, 2:]])
