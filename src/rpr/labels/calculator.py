"""ASE calculator on top of a label engine."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, ClassVar

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from rpr.errors import ConvergenceError
from rpr.labels.engine import make_engine
from rpr.labels.journal import Journal
from rpr.labels.method import Method
from rpr.labels.results import Labels, check_properties
from rpr.labels.state_check import Neighbour, compute_checked
from rpr.labels.version import label_version

_ALWAYS = ("energy", "forces", "dipole")
_PREVIOUS = "previous_"


class LabelCalculator(Calculator):
    """ASE calculator that computes energy, forces, dipole and polarizability by a `Method`.

    The engine is made at the first frame and keeps its guess between frames.  Energy, forces and
    dipole come with every frame, other properties on request, among them the derivatives of the
    dipole: ``get_property("dipole_derivatives", atoms)``, [n_atoms, 3, 3] in e, element (A, x, k)
    being d mu_k / d R_Ax, and of the polarizability: ``polarizability_derivatives``,
    [n_atoms, 3, 3, 3] in Angstrom^2, element (A, x, k, l) being d alpha_kl / d R_Ax.

    Parameters
    ----------
    method
        Level of theory.
    properties
        Other labels that come with every frame.  They change no bit of energy and dipole, nor
        of the forces, but for derivatives (:class:`~rpr.labels.engine.FittedEngine`).
        One that cannot be computed is missing in `results`, and `faults` says why.
    check_states
        Whether to compare each frame with the one before, as successive steps of a trajectory; if
        the energy jumps it is computed again from another guess (:mod:`rpr.labels.state_check`).
    max_memory_mb
        Memory that the engine may use, MB; None for no bound.
    charge
        Total charge.
    journal
        Keeps what is computed, so that an interrupted optimisation resumes.

    Attributes
    ----------
    labels : Labels
        Labels of the last frame.
    faults : tuple of str
        What is wrong with the labels of the last frame, empty for most.
    jump : float
        Jump of the energy from the frame before to the last frame, eV; 0 if it is explained,
        negative if the frame before is in a wrong state.

    Raises
    ------
    InputError
        If there is no such property.
    """

    implemented_properties: ClassVar[list[str]] = [  # type: ignore[misc]
        "energy",
        "free_energy",
        "forces",
        "dipole",
        "polarizability",
        "dipole_derivatives",
        "polarizability_derivatives",
    ]

    def __init__(
        self,
        method: Method,
        *,
        properties: Sequence[str] = (),
        check_states: bool = False,
        max_memory_mb: float | None = None,
        charge: int = 0,
        journal: Journal | None = None,
    ) -> None:
        super().__init__()
        self.method = method
        self._properties = check_properties(properties)
        self._check_states = check_states
        self._max_memory_mb = max_memory_mb
        self._charge = charge
        self._journal = journal
        self._symbols: tuple[str, ...] | None = None
        self._state: dict | None = None
        self._previous: Neighbour | None = None
        self.engine: Any = None
        self.labels: Labels | None = None
        self.jump = 0.0

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the labels of the last frame, empty for most."""
        return self.labels.flags if self.labels is not None else ()

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Label `atoms`.

        Raises
        ------
        ConvergenceError
            If no solver reaches self-consistency, or one of `properties` cannot be computed.
        """
        super().calculate(atoms, properties, system_changes)
        frame: Any = self.atoms
        self._prepare(tuple(frame.get_chemical_symbols()))
        asked = [name for name in properties if name != "free_energy"]
        wanted = tuple(dict.fromkeys((*_ALWAYS, *self._properties, *asked)))
        positions = frame.get_positions()
        if self._check_states:
            labels, self.jump = compute_checked(self.engine, positions, wanted, self._previous)
            self._previous = Neighbour(positions, labels.energy, labels.forces)
        else:
            labels = self.engine.compute(positions, wanted)
        self.labels = labels
        found = {name: getattr(labels, name) for name in wanted}
        self.results = {name: value for name, value in found.items() if value is not None}
        self.results["free_energy"] = labels.energy
        if not set(asked) <= set(self.results):
            raise ConvergenceError("; ".join(self.faults))

    def fingerprint(self) -> str:
        """Everything that its results depend on: method, charge, versions of labels and code."""
        code = self.method.code
        return (
            f"{self.method.fingerprint()} charge={self._charge} "
            f"label_version={label_version(self._charge)} {code}={version(code)}"
        )

    def get_state(self) -> dict:
        """Memory of previous frames, as arrays; empty before the first."""
        state = self.engine.get_state() if self.engine is not None else (self._state or {})
        previous = vars(self._previous) if self._previous is not None else {}
        return {**state, **{f"{_PREVIOUS}{name}": value for name, value in previous.items()}}

    def set_state(self, state: dict) -> None:
        """Resume from a state of `get_state`: the next labels are the same to the last bit."""
        previous = {k[len(_PREVIOUS) :]: v for k, v in state.items() if k.startswith(_PREVIOUS)}
        self._previous = Neighbour(**previous) if previous else None
        self._state = {k: v for k, v in state.items() if not k.startswith(_PREVIOUS)}
        if self.engine is not None:
            self.engine.set_state(self._state)

    def _prepare(self, symbols: tuple[str, ...]) -> None:
        if symbols == self._symbols:
            return
        self.engine = make_engine(
            self.method,
            symbols,
            max_memory_mb=self._max_memory_mb,
            charge=self._charge,
            journal=self._journal,
        )
        if self._symbols is not None:
            self._previous = None
        self._symbols = symbols
        if self._state:
            self.engine.set_state(self._state)
