"""ASE atoms from files of any length, and back into extended XYZ, frame by frame.

Reading takes extended XYZ, which may be compressed (``.gz``), and trajectories of ASE (``.traj``).
Writing keeps whatever the atoms carry, in full precision; ASE's own writer rounds columns to eight
decimals.
"""

from __future__ import annotations

import gzip
import io
import itertools
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal

import numpy as np
from ase import Atoms
from ase.io import Trajectory, read
from ase.io.extxyz import key_val_dict_to_str
from ase.stress import voigt_6_to_full_3x3_stress

from rpr.errors import InputError
from rpr.files import atomic_path, read_failure
from rpr.molecule.molecule import unreadable_atoms

_BLOCK = 256  # frames parsed at once
_DAMAGED = (OSError, EOFError, UnicodeDecodeError, zlib.error)
#: Results of a frame that may have as many numbers as a molecule has atoms.
_PER_FRAME = ("dipole", "polarizability", "stress")
#: Tensors that ASE reads and writes by columns.
_BY_COLUMNS = ("Lattice", "virial", "stress")


def iter_atoms(path: str | os.PathLike) -> Iterator[Atoms]:
    """Frames of a file, one after the other, in memory that does not grow with the file.

    Parameters
    ----------
    path
        Extended XYZ, which may be compressed (``.gz``), or a trajectory of ASE (``.traj``).

    Yields
    ------
    Atoms

    Raises
    ------
    InputError
        If the file is missing, damaged or ends within a frame, which the message names.
    """
    frames = _iter_trajectory if str(path).endswith(".traj") else _iter_extxyz
    found = False
    for atoms in frames(path):
        found = True
        yield atoms
    if not found:
        raise InputError(f"{path}: found no frames; write the file again")


def first_atoms(path: str | os.PathLike) -> Atoms:
    """First frame of a file, without a look at the others; errors as of `iter_atoms`."""
    if str(path).endswith(".traj"):
        return next(iter_atoms(path))
    for text in _iter_texts(path):
        return _parse([text], 0, path)[0]
    raise InputError(f"{path}: found no frames; write the file again")


@contextmanager
def open_text(path: str | os.PathLike, mode: Literal["r", "w"] = "r") -> Iterator[IO[str]]:
    """Context with a text file, compressed where the name ends in ``.gz``.

    What is compressed holds neither the time nor the name of the file, so that the same text gives
    the same bytes.
    """
    encoding = "utf-8-sig" if mode == "r" else "utf-8"  # a byte order mark is read over
    if not str(path).endswith(".gz"):
        with open(path, mode, encoding=encoding) as stream:
            yield stream
        return
    binary = f"{mode}b"
    with (
        open(path, binary) as raw,
        gzip.GzipFile(filename="", mode=binary, fileobj=raw, mtime=0) as compressed,
        io.TextIOWrapper(compressed, encoding=encoding) as stream,
    ):
        yield stream


@contextmanager
def atoms_writer(path: str | os.PathLike) -> Iterator[Any]:
    """Context with a function that writes one frame; the file appears when the block ends well.

    Parameters
    ----------
    path
        Extended XYZ file, compressed where the name ends in ``.gz``.

    Yields
    ------
    function
        Takes `Atoms` and writes what they carry: positions, arrays, `info`, and the results of
        their calculator.
    """
    with atomic_path(path) as temporary, open_text(temporary, "w") as stream:
        yield lambda atoms: stream.write(atoms_text(atoms))


def write_atoms(path: str | os.PathLike, images: Iterable[Atoms]) -> None:
    """Write frames as extended XYZ, atomically and in full precision."""
    with atoms_writer(path) as write:
        for atoms in images:
            write(atoms)


def atoms_text(atoms: Atoms) -> str:
    """One frame as extended XYZ.

    Results of the calculator go where ASE's reader looks for them.  Arrays of more than two
    dimensions become rows of numbers; Born effective charges, which ASE then cannot read, are left
    out.
    """
    info, arrays = dict(atoms.info), dict(atoms.arrays)
    for name, value in (atoms.calc.results if atoms.calc is not None else {}).items():
        per_atom = np.ndim(value) and len(value) == len(atoms) and name not in _PER_FRAME
        if value is not None and name != "born_effective_charges":
            (arrays if per_atom else info).setdefault(name, value)
    del arrays["numbers"], arrays["positions"]
    columns = {"species": np.array(atoms.get_chemical_symbols()), "pos": atoms.positions}
    columns |= {name: np.asarray(values) for name, values in arrays.items()}
    flat = {name: values.reshape(len(atoms), -1) for name, values in columns.items()}
    header = {"Lattice": atoms.cell.array.T} if atoms.cell.array.any() else {}
    header["Properties"] = ":".join(f"{name}:{_kind(v)}:{v.shape[1]}" for name, v in flat.items())
    header |= {name: _plain(name, value) for name, value in info.items()}
    header["pbc"] = atoms.pbc
    words = [_words(values) for values in flat.values()]
    rows = (" ".join(itertools.chain(*row)) for row in zip(*words, strict=True))
    return f"{len(atoms)}\n{key_val_dict_to_str(header)}\n" + "".join(f"{row}\n" for row in rows)


