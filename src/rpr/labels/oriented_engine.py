"""What the engines on PySCF share: units, and the orientation labels are computed in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers

from rpr.labels.orientation import molecular_axes
from rpr.labels.results import PROPERTIES, Labels, check_positions, check_properties
from rpr.units import BOHR, BOHR3, HARTREE


class OrientedEngine:
    """What the engines on PySCF share: units, and the orientation labels are computed in."""

    def __init__(self, method, symbols, *, max_memory_mb=None, charge=0):
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
            Some of ``energy``, ``forces``, ``dipole``, ``polarizability``,
            ``dipole_derivatives``.

        Raises
        ------
        InputError
            If the positions do not fit the molecule or a property is unknown.
        ConvergenceError
            If no solver reaches self-consistency.
        """
        properties = check_properties(properties)
        positions = check_positions(positions, self.symbols)
        axes = np.eye(3)
        if self.method.canonical_orientation:
            axes = molecular_axes(positions, self._numbers)
        centre = self._numbers @ positions / self._numbers.sum()
        labels = self._compute((positions - centre) @ axes.T / BOHR, properties)
        labels.energy *= HARTREE
        if labels.gap is not None:
            labels.gap *= HARTREE
        if labels.forces is not None:
            labels.forces = labels.forces @ axes * (HARTREE / BOHR)
        if labels.dipole is not None:
            labels.dipole = labels.dipole @ axes * BOHR
        if labels.polarizability is not None:
            labels.polarizability = axes.T @ labels.polarizability @ axes * BOHR3
        if labels.dipole_derivatives is not None:
            labels.dipole_derivatives = axes.T @ labels.dipole_derivatives @ axes
        return labels

    def _compute(self, positions: np.ndarray, properties: tuple[str, ...]) -> Labels:
        """Labels in atomic units of a frame in bohr."""
        raise NotImplementedError
