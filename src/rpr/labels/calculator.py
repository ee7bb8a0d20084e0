"""ASE calculator on top of a label engine."""

from __future__ import annotations

from typing import ClassVar

from ase.calculators.calculator import Calculator, all_changes

from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.version import LABEL_VERSION


class LabelCalculator(Calculator):
    """ASE calculator that computes energy, forces, dipole and polarizability by a `Method`.

    The engine is made at the first frame and keeps its guess between frames.  Energy, forces and
    dipole come with every frame, the polarizability only where it is asked for, and so do the
    derivatives of the dipole: ``get_property("dipole_derivatives", atoms)``, [n_atoms, 3, 3] in e,
    element (A, x, k) being d mu_k / d R_Ax.

    Parameters
    ----------
    method
        Level of theory.
    max_memory_mb
        Memory the engine may use, MB; None for no bound.
    charge
        Total charge.
    """

    implemented_properties: ClassVar[list[str]] = [
        "energy", "free_energy", "forces", "dipole", "polarizability", "dipole_derivatives",
    ]

    def __init__(self, method: Method, *, max_memory_mb: float | None = None, charge: int = 0):
        super().__init__()
        self.method = method
        self._max_memory_mb = max_memory_mb
        self._charge = charge
        self._symbols: tuple[str, ...] | None = None
        self._state: dict | None = None
        self.engine = None
        self.labels = None

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Label `atoms`; raises `ConvergenceError` if no solver reaches self-consistency."""
        super().calculate(atoms, properties, system_changes)
        self._prepare(tuple(self.atoms.get_chemical_symbols()))
        wanted = ["energy", "forces", "dipole"]
        if "polarizability" in properties or "dipole_derivatives" in properties:
            wanted.append("polarizability")
        if "dipole_derivatives" in properties:
            wanted.append("dipole_derivatives")
        self.labels = self.engine.compute(self.atoms.positions, wanted)
        self.results = {
            name: getattr(self.labels, name) for name in wanted
        } | {"free_energy": self.labels.energy}

    def fingerprint(self) -> str:
        """What its results depend on: method, charge, version of the labels."""
        return f"{self.method.fingerprint()} charge={self._charge} label_version={LABEL_VERSION}"

    def get_state(self) -> dict:
        """What the engine remembers of previous frames, as arrays (empty before the first)."""
        return self.engine.get_state() if self.engine is not None else (self._state or {})

    def set_state(self, state: dict) -> None:
        """Go on from a state of `get_state`: the next labels are the same to the last bit."""
        self._state = dict(state)
        if self.engine is not None:
            self.engine.set_state(self._state)

    def _prepare(self, symbols: tuple[str, ...]) -> None:
        if symbols == self._symbols:
            return
        self.engine = make_engine(
            self.method, symbols, max_memory_mb=self._max_memory_mb, charge=self._charge
        )
        self._symbols = symbols
        if self._state:
            self.engine.set_state(self._state)
