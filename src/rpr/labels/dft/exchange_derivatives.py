"""Exchange part of the derivatives of density-fitted integrals (`fitted_derivatives`)."""

from __future__ import annotations

import numpy as np

from rpr.labels.dft.density_fitting import solve_transposed
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.scf import SCFSolution


class ExchangeDerivatives:
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
        flat = solve_transposed(factor, flat).reshape(len(half), len(pairs), *pairs[0].shape[1:])
        self._pairs = np.ascontiguousarray(flat.swapaxes(0, 1))  # t, t' -> [d, P, i, j]

    def pair_densities(self) -> np.ndarray:
        """a sum_ij t^P_ij t^Q_ij, and a sum_ij t'^P_ij t^Q_ij of the fields, [d, P, Q]."""
        flat = self._pairs.reshape(*self._pairs.shape[:2], -1)
        return self._share * (flat @ flat[0].T)

    def derivatives(
        self, moved: np.ndarray, functions: slice
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Exchange part of sum_Pn (grad m n|P) G^P_mn of a block of P.

        Returns
        -------
        of_functions : array, [d, m, x]
        of_atoms : array, [6, n_atoms, 3], or None
            What is not known for each function, but only for the sum over those of each atom.
        """
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
        return per_function, None

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
