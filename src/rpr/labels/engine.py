"""Engines: positions of one frame in, labels out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from rpr.errors import ConvergenceError, InputError
from rpr.labels.dft import scf_fallback
from rpr.labels.dft.electronic_structure import ElectronicStructure, memory_mb
from rpr.labels.dft.exchange_correlation import Functional
from rpr.labels.dft.field_response import FieldResponse
from rpr.labels.dft.gradient import contract_derivatives, nuclear_gradient
from rpr.labels.dft.scf import SCFSolution, solve_scf
from rpr.labels.dft.scf_extrapolation import History
from rpr.labels.dft.workspace import Workspace
from rpr.labels.journal import Journal
from rpr.labels.method import Method
from rpr.labels.oriented_engine import OrientedEngine
from rpr.labels.plain_engine import PlainEngine
from rpr.labels.results import OPTIONAL_PROPERTIES, Engine, Labels
from rpr.labels.version import label_version

OF_RESPONSE = ("polarizability", *OPTIONAL_PROPERTIES)  #: need the response to fields
CYCLES_FROM_HISTORY = 20  #: cycles after which a guess from previous frames was bad


def make_engine(
    method: Method,
    symbols: Sequence[str],
    *,
    max_memory_mb: float | None = None,
    charge: int = 0,
    plain: bool = False,
    journal: Journal | None = None,
) -> Engine:
    """Engine that labels frames of one molecule by `method`.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols, in the order of the positions.
    max_memory_mb
        Memory that the process may use, MB; None for no bound.
    charge
        Total charge.
    plain
        Whether to compute by plain PySCF, without the shortcuts of the label engine. Integrals
        that are not density-fitted always are.
    journal
        Keeps what the engine computes, so that an interrupted computation resumes.

    Returns
    -------
    Engine

    Raises
    ------
    InputError
        If the method does not apply to the molecule, or the memory is too little.
    """
    method.check(symbols)
    if plain and method.code != "pyscf":
        raise InputError(f"plain: found True for code {method.code!r}, expected code 'pyscf'")
    electrons = sum(atomic_numbers[s] for s in symbols) - charge
    if electrons % 2 or electrons < 2:
        raise InputError(
            f"charge: {''.join(symbols)} with charge {charge} has {electrons} electrons, expected "
            "an even number, because open shells are not supported"
        )
    engine: Engine
    if method.code == "tblite":
        from rpr.labels.xtb_engine import XTBEngine

        engine = XTBEngine(method, symbols, charge=charge)
    else:
        kind = PlainEngine if plain or not method.density_fitting else FittedEngine
        engine = kind(method, symbols, max_memory_mb=max_memory_mb, charge=charge)
    if journal is None:
        return engine
    settings = {"method": method.as_dict(), "symbols": list(symbols), "charge": charge}
    settings |= {"plain": plain, "label_version": label_version(charge)}
    return journal.kept(engine, {**settings, method.code: version(method.code)})


class FittedEngine(OrientedEngine):
    """Labels with density-fitted integrals in memory, fast along trajectories.

    The orbitals and induced densities of the last frames are the guess for the next one.  Labels
    depend on the guess only within the tolerances of the method.  Induced densities never enter the
    guess of the orbitals: energies and dipoles are the same to the last bit whatever else is asked
    for, even if that fails, and so are forces, but for derivatives of the dipole or the
    polarizability, which share sums with them and move them by about 1e-12 eV/Angstrom.  Those of
    the dipole move by about 2e-7 e, single precision, if those of the polarizability come along.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols, in the order of the positions.
    max_memory_mb
        Memory that the process may use, MB; None for no bound.
    charge
        Total charge.

    Raises
    ------
    InputError
        If the memory is too little; the message says how much is needed.
    """

    def __init__(
        self,
        method: Method,
        symbols: Sequence[str],
        *,
        max_memory_mb: float | None = None,
        charge: int = 0,
    ) -> None:
        super().__init__(method, symbols, max_memory_mb=max_memory_mb, charge=charge)
        self._functional = Functional(method.functional)
        self._workspace = Workspace()
        self._history = History()
        self._n_occupied = int(self._numbers.sum() - charge) // 2
        needed = memory_mb(method, self.symbols, charge)
        if max_memory_mb is not None and needed > max_memory_mb:
            raise InputError(
                f"max_memory_mb: found {max_memory_mb:.0f} MB, expected at least {needed:.0f} MB "
                f"for {''.join(self.symbols)} with basis {method.basis}; give it more memory"
            )

    def reset(self) -> None:
        """Forget the previous frames."""
        self._history.clear()

    def get_state(self) -> dict[str, np.ndarray]:
        """Memory of previous frames, as arrays."""
        return self._history.state()

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a state of `get_state`: the next labels are the same to the last bit."""
        self._history.restore(state)

    def _compute(self, positions: np.ndarray, properties: tuple[str, ...]) -> Labels:
        clock = _Clock()
        structure = ElectronicStructure(
            self.method, self.symbols, positions, self.charge, self._functional, self._workspace
        )
        clock.lap("integrals")
        solution, solver = self._solve(structure)
        clock.lap("scf")
        labels = Labels(
            energy=solution.energy,
            scf_cycles=solution.cycles,
            solver=solver,
            orbital_gap=solution.orbital_gap,
        )
        if "dipole" in properties:
            labels.dipole = structure.dipole(solution.density)
        asked = [name for name in OF_RESPONSE if name in properties]
        fields = self._respond(structure, solution, asked, labels, clock) if asked else None
        if "forces" in properties or (fields is not None and asked != ["polarizability"]):
            self._differentiate(structure, solution, fields, properties, labels, clock)
        induced = (None, None) if fields is None else fields.induced()
        self._history.add(positions, structure.basis.root @ solution.occupied, *induced)
        labels.timings = clock.laps
        return labels

    def _solve(self, structure: ElectronicStructure) -> tuple[SCFSolution, str]:
        """Self-consistent field from the guess of previous frames, or else from scratch."""
        options: Any = {"gradient_tolerance": self.method.scf_gradient_tolerance}
        y = self._history.orbitals(structure.positions)
        if y is not None:
            cycles = min(CYCLES_FROM_HISTORY, self.method.max_cycles)
            try:
                guess = structure.basis.inverse_root @ y
                found = solve_scf(
                    structure.builder(), structure.basis, guess, max_cycles=cycles, **options
                )
                if found.orbital_gap > 0:
                    return found, "default"
            except ConvergenceError:
                pass
        self.reset()
        return scf_fallback.solve_from_scratch(
            structure, self._n_occupied, max_cycles=self.method.max_cycles, **options
        )

    def _respond(
        self,
        structure: ElectronicStructure,
        solution: SCFSolution,
        asked: list[str],
        labels: Labels,
        clock: _Clock,
    ) -> FieldResponse | None:
        """Response to fields, of second order where needed, and the polarizability."""
        fields = None
        with labels.flag_failure(" and ".join(asked)):
            fields = FieldResponse(
                structure,
                self._functional,
                solution,
                self._workspace,
                self._history,
                tolerance=self.method.response_tolerance,
            )
        clock.lap("response")
        if fields is not None and "polarizability" in asked:
            labels.polarizability = fields.polarizability
        if fields is not None and "polarizability_derivatives" in asked:
            with labels.flag_failure("polarizability_derivatives"):
                fields.solve_second()
            clock.lap("second-order response")
        return fields

    def _differentiate(
        self,
        structure: ElectronicStructure,
        solution: SCFSolution,
        fields: FieldResponse | None,
        properties: tuple[str, ...],
        labels: Labels,
        clock: _Clock,
    ) -> None:
        """Forces and derivatives, from one pass over the derivative integrals."""
        derivatives = [n for n in OPTIONAL_PROPERTIES if n in properties and fields is not None]
        contracted = contract_derivatives(
            structure.mol,
            structure.auxmol,
            structure.integrals,
            self._functional,
            solution,
            self._workspace,
            fields.change if fields is not None and derivatives else None,
            None if fields is None else fields.second,
        )
        if "forces" in properties:
            labels.forces = self._forces(structure, solution, contracted[0])
        clock.lap("gradient")
        if fields is not None and fields.second is not None:
            with labels.flag_failure("polarizability_derivatives"):
                found = fields.polarizability_derivatives(contracted[4:])
                labels.polarizability_derivatives = found
            clock.lap("polarizability derivatives")
        if fields is not None and "dipole_derivatives" in derivatives:
            with labels.flag_failure("dipole_derivatives"):
                labels.dipole_derivatives = fields.dipole_derivatives(contracted[1:4])
            clock.lap("dipole derivatives")

    def _forces(
        self, structure: ElectronicStructure, solution: SCFSolution, contracted: np.ndarray
    ) -> np.ndarray:
        """Forces in hartree/bohr from the first row of `contract_derivatives`."""
        return -nuclear_gradient(
            structure.mol, self._functional, structure.gradient_grid(), solution, contracted
        )


class _Clock:
    """CPU seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.laps[name] = now - self._last
        self._last = now
