"""Extended XYZ files of frames of one molecule.

Units are ASE's: Angstrom, eV, eV/Angstrom, e Angstrom, polarizability in Angstrom^3; velocities
are in Angstrom/fs.  A file carries per frame ``energy``, ``dipole``, ``polarizability`` (nine
numbers, row by row), ``trajectory``, ``step``, ``dihedral`` and per atom ``forces``, ``velocities``
``dipole_derivatives`` and ``polarizability_derivatives``.  Trajectories of other programs may have
names, which are numbered.  Quantities that are not known are left out.  Numbers read back exactly.

The nine numbers of an atom A in ``dipole_derivatives`` are d mu_k / d R_Ax in e, x slow and k fast.
The 27 numbers of ``polarizability_derivatives`` are d alpha_kl / d R_Ax in Angstrom^2, l fastest.
ASE's ``born_effective_charges`` may hold the transpose and are never taken for them.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from rpr.data.atoms_files import iter_atoms, open_text
from rpr.data.frame_set import PER_ATOM, FrameSet, frame_shape
from rpr.data.from_atoms import frames_from_atoms
from rpr.data.keys import Keys
from rpr.data.own_files import read_own
from rpr.errors import InputError
from rpr.files import atomic_path


def read_frames(
    path: str | os.PathLike,
    *,
    symbols: Sequence[str] | None = None,
    require: Iterable[str] = (),
    **keys: Any,
) -> FrameSet:
    """Read an extended XYZ file or a trajectory of ASE.

    Parameters
    ----------
    path
        File with frames of one molecule: extended XYZ, which may be compressed (``.gz``), or a
        trajectory of ASE (``.traj``).
    symbols
        Expected chemical symbols, in order.
    require
        Names of quantities that the file must have, such as ``"dipole"``.
    **keys
        Keys and units in the file, as for `rpr.data.keys.Keys`: ``dipole="REF_dipole"``,
        ``units={"dipole": "debye"}``, ``polarizability_order="xx yy zz yz xz xy"``.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If the file cannot be read, its frames differ in their atoms or from `symbols`, `require`
        names no quantity, a quantity is missing or of the wrong shape, a number is not finite, or
        atoms lie on top of each other.
    """
    require = (require,) if isinstance(require, str) else tuple(require)
    for name in require:
        frame_shape(name, 1)  # refuses unknown names
    own = None if keys else read_own(path)
    same = own is not None and (symbols is None or own.symbols == tuple(symbols))
    if own is not None and same and set(require) <= set(own.known):
        own.check(path)
        return own
    images = list(iter_atoms(path))
    return frames_from_atoms(
        images, source=path, symbols=symbols, require=require, keys=Keys(**keys)
    )


def iter_frames(
    path: str | os.PathLike,
    *,
    block: int = 1000,
    symbols: Sequence[str] | None = None,
    require: Iterable[str] = (),
    **keys: Any,
) -> Iterator[FrameSet]:
    """Read a file of any length, at most `block` frames at once.

    Parameters
    ----------
    path
        As for `read_frames`.
    block
        Largest number of frames in memory.
    symbols, require, **keys
        As for `read_frames`.

    Yields
    ------
    FrameSet
        Frames in the order of the file.

    Raises
    ------
    InputError
        As for `read_frames`; frames before a damaged one have then been yielded.
    """
    atoms, first, found = iter_atoms(path), 0, Keys(**keys)
    trajectories: dict[str, int] = {}
    while images := list(itertools.islice(atoms, block)):
        frames = frames_from_atoms(
            images,
            source=path,
            symbols=symbols,
            require=require,
            keys=found,
            first=first,
            trajectories=trajectories,
        )
        yield frames
        symbols, first = frames.symbols, first + len(frames)


def count_frames(path: str | os.PathLike) -> int | None:
    """Number of frames of an extended XYZ file, from its numbers of atoms alone; None if unclear.

    It takes a fraction of the time of :func:`read_frames` and checks nothing else.
    """
    n_frames = 0
    try:
        with open_text(path) as stream:
            for line in stream:
                if not line.strip():
                    continue
                for _ in range(int(line) + 1):
                    next(stream)
                n_frames += 1
    except (OSError, ValueError, StopIteration):
        return None
    return n_frames


def write_frames(path: str | os.PathLike, frames: FrameSet) -> None:
    """Write an extended XYZ file, atomically; `read_frames` returns exactly the same numbers.

    It is compressed where its name ends in ``.gz``, to the same bytes at any time.

    Raises
    ------
    InputError
        If there are no frames, a number is not finite or atoms lie on top of each other.
    """
    if not len(frames):
        raise InputError(f"{path}: found no frames to write, expected at least one")
    frames.check(path)
    # ASE's own writer rounds columns to eight decimals.
    with atomic_path(path) as temporary, open_text(temporary, "w") as stream:
        stream.writelines(_lines(frames))


def _lines(frames: FrameSet) -> Iterator[str]:
    per_atom = [name for name in PER_ATOM if name in frames.known]
    per_frame = [name for name in frames.known if name not in PER_ATOM]
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
