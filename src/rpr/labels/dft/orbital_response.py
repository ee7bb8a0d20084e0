"""First-order orbitals and densities of the fields, for derivatives of the dipole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.labels.dft.response import Response
from rpr.labels.dft.scf import SCFSolution


@dataclass(eq=False)
class OrbitalResponse:
    """First-order change of a closed shell in the three fields.

    Parameters
    ----------
    orbitals : array, [3, n_ao, n_occupied]
        Z.
    density : array, [3, n_ao, n_ao]
        D'.
    weighted : array, [3, n_ao, n_ao]
        Energy-weighted density W' = 2 (Z e C_o^T + C_o e Z^T + C_o F'_oo C_o^T).
    amplitudes : array, [3, n_virtual, n_occupied]
        U.
    block : array, [3, n_occupied, n_occupied]
        F'_oo, the occupied block of the coordinate and the induced Fock matrix.
    """

    orbitals: np.ndarray
    density: np.ndarray
    weighted: np.ndarray
    amplitudes: np.ndarray
    block: np.ndarray

    @classmethod
    def from_response(
        cls, response: Response, solution: SCFSolution, coordinates: np.ndarray
    ) -> OrbitalResponse:
        """Orbitals and densities of a solution of the response equations.

        Parameters
        ----------
        response
            Solution of the response equations.
        solution
            Converged self-consistent field.
        coordinates : array, [3, n_ao, n_ao]
            Matrices of x, y, z, bohr.
        """
        occupied = solution.occupied
        energies = solution.orbital_energies[: solution.n_occupied]
        orbitals = np.matmul(solution.virtual, response.amplitudes)
        block = occupied.T @ coordinates @ occupied + response.induced
        moved = np.matmul(orbitals * energies, occupied.T)
        weighted = moved + moved.transpose(0, 2, 1) + occupied @ block @ occupied.T
        outer = np.matmul(orbitals, occupied.T)
        density = 2 * (outer + outer.transpose(0, 2, 1))
        return cls(orbitals, density, 2 * weighted, response.amplitudes, block)
