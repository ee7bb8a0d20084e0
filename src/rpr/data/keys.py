"""Where a file keeps each quantity: its key and its unit, found in ASE atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from ase import Atoms

from rpr.errors import InputError
from rpr.units import ACCEPTED

#: Components of a symmetric tensor.
COMPONENTS = ("xx", "yy", "zz", "yz", "xz", "xy")
_STANDARD = ("numbers", "positions")

#: What dipoles may be moved to as they are read.
ORIGINS = ("as given", "center-of-mass")


@dataclass(frozen=True)
class Keys:
    """Keys and units of the quantities of a file.

    Parameters
    ----------
    energy, forces, dipole, polarizability, dipole_derivatives, polarizability_derivatives
        Key of each quantity, in `Atoms.info`, in the results of the calculator, or in
        `Atoms.arrays`.
    units
        Unit of a quantity by its name, one of `rpr.units.ACCEPTED`; the others are in units of ASE.
    polarizability_order
        Order of a polarizability of six numbers, such as ``"xx yy zz yz xz xy"``.  Without it
        six numbers are refused, as programs differ.
    gradients
        Whether the key of the forces holds gradients of the energy, which are minus the forces.
    dipole_origin
        ``"as given"``, or ``"center-of-mass"`` for dipoles of an ion about the origin of the
        laboratory, which are then moved to its centre of mass, mu - Q R.
    charge
        Charge Q of the ion in e, for `dipole_origin`.

    Raises
    ------
    InputError
        If a unit is unknown, the order does not name each component once, or dipoles are to be
        moved and there is no charge.
    """

    energy: str = "energy"
    forces: str = "forces"
    dipole: str = "dipole"
    polarizability: str = "polarizability"
    dipole_derivatives: str = "dipole_derivatives"
    polarizability_derivatives: str = "polarizability_derivatives"
    units: Mapping[str, str] = field(default_factory=dict)
    polarizability_order: str | None = None
    gradients: bool = False
    dipole_origin: str = ORIGINS[0]
    charge: int = 0

    def __post_init__(self) -> None:
        for name, unit in self.units.items():
            known = ACCEPTED.get(name)
            if known is None:
                raise InputError(
                    f"units: found a unit of {name!r}, expected one of {', '.join(ACCEPTED)}; "
                    "positions are in Angstrom"
                )
            if unit not in known:
                raise InputError(
                    f"units: found {unit!r} for {name}, expected one of {', '.join(known)}"
                )
        if self.polarizability_order is not None:
            self.order()
        if self.dipole_origin not in ORIGINS:
            raise InputError(
                f"dipole_origin: found {self.dipole_origin!r}, expected one of {', '.join(ORIGINS)}"
            )
        if self.dipole_origin != ORIGINS[0] and not self.charge:
            raise InputError(
                "dipole_origin: found no charge, expected that of the ion whose dipoles are moved "
                "(charge=1, on the command line --charge 1); dipoles of neutral molecules have no "
                "origin"
            )

    def order(self) -> list[str]:
        """Components of `polarizability_order`, in order.

        Raises
        ------
        InputError
            If it does not name each component once.
        """
        text = (self.polarizability_order or "").lower()
        found = ["".join(sorted(word)) for word in text.replace(",", " ").split()]
        if sorted(found) != sorted(COMPONENTS):
            raise InputError(
                f"polarizability_order: found {self.polarizability_order!r}, expected each of "
                f"{' '.join(COMPONENTS)} once, in the order of the file"
            )
        return found

    def key(self, name: str) -> str:
        """Key of the quantity `name`; quantities without a key of their own have it as key."""
        return str(getattr(self, name)) if self.can_name(name) else name

    def unit(self, name: str) -> str:
        """Unit in which the file holds the quantity; empty for numbers without a unit."""
        return self.units.get(name) or next(iter(ACCEPTED.get(name, {"": 1.0})))

    def factor(self, name: str) -> float:
        """What turns numbers of the file into units of ASE, with the sign of gradients."""
        sign = -1.0 if name == "forces" and self.gradients else 1.0
        return sign * ACCEPTED.get(name, {}).get(self.unit(name), 1.0)

    @staticmethod
    def can_name(name: str) -> bool:
        """Whether the quantity `name` may have another key in a file."""
        return name in _KEYED

    def is_named(self, name: str) -> bool:
        """Whether the user gave the key of a quantity, so that it must be in the file."""
        return self.key(name) != name

    def described(self, names: Sequence[str]) -> str:
        """Which key each of the quantities is read from, and its unit, in words."""
        told = [
            f"{'gradients' if name == 'forces' and self.gradients else name} "
            f"({self.unit(name)}) from '{self.key(name)}'"
            for name in names
            if name in ACCEPTED
        ]
        return ", ".join(told) or "positions (Angstrom) only"


_KEYED = tuple(f.name for f in fields(Keys) if f.name in ACCEPTED)


def find_value(atoms: Atoms, key: str) -> Any:
    """What atoms hold under a key: in `info`, in their calculator, or in their arrays; or None."""
    if key in atoms.info:
        return atoms.info[key]
    if atoms.calc is not None and atoms.calc.results.get(key) is not None:
        return atoms.calc.results[key]
    return atoms.arrays.get(key)


def keys_of(atoms: Atoms) -> list[str]:
    """All keys that atoms hold something under, with the size of what they hold."""
    results = atoms.calc.results if atoms.calc is not None else {}
    found: dict[str, Any] = {**atoms.arrays, **results, **atoms.info}
    sizes = {k: np.shape(v) for k, v in found.items() if k not in _STANDARD}
    return sorted(
        f"{key} [{', '.join(map(str, shape))}]" if shape else key for key, shape in sizes.items()
    )


def as_tensors(column: np.ndarray, keys: Keys, source: str) -> np.ndarray:
    """Polarizabilities as matrices, [n_frames, 3, 3], from nine or six numbers or matrices.

    Raises
    ------
    InputError
        If there are six numbers and their order is not given.
    """
    if column.ndim == 2 and column.shape[1] == 9:
        return column.reshape(-1, 3, 3)
    if column.ndim != 2 or column.shape[1] != 6:
        return column
    if keys.polarizability_order is None:
        raise InputError(
            f"{source}: frame 0: polarizability (key '{keys.polarizability}') has six numbers, "
            "whose order differs between programs; name it, as in polarizability_order="
            "'xx yy zz yz xz xy' (on the command line --polarizability-order)"
        )
    places = {name: k for k, name in enumerate(keys.order())}
    rows = [[places["".join(sorted(a + b))] for b in "xyz"] for a in "xyz"]
    return column[:, rows]
