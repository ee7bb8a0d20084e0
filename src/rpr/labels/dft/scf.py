"""Self-consistent field of a closed shell, on a coarse grid and seldom on a fine one.

With the occupied orbitals C, D = 2 C C^T and

    F = h + J[D] - (a/2) K[D] + V[D],

where a is the share of exact exchange, the orbitals are found by DIIS.  The potential V is
computed on a coarse grid and corrected by the difference of the fine grid at one density D0 near
the solution,

    V[D] = V_coarse[D] + (V_fine[D0] - V_coarse[D0]),
    E[D] = E_coarse[D] + (E_fine[D0] - E_coarse[D0]) + Tr (V_fine[D0] - V_coarse[D0]) (D - D0).

The error is of second order in D - D0 times the relative error of the coarse grid.  If D has
drifted from D0 by more than `DRIFT`, the correction is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from rpr.errors import ConvergenceError
from rpr.labels.dft.density_fitting import FittedIntegrals, exchange
from rpr.labels.dft.diis import DIIS
from rpr.labels.dft.eigenpairs import eigenpairs
from rpr.labels.dft.exchange_correlation import Functional, energy_and_matrix
from rpr.labels.dft.grids import Grid

CORRECT_FIRST_AT = 0.05  #: hartree: orbital gradient below which the fine grid is first used
CORRECT_AT = 3e-4  #: hartree: the same for a better correction
DRIFT = 0.002  #: largest norm of (D - D0)/2 in the orthogonalised basis
OVERLAP_THRESHOLD = 1e-7  #: smallest eigenvalue of the overlap matrix


@dataclass(eq=False)
class SCFSolution:
    """A converged self-consistent field, hartree and bohr.

    Parameters
    ----------
    energy
        Total energy.
    fock : array, [n_ao, n_ao]
        Fock matrix.
    orbitals : array, [n_ao, n_ao]
        Canonical within the occupied and within the virtual space.
    orbital_energies : array, [n_ao]
        Ascending within each space.
    n_occupied
        Number of occupied orbitals.
    half : array, [n_auxiliary, n_occupied, n_ao], or None
        Half-transformed integrals of the occupied orbitals; None without exact exchange.
    cycles
        Number of Fock matrices built.
    gradient_norm
        Norm of the virtual-occupied block of the Fock matrix.
    """

    energy: float
    fock: np.ndarray
    orbitals: np.ndarray
    orbital_energies: np.ndarray
    n_occupied: int
    half: np.ndarray | None
    cycles: int
    gradient_norm: float

    @property
    def occupied(self) -> np.ndarray:
        """Occupied orbitals, [n_ao, n_occupied]."""
        return self.orbitals[:, : self.n_occupied]

    @property
    def virtual(self) -> np.ndarray:
        """Virtual orbitals, [n_ao, n_virtual]."""
        return self.orbitals[:, self.n_occupied :]

    @property
    def density(self) -> np.ndarray:
        """Density matrix 2 C C^T, [n_ao, n_ao]."""
        return 2 * self.occupied @ self.occupied.T

    @property
    def orbital_gap(self) -> float:
        """Energy gap between the highest occupied and lowest virtual orbital, hartree."""
        if self.n_occupied == len(self.orbital_energies):
            return np.inf
        return float(np.subtract(*self.orbital_energies[[self.n_occupied, self.n_occupied - 1]]))


class OrthogonalBasis:
    """Symmetric orthogonalisation of the basis: X = S^(-1/2), and its inverse S^(1/2).

    Parameters
    ----------
    overlap : array, [n_ao, n_ao]
        S.

    Raises
    ------
    ConvergenceError
        If the basis is linearly dependent at this geometry.
    """

    def __init__(self, overlap: np.ndarray) -> None:
        values, vectors = eigenpairs(overlap)
        if values[0] < OVERLAP_THRESHOLD:
            raise ConvergenceError(
                f"the orbital basis is linearly dependent at this geometry (smallest eigenvalue "
                f"of the overlap {values[0]:.1e}); use a basis with fewer diffuse functions"
            )
        self.overlap = overlap
        self.inverse_root = (vectors / np.sqrt(values)) @ vectors.T
        self.root = (vectors * np.sqrt(values)) @ vectors.T

    def transform(self, operator: np.ndarray) -> np.ndarray:
        """X A X of a matrix A in the basis of atomic orbitals."""
        return self.inverse_root @ operator @ self.inverse_root


class FockBuilder:
    """Energy and Fock matrix of a frame.

    Parameters
    ----------
    core : array, [n_ao, n_ao]
        One-electron Hamiltonian.
    nuclear_repulsion
        Energy of the nuclei, hartree.
    integrals
        Fitted integrals of the frame.
    functional
        Exchange-correlation functional.
    coarse, fine
        Grids, the coarse one with the basis kept; None for Hartree-Fock.
    """

    def __init__(
        self,
        core: np.ndarray,
        nuclear_repulsion: float,
        integrals: FittedIntegrals,
        functional: Functional,
        coarse: Grid | None,
        fine: Grid | None,
    ) -> None:
        self._core = core
        self._repulsion = nuclear_repulsion
        self._integrals = integrals
        self._functional = functional
        self._coarse: Any = coarse
        self._fine: Any = fine
        self._correction: np.ndarray | None = None  # V_fine[D0] - V_coarse[D0]
        self._offset = 0.0  # E_fine[D0] - E_coarse[D0] - Tr correction D0
        self._reference: np.ndarray | None = None  # orbitals of D0
        self._on_coarse: Any = None  # energy and matrix on the coarse grid
        self._current: Any = None  # orbitals, density, and energy and matrix without a grid
        self.half: np.ndarray | None = None

    def build(self, occupied: np.ndarray) -> None:
        """Compute the integrals of doubly occupied orbitals, [n_ao, n_orbitals]."""
        density = 2 * occupied @ occupied.T
        coulomb = self._integrals.coulomb(density)
        fock = self._core + coulomb
        energy = self._repulsion + np.vdot(self._core + coulomb / 2, density)
        share = self._functional.exact_exchange
        if share:
            self.half = self._integrals.half_transform(occupied)
            k = exchange(self.half)
            fock -= share / 2 * k
            energy -= share / 4 * np.vdot(k, density)
        self._current = occupied, density, energy, fock
        if self._functional.kind != "HF":
            self._on_coarse = energy_and_matrix(self._functional, self._coarse, occupied)

    def total(self) -> tuple[float, np.ndarray]:
        """Total energy and Fock matrix of the last orbitals, corrected if possible."""
        _, density, energy, fock = self._current
        if self._functional.kind != "HF":
            energy, fock = energy + self._on_coarse[0], fock + self._on_coarse[1]
        if self._correction is not None:
            energy = energy + self._offset + np.vdot(self._correction, density)
            fock = fock + self._correction
        return float(energy), fock

    def correct(self) -> np.ndarray:
        """Compute the correction at the last orbitals, and return its change."""
        before = 0.0 if self._correction is None else self._correction
        occupied, density = self._current[:2]
        energy, matrix = energy_and_matrix(self._functional, self._fine, occupied)
        self._correction = matrix - self._on_coarse[1]
        self._offset = energy - self._on_coarse[0] - np.vdot(self._correction, density)
        self._reference = occupied
        return self._correction - before

    @property
    def is_corrected(self) -> bool:
        """Whether a correction has been computed."""
        return self._correction is not None

    def drift(self, overlap: np.ndarray) -> float:
        """Norm of (D - D0)/2 in the orthogonalised basis, infinite without a correction."""
        if self._functional.kind == "HF":
            return 0.0
        if self._reference is None:
            return np.inf
        cosines = self._reference.T @ overlap @ self._current[0]
        return float(np.sqrt(max(2 * (cosines.shape[0] - np.vdot(cosines, cosines)), 0.0)))


def solve_scf(
    builder: FockBuilder,
    basis: OrthogonalBasis,
    guess: np.ndarray,
    *,
    gradient_tolerance: float,
    max_cycles: int,
) -> SCFSolution:
    """Find self-consistent orbitals.

    Parameters
    ----------
    builder
        Fock matrices of the frame.
    basis
        Orthogonalised basis of the frame.
    guess : array, [n_ao, n_occupied]
        Orthonormal occupied orbitals.
    gradient_tolerance
        Largest norm of the virtual-occupied block of the Fock matrix, hartree.
    max_cycles
        Largest number of Fock matrices.

    Raises
    ------
    ConvergenceError
        If `max_cycles` do not suffice or the energy is not finite.
    """
    diis, occupied, norm = DIIS(), guess, np.inf
    for cycle in range(1, max_cycles + 1):
        builder.build(occupied)
        energy, fock = builder.total()
        transformed, y = basis.transform(fock), basis.root @ occupied
        norm = _gradient_norm(transformed, y)
        drift = builder.drift(basis.overlap)
        if drift > DRIFT and norm < (CORRECT_AT if builder.is_corrected else CORRECT_FIRST_AT):
            change = basis.transform(builder.correct())
            diis.shift(change)
            energy, fock = builder.total()
            transformed = transformed + change
            norm = _gradient_norm(transformed, y)
        elif norm < gradient_tolerance:
            found = {"energy": energy, "fock": fock, "cycles": cycle, "gradient_norm": norm}
            return _canonical(builder, basis, occupied, **found)
        if not np.isfinite(energy):
            raise ConvergenceError(f"SCF energy not finite in cycle {cycle}")
        occupied = lowest_orbitals(diis.extrapolate(transformed, y), basis, guess.shape[1])
    raise ConvergenceError(
        f"SCF not converged in {max_cycles} cycles: orbital gradient {norm:.1e} hartree, "
        f"expected {gradient_tolerance:.1e}"
    )


def lowest_orbitals(fock: np.ndarray, basis: OrthogonalBasis, n_occupied: int) -> np.ndarray:
    """Lowest eigenvectors of a Fock matrix in the orthogonalised basis, [n_ao, n_occupied]."""
    vectors = scipy.linalg.eigh(fock, subset_by_index=(0, n_occupied - 1))[1]
    return basis.inverse_root @ vectors


def _gradient_norm(fock: np.ndarray, y: np.ndarray) -> float:
    """Norm of the virtual-occupied block of a Fock matrix in the orthogonalised basis."""
    product = fock @ y
    return float(np.linalg.norm(product - y @ (y.T @ product)))


def _canonical(
    builder: FockBuilder, basis: OrthogonalBasis, occupied: np.ndarray, **found: Any
) -> SCFSolution:
    """Diagonalise the Fock matrix within the occupied and within the virtual space."""
    transformed = basis.transform(found["fock"])
    y = basis.root @ occupied
    energies, rotation = eigenpairs(y.T @ transformed @ y)
    y = y @ rotation
    # the occupied space is moved out of the way, so that the others come first
    away = 2 * np.abs(transformed).sum(axis=0).max()
    projector = np.eye(len(y)) - y @ y.T
    virtual = projector @ transformed @ projector + away * (y @ y.T)
    virtual_energies, vectors = eigenpairs(virtual)
    n_virtual = len(y) - y.shape[1]
    half = builder.half
    return SCFSolution(
        **found,
        orbitals=basis.inverse_root @ np.hstack([y, vectors[:, :n_virtual]]),
        orbital_energies=np.concatenate([energies, virtual_energies[:n_virtual]]),
        n_occupied=y.shape[1],
        half=None if half is None else np.matmul(rotation.T, half),
    )
