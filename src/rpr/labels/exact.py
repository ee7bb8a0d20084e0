"""Labels with exact (not density-fitted) integrals: stock PySCF, slow, for comparison."""

from __future__ import annotations

import time

import numpy as np

from rpr.labels import rescue, stock
from rpr.labels.engine import OrientedEngine
from rpr.labels.results import Labels


class ExactEngine(OrientedEngine):
    """Labels by stock PySCF without density fitting; the last density is the next guess."""

    def __init__(self, method, symbols, *, max_memory_mb=None, charge=0):
        super().__init__(method, symbols, max_memory_mb=max_memory_mb, charge=charge)
        self._density = None

    def reset(self) -> None:
        """Forget the previous frame."""
        self._density = None

    def get_state(self) -> dict[str, np.ndarray]:
        """What the engine remembers of the previous frame, as arrays."""
        return {} if self._density is None else {"density": self._density}

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a state of `get_state`."""
        self._density = state.get("density")

    def _compute(self, positions, properties):
        start = time.process_time()
        mol = stock.molecule(
            self.symbols, positions, self.method.basis,
            charge=self.charge, max_memory_mb=self.max_memory_mb,
        )
        mf = stock.mean_field(
            mol, self.method.functional, density_fitting=False, grid_level=self.method.grid_level
        )
        mf.max_cycle = self.method.max_cycles
        mf, solver = rescue.converge_stock(mf, self._density)
        self._density = np.asarray(mf.make_rdm1())
        labels = Labels(
            energy=float(mf.e_tot), scf_cycles=int(getattr(mf, "cycles", 0)), solver=solver
        )
        if "dipole" in properties:
            labels.dipole = stock.dipole(mf)
        if "forces" in properties:
            labels.forces = -stock.gradient(mf)
        if "polarizability" in properties:
            labels.polarizability = stock.polarizability(mf)
        labels.timings["total"] = time.process_time() - start
        return labels
