"""Polarizabilities of atoms in molecules.

Source: P. T. van Duijnen and M. Swart, J. Phys. Chem. A 102, 2399 (1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Isotropic polarizabilities of atoms in molecules by their element, Angstrom^3.
ATOMIC_POLARIZABILITY: Mapping[str, float] = MappingProxyType(
    {
        "H": 0.4138, "C": 1.2886, "N": 0.9716, "O": 0.8520, "F": 0.4447, "S": 2.4743, "Cl": 2.4003,
        "Br": 3.4929, "I": 5.4809,
    }
)  # fmt: skip
