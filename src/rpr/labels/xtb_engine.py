"""Labels by extended tight binding (GFN2-xTB through tblite): a cheap stand-in for DFT.

The polarizability is the central finite difference of the dipole in a field f,
``alpha_ij = (mu_i(+f e_j) - mu_i(-f e_j)) / 2f``, made symmetric.  With a field of 5e-4 au
and an accuracy of 1e-3 it turns with the molecule to within 3e-4 bohr^3.  The same six points give
the derivatives of the dipole, ``d mu_k / d R_Ax = -(G_Ax(+f e_k) - G_Ax(-f e_k)) / 2f`` with G the
gradient of the energy in the field.  The derivatives of the polarizability are second differences,
``d alpha_kl / d R_Ax = -d^2 G_Ax / df_k df_l``, of thirteen points in a larger field.  The dipole
of an ion is about its centre of mass.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from rpr.errors import ConvergenceError, require_package
from rpr.labels.method import TBLITE_METHODS, Method
from rpr.labels.results import (
    PROPERTIES,
    Labels,
    check_positions,
    check_properties,
)
from rpr.molecule.dipole_origin import dipole_about_centre
from rpr.units import BOHR, BOHR3, HARTREE

FIELD = 5e-4  #: au
SECOND_FIELD = 2e-3  #: au, of second differences
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
            about_origin = np.array(result.get("dipole")) * BOHR
            labels.dipole = dipole_about_centre(
                about_origin, positions * BOHR, atomic_masses[self._numbers], self.charge
            )
        asked = [n for n in ("polarizability", "dipole_derivatives") if n in properties]
        if asked:
            with labels.flag_failure(" and ".join(asked)):
                alpha, derivatives = self._field_differences(positions, result)
                if "polarizability" in asked:
                    labels.polarizability = alpha * BOHR3
                if "dipole_derivatives" in asked:
                    labels.dipole_derivatives = derivatives
        if "polarizability_derivatives" in properties:
            with labels.flag_failure("polarizability_derivatives"):
                second = self._second_differences(positions, result)
                labels.polarizability_derivatives = second * BOHR**2
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

    def _second_differences(self, positions: np.ndarray, result: Any) -> np.ndarray:
        """Derivatives of the polarizability, bohr^2, [n_atoms, 3, 3, 3].

        With G_k the sum of the gradients at the fields +f e_k and -f e_k, and G_kl that at
        +f (e_k + e_l) and -f (e_k + e_l), ``d^2 G / df_k^2 = (G_k - 2 G) / f^2`` and
        ``d^2 G / df_k df_l = (G_kl - G_k - G_l + 2 G) / 2 f^2``.
        """

        def summed(field: np.ndarray) -> np.ndarray:
            ahead, behind = (self._single_point(positions, f, result) for f in (field, -field))
            return np.array(ahead.get("gradient")) + np.array(behind.get("gradient"))

        twice = 2 * np.array(result.get("gradient"))
        steps = SECOND_FIELD * np.eye(3)
        along = [summed(step) for step in steps]
        second = np.empty((*positions.shape, 3, 3))
        for j in range(3):
            second[:, :, j, j] = along[j] - twice
            for k in range(j):
                mixed = summed(steps[j] + steps[k]) - along[j] - along[k] + twice
                second[:, :, j, k] = second[:, :, k, j] = mixed / 2
        return -second / SECOND_FIELD**2

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
