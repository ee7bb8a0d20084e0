"""What an engine returns for one frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rpr.errors import ConvergenceError, InputError
from rpr.molecule.plausibility import check_overlap

#: Computed by default.
PROPERTIES = ("energy", "forces", "dipole", "polarizability")

#: Computed only on request.
OPTIONAL_PROPERTIES = ("dipole_derivatives", "polarizability_derivatives")
ALL_PROPERTIES = PROPERTIES + OPTIONAL_PROPERTIES


@dataclass(eq=False)
class Labels:
    """Labels of one frame in ASE units; those that were not asked for or that failed are None.

    Parameters
    ----------
    energy
        eV.
    forces : array, [n_atoms, 3]
        eV/Angstrom.
    dipole : array, [3]
        e Angstrom; that of an ion is about its centre of mass.
    polarizability : array, [3, 3]
        Angstrom^3 (a volume).
    dipole_derivatives : array, [n_atoms, 3, 3]
        Atomic polar tensors in e: element (A, x, k) is d mu_k / d R_Ax, the derivative of
        component k of the dipole with respect to coordinate x of atom A.  Here the dipole is the
        one about a point fixed in space, also for ions, so that the sum over atoms is the total
        charge times the unit matrix.
    polarizability_derivatives : array, [n_atoms, 3, 3, 3]
        Angstrom^2: element (A, x, k, l) is d alpha_kl / d R_Ax.
    scf_cycles
        Number of cycles until self-consistency.
    solver
        The solver that converged: ``default``, ``second-order`` or ``level-shift``.
    orbital_gap
        Orbital energy gap in eV, None where the code does not give it.
    flags
        Problems with the labels; empty for most frames.
    timings
        CPU seconds of each part.
    """

    energy: float
    forces: np.ndarray | None = None
    dipole: np.ndarray | None = None
    polarizability: np.ndarray | None = None
    dipole_derivatives: np.ndarray | None = None
    polarizability_derivatives: np.ndarray | None = None
    scf_cycles: int = 0
    solver: str = "default"
    orbital_gap: float | None = None
    flags: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def flag_failure(self, name: str) -> Iterator[None]:
        """Record a failure of the block, which computes the property `name`, as a flag."""
        try:
            yield
        except (ConvergenceError, ArithmeticError, np.linalg.LinAlgError) as error:
            self.flags += (f"{name}: {type(error).__name__}: {error}",)


class Engine(Protocol):
    """Label engine: positions of one frame in, labels out.

    An engine may remember frames, to guess the next one.  `set_state` takes what `get_state`
    returned, and the next labels are then the same to the last bit.
    """

    def compute(self, positions: np.ndarray, properties: Sequence[str] = PROPERTIES) -> Labels:
        """Labels of one frame at positions, [n_atoms, 3], in Angstrom."""

    def reset(self) -> None:
        """Forget the previous frames."""

    def get_state(self) -> dict[str, np.ndarray]:
        """Memory of previous frames, as arrays."""

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a state of `get_state`."""


def check_properties(properties: Sequence[str]) -> tuple[str, ...]:
    """Properties as a tuple.

    Raises
    ------
    InputError
        If there is no such property.
    """
    for name in properties:
        if name not in ALL_PROPERTIES:
            raise InputError(
                f"properties: found {name!r}, expected some of {', '.join(ALL_PROPERTIES)}"
            )
    return tuple(properties)


def check_positions(positions: np.ndarray, symbols: Sequence[str]) -> np.ndarray:
    """Positions of one frame as a float array, [n_atoms, 3].

    Raises
    ------
    InputError
        If the shape does not match `symbols`, a number is not finite, or atoms overlap.
    """
    positions = np.array(positions, dtype=float)
    if positions.shape != (len(symbols), 3):
        raise InputError(f"positions: found shape {positions.shape}, expected ({len(symbols)}, 3)")
    check_overlap(positions[None], "positions")
    return positions