def _kind(values: np.ndarray) -> str:
    return {"f": "R", "i": "I", "u": "I", "b": "L"}.get(values.dtype.kind, "S")


def _words(values: np.ndarray) -> list[list[str]]:
    if values.dtype.kind == "b":
        return [["T" if value else "F" for value in row] for row in values.tolist()]
    return [[str(value) for value in row] for row in values.tolist()]


def _plain(name: str, value: Any) -> Any:
    """A value of `info` as ASE reads it back: matrices in one row, as not all readers take JSON."""
    if isinstance(value, str):
        return " ".join(value.splitlines())
    if name == "stress" and np.shape(value) == (6,):
        return voigt_6_to_full_3x3_stress(value)
    if isinstance(value, (list, tuple)) and np.asarray(value).dtype.kind in "fi":
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.shape == (3, 3) and name not in _BY_COLUMNS:
        return value.ravel()
    return value


def _iter_trajectory(path: str | os.PathLike) -> Iterator[Atoms]:
    k = 0
    try:
        with Trajectory(os.fspath(path)) as images:
            for k in range(len(images)):
                yield images[k]
    except GeneratorExit:
        raise
    except Exception as error:  # ASE raises what it meets
        raise InputError(
            f"{path}: frame {k}: not readable as a trajectory of ASE ({read_failure(error)}); "
            "restore the file or write it again"
        ) from error


def _iter_extxyz(path: str | os.PathLike) -> Iterator[Atoms]:
    texts = _iter_texts(path)
    first = 0
    while block := list(itertools.islice(texts, _BLOCK)):
        yield from _parse(block, first, path)
        first += len(block)


def _parse(block: list[str], first: int, path: str | os.PathLike) -> list[Atoms]:
    """Atoms of several frames; if one cannot be parsed, the error names it."""
    try:
        return list(read(io.StringIO("".join(block)), index=":", format="extxyz"))
    except Exception as error:  # ASE raises what it meets
        if len(block) == 1:
            raise InputError(
                f"{path}: frame {first}: not readable as extended XYZ ({unreadable_atoms(error)}); "
                "correct the frame or write it again"
            ) from error
    return [_parse([text], first + k, path)[0] for k, text in enumerate(block)]


def _iter_texts(path: str | os.PathLike) -> Iterator[str]:
    """Text of each frame: number of atoms, comment, and one line for each atom."""
    k = 0
    try:
        with open_text(path) as stream:
            while line := stream.readline():
                if not line.strip():
                    continue
                yield line + _frame_lines(stream, _number_of_atoms(line, k, path), k, path)
                k += 1
    except _DAMAGED as error:
        where = f" after frame {k - 1}" if k else ""
        remedy = "restore the file or write it again"
        if isinstance(error, UnicodeDecodeError):
            remedy = "it is no text; the name of a compressed file must end in .gz"
        raise InputError(
            f"{path}: not readable as extended XYZ{where} ({read_failure(error)}); {remedy}"
        ) from error


def _number_of_atoms(line: str, k: int, path: str | os.PathLike) -> int:
    try:
        number = int(line)
    except ValueError:
        number = 0
    if number < 1:
        raise InputError(
            f"{path}: not readable as extended XYZ (frame {k} begins with {line.strip()[:40]!r}, "
            "expected the number of its atoms); write the file again"
        )
    return number


def _frame_lines(stream: IO[str], number: int, k: int, path: str | os.PathLike) -> str:
    lines = list(itertools.islice(stream, number + 1))
    if len(lines) < number + 1 or not lines[-1].strip():
        found = max(0, sum(bool(line.strip()) for line in lines[1:]))
        raise InputError(
            f"{path}: not readable as extended XYZ (it ends within frame {k}, after {found} of "
            f"{number} atoms); restore the file, or remove this frame"
        )
    return "".join(lines) if lines[-1].endswith("\n") else "".join(lines) + "\n"
