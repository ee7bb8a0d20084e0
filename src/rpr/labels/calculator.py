"""ASE calculator on top of a label engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ase.calculators.calculator import Calculator, all_changes

from rpr.errors import ConvergenceError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import check_properties
from rpr.labels.state_check import Neighbour, compute_checked
from rpr.labels.version import LABEL_VERSION

_ALWAYS = ("energy", "forces", "dipole")
_PREVIOUS = "previous_"


class LabelCalculator(Calculator):
    """ASE calculator that computes energy, forces, dipole and polarizability by a `Method`.

    The engine is made at the first frame and keeps its guess between frames.  Energy, forces and
    dipole come with every frame, other properties where they are asked for, among them the
    derivatives of the dipole: ``get_property("dipole_derivatives", atoms)``, [n_atoms, 3, 3] in e,
    element (A, x, k) being d mu_k / d R_Ax.

    Parameters
    ----------
    method
        Level of theory.
    properties
        What else comes with every frame.  It does not change energy, forces and dipole in any bit.
        Where it cannot be computed it is left out of `results`, and `faults` says why.
    check_states
        Compare each frame with the one before, as successive steps of a trajectory: where the
        energy jumps it is computed anew from another guess (:mod:`rpr.labels.state_check`).
    max_memory_mb
        Memory the engine may use, MB; None for no bound.
    charge
        Total charge.

    Attributes
    ----------
    labels : Labels
        Of the last frame.
    faults : tuple of str
        What is wrong with the labels of the last frame, empty for most.
    jump : float
        How far the energy of the last frame lies above what the frame before explains, eV: 0 where
        it is explained, negative where the frame before is in a wrong state.

    Raises
    ------
    InputError
        If a property is not known.
    """

    implemented_properties: ClassVar[list[str]] = [
        "energy",
        "free_energy",
        "forces",
        "dipole",
        "polarizability",
        "dipole_derivatives",
    ]

    def __init__(
        self,
        method: Method,
        *,
        properties: Sequence[str] = (),
        check_states: bool = False,
        max_memory_mb: float | None = None,
        charge: int = 0,
    ):
        super().__init__()
        self.method = method
        self._properties = check_properties(properties)
        self._check_states = check_states
        self._max_memory_mb = max_memory_mb
        self._charge = charge
        self._symbols: tuple[str, ...] | None = None
        self._state: dict | None = None
        self._previous: Neighbour | None = None
        self.engine = None
        self.labels = None
        self.jump = 0.0

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the labels of the last frame, empty for most."""
        return self.labels.flags if self.labels is not None else ()

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Label `atoms`.

        Raises
        ------
        ConvergenceError
            If no solver reaches self-consistency, or a property that was asked for here fails.
        """
        super().calculate(atoms, properties, system_changes)
        self._prepare(tuple(self.atoms.get_chemical_symbols()))
        asked = [name for name in properties if name != "free_energy"]
        wanted = tuple(dict.fromkeys((*_ALWAYS, *self._properties, *asked)))
        positions = self.atoms.get_positions()
        if self._check_states:
            self.labels, self.jump = compute_checked(self.engine, positions, wanted, self._previous)
            self._previous = Neighbour(positions, self.labels.energy, self.labels.forces)
        else:
            self.labels = self.engine.compute(positions, wanted)
        found = {name: getattr(self.labels, name) for name in wanted}
        self.results = {name: value for name, value in found.items() if value is not None}
        self.results["free_energy"] = self.labels.energy
        if not set(asked) <= set(self.results):
            raise ConvergenceError("; ".join(self.faults))

    def fingerprint(self) -> str:
        """What its results depend on: method, charge, version of the labels."""
        return f"{self.method.fingerprint()} charge={self._charge} label_version={LABEL_VERSION}"

    def get_state(self) -> dict:
        """What it remembers of previous frames, as arrays (empty before the first)."""
        state = self.engine.get_state() if self.engine is not None else (self._state or {})
        previous = vars(self._previous) if self._previous is not None else {}
        return {**state, **{f"{_PREVIOUS}{name}": value for name, value in previous.items()}}

    def set_state(self, state: dict) -> None:
        """Go on from a state of `get_state`: the next labels are the same to the last bit."""
        previous = {k[len(_PREVIOUS) :]: v for k, v in state.items() if k.startswith(_PREVIOUS)}
        self._previous = Neighbour(**previous) if previous else None
        self._state = {k: v for k, v in state.items() if not k.startswith(_PREVIOUS)}
        if self.engine is not None:
            self.engine.set_state(self._state)

    def _prepare(self, symbols: tuple[str, ...]) -> None:
        if symbols == self._symbols:
            return
        self.engine = make_engine(
            self.method, symbols, max_memory_mb=self._max_memory_mb, charge=self._charge
        )
        if self._symbols is not None:
            self._previous = None
        self._symbols = symbols
        if self._state:
            self.engine.set_state(self._state)
