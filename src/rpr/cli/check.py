"""``rpr check``: whether labelled frames are plausible, before anything is trained on them."""

from __future__ import annotations

import argparse
from typing import Any

from rpr.cli.frame_options import UNITS, add_keys, level_of, moved_charge, read_labelled, tell
from rpr.cli.molecule_options import add_molecule, found_molecule
from rpr.cli.options import add_command, counted

_DESCRIPTION = """\
Check frames before training: units of positions, energies, forces, dipoles and polarizabilities;
order of atoms; whether forces belong to the energies, and dipoles and polarizabilities turn with
the molecule; outliers and repeated frames.  One frame of a small molecule is computed at
B3LYP/def2-SVP, which takes seconds and settles units and signs.  Exit status 1 if something is
implausible."""
_EXAMPLE = """\
  rpr check frames.xyz
  rpr check frames.xyz --dipole-key REF_dipole --dipole-unit debye"""

_MOST_ATOMS = 12  # of a molecule that is computed


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "check",
        run,
        summary="what is plausible about frames and their labels, and what is not",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.add_argument("frames", help="frames: .xyz, .extxyz (.gz) or .traj")
    parser.add_argument(
        "--no-calculation",
        action="store_true",
        help="do not compute one frame; only molecules of up to 12 atoms are computed",
    )
    add_molecule(parser)
    add_keys(parser)


def run(args: argparse.Namespace) -> int:
    """Print what each check found."""
    from rpr.data.consistency.battery import check_frames
    from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED

    frames = read_labelled(args.frames, args)
    if not set(frames.known) & set(UNITS):
        tell(f"rpr: warning: {_without_labels(args.frames)}")
    molecule = found_molecule(frames, args)
    for note in molecule.notes:
        print(f"found        {note}")
    found = check_frames(frames, molecule.molecule, moved_charge=moved_charge(args))
    if len(found) > 1 and not args.no_calculation and len(frames.symbols) <= _MOST_ATOMS:
        from rpr.labels.calculated_frame import check_calculated

        rough = (level_of(args.frames) or "").lower().startswith("gfn")
        found += check_calculated(frames, charge=args.charge, rough=rough)
    width = max(len(finding.check) for finding in found)
    for finding in found:
        verdict = finding.verdict.upper() if finding.verdict == IMPLAUSIBLE else finding.verdict
        print(f"{verdict:12s} {finding.check:{width}s}  {finding.text}")
    wrong = sum(finding.verdict == IMPLAUSIBLE for finding in found)
    tested = sum(finding.verdict != NOT_TESTED for finding in found)
    number = counted(len(frames), "frame")
    print(f"{wrong or 'nothing'} implausible in {counted(tested, 'check')} of {number}")
    return 1 if wrong else 0


def _without_labels(path: str) -> str:
    """What to do about frames in which no label was found."""
    from rpr.data.atoms_files import iter_atoms
    from rpr.data.keys import keys_of

    there = ", ".join(keys_of(next(iter(iter_atoms(path))))) or "none"
    return (
        f"{path}: found no labels; the keys of frame 0 are: {there}; name them, for example "
        "--dipole-key REF_dipole"
    )
