"""Second-order change of the orbitals of a closed shell in pairs of fields.

In a field F the occupied orbitals are C(F) = (C + C_v X) (1 + X^T X)^(-1/2) with

    X = sum_k F_k U_k + (1/2) sum_kl F_k F_l U_kl + ...

The first order U_k solves the response equations (`rpr.labels.dft.response`).  With Z_k = C_v U_k,
the coordinate r_k, and G[D] = J[D] - (a/2) K[D] + V'[D], the second order solves the same equations
with another right-hand side,

    A U_kl = -(C_v^T Q_kl - U_k M_l - U_l M_k),
    Q_kl   = (G[D_kl] + V''_kl) C + F'_k Z_l + F'_l Z_k,
    F'_k   = r_k + G[D'_k],          M_k = C^T F'_k C,
    D_kl   = 2 (Z_k Z_l^T + Z_l Z_k^T) - 2 C S_kl C^T,   S_kl = U_k^T U_l + U_l^T U_k,

where V''_kl is the matrix of the third derivative of the exchange-correlation energy with the two
induced densities D'_k and D'_l.  D_kl is what the first-order orbitals alone leave of the second
derivative of the density,

    D''_kl = 2 (Z_kl C^T + C Z_kl^T + Z_k Z_l^T + Z_l Z_k^T),   Z_kl = C_v U_kl - (1/2) C S_kl.

The occupied block of the Fock matrix in the orbitals of the field, C(F)^T F(F) C(F), has the first
derivatives M_k and the second derivatives

    M_kl = (C^T Q_kl + Q_kl^T C) / 2 + C^T G[2 (C_v U_kl C^T + C U_kl^T C_v^T)] C,

whose last part the solver keeps, and with them the energy-weighted density 2 C M C^T has

    W''_kl = 2 [Z_kl e C^T + Z_k M_l C^T + Z_l M_k C^T + Z_k e Z_l^T + (transposed)
             + C M_kl C^T],

with e the orbital energies.  Exchange is contracted through the occupied orbitals: with
H^P_jm = sum_n C_nj B^P_nm and H_k with Z_k in the place of C,

    Q_kl <- -a sum_Pj [ H_k^P_jm b_l^P_ji + H_l^P_jm b_k^P_ji + H^P_jm (b_kl - S_kl B^P)_ji ],
    b_k  = (C_i B Z_kj) + (Z_ki B C_j),   b_kl = (Z_ki B Z_lj) + (Z_li B Z_kj).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.labels.dft.exchange_correlation import changed_density, density_on_grid
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.response import solve
from rpr.labels.dft.response_operator import ResponseOperator

#: The pairs of fields, in the order of all arrays.
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_FIRST, _SECOND = (list(k) for k in zip(*PAIRS, strict=True))


@dataclass(eq=False)
class SecondOrderResponse:
    """Second-order change of a closed shell in the six pairs of fields `PAIRS`.

    Parameters
    ----------
    amplitudes : array, [6, n_virtual, n_occupied]
        U_kl.
    orbitals : array, [6, n_ao, n_occupied]
        Z_kl.
    density : array, [6, n_ao, n_ao]
        D''.
    weighted : array, [6, n_ao, n_ao]
        W''.
    exchange : array, [6, n_auxiliary, n_occupied, n_occupied], or None
        b_kl, single precision; None without exact exchange.
    potential : array, [component, 6, n_points], or None
        What V''_kl is the matrix of, times weights of the grid, single precision; None for
        Hartree-Fock.
    iterations
        Number of products with A.
    """

    amplitudes: np.ndarray
    orbitals: np.ndarray
    density: np.ndarray
    weighted: np.ndarray
    exchange: np.ndarray | None
    potential: np.ndarray | None
    iterations: int


def second_order_response(
    operator: ResponseOperator,
    change: OrbitalResponse,
    coordinates: np.ndarray,
    *,
    tolerance: float,
    guess: np.ndarray | None = None,
) -> SecondOrderResponse:
    """Solve the response equations of the six pairs of fields.

    Parameters
    ----------
    operator
        A, of the converged self-consistent field.
    change
        First-order change in the three fields.
    coordinates : array, [3, n_ao, n_ao]
        Matrices of x, y, z, bohr.
    tolerance
        Largest norm of a residual relative to its right-hand side.
    guess : array, [6, n_virtual, n_occupied], optional
        Guess of U_kl.

    Raises
    ------
    ConvergenceError
        If the residual stays above the tolerance, or A is not positive definite.
    """
    solution = operator.solution
    occupied, u, z = solution.occupied, change.amplitudes, change.orbitals
    overlap = both(np.matmul(u.transpose(0, 2, 1)[:, None], u[None]))  # S
    moved, exchange, potential = _fock_times_orbitals(operator, change, overlap, coordinates)  # Q
    right = np.matmul(solution.virtual.T, moved)
    right -= both(np.matmul(u[:, None], change.block[None]))
    found = solve(operator, -right, tolerance=tolerance, guess=guess)
    block = np.matmul(occupied.T, moved)
    block = (block + block.transpose(0, 2, 1)) / 2 + found.induced  # M_kl
    orbitals = np.matmul(solution.virtual, found.amplitudes) - occupied @ overlap / 2
    density = np.matmul(orbitals, occupied.T)
    density += np.matmul(z[_FIRST], z[_SECOND].transpose(0, 2, 1))
    energies = solution.orbital_energies[: solution.n_occupied]
    weighted = np.matmul(orbitals * energies, occupied.T)
    weighted += np.matmul(both(np.matmul(z[:, None], change.block[None])), occupied.T)
    weighted += np.matmul(z[_FIRST] * energies, z[_SECOND].transpose(0, 2, 1))
    weighted += weighted.transpose(0, 2, 1) + occupied @ block @ occupied.T
    return SecondOrderResponse(
        amplitudes=found.amplitudes,
        orbitals=orbitals,
        density=2 * (density + density.transpose(0, 2, 1)),
        weighted=2 * weighted,
        exchange=exchange,
        potential=potential,
        iterations=found.iterations,
    )


def both(products: np.ndarray) -> np.ndarray:
    """Elements (k, l) and (l, k) of an array [3, 3, ...] added, [6, ...]."""
    return products[_FIRST, _SECOND] + products[_SECOND, _FIRST]


def _fock_times_orbitals(
    operator: ResponseOperator,
    change: OrbitalResponse,
    overlap: np.ndarray,
    coordinates: np.ndarray,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Q, [6, n_ao, n_occupied], with b_kl and the potential of V''."""
    integrals, solution, z = operator.integrals, operator.solution, change.orbitals
    one_body = coordinates + np.array([integrals.coulomb(density) for density in change.density])
    moved = both(np.matmul(one_body[:, None], z[None]))
    rest = np.matmul(z[_FIRST], z[_SECOND].transpose(0, 2, 1))
    rest += rest.transpose(0, 2, 1) - solution.occupied @ overlap @ solution.occupied.T
    flat = operator.half.reshape(len(operator.half), -1)  # -> [P, i m]
    fitted = integrals.fit(2 * rest).astype(np.float32) @ flat
    moved += fitted.reshape(len(PAIRS), *operator.half.shape[1:]).transpose(0, 2, 1)
    exchange = potential = None
    if operator.functional.exact_exchange:
        product, exchange = _exchange(operator, z.astype(np.float32), overlap.astype(np.float32))
        moved -= operator.functional.exact_exchange * product
    if operator.functional.kind != "HF":
        product, potential = _exchange_correlation(operator, z, overlap)
        moved += product
    return moved, exchange, potential


