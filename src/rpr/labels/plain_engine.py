"""Labels by plain PySCF: slow, for comparison and for integrals that are not density-fitted."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.dft import scf_fallback
from rpr.labels.oriented_engine import OrientedEngine
from rpr.labels.results import Labels

ENERGY_TOLERANCE = 1e-10  #: hartree, between cycles


class PlainEngine(OrientedEngine):
    """Labels by plain PySCF with the functional, basis, fitting and grid of a method.

    None of the shortcuts of the label engine is used: one grid serves the field, the gradient and
    the response, there is no guess from previous frames, and all tolerances are those of PySCF
    except that of the self-consistent field.
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
        mf, solver = scf_fallback.converge_plain(mf)
        labels = Labels(
            energy=float(mf.e_tot), scf_cycles=int(getattr(mf, "cycles", 0)), solver=solver
        )
        if "dipole" in properties:
            labels.dipole = plain.dipole(mf)
        if "forces" in properties:
            labels.forces = -plain.gradient(mf)
        if "polarizability" in properties:
            with labels.without_failure("polarizability"):
                labels.polarizability = plain.polarizability(mf)
        labels.timings["total"] = time.process_time() - start
        return labels
