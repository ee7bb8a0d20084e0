"""Derivatives of the dipole moment with respect to the nuclei: atomic polar tensors.

In a field F the energy is E(F) = E - F . mu, so that the derivative of the dipole is that of the
gradient with respect to the field,

    d mu_k / d R_Ax = -d (dE/dR_Ax) / dF_k.

The response of the polarizability has already given the first-order orbitals Z_k = C_v U_k of the
field along k; nothing has to be solved for the nuclei.  With C the occupied orbitals, e their
energies, a the share of exact exchange, c and t as in `rpr.labels.dft.gradient`, and D', J, K, V'
as in `rpr.labels.dft.response`,

    d(dE/dR_Ax)/dF_k = -Z_A delta_kx + D . dr_k/dR + D' . dh/dR - W' . dS/dR
                     + sum_mnP G'^P_mn d(mn|P)/dR + sum_PQ w'_PQ dJ_PQ/dR + X_kAx,
    D'     = 2 (Z C^T + C Z^T),
    W'     = 2 (Z e C^T + C e Z^T + C F'_oo C^T),
    F'_oo  = C^T (r_k + J[D'] - (a/2) K[D'] + V'[D']) C,
    G'^P   = c'_P D + c_P D' - 2 a sum_ij [t'^P_ij C_i C_j^T + t^P_ij (Z_i C_j^T + C_i Z_j^T)],
    w'_PQ  = -(1/2) (c'_P c_Q + c_P c'_Q) + a sum_ij (t'^P_ij t^Q_ij + t^P_ij t'^Q_ij),

where c' = J^-1 (P|D') and t'_ij = J^-1 [(P|Z_i C_j) + (P|C_i Z_j)].  The solver of the response
equations keeps F'_oo of its trial vectors, and the derivative integrals (grad m n|P) are those of
the gradient: one pass over them serves the energy and the three fields.  X is the
exchange-correlation part at a fixed grid, that of the response equations.

The element (A, x, k) of a result is d mu_k / d R_Ax in e.  The error is of first order in the
residual of the response equations (that of the polarizability is of second).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rpr.labels.dft.exchange_correlation import changed_density, orbitals_on_grid
from rpr.labels.dft.fitted_derivatives import sum_by_atom
from rpr.labels.dft.gradient import SECOND
from rpr.labels.dft.grids import BLOCK, Grid
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.response_operator import ResponseOperator

if TYPE_CHECKING:
    from pyscf import gto

_GRID_BLOCK = BLOCK // 4


def dipole_derivatives(
    mol: gto.Mole,
    density: np.ndarray,
    contracted: np.ndarray,
    exchange_correlation: np.ndarray | None,
) -> np.ndarray:
    """Atomic polar tensors, e, [n_atoms, 3, 3]: (A, x, k) is d mu_k / d R_Ax.

    Parameters
    ----------
    mol
        PySCF molecule of the orbital basis.
    density : array, [n_ao, n_ao]
        D.
    contracted : array, [3, n_atoms, 3]
        The fields' part of `rpr.labels.dft.gradient.contract_derivatives`.
    exchange_correlation : array, [3, n_atoms, 3], or None
        X from `exchange_correlation_derivatives`; None for Hartree-Fock.
    """
    derivatives = contracted + moving_coordinates(mol, density)
    if exchange_correlation is not None:
        derivatives += exchange_correlation
    tensors = -derivatives.transpose(1, 2, 0)
    return tensors + mol.atom_charges()[:, None, None] * np.eye(3)


def moving_coordinates(mol: gto.Mole, density: np.ndarray) -> np.ndarray:
    """D . dr_k/dR_Ax = -2 sum_{n in A, m} D_mn <m|r_k d_x n>, [k, n_atoms, x]."""
    with mol.with_common_orig((0.0, 0.0, 0.0)):
        moved = mol.intor("int1e_irp", comp=9).reshape(3, 3, mol.nao, mol.nao)  # -> [k, x, m, n]
    per_function = -2 * np.einsum("kxmn,mn->knx", moved, density)
    return np.array([sum_by_atom(mol, one) for one in per_function])


def exchange_correlation_derivatives(
    grid: Grid, operator: ResponseOperator, change: OrbitalResponse
) -> np.ndarray:
    """X_kAx, the derivative of the exchange-correlation gradient with respect to the fields.

    With psi and v as in `rpr.labels.dft.gradient`, zeta_i = sum_m Z_mi phi_m, v' = f rho', and sums
    over c that include the value,

        X_kAx = -4 sum_{m in A} (sum_i [Z_mi R_mi + C_mi R'_mi] + sum_yp q_my v'_y),
        R_mi  = sum_p (d_x phi_m sum_c v_c d_c psi_i + T_m psi_i),
        R'_mi = sum_p (d_x phi_m sum_c (v_c d_c zeta_i + v'_c d_c psi_i) + T_m zeta_i),
        T_m   = sum_y v_y d_x d_y phi_m,
        q_my  = d_x d_y phi_m sum_i C_mi psi_i.

    Products run in single precision, as in the response equations.

    Parameters
    ----------
    grid
        Grid of the response equations.
    operator
        Operator of the response equations; it has orbitals, potential and kernel on that grid.
    change
        First-order orbitals of the three fields.

    Returns
    -------
    array, [3, n_atoms, 3]
        Indices k, A, x.
    """
    occupied, first_order = operator.solution.occupied, change.orbitals
    n_ao, n_occupied = occupied.shape
    order = operator.functional.derivative
    count = 4 if order else 1
    single = occupied.astype(np.float32)
    fields = np.hstack([*first_order]).astype(np.float32)
    transformed = np.zeros((3, n_ao, 4 * n_occupied))  # R and R' -> [x, m, (psi, zeta_k) i]
    bent = np.zeros((3, n_ao, 3))  # sum_yp q_my v'_y -> [x, m, k]
    for points, basis in grid.blocks(order + 1, size=_GRID_BLOCK):
        basis = basis.astype(np.float32)
        psi, potential, kernel = operator.on_grid(points)
        zeta = orbitals_on_grid(fields, basis[:count]).reshape(count, 3, n_occupied, -1)
        changed = np.einsum("cdp,dkp->ckp", kernel, changed_density(psi, zeta))  # v'
        weighted = _weighted_orbitals(psi, zeta, potential, changed)
        for x in range(3):
            transformed[x] += basis[1 + x] @ weighted.T
        if order:
            plain = np.concatenate([psi[0], *zeta[0]])
            transformed += bent_by_potential(basis, potential) @ plain.T
            bent += bent_by_change(basis, single @ psi[0], changed)
    per_orbital = transformed.reshape(3, n_ao, 4, n_occupied)
    per_function = bent.transpose(2, 1, 0)  # -> [k, m, x]
    per_function += np.einsum("kmi,xmi->kmx", first_order, per_orbital[:, :, 0])
    per_function += np.einsum("mi,xmki->kmx", occupied, per_orbital[:, :, 1:])
    return -4 * np.array([sum_by_atom(grid.mol, one) for one in per_function])


def bent_by_potential(basis: np.ndarray, potential: np.ndarray) -> np.ndarray:
    """T_m of each direction x on a block of points, [x, m, p]."""
    bent = np.empty_like(basis[1:4])
    for x, (first, second, third) in enumerate(SECOND):
        np.multiply(basis[first], potential[1], out=bent[x])
        bent[x] += basis[second] * potential[2]
        bent[x] += basis[third] * potential[3]
    return bent


def bent_by_change(basis: np.ndarray, plain: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """sum_yp q_my v'_y of a block of points, [x, m, k]."""
    products = (basis[4:] * plain) @ changed[1:].reshape(-1, changed.shape[-1]).T  # q -> [xy, m, p]
    products = products.reshape(6, -1, 3, changed.shape[1])  # -> [xy, m, y, k]
    return np.array([sum(products[xy - 4, :, y] for y, xy in enumerate(row)) for row in SECOND])


def _weighted_orbitals(
    psi: np.ndarray, zeta: np.ndarray, potential: np.ndarray, changed: np.ndarray
) -> np.ndarray:
    """sum_c v_c d_c psi_i and sum_c (v_c d_c zeta_i + v'_c d_c psi_i), [(psi, zeta_k) i, p]."""
    fields = np.einsum("ckip,cp->kip", zeta, potential)
    fields += np.einsum("cip,ckp->kip", psi, changed)
    own = np.einsum("cip,cp->ip", psi, potential)
    return np.concatenate([own, fields.reshape(-1, own.shape[1])])
