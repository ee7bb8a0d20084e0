"""Labels by plain PySCF: slow, for comparison and for integrals that are not density-fitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rpr.labels.dft import plain_pyscf as plain
from rpr.labels.dft import scf_fallback
from rpr.labels.oriented_engine import OrientedEngine
from rpr.labels.results import Labels

ENERGY_TOLERANCE = 1e-10  #: hartree, between cycles
STEP = 0.005  #: bohr, of the central differences

#: Properties that are central differences, and of what.
_DIFFERENTIATED = {
    "dipole_derivatives": plain.dipole,
    "polarizability_derivatives": plain.polarizability,
}


class PlainEngine(OrientedEngine):
    """Labels by plain PySCF with the functional, basis, fitting and grid of a method.

    None of the shortcuts of the label engine is used: one grid serves the field, the gradient and
    the response, there is no guess from previous frames, and all tolerances are those of PySCF
    except that of the self-consistent field.  Derivatives of dipole and polarizability are central
    differences, ``d mu_k / d R_Ax = [mu_k(R_Ax + h) - mu_k(R_Ax - h)] / 2h``, which take six
    self-consistent fields an atom.
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
        for name, compute in _DIFFERENTIATED.items():
            if name in properties:
                with labels.flag_failure(name):
                    setattr(labels, name, self._differences(positions, mf.make_rdm1(), compute))
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

    def _differences(
        self, positions: np.ndarray, density: np.ndarray, compute: Callable[[Any], np.ndarray]
    ) -> np.ndarray:
        """Central differences of a property of the mean field, [n_atoms, 3, ...]."""
        rows = []
        for step in STEP * np.eye(positions.size).reshape(-1, *positions.shape):
            forward, backward = (
                compute(self._solve(positions + shift, density)[0]) for shift in (step, -step)
            )
            rows.append((forward - backward) / (2 * STEP))
        return np.reshape(rows, (*positions.shape, *rows[0].shape))
