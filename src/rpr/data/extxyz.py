"""Extended XYZ files of frames of one molecule.

Units are ASE's: Angstrom, eV, eV/Angstrom, e Angstrom, polarizability in Angstrom^3; velocities
are in Angstrom/fs.  A file carries per frame ``energy``, ``dipole``, ``polarizability`` (nine
numbers, row by row), ``trajectory``, ``step``, ``dihedral`` and per atom ``forces``, ``velocities``
``dipole_derivatives`` and ``polarizability_derivatives``.  Quantities that are not known are left
out.  Numbers read back exactly.

The nine numbers of an atom A in ``dipole_derivatives`` are d mu_k / d R_Ax in e, x slow and k fast.
The 27 numbers of ``polarizability_derivatives`` are d alpha_kl / d R_Ax in Angstrom^2, l fastest.
ASE's ``born_effective_charges`` may hold the transpose and are never taken for them.
"""

from __future__ import annotations

import gzip
import io
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read

from rpr.data.frame_set import INTEGERS, SHAPES, FrameSet, frame_shape
from rpr.errors import InputError
from rpr.files import atomic_path, read_failure
from rpr.molecule.molecule import check_symbols

_PER_ATOM = ("forces", "velocities", "dipole_derivatives", "polarizability_derivatives")


def read_frames(
    path: str | os.PathLike, *, symbols: Sequence[str] | None = None, require: Iterable[str] = ()
) -> FrameSet:
    """Read an extended XYZ file.

    Parameters
    ----------
    path
        File with frames of one molecule, which may be compressed (``.gz``).
    symbols
        Expected chemical symbols, in order.
    require
        Names of quantities that the file must have, such as ``"dipole"``.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If the file cannot be read, its frames differ in their atoms or from `symbols`, a quantity
        is missing or of the wrong shape, a number is not finite, or atoms lie on top of each other.
    """
    try:
        images: Any = read(_unpacked(path), index=":", format="extxyz")
    except Exception as error:
        raise InputError(
            f"{path}: not readable as extended XYZ ({read_failure(error)}); "
            "restore the file or write it again"
        ) from error
    if not images:
        raise InputError(f"{path}: found no frames; write the file again")
    first = tuple(images[0].get_chemical_symbols())
    check_symbols(first, symbols, path)
    for k, image in enumerate(images):
        check_symbols(image.get_chemical_symbols(), first, f"{path}: frame {k}")
    columns = {name: _column(images, name, path, require) for name in SHAPES}
    try:
        frames = FrameSet(first, np.array([a.positions for a in images]), **columns)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    frames.check(path)
    return frames


def write_frames(path: str | os.PathLike, frames: FrameSet) -> None:
    """Write an extended XYZ file, atomically; `read_frames` returns exactly the same numbers.

    Raises
    ------
    InputError
        If a number is not finite or atoms lie on top of each other.
    """
    frames.check(path)
    # ASE's own writer rounds columns to eight decimals.
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        stream.writelines(_lines(frames))


def _unpacked(path: str | os.PathLike) -> str | io.StringIO:
    """The file as ASE reads it fast: ASE seeks, and a compressed file then starts from the top."""
    if not str(path).endswith(".gz"):
        return str(path)
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return io.StringIO(stream.read())


def _column(
    images: list[Atoms], name: str, path: str | os.PathLike, require: Iterable[str]
) -> np.ndarray | None:
    """One quantity of all frames, or None if no frame has it."""
    values = [_value(image, name) for image in images]
    missing = [k for k, value in enumerate(values) if value is None]
    if len(missing) == len(values) and name not in require:
        return None
    if len(missing) == len(values):
        raise InputError(f"{path}: found no {name}, expected it for every frame; label them first")
    if missing:
        raise InputError(
            f"{path}: frame {missing[0]} has no {name}, but others have; complete or remove it"
        )
    try:
        column = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {name} does not hold numbers of one shape") from error
    if name in INTEGERS and not np.array_equal(column, np.rint(column)):
        raise InputError(f"{path}: {name} is not a whole number in every frame")
    return _with_matrices(column, name)


def _with_matrices(column: np.ndarray, name: str) -> np.ndarray:
    """Nine (27) numbers as a tensor of rank two (three), row by row, where the quantity is one."""
    tensor = tuple(itertools.takewhile(lambda n: n == 3, reversed(SHAPES[name])))
    width = 1 + len(SHAPES[name]) - len(tensor)
    if len(tensor) > 1 and column.shape[width:] == (3 ** len(tensor),):
        return column.reshape(*column.shape[:width], *tensor)
    return column


def _value(image: Atoms, name: str) -> Any:
    if name in image.info:
        return image.info[name]
    if image.calc is not None and name in image.calc.results:
        return image.calc.results[name]
    return image.arrays.get(name)


def _lines(frames: FrameSet) -> Iterator[str]:
    per_atom = [name for name in _PER_ATOM if name in frames.known]
    per_frame = [name for name in frames.known if name not in _PER_ATOM]
    widths = [math.prod(frame_shape(name, 1)) for name in per_atom]
    columns = [
        getattr(frames, name).reshape(len(frames), len(frames.symbols), width)
        for name, width in zip(per_atom, widths, strict=True)
    ]
    properties = "species:S:1:pos:R:3" + "".join(
        f":{name}:R:{width}" for name, width in zip(per_atom, widths, strict=True)
    )
    table = np.concatenate([frames.positions, *columns], axis=2)
    for k, rows in enumerate(table):
        info = " ".join(f"{name}={_text(getattr(frames, name)[k])}" for name in per_frame)
        yield f'{len(frames.symbols)}\nProperties={properties} {info} pbc="F F F"\n'
        for symbol, row in zip(frames.symbols, rows.tolist(), strict=True):
            yield f"{symbol:2s} " + " ".join(map(repr, row)) + "\n"


def _text(value: np.ndarray) -> str:
    numbers = " ".join(map(repr, np.atleast_1d(value).ravel().tolist()))
    return numbers if np.ndim(value) == 0 else f'"{numbers}"'
