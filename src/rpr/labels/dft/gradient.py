"""Nuclear gradient of the density-fitted energy of a closed shell.

With D, the energy-weighted W = 2 C F_oo C^T, and for the fitted energy
E_J = (1/2) d J^-1 d, d_P = sum_mn D_mn (mn|P), and E_K = -a sum_ij (ij|P) J^-1_PQ (Q|ij),

    dE/dA = sum_mn D_mn dh_mn/dA - sum_mn W_mn dS_mn/dA + dV_nn/dA
          + sum_mnP G^P_mn d(mn|P)/dA + sum_PQ w_PQ dJ_PQ/dA + dE_xc/dA,
    G^P_mn = c_P D_mn - 2 a sum_ij t^P_ij C_mi C_nj,     c = J^-1 d,  t_ij = J^-1 (ij|,
    w_PQ   = -(1/2) c_P c_Q + a sum_ij t^P_ij t^Q_ij.

Only the integrals (grad m n|P) are needed: a common shift of all three functions changes nothing,
so that the derivative with respect to the centre of P is minus those of m and n.  The grid is
held fixed, as in PySCF's default.  The same pass over these integrals serves the derivatives of the
dipole (`rpr.labels.dft.dipole_derivatives`) and of the polarizability
(`rpr.labels.dft.polarizability_derivatives`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rpr.labels.dft.density_fitting import FittedIntegrals
from rpr.labels.dft.exchange_correlation import Functional, density_on_grid, orbitals_on_grid
from rpr.labels.dft.fitted_derivatives import fitted_derivatives, sum_by_atom
from rpr.labels.dft.grids import Grid
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.second_order_response import SecondOrderResponse
from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto

_GRID_BLOCK = 448

#: components of the second derivatives for (x, y, z) x (x, y, z)
SECOND = ((4, 5, 6), (5, 7, 8), (6, 8, 9))


def nuclear_gradient(
    mol: gto.Mole,
    functional: Functional,
    grid: Grid | None,
    solution: SCFSolution,
    contracted: np.ndarray,
) -> np.ndarray:
    """Gradient of the total energy, hartree/bohr, [n_atoms, 3].

    Parameters
    ----------
    mol
        PySCF molecule of the orbital basis.
    functional
        Exchange-correlation functional.
    grid
        Grid of the exchange-correlation part; None for Hartree-Fock.
    solution
        Converged self-consistent field.
    contracted : array, [n_atoms, 3]
        The first row of `contract_derivatives`.
    """
    from pyscf.grad.rhf import grad_nuc

    gradient = grad_nuc(mol) + contracted
    if grid is not None:
        gradient += exchange_correlation_gradient(mol, functional, grid, solution.occupied)
    return gradient


def contract_derivatives(
    mol: gto.Mole,
    auxmol: gto.Mole,
    integrals: FittedIntegrals,
    functional: Functional,
    solution: SCFSolution,
    workspace: Workspace,
    change: OrbitalResponse | None = None,
    second: SecondOrderResponse | None = None,
) -> np.ndarray:
    """Derivatives of the core, overlap and fitted integrals, contracted with densities.

    One pass over the integrals (grad m n|P) serves the density of the energy and, where the change
    of the orbitals is given, the three densities that the fields induce, and the six of second
    order.

    Parameters
    ----------
    mol, auxmol
        PySCF molecules of the orbital and of the auxiliary basis.
    integrals
        Fitted integrals of the frame.
    functional
        Exchange-correlation functional.
    solution
        Converged self-consistent field.
    workspace
        Memory for large arrays.
    change
        First-order orbitals and densities of the three fields; None for the energy alone.
    second
        Second-order orbitals and densities of the six pairs of fields, or None.

    Returns
    -------
    array, [1, n_atoms, 3], [4, n_atoms, 3] or [10, n_atoms, 3]
        Hartree/bohr: the energy's gradient without its nuclear and exchange-correlation parts, then
        for each field the same contraction with D', W', G' and w' of
        `rpr.labels.dft.dipole_derivatives`, then for each pair of fields that with D'', W'', G''
        and w'' of `rpr.labels.dft.polarizability_derivatives`.
    """
    densities = solution.density[None]  # D, D' -> [d, m, n]
    weighted = _energy_weighted(solution)[None]  # W, W'
    if change is not None:
        densities = np.concatenate([densities, change.density])
        weighted = np.concatenate([weighted, change.weighted])
    if second is not None:
        densities = np.concatenate([densities, second.density])
        weighted = np.concatenate([weighted, second.weighted])
    gradients = _one_electron(mol, densities, weighted)
    gradients += fitted_derivatives(
        mol, auxmol, integrals, functional, solution, workspace, densities, change, second
    )
    return gradients


def _energy_weighted(solution: SCFSolution) -> np.ndarray:
    """W = 2 C F_oo C^T of canonical orbitals, [n_ao, n_ao]."""
    occupied = solution.occupied
    return 2 * (occupied * solution.orbital_energies[: solution.n_occupied]) @ occupied.T


def _one_electron(mol: gto.Mole, densities: np.ndarray, weighted: np.ndarray) -> np.ndarray:
    """Derivatives of core and overlap integrals with densities [d, m, n], [d, n_atoms, 3]."""
    moved = mol.intor("int1e_ipkin", comp=3) + mol.intor("int1e_ipnuc", comp=3)
    overlap = mol.intor("int1e_ipovlp", comp=3)
    gradients = np.empty((len(densities), mol.natm, 3))
    for d, (density, energy_weighted) in enumerate(zip(densities, weighted, strict=True)):
        per_function = -2 * np.einsum("xmn,mn->mx", moved, density)
        per_function += 2 * np.einsum("xmn,mn->mx", overlap, energy_weighted)
        gradients[d] = sum_by_atom(mol, per_function)
    flat = densities.reshape(len(densities), -1)
    for atom, charge in enumerate(mol.atom_charges()):
        with mol.with_rinv_at_nucleus(atom):
            field = mol.intor("int1e_iprinv", comp=3)
        gradients[:, atom] -= 2 * charge * flat @ field.reshape(3, -1).T
    return gradients


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
                    per_function[:, x] += np.einsum("mp,mp->m", basis[SECOND[x][y]], along)
    return -4 * sum_by_atom(mol, per_function)
