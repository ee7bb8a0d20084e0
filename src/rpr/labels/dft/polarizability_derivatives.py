"""Derivatives of the static polarizability with respect to the nuclei.

The polarizability is -d^2 E / dF_k dF_l, so that its derivative is that of the gradient with
respect to two fields,

    d alpha_kl / d R_Ax = -d^2 (dE/dR_Ax) / dF_k dF_l.

With the second-order orbitals of `rpr.labels.dft.second_order_response` nothing has to be solved
for the nuclei.  In the notation of `rpr.labels.dft.dipole_derivatives`, where one and two primes
are derivatives with respect to one field and to both,

    d^2(dE/dR_Ax)/dF_k dF_l = D'_k . dr_l/dR + D'_l . dr_k/dR + D'' . dh/dR - W'' . dS/dR
                            + sum_mnP G''^P_mn d(mn|P)/dR + sum_PQ w''_PQ dJ_PQ/dR + X_klAx,
    G''^P  = c''_P D + c'_kP D'_l + c'_lP D'_k + c_P D''
           - 2 a sum_ij [t''^P_ij C_i C_j^T + t'_k^P_ij (Z_l,i C_j^T + C_i Z_l,j^T) + (k <-> l)
                         + t^P_ij (Z_kl,i C_j^T + C_i Z_kl,j^T + Z_k,i Z_l,j^T + Z_l,i Z_k,j^T)],
    w''_PQ = -(1/2) (c''_P c_Q + c_P c''_Q + c'_kP c'_lQ + c'_lP c'_kQ)
           + a sum_ij (t''^P_ij t^Q_ij + t^P_ij t''^Q_ij
                       + t'_k^P_ij t'_l^Q_ij + t'_l^P_ij t'_k^Q_ij),

with c'' = J^-1 (P|D'') and t''_ij = J^-1 [(P|Z_kl,i C_j) + (P|C_i Z_kl,j) + (P|Z_k,i Z_l,j)
+ (P|Z_l,i Z_k,j)].  X is the exchange-correlation part at a fixed grid, that of the response
equations.

The element (A, x, k, l) of a result is d alpha_kl / d R_Ax in bohr^2.  The error is of first order
in the residuals of the response equations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rpr.labels.dft.dipole_derivatives import bent_by_change, bent_by_potential, moving_coordinates
from rpr.labels.dft.exchange_correlation import changed_density, orbitals_on_grid
from rpr.labels.dft.fitted_derivatives import sum_by_atom
from rpr.labels.dft.grids import BLOCK, Grid
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.response_operator import ResponseOperator
from rpr.labels.dft.second_order_response import (
    PAIRS,
    SecondOrderResponse,
    both,
    product_density,
)

if TYPE_CHECKING:
    from pyscf import gto

_GRID_BLOCK = BLOCK // 4


def polarizability_derivatives(
    mol: gto.Mole,
    densities: np.ndarray,
    contracted: np.ndarray,
    exchange_correlation: np.ndarray | None,
) -> np.ndarray:
    """Derivatives of the polarizability, bohr^2, [n_atoms, 3, 3, 3].

    Element (A, x, k, l) is d alpha_kl / d R_Ax.

    Parameters
    ----------
    mol
        PySCF molecule of the orbital basis.
    densities : array, [3, n_ao, n_ao]
        D'.
    contracted : array, [6, n_atoms, 3]
        The part of `rpr.labels.dft.gradient.contract_derivatives` for the pairs of fields.
    exchange_correlation : array, [6, n_atoms, 3], or None
        X from `exchange_correlation_derivatives`; None for Hartree-Fock.
    """
    moving = np.array([moving_coordinates(mol, density) for density in densities])
    derivatives = contracted + both(moving)
    if exchange_correlation is not None:
        derivatives += exchange_correlation
    tensors = np.empty((mol.natm, 3, 3, 3))
    for one, (j, k) in zip(derivatives, PAIRS, strict=True):
        tensors[:, :, j, k] = tensors[:, :, k, j] = -one
    return tensors


def exchange_correlation_derivatives(
    grid: Grid, operator: ResponseOperator, change: OrbitalResponse, second: SecondOrderResponse
) -> np.ndarray:
    """X_klAx, the second derivative of the exchange-correlation gradient with respect to fields.

    The first derivatives, X_kAx of `rpr.labels.dft.dipole_derivatives`, come with it.

    With psi, zeta, v, v', T, R and R' as in `rpr.labels.dft.dipole_derivatives`, zeta_kl of Z_kl,
    v'' = f rho'' + g rho'_k rho'_l, and sums over c that include the value,

        X_klAx = -4 sum_{m in A} (sum_i [C_mi R''_mi + Z_k,mi R'_l,mi + Z_l,mi R'_k,mi
                                         + Z_kl,mi R_mi]
                                  + sum_yp [q_my v''_y + q'_k,my v'_l,y + q'_l,my v'_k,y]),
        R''_mi = sum_p (d_x phi_m sum_c (v_c d_c zeta_kl,i + v'_k,c d_c zeta_l,i
                                         + v'_l,c d_c zeta_k,i + v''_c d_c psi_i)
                        + T_m zeta_kl,i),
        q'_my  = d_x d_y phi_m sum_i (Z_mi psi_i + C_mi zeta_i).

    Products run in single precision, as in the response equations.

    Parameters
    ----------
    grid
        Grid of the response equations.
    operator
        Operator of the response equations; it has orbitals, potential and kernel on that grid.
    change, second
        First-order orbitals of the three fields, and second-order ones of their pairs.

    Returns
    -------
    array, [9, n_atoms, 3]
        Indices (k, kl), A, x.
    """
    occupied, first_order = operator.solution.occupied, change.orbitals
    n_ao, n_occupied = occupied.shape
    order = operator.functional.derivative
    count, n_sets = 4 if order else 1, 4 + len(PAIRS)
    stacked = np.hstack([*first_order, *second.orbitals]).astype(np.float32)
    sides = np.hstack([occupied, *first_order]).astype(np.float32)
    transformed = np.zeros((3, n_ao, n_sets * n_occupied))  # R, R', R'' -> [x, m, d i]
    bent = np.zeros((3, n_ao, n_sets - 1))
    assert second.potential is not None
    for points, basis in grid.blocks(order + 1, size=_GRID_BLOCK):
        basis = basis.astype(np.float32)
        psi, potential, kernel = operator.on_grid(points)
        fields = orbitals_on_grid(stacked, basis[:count])
        fields = fields.reshape(count, n_sets - 1, n_occupied, -1)  # zeta_k, zeta_kl
        density = changed_density(psi, fields)
        density[:, 3:] += product_density(fields[:, :3])
        changed = np.einsum("cdp,dkp->ckp", kernel, density)  # v', v''
        changed[:, 3:] += second.potential[:, :, points]
        weighted = _weighted_orbitals(psi, fields, potential, changed)
        for x in range(3):
            transformed[x] += basis[1 + x] @ weighted.T
        if order:
            plain = np.concatenate([psi[0], *fields[0]])
            transformed += bent_by_potential(basis, potential) @ plain.T
            bent += _bent(basis, sides, plain[: 4 * n_occupied], changed)
    per_orbital = transformed.reshape(3, n_ao, n_sets, n_occupied)
    per_function = bent.transpose(2, 1, 0)  # -> [(k, kl), m, x]
    per_function += np.einsum("mi,xmdi->dmx", occupied, per_orbital[:, :, 1:])
    orbitals = np.concatenate([first_order, second.orbitals])
    per_function += np.einsum("dmi,xmi->dmx", orbitals, per_orbital[:, :, 0])
    per_function[3:] += both(np.einsum("kmi,xmli->klmx", first_order, per_orbital[:, :, 1:4]))
    return -4 * np.array([sum_by_atom(grid.mol, one) for one in per_function])


def _bent(
    basis: np.ndarray, sides: np.ndarray, plain: np.ndarray, changed: np.ndarray
) -> np.ndarray:
    """sum_yp of q v', and of q v'' and q' v', of a block of points, [x, m, (k, kl)]."""
    n_occupied = len(plain) // 4
    split = [slice(n * n_occupied, (n + 1) * n_occupied) for n in range(4)]
    occupied, psi = sides[:, split[0]], plain[split[0]]
    found = bent_by_change(basis, occupied @ psi, changed)
    along = []
    for field in split[1:]:
        mixed = sides[:, field] @ psi + occupied @ plain[field]
        along.append(bent_by_change(basis, mixed, changed[:, :3]))
    found[..., 3:] += np.moveaxis(both(np.moveaxis(np.array(along), 3, 1)), 0, 2)
    return found


def _weighted_orbitals(
    psi: np.ndarray, fields: np.ndarray, potential: np.ndarray, changed: np.ndarray
) -> np.ndarray:
    """What multiplies d_x phi_m in R, R' and R'', [(psi, zeta_k, zeta_kl) i, p]."""
    weighted = np.empty((1 + fields.shape[1], *psi.shape[1:]), np.float32)
    weighted[0] = np.einsum("cip,cp->ip", psi, potential)
    weighted[1:] = np.einsum("ckip,cp->kip", fields, potential)
    weighted[1:] += np.einsum("cip,ckp->kip", psi, changed)
    for n, (j, k) in enumerate(PAIRS):
        weighted[4 + n] += np.einsum("cip,cp->ip", fields[:, k], changed[:, j])
        weighted[4 + n] += np.einsum("cip,cp->ip", fields[:, j], changed[:, k])
    return weighted.reshape(-1, psi.shape[-1])
