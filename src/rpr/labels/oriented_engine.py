"""Base of the engines on PySCF: units, and the orientation in which labels are computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from rpr.labels.method import Method
from rpr.labels.results import (
    PROPERTIES,
    Labels,
    check_positions,
    check_properties,
)
from rpr.molecule.dipole_origin import dipole_about_centre
from rpr.units import BOHR, BOHR3, HARTREE

_COLLINEAR = 0.1


def molecular_orientation(positions: np.ndarray, charges: np.ndarray) -> np.ndarray:
    """Proper rotation into an orientation that is fixed to the molecule.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
        Any unit.
    charges : array, [n_atoms]
        Nuclear charges.

    Returns
    -------
    array, [3, 3]
        ``(positions - origin) @ rotation.T`` does not depend on the laboratory.  The rotation
        about the axis of a linear molecule is arbitrary, and so is that of an atom.
    """
    if len(positions) == 1:
        return np.eye(3)
    order = np.argsort(-np.asarray(charges), kind="stable")
    ordered = positions[order]
    first = _unit(ordered[1] - ordered[0])
    second = _perpendicular(ordered[2:] - ordered[0], first)
    return np.array([first, second, np.cross(first, second)])


def _perpendicular(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Unit vector across `axis` towards the first of `vectors` that is not along `axis`."""
    for vector in vectors:
        across = vector - axis * (axis @ vector)
        if np.linalg.norm(across) > _COLLINEAR * np.linalg.norm(vector):
            return _unit(across)
    across = np.eye(3)[np.argmin(np.abs(axis))]
    return _unit(across - axis * (axis @ across))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


class OrientedEngine:
    """Base of the engines on PySCF: units, and the orientation in which labels are computed.

    A subclass computes in atomic units (`_compute`) and keeps what it remembers of frames.

    Parameters
    ----------
    method
        Level of theory.
    symbols
        Chemical symbols, in the order of the positions.
    max_memory_mb
        Memory that the engine may use, MB; None for no bound.
    charge
        Total charge.
    """

    def __init__(
        self,
        method: Method,
        symbols: Sequence[str],
        *,
        max_memory_mb: float | None = None,
        charge: int = 0,
    ) -> None:
        self.method = method
        self.symbols = tuple(symbols)
        self.charge = charge
        self.max_memory_mb = max_memory_mb
        self._numbers = np.array([atomic_numbers[s] for s in symbols])

    def compute(self, positions: np.ndarray, properties: Sequence[str] = PROPERTIES) -> Labels:
        """Labels of one frame.

        Parameters
        ----------
        positions : array, [n_atoms, 3]
            Angstrom.
        properties
            Some of ``energy``, ``forces``, ``dipole``, ``polarizability``, ``dipole_derivatives``,
            ``polarizability_derivatives``.  A polarizability or derivatives that cannot be computed
            are None, and a flag says why.

        Raises
        ------
        InputError
            If the positions do not fit the molecule or a property is unknown.
        ConvergenceError
            If no solver reaches self-consistency.
        """
        properties = check_properties(properties)
        positions = check_positions(positions, self.symbols)
        orientation = np.eye(3)
        if self.method.canonical_orientation:
            orientation = molecular_orientation(positions, self._numbers)
        centre = self._numbers @ positions / self._numbers.sum()
        labels = self._compute((positions - centre) @ orientation.T / BOHR, properties)
        labels.energy *= HARTREE
        if labels.orbital_gap is not None:
            labels.orbital_gap *= HARTREE
        if labels.forces is not None:
            labels.forces = labels.forces @ orientation * (HARTREE / BOHR)
        if labels.dipole is not None:
            about_centre = labels.dipole @ orientation * BOHR  # of nuclear charge
            labels.dipole = dipole_about_centre(
                about_centre, positions - centre, atomic_masses[self._numbers], self.charge
            )
        if labels.polarizability is not None:
            labels.polarizability = orientation.T @ labels.polarizability @ orientation * BOHR3
        if labels.dipole_derivatives is not None:
            labels.dipole_derivatives = orientation.T @ labels.dipole_derivatives @ orientation
        if labels.polarizability_derivatives is not None:
            labels.polarizability_derivatives = BOHR**2 * np.einsum(
                "axkl,xi,km,ln->aimn",
                labels.polarizability_derivatives,
                *[orientation] * 3,
                optimize=True,
            )
        return labels

    def _compute(self, positions: np.ndarray, properties: tuple[str, ...]) -> Labels:
        """Labels in atomic units, at positions in bohr."""
        raise NotImplementedError
