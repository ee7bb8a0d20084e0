"""The electronic structure of one frame: molecule, integrals, grids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rpr.errors import InputError
from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.dft.density_fitting import FittedIntegrals
from rpr.labels.dft.exchange_correlation import Functional
from rpr.labels.dft.grids import Grid
from rpr.labels.dft.scf import FockBuilder, OrthogonalBasis
from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto

BASE_MB = 250.0  #: interpreter and libraries


class ElectronicStructure:
    """Everything that depends only on positions and method; grids are made when needed.

    Parameters
    ----------
    method : Method
        Functional, basis sets and grid levels.
    symbols
        Chemical symbols.
    positions : array, [n_atoms, 3]
        Bohr.
    charge
        Total charge.
    functional
        The functional of the method.
    workspace
        Holds the large arrays, which are valid until the next structure is made in it.
    """

    def __init__(
        self,
        method: Any,
        symbols: Sequence[str],
        positions: np.ndarray,
        charge: int,
        functional: Functional,
        workspace: Workspace,
    ) -> None:
        self.method = method
        self.positions = positions
        self.mol = plain.molecule(symbols, positions, method.basis, charge=charge)
        self.auxmol = auxiliary_molecule(self.mol, method)
        self.basis = OrthogonalBasis(self.mol.intor_symmetric("int1e_ovlp"))
        self.integrals = FittedIntegrals(self.mol, self.auxmol, workspace)
        self._core = self.mol.intor_symmetric("int1e_kin") + self.mol.intor_symmetric("int1e_nuc")
        self._functional = functional
        self._workspace = workspace
        self._grids: dict[int, Grid] = {}

    def builder(self) -> FockBuilder:
        """New builder of Fock matrices, without a correction yet."""
        coarse = fine = None
        if self._functional.kind != "HF":
            coarse, fine = self._coarse_grid(), self._grid(self.method.grid_level)
        return FockBuilder(
            self._core, self.mol.energy_nuc(), self.integrals, self._functional, coarse, fine
        )

    def gradient_grid(self) -> Grid | None:
        """Grid of the gradient; None for Hartree-Fock."""
        if self._functional.kind == "HF":
            return None
        return self._grid(self.method.gradient_grid_level)

    def response_grid(self) -> Grid | None:
        """Grid of the response equations; None for Hartree-Fock."""
        if self._functional.kind == "HF":
            return None
        return self._grid(self.method.response_grid_level)

    def mean_field(self) -> Any:
        """The same mean field as a PySCF object."""
        method = self.method
        return plain.mean_field(
            self.mol,
            method.functional,
            auxiliary_basis=method.auxiliary_basis,
            grid_level=method.grid_level,
        )

    def coordinates(self) -> np.ndarray:
        """Matrices of x, y, z, bohr, [3, n_ao, n_ao]."""
        with self.mol.with_common_orig((0.0, 0.0, 0.0)):
            return self.mol.intor_symmetric("int1e_r", comp=3)

    def dipole(self, density: np.ndarray) -> np.ndarray:
        """Dipole moment of a density matrix about the origin, e bohr, [3]."""
        electrons = np.einsum("xmn,mn->x", self.coordinates(), density)
        return self.mol.atom_charges() @ self.positions - electrons

    def _coarse_grid(self) -> Grid:
        grid = self._grid(self.method.coarse_grid_level)
        if not grid.is_kept:
            grid.keep(self._functional.derivative, self._workspace, "coarse basis")
        return grid

    def _grid(self, level: int) -> Grid:
        if level not in self._grids:
            self._grids[level] = Grid(self.mol, level)
        return self._grids[level]


def auxiliary_molecule(mol: gto.Mole, method: Any) -> gto.Mole:
    """Molecule of the fitting basis, by default PySCF's choice for basis and functional.

    Raises
    ------
    InputError
        If PySCF's choice lacks an element of the molecule.
    """
    from pyscf import df
    from pyscf.lib.exceptions import BasisNotFoundError

    mf = plain.mean_field(mol, method.functional, auxiliary_basis=method.auxiliary_basis)
    try:
        return df.addons.make_auxmol(mol, mf.with_df.auxbasis)
    except BasisNotFoundError as error:
        raise InputError(
            f"auxiliary_basis: PySCF's choice for {method.basis} lacks an element ({error}); name "
            "another fitting basis, such as def2-universal-jkfit, or take another basis"
        ) from None


def memory_mb(method: Any, symbols: Sequence[str], charge: int) -> float:
    """Estimate of the peak memory of a process that labels frames by DFT, MB."""
    functional = Functional(method.functional)
    spread = 2.0 * np.arange(3 * len(symbols)).reshape(-1, 3)
    mol = plain.molecule(symbols, spread, method.basis, charge=charge)
    auxmol = auxiliary_molecule(mol, method)
    n_ao, n_auxiliary = mol.nao, auxmol.nao
    # bytes of packed, square and single-precision fitted integrals; six half-transformed ones
    fitted = n_auxiliary * n_ao**2 * (4 + 8 + 4) + 6 * 8 * n_auxiliary * n_ao * mol.nelectron / 2
    derivatives = 2 * 3 * 24 * 8 * n_ao**2  # a block of 24 auxiliary functions, and a copy
    on_grid = 0.0
    if functional.kind != "HF":
        components = 4 if functional.derivative else 1  # values, and gradients
        # double precision for the coarse cycles, single for the response
        points: float = _grid_points(mol, method.coarse_grid_level) * 8
        points += _grid_points(mol, method.response_grid_level) * 4 * 1.5
        on_grid = components * n_ao * points + 100 * _grid_points(mol, method.grid_level)
    return BASE_MB + 1e-6 * (fitted + derivatives + on_grid)


def _grid_points(mol: gto.Mole, level: int) -> int:
    from pyscf.dft import gen_grid

    grids = gen_grid.gen_atomic_grids(mol, level=level)
    return sum(len(grids[mol.atom_symbol(k)][1]) for k in range(mol.natm))
