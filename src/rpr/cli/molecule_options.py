"""Options about the molecule of a file of frames: bonds, symmetry group and feasible motions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rpr.errors import InputError

if TYPE_CHECKING:
    from rpr.data.frame_set import FrameSet
    from rpr.data.molecule_of_frames import FoundMolecule


def add_molecule(parser: argparse.ArgumentParser) -> None:
    """Add options about the molecule; what is not given is found from the frames."""
    group = parser.add_argument_group("molecule", "what is not given is found from the frames")
    group.add_argument(
        "--reference",
        metavar="ref.xyz",
        help="reference geometry; default: the frame of lowest energy",
    )
    group.add_argument(
        "--bonds",
        metavar="PAIRS",
        help='all bonds, such as "0-1 1-2"; default: those of the reference geometry, except for '
        "hydrogens that move from atom to atom",
    )
    group.add_argument(
        "--group",
        choices=("auto", "full", "without-methyl", "none"),
        default="auto",
        help="permutations and inversions of like atoms that models obey; without-methyl: no "
        "rotations of methyl groups; auto: full, or without-methyl if that has more than 100 "
        "elements; default: %(default)s",
    )
    group.add_argument(
        "--inverting",
        metavar="ATOMS",
        help='atoms whose pyramid turns inside out, such as "0"; "none" for none',
    )
    group.add_argument(
        "--turning",
        metavar="PAIRS",
        help='bonds between planar atoms that turn, as in biaryls, such as "3-4"; "none" for none',
    )


def found_molecule(frames: FrameSet, args: argparse.Namespace, **options: Any) -> FoundMolecule:
    """The molecule of frames, as the options say."""
    from rpr.data.molecule_of_frames import find_molecule
    from rpr.molecule.molecule import read_geometry

    reference = None
    if args.reference:
        reference = read_geometry(args.reference, symbols=frames.symbols)
    inverting = None
    if args.inverting:
        inverting = [row[0] for row in _numbers("--inverting", args.inverting, 1)]
    return find_molecule(
        frames,
        reference=reference,
        bonds=_pairs("--bonds", args.bonds),
        group=args.group,
        inverting=inverting,
        turning=_pairs("--turning", args.turning),
        **options,
    )


def _pairs(option: str, text: str | None) -> list[list[int]] | None:
    return None if text is None else _numbers(option, text, 2)


def _numbers(option: str, text: str, width: int) -> list[list[int]]:
    """Atoms, or groups of atoms joined by hyphens, from the text of an option."""
    if text.strip().lower() == "none":
        return []
    try:
        found = [[int(atom) for atom in word.split("-")] for word in text.replace(",", " ").split()]
    except ValueError:
        found = []
    if not found or any(len(row) != width for row in found):
        expected = "atoms such as 0 3" if width == 1 else "pairs of atoms such as 0-1 1-2"
        raise InputError(f"{option}: found {text!r}, expected {expected}, counted from 0, or none")
    return found
