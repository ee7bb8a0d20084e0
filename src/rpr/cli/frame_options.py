"""Options for files of frames: keys and units of what they hold."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rpr.cli.options import counted

if TYPE_CHECKING:
    from rpr.data.frame_set import FrameSet

#: Units that are accepted: those of `rpr.units.ACCEPTED`, which would import ASE here.  A test
#: compares them.
UNITS = {
    "energy": ("eV", "hartree", "kcal/mol", "kJ/mol"),
    "forces": ("eV/Angstrom", "hartree/bohr", "kcal/mol/Angstrom", "kJ/mol/Angstrom"),
    "dipole": ("e*Angstrom", "debye", "e*bohr"),
    "polarizability": ("Angstrom^3", "bohr^3", "e^2*Angstrom^2/eV"),
    "dipole_derivatives": ("e", "debye/Angstrom"),
    "polarizability_derivatives": ("Angstrom^2", "bohr^2"),
}

#: Those of them that are atomic units.
ATOMIC_UNITS = ("hartree", "hartree/bohr", "e*bohr", "bohr^3", "bohr^2")


def add_keys(parser: argparse.ArgumentParser, names: Sequence[str] = tuple(UNITS)) -> None:
    """Add options for the key and the unit of each quantity of a file of frames."""
    group = parser.add_argument_group(
        "keys and units of the file", "for frames that another program wrote"
    )
    for name in names:
        option = name.replace("_", "-")
        group.add_argument(f"--{option}-key", metavar="KEY", help=f"default: {name}")
        group.add_argument(
            f"--{option}-unit", choices=UNITS[name], metavar="UNIT", help=" | ".join(UNITS[name])
        )
    if "forces" in names:
        group.add_argument(
            "--gradients", action="store_true", help="the key of the forces holds gradients"
        )
    if "polarizability" in names:
        group.add_argument(
            "--polarizability-order",
            metavar="ORDER",
            help='order of six numbers, such as "xx yy zz yz xz xy"',
        )
    if "dipole" in names:
        group.add_argument(
            "--dipole-origin",
            choices=("as given", "center-of-mass"),
            default="as given",
            help="center-of-mass: dipoles of an ion about the laboratory's origin are moved to its "
            "centre of mass; needs --charge",
        )
        group.add_argument(
            "--charge", type=int, default=0, help="total charge in e; default: %(default)s"
        )


def chosen_keys(args: argparse.Namespace) -> dict[str, Any]:
    """What the options say, as keyword arguments of `rpr.read_frames`."""
    given = vars(args)
    keys: dict[str, Any] = {name: given.get(f"{name}_key") for name in UNITS}
    keys = {name: key for name, key in keys.items() if key is not None}
    units = {name: given.get(f"{name}_unit") for name in UNITS}
    keys["units"] = {name: unit for name, unit in units.items() if unit is not None}
    keys["gradients"] = bool(given.get("gradients"))
    keys["polarizability_order"] = given.get("polarizability_order")
    keys["dipole_origin"] = given.get("dipole_origin") or "as given"
    keys["charge"] = given.get("charge") or 0
    return keys


def moved_charge(args: argparse.Namespace) -> int:
    """Charge with which dipoles are moved to the centre of mass as they are read; 0 if not."""
    keys = chosen_keys(args)
    return 0 if keys["dipole_origin"] == "as given" else int(keys["charge"])


def read_labelled(
    path: str, args: argparse.Namespace, require: Sequence[str] = (), **options: Any
) -> FrameSet:
    """Read frames with the keys of the options, and say on standard error what was read."""
    from rpr.data.extxyz import read_frames

    frames = read_frames(path, require=require, **chosen_keys(args), **options)
    tell(describe_frames(path, frames, args))
    warn_of_atomic_units(path, frames.known, args)
    return frames


def level_of(path: str) -> str | None:
    """Level of theory that the first frame of a file names."""
    from rpr.data.atoms_files import first_atoms

    found = first_atoms(path).info.get("level_of_theory")
    return str(found) if found else None


def describe_frames(path: str, frames: FrameSet, args: argparse.Namespace) -> str:
    """How many frames were read, of what, and each quantity with its key and unit, in words."""
    from ase import Atoms

    from rpr.data.keys import Keys

    formula = Atoms(frames.symbols).get_chemical_formula()
    keys = Keys(**chosen_keys(args)).described(frames.known)
    return f"{path}: {counted(len(frames), 'frame')} of {formula}; {keys}"


def warn_of_atomic_units(path: str, known: Sequence[str], args: argparse.Namespace) -> None:
    """Say which quantities no option gives a unit, if the options give others atomic units."""
    given = {name: getattr(args, f"{name}_unit", None) for name in UNITS}
    atomic = [name for name, unit in given.items() if unit in ATOMIC_UNITS]
    for name in known:
        unit = next((unit for unit in UNITS.get(name, ()) if unit in ATOMIC_UNITS), None)
        if atomic and unit and given[name] is None and hasattr(args, f"{name}_unit"):
            option = f"--{name.replace('_', '-')}-unit"
            tell(
                f"rpr: warning: {path}: {UNITS[name][0]} is taken for the unit of {name}, but "
                f"{atomic[0]} is in {given[atomic[0]]}; give {option} {unit} if {name} is in "
                f"atomic units, too, else {option} {UNITS[name][0]}"
            )


def tell(text: str) -> None:
    """A note on standard error, which leaves the results on standard output alone."""
    print(text, file=sys.stderr)
