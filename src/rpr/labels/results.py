"""What an engine returns for one frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from rpr.errors import ConvergenceError, InputError

#: What an engine computes where nothing else is asked for.
PROPERTIES = ("energy", "forces", "dipole", "polarizability")

#: What an engine computes only where it is asked for.
OPTIONAL_PROPERTIES = ("dipole_derivatives",)
ALL_PROPERTIES = PROPERTIES + OPTIONAL_PROPERTIES

#: Columns of the table of frames that could not be labelled.


@dataclass(eq=False)
class Labels:
    """Labels of one frame in ASE units; what was not asked for, or failed, is None.

    Parameters
    ----------
    energy
        eV.
    forces : array, [n_atoms, 3]
        eV/Angstrom.
    dipole : array, [3]
        e Angstrom.
    polarizability : array, [3, 3]
        Angstrom^3 (a volume).
    dipole_derivatives : array, [n_atoms, 3, 3]
        Atomic polar tensors in e: element (A, x, k) is d mu_k / d R_Ax, the derivative of
        component k of the dipole with respect to coordinate x of atom A.  The dipole is the one
        about a point fixed in space, so that the sum over atoms is the total charge times the unit
        matrix.
    scf_cycles
        Cycles until self-consistency.
    converged
        True: labels that did not converge are never returned.
    solver
        The solver that converged: ``default``, ``second-order`` or ``level-shift``.
    orbital_gap
        Orbital energy gap in eV, None where the code does not give it.
    flags
        What is wrong with the frame, empty for most.
    timings
        CPU seconds of each part.
    """

    energy: float
    forces: np.ndarray | None = None
    dipole: np.ndarray | None = None
    polarizability: np.ndarray | None = None
    dipole_derivatives: np.ndarray | None = None
    scf_cycles: int = 0
    converged: bool = True
    solver: str = "default"
    orbital_gap: float | None = None
    flags: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def without_failure(self, name: str) -> Iterator[None]:
        """Computation of property `name`; if it fails it gets a flag, and the others stay."""
        try:
            yield
        except (ConvergenceError, ArithmeticError, np.linalg.LinAlgError) as error:
            self.flags += (f"{name}: {type(error).__name__}: {error}",)


def check_properties(properties: Sequence[str]) -> tuple[str, ...]:
    """Properties as a tuple.

    Raises
    ------
    InputError
        If one is not known.
    """
    for name in properties:
        if name not in ALL_PROPERTIES:
            raise InputError(
                f"properties: found {name!r}, expected some of {', '.join(ALL_PROPERTIES)}"
            )
    return tuple(properties)


def check_positions(positions: np.ndarray, symbols: Sequence[str]) -> np.ndarray:
    """Positions of one frame as a float array [n_atoms, 3].

    Raises
    ------
    InputError
        If the shape does not fit `symbols`, a number is not finite, or atoms coincide.
    """
    positions = np.array(positions, dtype=float)
    if positions.shape != (len(symbols), 3):
        raise InputError(f"positions: found shape {positions.shape}, expected ({len(symbols)}, 3)")
    if not np.isfinite(positions).all():
        raise InputError("positions: found a number that is not finite")
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    distances[np.diag_indices(len(symbols))] = np.inf
    if distances.min() < 0.2:
        i, j = np.unravel_index(np.argmin(distances), distances.shape)
        raise InputError(
            f"positions: atoms {i} and {j} are {distances.min():.3f} Angstrom apart, "
            "expected at least 0.2"
        )
    return positions
