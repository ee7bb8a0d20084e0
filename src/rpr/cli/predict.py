"""``rpr predict``: what models say about the frames of a file of any length."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rpr.cli.frame_options import tell
from rpr.cli.options import EXTENDED_XYZ, add_command, add_overwrite, check_output, counted
from rpr.cli.progress import Progress
from rpr.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

    from rpr.models.estimator import Estimator

_BLOCK = 500  # frames in memory
_DESCRIPTION = """\
Predict with any number of models, each of another property, for the frames of a file, which may
be of any length.  Whatever the frames carry is kept.  Predictions are written under their names
with a prefix: energy (eV), forces (eV/Angstrom), dipole (e Angstrom), polarizability (Angstrom^3,
nine numbers, row by row).  Atoms in another order than the model's are matched by their bonds."""
_EXAMPLE = """\
  rpr predict pes.npz dipole.npz polarizability.npz frames.xyz -o predicted.extxyz"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        subparsers,
        "predict",
        run,
        summary="energy, forces, dipole, polarizability of frames by trained models",
        description=_DESCRIPTION,
        example=_EXAMPLE,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="models (.npz), and one file of frames"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="extended XYZ (.gz); - for a pipe"
    )
    parser.add_argument(
        "--prefix",
        default="RPR_",
        help="before the names of what is predicted; default: %(default)s",
    )
    parser.add_argument(
        "--derivatives",
        action="store_true",
        help="add dipole_derivatives: nine numbers d mu_k / d R_x of each atom (e), k fastest; and "
        "polarizability_derivatives: 27 numbers d alpha_kl / d R_x (Angstrom^2), l fastest",
    )
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="add dipole_covariance (x y z, nine numbers, e^2 Angstrom^2) and "
        "polarizability_covariance (xx xy xz yy yz zz, 36 numbers, Angstrom^6)",
    )
    add_overwrite(parser)


def run(args: argparse.Namespace) -> None:
    """Predict block by block."""
    from rpr.cli.outside import Outside
    from rpr.data.atoms_files import iter_atoms
    from rpr.data.extxyz import count_frames
    from rpr.models.prediction import models_by_property
    from rpr.models.registry import load

    if args.output != "-":
        check_output(
            args.output, overwrite=args.overwrite, inputs=args.files, suffixes=EXTENDED_XYZ
        )
    paths, source = _sorted(args.files)
    models = models_by_property({path: load(path) for path in paths})
    _check_options(args, models)
    number, images, outside = 0, iter_atoms(source), Outside(models)
    total = count_frames(source) if sys.stderr.isatty() else None  # only to say how far it is
    with _writer(args.output) as write, Progress("predicting", total) as progress:
        while block := list(itertools.islice(images, _BLOCK)):
            with outside.quiet():
                _predict(block, models, args, source, number)
            outside.add(block)
            for atoms in block:
                write(atoms)
            number += len(block)
            progress.update(number)
    frames = counted(number, "frame")
    tell(f"{args.output}: {frames} with {', '.join(models)} of {', '.join(paths)}")
    outside.tell()


def _check_options(args: argparse.Namespace, models: Mapping[str, Estimator]) -> None:
    """Refuse options that no model heeds."""
    if models.keys() == {"energy"}:
        for option in ("derivatives", "uncertainty"):
            if getattr(args, option):
                raise InputError(
                    f"--{option}: found a model of the energy only, expected one of the dipole or "
                    "the polarizability"
                )


def _predict(
    block: Sequence[Atoms],
    models: Mapping[str, Estimator],
    args: argparse.Namespace,
    source: str,
    first: int,
) -> None:
    """Attach predictions to some frames, the first of which has the number `first`."""
    from rpr.data.from_atoms import attach
    from rpr.data.keys import find_value
    from rpr.models.prediction import predict_quantities

    options = {"derivatives": args.derivatives, "covariance": args.uncertainty}
    try:
        found = predict_quantities(models, block, **options)
    except InputError as error:
        if len(block) == 1:
            reason = str(error).removeprefix("frames: ").removeprefix("frame 0: ")
            raise InputError(f"{source}: frame {first}: {reason}") from error
        for k, atoms in enumerate(block):  # one of them is wrong, which the message then names
            _predict([atoms], models, args, source, first + k)
        raise
    for k, atoms in enumerate(block):
        taken = [name for name in found if find_value(atoms, args.prefix + name) is not None]
        if taken:
            raise InputError(
                f"{source}: frame {first + k} holds '{args.prefix}{taken[0]}' already; give "
                "another --prefix"
            )
        attach(atoms, {name: values[k] for name, values in found.items()}, args.prefix)


def _sorted(files: Sequence[str]) -> tuple[list[str], str]:
    """Models and the file of frames, by their names."""
    models = [name for name in files if name.endswith(".npz")]
    frames = [name for name in files if not name.endswith(".npz")]
    if not models:
        raise InputError("found no model among the files, expected at least one name in .npz")
    if len(frames) != 1:
        found = ", ".join(frames) or "none"
        raise InputError(f"found {found} besides the models, expected one file of frames")
    return models, frames[0]


@contextmanager
def _writer(output: str) -> Iterator[Any]:
    from rpr.data.atoms_files import atoms_text, atoms_writer

    if output == "-":
        yield lambda atoms: sys.stdout.write(atoms_text(atoms))
        return
    with atoms_writer(output) as write:
        yield write