def _exchange(
    operator: ResponseOperator, z: np.ndarray, overlap: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Exchange part of Q, without -a, [6, n_ao, n_occupied], and b_kl, [6, P, i, j]."""
    half, n_ao, n_occupied = operator.half, z.shape[1], z.shape[2]
    beside = np.hstack([*z])  # -> [m, k i]
    flat = half.reshape(-1, n_ao)
    shape = (*operator.pairs.shape, 3)
    mixed = np.moveaxis((flat @ beside).reshape(*shape[:2], 3, -1), 2, 0)  # C_i B Z_kj
    changed = mixed + mixed.transpose(0, 1, 3, 2)  # b_k -> [k, P, i, j]
    columns = np.ascontiguousarray(np.moveaxis(changed, 0, 2)).reshape(len(flat), -1)  # [P j, l i]
    products = np.empty((3, 3, n_ao, n_occupied), np.float32)
    pairs = np.empty((3, 3, *operator.pairs.shape), np.float32)  # Z_ki B Z_lj
    for k in range(3):
        moved = operator.integrals.half_transform(z[k], single=True).reshape(-1, n_ao)  # H_k
        products[k] = (moved.T @ columns).reshape(n_ao, 3, n_occupied).transpose(1, 0, 2)
        pairs[k] = np.moveaxis((moved @ beside).reshape(*shape[:2], 3, -1), 2, 0)
    summed = both(pairs)
    rest = summed - np.matmul(overlap[:, None], operator.pairs)
    rest = np.moveaxis(rest, 0, 2).reshape(len(flat), -1)  # -> [P j, kl i]
    last = (flat.T @ rest).reshape(n_ao, len(PAIRS), n_occupied).transpose(1, 0, 2)
    return both(products) + last, summed


def _exchange_correlation(
    operator: ResponseOperator, z: np.ndarray, overlap: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Exchange-correlation part of Q, [6, n_ao, n_occupied], and the potential of V''.

    With w'_k = f rho'_k and w_kl = f rho_kl + g rho'_k rho'_l, g the third derivative,

        Q_kl,mi <- sum_pc phi_m (w_kl d_c psi_i + w'_k d_c zeta_l + w'_l d_c zeta_k)
                 + d_c phi_m (w_kl psi_i + w'_k zeta_l + w'_l zeta_k)     (for c = 0 only once).
    """
    n_ao, n_occupied = z.shape[1:]
    stacked = np.ascontiguousarray(np.hstack([*z]).T, dtype=np.float32)  # -> [k i, m]
    overlap = overlap.astype(np.float32)
    product = np.zeros((n_ao, len(PAIRS) * n_occupied), np.float32)
    potentials = []
    for basis, psi, _, kernel, weights in operator.blocks():
        zeta = np.matmul(stacked, basis).reshape(len(basis), 3, n_occupied, -1)
        changed = changed_density(psi, zeta)
        first = np.einsum("cdp,dkp->ckp", kernel, changed)  # w'
        quadratic = _quadratic_potential(operator, psi, changed, weights)
        potentials.append(quadratic)
        turned = np.matmul(overlap, psi[0])  # S psi -> [kl, i, p]
        density = product_density(zeta)
        density -= 2 * np.einsum("kip,cip->ckp", turned, psi)
        density[1:] -= 2 * np.einsum("kip,cip->ckp", turned, psi[1:])
        second = np.einsum("cdp,dkp->ckp", kernel, density) + quadratic  # w_kl
        weighted = _weighted(psi, zeta, first, second)
        for c in range(len(basis)):
            product += basis[c] @ weighted[c].reshape(product.shape[1], -1).T
    shaped = product.reshape(n_ao, len(PAIRS), n_occupied).transpose(1, 0, 2)
    return shaped, np.concatenate(potentials, axis=2)


def product_density(zeta: np.ndarray) -> np.ndarray:
    """4 sum_i zeta_ki zeta_li and its gradient for the pairs of fields, [c, 6, n_points]."""
    products = np.einsum("kip,clip->cklp", zeta[0], zeta)
    density = np.empty((len(zeta), len(PAIRS), zeta.shape[-1]), zeta.dtype)
    density[0] = products[0, _FIRST, _SECOND]
    density[1:] = products[1:, _FIRST, _SECOND] + products[1:, _SECOND, _FIRST]
    return 4 * density


def _quadratic_potential(
    operator: ResponseOperator, psi: np.ndarray, changed: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """g rho'_k rho'_l times the weights, [c, 6, n_points]; g is computed in double precision."""
    density = density_on_grid(psi.astype(float))
    third = operator.functional.third_derivatives(density, weights)
    along = np.einsum("cdep,elp->cdlp", third, changed)
    return np.array(
        [np.einsum("cdp,dp->cp", along[:, :, k], changed[:, j]) for j, k in PAIRS], np.float32
    ).transpose(1, 0, 2)


def _weighted(
    psi: np.ndarray, zeta: np.ndarray, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """What multiplies phi_m and its derivatives in Q, [c, 6, n_occupied, n_points]."""
    weighted = np.empty((len(psi), len(PAIRS), *psi.shape[1:]), np.float32)
    for n, (j, k) in enumerate(PAIRS):
        weighted[0, n] = np.einsum("cip,cp->ip", psi, second[:, n])
        weighted[0, n] += np.einsum("cip,cp->ip", zeta[:, k], first[:, j])
        weighted[0, n] += np.einsum("cip,cp->ip", zeta[:, j], first[:, k])
        weighted[1:, n] = psi[0] * second[1:, n, None]
        weighted[1:, n] += zeta[0, k] * first[1:, j, None]
        weighted[1:, n] += zeta[0, j] * first[1:, k, None]
    return weighted
