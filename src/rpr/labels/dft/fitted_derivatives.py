"""Derivatives of density-fitted integrals, contracted with pair densities.

One pass over the integrals (grad m n|P) serves the gradient of the energy
(`rpr.labels.dft.gradient`) and the derivatives of the dipole (`rpr.labels.dft.dipole_derivatives`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg

from rpr.labels.dft.density_fitting import FittedIntegrals, three_centre
from rpr.labels.dft.exchange_correlation import Functional
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto

_AUXILIARY_BLOCK = 24  #: auxiliary functions at a time


def fitted_derivatives(
    mol: gto.Mole,
    auxmol: gto.Mole,
    integrals: FittedIntegrals,
    functional: Functional,
    solution: SCFSolution,
    workspace: Workspace,
    densities: np.ndarray,
    change: OrbitalResponse | None,
) -> np.ndarray:
    """Derivatives of the fitted integrals with pair densities G and w, [d, n_atoms, 3]."""
    coulomb = _solve_transposed(integrals.factor, integrals.fit(densities).T).T  # c -> [d, P]
    pair_densities = -0.5 * np.array([np.outer(coulomb[0], c) for c in coulomb])
    exchange = None
    if solution.half is not None:
        exchange = _Exchange(integrals.factor, functional.exact_exchange, solution, change)
        pair_densities += exchange.pair_densities()
    pair_densities[1:] += pair_densities[1:].transpose(0, 2, 1)
    metric = auxmol.intor("int2c2e_ip1", comp=3)
    gradients = np.array(
        [
            -2 * sum_by_atom(auxmol, np.einsum("xpq,pq->px", metric, pair_density))
            for pair_density in pair_densities
        ]
    )
    for atom, shells, functions in _auxiliary_blocks(auxmol):
        moved = _derivative_integrals(mol, auxmol, shells, workspace)  # -> [x, P, n, m]
        per_function = _coulomb_derivatives(moved, coulomb[:, functions], densities)
        if exchange is not None:
            per_function += exchange.derivatives(moved, functions)
        for gradient, one in zip(gradients, per_function, strict=True):
            gradient -= 2 * sum_by_atom(mol, one)
            gradient[atom] += 2 * one.sum(axis=0)
    return gradients


def _coulomb_derivatives(
    moved: np.ndarray, coulomb: np.ndarray, densities: np.ndarray
) -> np.ndarray:
    """sum_Pn (grad m n|P) of a block of P with c_P D, or for a field c'_P D + c_P D', [d, m, x]."""
    n_ao = densities.shape[-1]
    potentials = np.array([coulomb @ m.reshape(len(m), -1) for m in moved])
    potentials = potentials.reshape(3, len(densities), n_ao, n_ao)  # -> [x, d, n, m]
    per_function = np.einsum("xdnm,nm->dmx", potentials, densities[0])
    per_function[1:] += np.einsum("xnm,dnm->dmx", potentials[:, 0], densities[1:])
    return per_function


class _Exchange:
    """Exchange part of G and w, of the energy and, where the orbitals change, of the fields.

    With t_ij = J^-1 (ij| and t'_ij = J^-1 [(Z_i j| + (i Z_j|], the function m that is moved carries
    an orbital of its own in each term of G for the energy and for a field,

        -2 a sum_i C_mi V_mi   and   -2 a sum_i [C_mi (V'_mi + Y_mi) + Z_mi V_mi],
        V_mi  = sum_Pj t^P_ij  sum_n C_nj (grad m n|P),
        V'_mi = sum_Pj t'^P_ij sum_n C_nj (grad m n|P),
        Y_mi  = sum_Pj t^P_ij  sum_n Z_nj (grad m n|P).

    Y is the most expensive and runs in single precision, which moves no result by 1e-6 e.

    Parameters
    ----------
    factor : array, [n_auxiliary, n_auxiliary]
        L, lower triangular.
    share
        a.
    solution
        Converged self-consistent field, with half-transformed integrals.
    change
        First-order orbitals of the fields, or None.
    """

    def __init__(
        self,
        factor: np.ndarray,
        share: float,
        solution: SCFSolution,
        change: OrbitalResponse | None,
    ) -> None:
        self._share = share
        self._occupied = solution.occupied
        self._first_order = np.empty((0, *self._occupied.shape))
        if change is not None:
            self._first_order = change.orbitals
        half = solution.half
        assert half is not None
        pairs = [half @ self._occupied]  # B_ij -> [P, i, j]
        for orbitals in self._first_order:
            mixed = half @ orbitals
            pairs.append(mixed + mixed.transpose(0, 2, 1))
        flat = np.hstack([p.reshape(len(half), -1) for p in pairs])
        flat = _solve_transposed(factor, flat).reshape(len(half), len(pairs), *pairs[0].shape[1:])
        self._pairs = np.ascontiguousarray(flat.swapaxes(0, 1))  # t, t' -> [d, P, i, j]

    def pair_densities(self) -> np.ndarray:
        """a sum_ij t^P_ij t^Q_ij, and a sum_ij t'^P_ij t^Q_ij of the fields, [d, P, Q]."""
        flat = self._pairs.reshape(*self._pairs.shape[:2], -1)
        return self._share * (flat @ flat[0].T)

    def derivatives(self, moved: np.ndarray, functions: slice) -> np.ndarray:
        """sum_n (grad m n|P) G^P_mn of a block of P, [d, m, x]."""
        occupied, first_order = self._occupied, self._first_order
        n_ao, n_occupied = occupied.shape
        pairs = -2 * self._share * self._pairs[:, functions].transpose(0, 2, 1, 3)
        pairs = pairs.reshape(len(pairs) * n_occupied, -1)  # -> [d i, P j]
        per_function = np.empty((1 + len(first_order), n_ao, 3))
        for x in range(3):
            half = np.matmul(occupied.T, moved[x])  # -> [P, j, m]
            mixed = (pairs @ half.reshape(-1, n_ao)).reshape(-1, n_occupied, n_ao)  # V, V'
            if len(first_order):
                mixed[1:] += self._from_first_order(moved[x], pairs[:n_occupied])
            per_function[:, :, x] = np.einsum("dim,mi->dm", mixed, occupied)
            per_function[1:, :, x] += np.einsum("im,kmi->km", mixed[0], first_order)
        return per_function

    def _from_first_order(self, moved: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """Y of a block of P and one direction, [k, i, m]."""
        single = moved.astype(np.float32)
        pairs = pairs.astype(np.float32)
        return np.array(
            [
                pairs @ np.matmul(orbitals.T, single).reshape(-1, single.shape[-1])
                for orbitals in self._first_order.astype(np.float32)
            ]
        )


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


def _solve_transposed(factor: np.ndarray, values: np.ndarray) -> np.ndarray:
    """L^-T values."""
    return scipy.linalg.solve_triangular(factor, values, lower=True, trans="T")


def sum_by_atom(mol: gto.Mole, per_function: np.ndarray) -> np.ndarray:
    """Sums over the functions of each atom, [n_atoms, 3]."""
    return np.array([per_function[a:b].sum(axis=0) for a, b in mol.aoslice_by_atom()[:, 2:]])
