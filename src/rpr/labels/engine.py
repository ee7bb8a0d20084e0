"""Engines: positions of one frame in, labels out."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers

from rpr.errors import ConvergenceError, InputError
from rpr.labels import rescue
from rpr.labels.exchange_correlation import Functional
from rpr.labels.frame import Frame, memory_mb
from rpr.labels.gradient import contract_derivatives, nuclear_gradient
from rpr.labels.method import Method
from rpr.labels.oriented_engine import OrientedEngine
from rpr.labels.polar_tensor import OrbitalResponse, dipole_derivatives
from rpr.labels.propagation import History
from rpr.labels.response import ResponseOperator, polarizability
from rpr.labels.results import Labels
from rpr.labels.scf import solve
from rpr.labels.stock_engine import StockEngine
from rpr.labels.workspace import Workspace

CYCLES_FROM_HISTORY = 20  #: more cycles than this and the guess was bad: begin anew


def make_engine(
    method: Method,
    symbols: Sequence[str],
    *,
    max_memory_mb: float | None = None,
    charge: int = 0,
    stock: bool = False,
):
    """Engine that labels frames of one molecule by `method`.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols, in the order of the positions.
    max_memory_mb
        Memory the process may use, MB; None for no bound.
    charge
        Total charge.
    stock
        Compute by stock PySCF, without the shortcuts of the label engine. Exact integrals always
        come from there.

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
    if stock and method.code != "pyscf":
        raise InputError(f"method/code: stock labels need pyscf, found {method.code!r}")
    if method.code == "tblite":
        from rpr.labels.xtb import XTBEngine

        return XTBEngine(method, symbols, charge=charge)
    electrons = sum(atomic_numbers[s] for s in symbols) - charge
    if electrons % 2 or electrons < 2:
        raise InputError(
            f"charge: {''.join(symbols)} with charge {charge} has {electrons} electrons; "
            "expected an even number, as open shells are left out"
        )
    engine = StockEngine if stock or not method.density_fitting else FittedEngine
    return engine(method, symbols, max_memory_mb=max_memory_mb, charge=charge)


class FittedEngine(OrientedEngine):
    """Labels with density-fitted integrals in memory, fast along trajectories.

    The orbitals and induced densities of the last frames are the guess for the next.  Labels do
    not depend on the guess beyond the tolerances of the method.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols.
    max_memory_mb
        Memory the process may use, MB.
    charge
        Total charge.

    Raises
    ------
    InputError
        If the memory is too little; it says how much is needed.
    """

    def __init__(self, method, symbols, *, max_memory_mb=None, charge=0):
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
        """What the engine remembers of previous frames, as arrays."""
        return self._history.state()

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a state of `get_state`: the next labels are the same to the last bit."""
        self._history.restore(state)

    def _compute(self, positions, properties):
        clock = _Clock()
        frame = Frame(
            self.method, self.symbols, positions, self.charge, self._functional, self._workspace
        )
        clock.lap("integrals")
        solution, solver = self._solve(frame)
        clock.lap("scf")
        labels = Labels(
            energy=solution.energy, scf_cycles=solution.cycles, solver=solver, gap=solution.gap
        )
        if "dipole" in properties:
            labels.dipole = frame.dipole(solution.density)
        operator = response = induced = None
        if "polarizability" in properties or "dipole_derivatives" in properties:
            operator = ResponseOperator(
                frame.integrals, self._functional, frame.response_grid(), solution, self._workspace
            )
            response, induced = self._respond(frame, solution, operator)
            clock.lap("response")
        if "polarizability" in properties:
            labels.polarizability = response.polarizability
        if "forces" in properties or "dipole_derivatives" in properties:
            self._differentiate(frame, solution, operator, response, properties, labels, clock)
        self._history.add(positions, frame.basis.root @ solution.occupied, induced)
        labels.timings = clock.laps
        return labels

    def _solve(self, frame):
        """Self-consistent field, by the first way that leads there."""
        options = {"gradient_tolerance": self.method.scf_gradient_tolerance}
        y = self._history.orbitals(frame.positions)
        if y is not None:
            cycles = min(CYCLES_FROM_HISTORY, self.method.max_cycles)
            try:
                guess = frame.basis.inverse_root @ y
                found = solve(frame.builder(), frame.basis, guess, max_cycles=cycles, **options)
                if found.gap > 0:
                    return found, "default"
            except ConvergenceError:
                pass
        self.reset()
        return rescue.solve_from_scratch(
            frame, self._n_occupied, max_cycles=self.method.max_cycles, **options
        )

    def _respond(self, frame, solution, operator):
        """Response to the fields and the induced operators in the orthogonalised basis."""
        virtual, occupied = solution.virtual, solution.occupied
        y_virtual, y_occupied = frame.basis.root @ virtual, frame.basis.root @ occupied
        guess = self._history.induced(frame.positions)
        if guess is not None:
            guess = y_virtual.T @ guess @ y_occupied
        response = polarizability(
            operator, virtual.T @ frame.coordinates() @ occupied,
            tolerance=self.method.response_tolerance, guess=guess,
        )
        return response, y_virtual @ response.amplitudes @ y_occupied.T

    def _differentiate(self, frame, solution, operator, response, properties, labels, clock):
        """Forces and dipole derivatives by one pass over the derivative integrals."""
        change = None
        if "dipole_derivatives" in properties:
            change = OrbitalResponse.from_response(response, solution, frame.coordinates())
        contracted = contract_derivatives(
            frame.mol, frame.auxmol, frame.integrals, self._functional, solution,
            self._workspace, change,
        )
        if "forces" in properties:
            labels.forces = -nuclear_gradient(
                frame.mol, self._functional, frame.gradient_grid(), solution, contracted[0]
            )
        clock.lap("gradient")
        if change is not None:
            labels.dipole_derivatives = dipole_derivatives(
                frame.mol, self._functional, frame.response_grid(), operator, solution, change,
                contracted[1:],
            )
            clock.lap("dipole derivatives")


class _Clock:
    """CPU seconds between laps."""

    def __init__(self):
        self.laps: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.laps[name] = now - self._last
        self._last = now
