"""Labels by extended tight binding (GFN2-xTB through tblite): a cheap stand-in for DFT.

The polarizability is the central finite difference of the dipole in a field f,
``alpha_ij = (mu_i(+f e_j) - mu_i(-f e_j)) / 2f``, made symmetric.  With a field of 5e-4 au
and an accuracy of 1e-3 it turns with the molecule to within 3e-4 bohr^3.  The same six points give
the derivatives of the dipole, ``d mu_k / d R_Ax = -(G_Ax(+f e_k) - G_Ax(-f e_k)) / 2f`` with G the
gradient of the energy in the field.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from rpr.errors import ConvergenceError, require_package
from rpr.labels.method import TBLITE_METHODS, Method
from rpr.labels.results import PROPERTIES, Labels, check_positions, check_properties
from rpr.units import BOHR, BOHR3, HARTREE

FIELD = 5e-4  #: au
ACCURACY = 1e-3  #: tblite's own scale, 1 is its default


class XTBEngine:
    """Labels by tblite; frames are independent of each other.

    Parameters
    ----------
    method
        Level of theory with the code ``tblite``.
    symbols
        Chemical symbols, in the order of the positions.
    charge
        Total charge.

    Raises
    ------
    InputError
        If tblite is not installed.
    """

    def __init__(self, method: Method, symbols: Sequence[str], *, charge: int = 0) -> None:
        self.method = method
        self.symbols = tuple(symbols)
        self.charge = charge
        self._numbers = np.array([atomic_numbers[s] for s in symbols])
        self._calculators: dict[tuple[float, ...], Any] = {}
        _import_tblite()

    def reset(self) -> None:
        """Do nothing: this engine keeps no memory of frames."""

    def get_state(self) -> dict[str, np.ndarray]:
        """Empty: this engine keeps no memory of frames."""
        return {}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Do nothing: this engine keeps no memory of frames."""

    def compute(self, positions: np.ndarray, properties: Sequence[str] = PROPERTIES) -> Labels:
        """Labels of one frame at positions, [n_atoms, 3], in Angstrom.

        A polarizability that cannot be computed is None, and a flag says why.

        Raises
        ------
        InputError
            If the positions do not match the molecule or a property is unknown.
        ConvergenceError
            If tblite does not converge.
        """
        properties = check_properties(properties)
        positions = check_positions(positions, self.symbols) / BOHR
        start = time.process_time()
        result = self._single_point(positions, (0.0, 0.0, 0.0))
        labels = Labels(energy=float(result.get("energy")) * HARTREE)
        if "forces" in properties:
            labels.forces = -np.array(result.get("gradient")) * (HARTREE / BOHR)
        if "dipole" in properties:
            labels.dipole = np.array(result.get("dipole")) * BOHR
        asked = [n for n in ("polarizability", "dipole_derivatives") if n in properties]
        if asked:
            with labels.flag_failure(" and ".join(asked)):
                alpha, derivatives = self._field_differences(positions, result)
                if "polarizability" in asked:
                    labels.polarizability = alpha * BOHR3
                if "dipole_derivatives" in asked:
                    labels.dipole_derivatives = derivatives
        labels.timings["total"] = time.process_time() - start
        return labels

    def _field_differences(
        self, positions: np.ndarray, result: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Polarizability in bohr^3, [3, 3], and dipole derivatives in e, [n_atoms, 3, 3]."""
        columns, derivatives = [], []
        for field in FIELD * np.eye(3):
            ends = [self._single_point(positions, f, result) for f in (field, -field)]
            forward, backward = (np.array(end.get("dipole")) for end in ends)
            columns.append((forward - backward) / (2 * FIELD))
            forward, backward = (np.array(end.get("gradient")) for end in ends)
            derivatives.append(-(forward - backward) / (2 * FIELD))
        alpha = np.array(columns)
        return (alpha + alpha.T) / 2, np.moveaxis(np.array(derivatives), 0, 2)

    def _single_point(
        self, positions: np.ndarray, field: Sequence[float] | np.ndarray, guess: Any = None
    ) -> Any:
        _, exceptions = _import_tblite()
        calculator = self._calculator(positions, field)
        try:
            if guess is None:
                return calculator.singlepoint()
            return calculator.singlepoint(guess, copy=True)
        except exceptions.TBLiteRuntimeError as error:
            raise ConvergenceError(f"tblite: {error}") from error

    def _calculator(self, positions: np.ndarray, field: Sequence[float] | np.ndarray) -> Any:
        """Calculator with a field, made once and then moved to `positions`."""
        key = tuple(float(x) for x in field)
        if key in self._calculators:
            self._calculators[key].update(positions)
            return self._calculators[key]
        interface, _ = _import_tblite()
        calculator = interface.Calculator(
            TBLITE_METHODS[self.method.functional],
            self._numbers,
            positions,
            charge=float(self.charge),
        )
        calculator.set("verbosity", 0)
        calculator.set("accuracy", ACCURACY)
        if any(key):
            # tblite 0.8 hands the field to C unconverted, which takes a C array only
            calculator.add("electric-field", interface.library.ffi.new("double[3]", list(key)))
        self._calculators[key] = calculator
        return calculator


def _import_tblite() -> tuple[Any, Any]:
    interface, exceptions = (
        require_package(f"tblite.{name}", extra="xtb") for name in ("interface", "exceptions")
    )
    return interface, exceptions
