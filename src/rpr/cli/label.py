"""``rpr label``: labels of frames by quantum chemistry."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpr.cli.frame_options import tell
from rpr.cli.lock import alone_in
from rpr.cli.options import (
    EXTENDED_XYZ,
    add_command,
    add_overwrite,
    check_output,
    counted,
    whole_number,
)
from rpr.cli.progress import Progress
from rpr.errors import require_package

if TYPE_CHECKING:
    from rpr.labels.method import Method
    from rpr.labels.processes import Labelled, Task

_DESCRIPTION = """\
Label frames: energy (eV), forces (eV/Angstrom), dipole (e Angstrom), polarizability (Angstrom^3)
and, if asked for, derivatives of dipole (e) and polarizability (Angstrom^2).  Frames may be in any
order; frames that follow each other in a trajectory are fastest.  Whatever the frames carry besides
labels is kept.  An interrupted command resumes when it is given again.  Frames that cannot be
labelled are left out and listed beside the output: labelled_failures.csv for labelled.extxyz."""
_EXAMPLE = """\
  rpr label frames.xyz -o labelled.extxyz --functional b3lyp5 --basis aug-cc-pvtz --jobs 2
  rpr label frames.traj -o labelled.extxyz --functional gfn2-xtb
  (b3lyp5 of libxc is b3-lyp of Turbomole; Gaussian's B3LYP is b3lypg)"""
_PROPERTIES = (
    *("energy", "forces", "dipole", "polarizability"),
    *("dipole_derivatives", "polarizability_derivatives"),
)
_XTB = ("gfn2-xtb", "gfn1-xtb")


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "label",
        run,
        summary="energy, forces, dipole, polarizability of frames by quantum chemistry",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.set_defaults(after_interrupt="give the same command again to resume")
    parser.add_argument("frames", help="frames: .xyz, .extxyz (.gz) or .traj")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="extended XYZ (.gz)")
    parser.add_argument(
        "--functional",
        required=True,
        help=f"a name of libxc, such as b3lyp5 or pbe0; hf; {' or '.join(_XTB)}",
    )
    parser.add_argument("--basis", default="def2-svp", help="default: %(default)s; not for xTB")
    parser.add_argument(
        "--code", choices=("pyscf", "tblite"), help="default: tblite for xTB, otherwise pyscf"
    )
    parser.add_argument(
        "--properties",
        nargs="+",
        choices=_PROPERTIES,
        default=_PROPERTIES[:4],
        metavar="NAME",
        help=f"some of {' '.join(_PROPERTIES)}; default: the first four",
    )
    parser.add_argument("--charge", type=int, default=0, help="total charge; default: %(default)s")
    parser.add_argument(
        "--jobs",
        type=whole_number(1),
        default=1,
        metavar="N",
        help="processes, each of one thread; default: %(default)s",
    )
    parser.add_argument(
        "--memory",
        type=whole_number(1),
        metavar="MB",
        help="of each process; default: what is free",
    )
    add_overwrite(parser)


def run(args: argparse.Namespace) -> None:
    """Label all frames in processes, then write them with what they carried."""
    from rpr.data.atoms_files import iter_atoms
    from rpr.data.consistency.geometries import refuse_other_units
    from rpr.labels.processes import label_in_processes, successive_sets
    from rpr.molecule.molecule import check_elements

    output = check_output(
        args.output, overwrite=args.overwrite, inputs=[args.frames], suffixes=EXTENDED_XYZ
    )
    failures = check_output(_failures_of(output), overwrite=args.overwrite, inputs=[args.frames])
    images = list(iter_atoms(args.frames))
    sets = successive_sets(
        [(tuple(atoms.get_chemical_symbols()), atoms.positions) for atoms in images]
    )
    for frames in sets:
        check_elements(frames.symbols, args.frames)
        refuse_other_units(frames, args.frames)
    task = _task(args, sorted({s for frames in sets for s in frames.symbols}))
    folder = output.with_name(f"{output.name}.unfinished") / _key(task)
    number, level = counted(len(images), "frame"), _level(task.method)
    tell(f"{args.frames}: {number}; {level}; work in progress: {folder}")
    with alone_in(folder):
        with Progress("labelling", len(images)) as progress:
            found = label_in_processes(
                sets, task, folder=folder, n_processes=args.jobs, on_progress=progress.resumed
            )
        _write_failures(failures, images, found)
        _write(output, images, found, task)
        shutil.rmtree(folder)
    _remove(folder.parent)
    print(
        f"{output}: {len(found.labels)} of {len(images)} frames labelled by {_level(task.method)}"
    )
    if found.failures:
        failed = counted(len(found.failures), "frame")
        print(f"{failures}: {failed} without labels, each with the reason")


def _task(args: argparse.Namespace, symbols: list[str]) -> Task:
    from rpr.labels.method import Method
    from rpr.labels.processes import Task
    from rpr.regression.resources import available_bytes

    functional = args.functional.lower()
    code = args.code or ("tblite" if functional in _XTB else "pyscf")
    basis = "" if code == "tblite" else args.basis
    if code == "tblite":
        require_package("tblite", extra="xtb")  # before processes start
    method = Method.from_config({"code": code, "functional": functional, "basis": basis}, symbols)
    memory = args.memory or available_bytes() / 1e6 / args.jobs
    return Task(method, tuple(args.properties), args.charge, memory)


def _remove(folder: Path) -> None:
    """Remove the folder of unfinished work, unless there is work of other settings."""
    for empty in (path for path in folder.iterdir() if path.is_dir() and not any(path.iterdir())):
        empty.rmdir()
    try:
        folder.rmdir()
    except OSError:
        tell(f"{folder}: keeps unfinished work of other settings; delete it if it is not wanted")


def _key(task: Task) -> str:
    """Name of a folder for what has the same level of theory, labels and charge."""
    from rpr.files import fingerprint

    settings = {"method": task.method.as_dict(), "properties": task.properties}
    return fingerprint({**settings, "charge": task.charge})[:12]


def _level(method: Method) -> str:
    return f"{method.functional}/{method.basis}" if method.basis else method.functional


def _failures_of(output: Path) -> Path:
    """Table of the frames without labels: labelled_failures.csv for labelled.extxyz."""
    stem = output.name.removesuffix(".gz").rpartition(".")[0] or output.name
    return output.with_name(f"{stem}_failures.csv")


def _write_failures(path: Path, images: list[Any], found: Labelled) -> None:
    """Write the table of the frames without labels if there are any, or if an old one exists."""
    from rpr.data.failures import write_failures

    if not found.failures and not path.exists():
        return
    infos = {k: images[k].info for k in found.failures}
    rows = [
        (k, infos[k].get("trajectory", ""), infos[k].get("step", ""), reason)
        for k, reason in found.failures.items()
    ]
    write_failures(path, rows)


def _write(output: Path, images: list[Any], found: Labelled, task: Task) -> None:
    """Write labelled frames with what they carried besides labels."""
    from rpr.data.atoms_files import write_atoms
    from rpr.data.from_atoms import attach
    from rpr.labels.results import ALL_PROPERTIES

    for k, labels in found.labels.items():
        atoms = images[k]
        atoms.calc = None  # labels of another level must not stand beside the new ones
        for name in ALL_PROPERTIES:
            atoms.info.pop(name, None)
            atoms.arrays.pop(name, None)
        atoms.info["level_of_theory"] = _level(task.method)
        attach(atoms, labels, "")
    write_atoms(output, (images[k] for k in found.labels))
