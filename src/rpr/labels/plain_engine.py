"""Labels by plain PySCF: slow, for comparison and for integrals that are not density-fitted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.dft import scf_fallback
from rpr.labels.oriented_engine import OrientedEngine
from rpr.labels.results import Labels

ENERGY_TOLERANCE = 1e-10  #: hartree, between cycles
STEP = 0.005  #: bohr, of the central differences of dipoles


class PlainEngine(OrientedEngine):
    """Labels by plain PySCF with the functional, basis, fitting and grid of a method.

    None of the shortcuts of the label engine is used: one grid serves the field, the gradient and
    the response, there is no guess from previous frames, and all tolerances are those of PySCF
    except that of the self-consistent field.  Dipole derivatives are central differences,
    ``d mu_k / d R_Ax = [mu_k(R_Ax + h) - mu_k(R_Ax - h)] / 2h``, which take six self-consistent
    fields an atom.
    """

    def reset(self) -> None:
        """Nothing is remembered."""

    def get_state(self) -> dict[str, np.ndarray]:
        """Nothing is remembered."""
        return {}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Nothing is remembered."""

    def _compute(self, positions: np.ndarray, properties: tuple[str, ...]) -> Labels:
        start = time.process_time()
        mf, solver = self._solve(positions)
        labels = Labels(
            energy=float(mf.e_tot), scf_cycles=int(getattr(mf, "cycles", 0)), solver=solver
        )
        if "dipole" in properties:
            labels.dipole = plain.dipole(mf)
        if "forces" in properties:
            labels.forces = -plain.gradient(mf)
        if "polarizability" in properties:
            with labels.flag_failure("polarizability"):
                labels.polarizability = plain.polarizability(mf)
        if "dipole_derivatives" in properties:
            with labels.flag_failure("dipole_derivatives"):
                labels.dipole_derivatives = self._dipole_derivatives(positions, mf.make_rdm1())
        labels.timings["total"] = time.process_time() - start
        return labels

    def _solve(self, positions: np.ndarray, guess: np.ndarray | None = None) -> tuple[Any, str]:
        """Converged mean field, and the solver that got there."""
        method = self.method
        mol = plain.molecule(
            self.symbols,
            positions,
            method.basis,
            charge=self.charge,
            max_memory_mb=self.max_memory_mb,
        )
        mf = plain.mean_field(
            mol,
            method.functional,
            density_fitting=method.density_fitting,
            auxiliary_basis=method.auxiliary_basis,
            grid_level=method.grid_level,
        )
        mf.max_cycle = method.max_cycles
        mf.conv_tol, mf.conv_tol_grad = ENERGY_TOLERANCE, method.scf_gradient_tolerance
        return scf_fallback.converge_plain(mf, guess)

    def _dipole_derivatives(self, positions: np.ndarray, density: np.ndarray) -> np.ndarray:
        """d mu_k / d R_Ax by central differences, e, [n_atoms, 3, 3]."""
        rows = []
        for step in STEP * np.eye(positions.size).reshape(-1, *positions.shape):
            forward, backward = (
                plain.dipole(self._solve(positions + shift, density)[0]) for shift in (step, -step)
            )
            rows.append((forward - backward) / (2 * STEP))
        return np.array(rows).reshape(-1, 3, 3)
