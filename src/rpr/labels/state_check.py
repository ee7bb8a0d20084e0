"""Detection of a self-consistent field that converged to a wrong state.

Between two near frames the energy must change by the work of the forces,
``E' - E = -(F + F') . (x' - x) / 2`` up to third order in the displacement.  An energy that jumps
belongs to another electronic state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rpr.errors import ConvergenceError
from rpr.labels.results import Labels

NEIGHBOUR_DISPLACEMENT = 0.15  #: Angstrom: frames with smaller displacements are neighbours
LARGEST_JUMP = 0.02  #: eV: largest jump between neighbours, at small displacements
JUMP_PER_CUBED_DISPLACEMENT = 40.0  #: eV/Angstrom^3: allowance for the displacement
LARGEST_CHANGE = 4.0  #: eV: largest change between frames whose work is not known
SAME_STATE = 1e-4  #: eV


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A frame with labels: positions in Angstrom, energy in eV, forces in eV/Angstrom or None."""

    positions: np.ndarray
    energy: float
    forces: object = None


def jump(neighbour: Neighbour, positions: np.ndarray, labels: Labels) -> float:
    """How far the energy lies beyond what the displacement explains, eV; 0 if it is explained."""
    displacement = positions - neighbour.positions
    change = labels.energy - neighbour.energy
    largest = np.abs(displacement).max()
    if neighbour.forces is None or labels.forces is None or largest > NEIGHBOUR_DISPLACEMENT:
        return change if abs(change) > LARGEST_CHANGE else 0.0
    work = np.sum((np.asarray(neighbour.forces) + labels.forces) * displacement) / 2
    unexplained = change + work
    return (
        unexplained
        if abs(unexplained) > LARGEST_JUMP + JUMP_PER_CUBED_DISPLACEMENT * largest**3
        else 0.0
    )


def compute_checked(
    engine, positions: np.ndarray, properties: Sequence[str], neighbour: Neighbour | None
) -> tuple[Labels, float]:
    """Labels of a frame, computed anew from another guess where the energy jumps.

    Labels that lie above their neighbour carry a flag.  If they lie below, the neighbour is in the
    wrong state.

    Returns
    -------
    labels, jump
        The jump of the energy that remains, eV.

    Raises
    ------
    ConvergenceError
        If no solver reaches self-consistency.
    """
    labels = engine.compute(positions, properties)
    if labels.orbital_gap is not None and labels.orbital_gap <= 0:
        labels.flags += (f"state: orbital gap of {labels.orbital_gap:.3f} eV is not positive",)
    if neighbour is None or not jump(neighbour, positions, labels):
        return labels, 0.0
    engine.reset()
    with contextlib.suppress(ConvergenceError):
        fresh = engine.compute(positions, properties)
        if fresh.energy < labels.energy - SAME_STATE:
            labels = fresh
    unexplained = jump(neighbour, positions, labels)
    if unexplained > 0:
        labels.flags += (
            f"state: energy lies {unexplained:.3f} eV above what the frame before explains, "
            "also from another guess",
        )
    return labels, unexplained
