"""Response of one frame to static fields, and the derivatives that follow from it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from rpr.labels.dft.dipole_derivatives import dipole_derivatives
from rpr.labels.dft.dipole_derivatives import exchange_correlation_derivatives as of_fields
from rpr.labels.dft.electronic_structure import ElectronicStructure
from rpr.labels.dft.exchange_correlation import Functional
from rpr.labels.dft.orbital_response import OrbitalResponse
from rpr.labels.dft.polarizability_derivatives import exchange_correlation_derivatives as of_pairs
from rpr.labels.dft.polarizability_derivatives import polarizability_derivatives
from rpr.labels.dft.response import polarizability
from rpr.labels.dft.response_operator import ResponseOperator
from rpr.labels.dft.scf import SCFSolution
from rpr.labels.dft.scf_extrapolation import History
from rpr.labels.dft.second_order_response import SecondOrderResponse, second_order_response
from rpr.labels.dft.workspace import Workspace


class FieldResponse:
    """First-order response to the three fields and, when asked for, second-order response.

    Parameters
    ----------
    structure
        Electronic structure of the frame.
    functional
        Exchange-correlation functional.
    solution
        Converged self-consistent field.
    workspace
        Memory for large arrays.
    history
        Guess of the induced operators from previous frames.
    tolerance
        Largest norm of a residual relative to its right-hand side.

    Attributes
    ----------
    polarizability : array, [3, 3]
        Bohr^3.
    second : SecondOrderResponse, or None
        None before `solve_second`.

    Raises
    ------
    ConvergenceError
        If the response equations do not converge.
    """

    def __init__(
        self,
        structure: ElectronicStructure,
        functional: Functional,
        solution: SCFSolution,
        workspace: Workspace,
        history: History,
        *,
        tolerance: float,
    ) -> None:
        self._structure = structure
        self._solution = solution
        self._history = history
        self._tolerance = tolerance
        self._y_virtual = structure.basis.root @ solution.virtual
        self._y_occupied = structure.basis.root @ solution.occupied
        self._operator = ResponseOperator(
            structure.integrals, functional, structure.response_grid(), solution, workspace
        )
        self._response = polarizability(
            self._operator,
            solution.virtual.T @ structure.coordinates() @ solution.occupied,
            tolerance=tolerance,
            guess=self._guess("induced"),
        )
        self.polarizability = self._response.polarizability
        self.second: SecondOrderResponse | None = None

    def solve_second(self) -> None:
        """Solve the second-order response equations.

        Raises
        ------
        ConvergenceError
            If they do not converge.
        """
        self.second = second_order_response(
            self._operator,
            self.change,
            self._structure.coordinates(),
            tolerance=self._tolerance,
            guess=self._guess("second"),
        )

    @cached_property
    def change(self) -> OrbitalResponse:
        """First-order orbitals and densities of the three fields."""
        return OrbitalResponse.from_response(
            self._response, self._solution, self._structure.coordinates()
        )

    def induced(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Induced operators of first and second order in the orthogonalised basis."""
        second = None if self.second is None else self._operators(self.second.amplitudes)
        return self._operators(self._response.amplitudes), second

    def dipole_derivatives(self, contracted: np.ndarray) -> np.ndarray:
        """d mu_k / d R_Ax, e, [n_atoms, 3, 3], from rows 1 to 3 of `contract_derivatives`."""
        xc = self._exchange_correlation
        return dipole_derivatives(
            self._structure.mol, self._solution.density, contracted, None if xc is None else xc[:3]
        )

    def polarizability_derivatives(self, contracted: np.ndarray) -> np.ndarray:
        """d alpha_kl / d R_Ax, bohr^2, [n_atoms, 3, 3, 3], from the rows after these."""
        xc = self._exchange_correlation
        return polarizability_derivatives(
            self._structure.mol, self.change.density, contracted, None if xc is None else xc[3:]
        )

    @cached_property
    def _exchange_correlation(self) -> np.ndarray | None:
        """Exchange-correlation part of the fields and, after `solve_second`, of their pairs."""
        grid = self._structure.response_grid()
        if grid is None:
            return None
        if self.second is None:
            return of_fields(grid, self._operator, self.change)
        return of_pairs(grid, self._operator, self.change, self.second)

    def _guess(self, name: str) -> np.ndarray | None:
        guess = self._history.induced(self._structure.positions, name)
        return None if guess is None else self._y_virtual.T @ guess @ self._y_occupied

    def _operators(self, amplitudes: np.ndarray) -> np.ndarray:
        return self._y_virtual @ amplitudes @ self._y_occupied.T
