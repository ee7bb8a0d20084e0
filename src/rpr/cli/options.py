"""Options that several commands share, and checks of the files they name."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rpr.errors import InputError

#: How names of extended XYZ files end.
EXTENDED_XYZ = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")


def add_command(
    subparsers: Any,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    *,
    summary: str,
    description: str,
    example: str,
) -> argparse.ArgumentParser:
    """Parser of a command, with its description and an example below the options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add the option to replace an output that exists."""
    parser.add_argument("--overwrite", action="store_true", help="replace an output that exists")


def whole_number(at_least: int) -> Callable[[str], int]:
    """Type of an option that takes a whole number not below `at_least`."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if number < at_least:
            raise argparse.ArgumentTypeError(f"found {number}, expected at least {at_least}")
        return number

    return convert


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "frame"), counted(12, "frame")
    ('1 frame', '12 frames')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def check_output(
    path: str | os.PathLike,
    *,
    overwrite: bool = True,
    inputs: Sequence[str | os.PathLike] = (),
    suffixes: Sequence[str] = (),
) -> Path:
    """Path of an output that can be written, checked before long work begins.

    Raises
    ------
    InputError
        If the path is a folder or one of the `inputs`, its folder cannot be made or written to, its
        name ends in none of the `suffixes`, or the file exists and must not be overwritten.
    """
    path = Path(path)
    if any(os.path.exists(other) and path.exists() and path.samefile(other) for other in inputs):
        raise InputError(f"{path}: is read by this command; name another file for the output")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected the name of a file to write")
    if suffixes and not path.name.endswith(tuple(suffixes)):
        raise InputError(f"{path}: expected a name that ends in {' or '.join(suffixes)}")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: exists; name another file, or give --overwrite to replace it")
    folder = Path(os.path.realpath(path)).parent  # that of the file that a link points to
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{path}: {folder} is not a folder; name another place for the output")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{path}: no permission to write to {folder}; name another place")
    return path
