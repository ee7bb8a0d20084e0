"""Detection of self-consistent fields that converged to a wrong state.

Between two similar frames the energy must change by the work of the forces,
``E' - E = -(F + F') . (x' - x) / 2`` up to third order in the displacement.  If it jumps, one
of the frames is in another electronic state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rpr.errors import ConvergenceError
from rpr.labels.results import Engine, Labels

NEIGHBOUR_DISPLACEMENT = 0.15  #: Angstrom: frames with smaller displacements are neighbours
LARGEST_JUMP = 0.02  #: eV: largest jump between neighbours, at small displacements
JUMP_PER_CUBED_DISPLACEMENT = 40.0  #: eV/Angstrom^3: allowance for the displacement
LARGEST_CHANGE = 4.0  #: eV: largest change between frames that are no neighbours
SAME_STATE = 1e-4  #: eV: a state lower by more than this is another one


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A frame with labels: positions in Angstrom, energy in eV, forces in eV/Angstrom or None."""

    positions: np.ndarray
    energy: float
    forces: ArrayLike | None = None


def jump(neighbour: Neighbour, positions: np.ndarray, labels: Labels) -> float:
    """Change of the energy in eV that the displacement does not explain; 0 if it does."""
    displacement = positions - neighbour.positions
    change = labels.energy - neighbour.energy
    largest = np.abs(displacement).max()
    if not _is_explained_by_work(neighbour, positions, labels):
        return change if abs(change) > LARGEST_CHANGE else 0.0
    work = np.sum((np.asarray(neighbour.forces) + labels.forces) * displacement) / 2
    unexplained = change + work
    allowed = LARGEST_JUMP + JUMP_PER_CUBED_DISPLACEMENT * largest**3
    return unexplained if abs(unexplained) > allowed else 0.0


def _is_explained_by_work(neighbour: Neighbour, positions: np.ndarray, labels: Labels) -> bool:
    """Whether the frames are so near each other that the work of their forces tells the change."""
    known = neighbour.forces is not None and labels.forces is not None
    return known and np.abs(positions - neighbour.positions).max() <= NEIGHBOUR_DISPLACEMENT


def compute_checked(
    engine: Engine, positions: np.ndarray, properties: Sequence[str], neighbour: Neighbour | None
) -> tuple[Labels, float]:
    """Labels of a frame, computed again from another guess if the energy jumps.

    If the energy is still too high, the labels carry a flag.  If it is too low, the neighbour is in
    the wrong state.  Where the work of the forces tells nothing, as between independent frames, a
    high state that both guesses lead to is taken for the right one: the frame may be a close
    contact.

    Parameters
    ----------
    engine
        Label engine.
    positions : array, [n_atoms, 3]
        Angstrom.
    properties
        Names of the labels.
    neighbour
        Frame before, if there is one.

    Returns
    -------
    labels : Labels
        Of the lower of the states that were found.
    jump : float
        Jump of the energy that remains, eV.

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
        same = abs(fresh.energy - labels.energy) <= SAME_STATE
        independent = not _is_explained_by_work(neighbour, positions, labels)
        if same and independent and labels.energy > neighbour.energy:
            return labels, 0.0
        if fresh.energy < labels.energy - SAME_STATE:
            labels = fresh
    unexplained = jump(neighbour, positions, labels)
    if unexplained > 0:
        labels.flags += (
            f"state: energy lies {unexplained:.3f} eV above what the frame before explains, "
            "also from another guess",
        )
    return labels, unexplained
