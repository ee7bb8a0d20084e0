"""Exchange part of the derivatives of density-fitted integrals for pairs of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rpr.labels.dft.density_fitting import solve_transposed
from rpr.labels.dft.exchange_derivatives import ExchangeDerivatives
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.second_order_response import PAIRS, SecondOrderResponse, both

if TYPE_CHECKING:
    from pyscf import gto


class SecondOrderExchangeDerivatives(ExchangeDerivatives):
    """Exchange part of G and w, of the energy, of the fields and of the pairs of fields.

    With V, V'_k and Y_k as in `ExchangeDerivatives`, and

        t''_ij = J^-1 [(Z_kl,i j| + (i Z_kl,j| + (Z_k,i Z_l,j| + (Z_l,i Z_k,j|],

    the function m that is moved carries an orbital of its own in each term of G of a pair,

        -2 a sum_i [ C_mi (V''_mi + Y_k,l,mi + Y_l,k,mi + Y_kl,mi) + Z_kl,mi V_mi
                   + Z_k,mi (V'_l,mi + Y_l,mi) + Z_l,mi (V'_k,mi + Y_k,mi) ],
        V''_mi   = sum_Pj t''^P_ij sum_n C_nj    (grad m n|P),
        Y_k,l,mi = sum_Pj t'_k^P_ij sum_n Z_l,nj (grad m n|P),
        Y_kl,mi  = sum_Pj t^P_ij   sum_n Z_kl,nj (grad m n|P).

    Y_kl is only needed summed over the functions m of each atom A,

        sum_{m in A, i} C_mi Y_kl,mi
            = sum_nj Z_kl,nj sum_Pi t^P_ij sum_{m in A} C_mi (grad m n|P),

    which costs no product for each pair.  All that is of second order runs in single precision.

    Parameters
    ----------
    mol
        PySCF molecule of the orbital basis.
    factor : array, [n_auxiliary, n_auxiliary]
        L, lower triangular.
    share
        a.
    solution
        Converged self-consistent field, with half-transformed integrals.
    change
        First-order orbitals of the fields.
    second
        Second-order orbitals of the pairs of fields.
    """

    def __init__(
        self,
        mol: gto.Mole,
        factor: np.ndarray,
        share: float,
        solution: SCFSolution,
        change: OrbitalResponse,
        second: SecondOrderResponse,
    ) -> None:
        super().__init__(factor, share, solution, change)
        half = solution.half
        assert half is not None
        assert second.exchange is not None
        pairs = []
        for orbitals, rest in zip(second.orbitals, second.exchange, strict=True):
            mixed = half @ orbitals
            mixed = mixed + mixed.transpose(0, 2, 1) + rest
            pairs.append(solve_transposed(factor, mixed.reshape(len(half), -1)))
        shape = (len(PAIRS), *self._pairs.shape[1:])
        self._pairs = np.concatenate([self._pairs, np.reshape(pairs, shape)])  # t, t', t''
        self._atoms = [slice(begin, end) for begin, end in mol.aoslice_by_atom()[:, 2:]]
        self._second_order = second.orbitals.astype(np.float32)

    def pair_densities(self) -> np.ndarray:
        """a sum_ij of t^P t^Q, t'^P t^Q, and t''^P t^Q + t'_k^P t'_l^Q, [d, P, Q]."""
        flat = self._pairs.reshape(*self._pairs.shape[:2], -1)
        densities = flat[:4] @ flat[0].T
        single = flat.astype(np.float32)
        second = [
            single[4 + n] @ single[0].T + single[1 + j] @ single[1 + k].T
            for n, (j, k) in enumerate(PAIRS)
        ]
        return self._share * np.concatenate([densities, second])

    def derivatives(self, moved: np.ndarray, functions: slice) -> tuple[np.ndarray, np.ndarray]:
        """Exchange part of sum_Pn (grad m n|P) G^P_mn of a block of P."""
        occupied, first_order = self._occupied, self._first_order
        n_ao, n_occupied = occupied.shape
        pairs = -2 * self._share * self._pairs[:, functions].transpose(0, 2, 1, 3)
        pairs = pairs.reshape(len(pairs) * n_occupied, -1)  # -> [d i, P j]
        single = pairs.astype(np.float32)
        n_first = 4 * n_occupied
        of_functions = np.empty((4 + len(PAIRS), n_ao, 3))
        of_atoms = np.empty((len(PAIRS), len(self._atoms), 3))
        for x in range(3):
            one = moved[x].astype(np.float32)
            half = np.matmul(occupied.T, moved[x]).reshape(-1, n_ao)
            first = (pairs[:n_first] @ half).reshape(4, n_occupied, n_ao)  # V, V'
            second = single[n_first:] @ half.astype(np.float32)
            second = second.reshape(len(PAIRS), n_occupied, n_ao)  # V''
            along = self._along_first_order(one, single[:n_first])  # Y_l and Y_kl -> [l, d, i, m]
            first[1:] += along[:, 0]
            second += both(along[:, 1:])
            of_functions[:4, :, x] = np.einsum("dim,mi->dm", first, occupied)
            of_functions[1:4, :, x] += np.einsum("im,kmi->km", first[0], first_order)
            of_functions[4:, :, x] = np.einsum("dim,mi->dm", second, occupied)
            of_functions[4:, :, x] += both(np.einsum("kmi,lim->klm", first_order, first[1:]))
            of_functions[4:, :, x] += np.einsum("im,dmi->dm", first[0], self._second_order)
            of_atoms[:, :, x] = self._along_second_order(one, single[:n_occupied])
        return of_functions, of_atoms

    def _along_first_order(self, moved: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """Y_l and Y_k,l of a block of P and one direction, [l, (t, t'_k), i, m]."""
        n_ao = moved.shape[-1]
        found = [
            pairs @ np.matmul(orbitals.T, moved).reshape(-1, n_ao)
            for orbitals in self._first_order.astype(np.float32)
        ]
        return np.reshape(found, (3, 4, -1, n_ao))

    def _along_second_order(self, moved: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """sum_{m in A, i} C_mi Y_kl,mi of a block of P and one direction, [6, n_atoms]."""
        n_ao, n_occupied = self._occupied.shape
        occupied = self._occupied.astype(np.float32)
        symmetric = pairs.reshape(n_occupied, -1)  # t^P_ij = t^P_ji: [j, P i]
        sums = []
        for atom in self._atoms:
            left = np.matmul(moved[:, :, atom], occupied[atom])  # -> [P, n, i]
            left = np.ascontiguousarray(left.transpose(0, 2, 1)).reshape(-1, n_ao)
            sums.append((symmetric @ left).ravel())  # -> [j, n]
        orbitals = self._second_order.transpose(0, 2, 1).reshape(len(PAIRS), -1)
        return orbitals @ np.array(sums).T
