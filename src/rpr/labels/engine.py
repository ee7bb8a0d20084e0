"""Engines: positions of one frame in, labels out."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers

from rpr.errors import ConvergenceError, InputError
from rpr.labels import stock
from rpr.labels.method import Method
from rpr.labels.orientation import molecular_axes
from rpr.labels.results import PROPERTIES, Labels, check_positions, check_properties
from rpr.units import BOHR, BOHR3, HARTREE


def make_engine(
    method: Method,
    symbols: Sequence[str],
    *,
    max_memory_mb: float | None = None,
    charge: int = 0,
):
    """Engine that labels frames of one molecule by `method`.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols, in the order of the positions.
    max_memory_mb
        Memory the engine may use, MB; None for no bound.
    charge
        Total charge.

    Returns
    -------
    engine
        With ``compute(positions, properties) -> Labels``, ``reset()``, ``get_state()`` and
        ``set_state(state)``.

    Raises
    ------
    InputError
        If the method does not apply to the molecule, or the memory is too little.
    """
    method.check(symbols)
    if method.code == "tblite":
        from rpr.labels.xtb import XTBEngine

        return XTBEngine(method, symbols, charge=charge)
    electrons = sum(atomic_numbers[s] for s in symbols) - charge
    if electrons % 2:
        raise InputError(
            f"charge: {''.join(symbols)} with charge {charge} has {electrons} electrons; "
            "expected an even number, as open shells are left out"
        )
    return PySCFEngine(method, symbols, max_memory_mb=max_memory_mb, charge=charge)


class PySCFEngine:
    """Labels by PySCF.

    The orbitals of a frame are the guess for the next.  Labels do not depend on the guess beyond
    the tolerance of the SCF.
    """

    def __init__(self, method, symbols, *, max_memory_mb=None, charge=0):
        self.method = method
        self.symbols = tuple(symbols)
        self.charge = charge
        self.max_memory_mb = max_memory_mb
        self._numbers = np.array([atomic_numbers[s] for s in symbols])
        self._density = None

    def reset(self) -> None:
        """Forget the previous frame."""
        self._density = None

    def get_state(self) -> dict[str, np.ndarray]:
        """What the engine remembers of previous frames, as arrays."""
        return {} if self._density is None else {"density": self._density}

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a state of `get_state`: the next labels are the same to the last bit."""
        self._density = state.get("density")

    def compute(
        self, positions: np.ndarray, properties: Sequence[str] = PROPERTIES
    ) -> Labels:
        """Labels of one frame.

        Parameters
        ----------
        positions : array, [n_atoms, 3]
            Angstrom.
        properties
            Some of ``energy``, ``forces``, ``dipole``, ``polarizability``.

        Raises
        ------
        InputError
            If the positions do not fit the molecule or a property is unknown.
        ConvergenceError
            If no solver reaches self-consistency.
        """
        properties = check_properties(properties)
        positions = check_positions(positions, self.symbols)
        axes = np.eye(3)
        if self.method.canonical_orientation:
            axes = molecular_axes(positions, self._numbers)
        centre = self._numbers @ positions / self._numbers.sum()
        oriented = (positions - centre) @ axes.T
        return self._compute_oriented(oriented / BOHR, axes, properties)

    def _compute_oriented(self, positions, axes, properties):
        start = time.process_time()
        mol = stock.molecule(
            self.symbols, positions, self.method.basis, charge=self.charge,
            max_memory_mb=self.max_memory_mb,
        )
        mf = stock.mean_field(
            mol, self.method.functional, density_fitting=self.method.density_fitting,
            auxiliary_basis=self.method.auxiliary_basis, grid_level=self.method.grid_level,
        )
        mf.direct_scf = False
        mf.max_cycle = self.method.max_cycles
        mf.kernel(dm0=self._density)
        solver = "default"
        if not mf.converged:
            solver = "second-order"
            mf = mf.newton()
            mf.kernel()
        if not mf.converged:
            self.reset()
            raise ConvergenceError(f"SCF not converged in {mf.max_cycle} cycles")
        self._density = np.asarray(mf.make_rdm1())
        labels = Labels(
            energy=float(mf.e_tot) * HARTREE, scf_cycles=int(getattr(mf, "cycles", 0)),
            solver=solver, timings={"scf": time.process_time() - start},
        )
        if "dipole" in properties:
            labels.dipole = stock.dipole(mf) @ axes * BOHR
        if "forces" in properties:
            labels.forces = -stock.gradient(mf) @ axes * (HARTREE / BOHR)
        if "polarizability" in properties:
            labels.polarizability = axes.T @ stock.polarizability(mf) @ axes * BOHR3
        return labels
