"""Extended XYZ files as this project writes them, read several times as fast as by ASE.

All frames of such a file have the same atoms and the same quantities in the same order, which
`rpr.data.extxyz.write_frames` sees to.  A file that looks different in any way, if only by one
space, is left to the general reader, whose errors say what is wrong with it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers

from rpr.data.atoms_files import open_text
from rpr.data.frame_set import INTEGERS, PER_ATOM, SHAPES, FrameSet, frame_shape
from rpr.errors import InputError

_FIRST = "Properties=species:S:1:pos:R:3"
_LAST = ["pbc=F", "F", "F"]


def read_own(path: str | os.PathLike) -> FrameSet | None:
    """Frames of a file that `rpr.data.extxyz.write_frames` wrote, None for any other file.

    Numbers are not checked.
    """
    try:
        with open_text(path) as stream:
            first = [stream.readline().rstrip("\n"), stream.readline().rstrip("\n")]
            n_atoms = int(first[0])
            per_atom, per_frame, starts = _layout(first[1], n_atoms)  # before the rest is read
            lines = first + stream.read().splitlines()
        blocks = [lines[k : k + n_atoms + 2] for k in range(0, len(lines), n_atoms + 2)]
        symbols = tuple(line.split(maxsplit=1)[0] for line in blocks[0][2:])
        if not all(atomic_numbers.get(symbol) for symbol in symbols):  # X has the number 0
            return None
        rows, infos = [], []
        for block in blocks:
            words = [line.split() for line in block[2:]]
            if int(block[0]) != n_atoms or tuple(row[0] for row in words) != symbols:
                return None
            infos.append(_numbers(block[1], blocks[0][1], starts))
            rows.append([list(map(float, row[1:])) for row in words])
        return _frames(symbols, np.array(rows), np.array(infos), per_atom, per_frame)
    except (OSError, EOFError, ValueError, IndexError, InputError):
        return None


def _layout(comment: str, n_atoms: int) -> tuple[list[str], list[str], list[tuple[int, str]]]:
    """Quantities of each atom, those of each frame, and the words that the latter begin with."""
    words = comment.replace('"', "").split()
    if not words[0].startswith(_FIRST) or words[-3:] != _LAST:
        raise ValueError
    columns = words[0].removeprefix(_FIRST).split(":")[1:]
    per_atom = columns[::3]
    widths = [math.prod(frame_shape(name, 1)) for name in per_atom]
    expected = "".join(f":{name}:R:{w}" for name, w in zip(per_atom, widths, strict=True))
    if words[0] != _FIRST + expected or not set(per_atom) <= set(PER_ATOM):
        raise ValueError
    starts = [(k, word.partition("=")[0]) for k, word in enumerate(words[1:-3]) if "=" in word]
    per_frame = [name for _, name in starts]
    ends = [*(k for k, _ in starts[1:]), len(words) - 4]
    # without quantities there is no start, but an end
    for (start, name), end in zip(starts, ends, strict=False):
        if name in PER_ATOM or name not in SHAPES or end - start != _size(name, n_atoms):
            raise ValueError
    return per_atom, per_frame, starts


def _numbers(comment: str, first: str, starts: Sequence[tuple[int, str]]) -> list[float]:
    """Numbers of a comment line of the same quantities as the first one."""
    words = comment.replace('"', "").split()
    if words[0] != first.split(maxsplit=1)[0] or words[-3:] != _LAST:
        raise ValueError
    words = words[1:-3]
    for k, name in starts:
        if not words[k].startswith(f"{name}="):
            raise ValueError
        words[k] = words[k][len(name) + 1 :]
    return list(map(float, words))


def _frames(
    symbols: tuple[str, ...],
    rows: np.ndarray,
    infos: np.ndarray,
    per_atom: list[str],
    per_frame: list[str],
) -> FrameSet:
    n, n_atoms = rows.shape[:2]
    values, place = {}, 3
    for name in per_atom:
        width = math.prod(frame_shape(name, 1))
        part = rows[:, :, place : place + width]
        values[name] = part.reshape(n, *frame_shape(name, n_atoms))
        place += width
    if place != rows.shape[2]:
        raise ValueError
    place = 0
    for name in per_frame:
        size = _size(name, n_atoms)
        values[name] = infos[:, place : place + size].reshape(n, *frame_shape(name, n_atoms))
        place += size
    for name in INTEGERS:
        if name in values and not np.array_equal(values[name], np.rint(values[name])):
            raise ValueError
    return FrameSet(symbols, rows[:, :, :3].copy(), **values)


def _size(name: str, n_atoms: int) -> int:
    return math.prod(frame_shape(name, n_atoms))
