"""Frames from ASE atoms with what they carry under given keys, and values back into atoms."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import numpy as np
from ase import Atoms

from rpr.data.frame_set import INTEGERS, PER_ATOM, SHAPES, FrameSet
from rpr.data.keys import (
    ORIGINS,
    Keys,
    as_tensors,
    find_value,
    keys_of,
)
from rpr.errors import InputError
from rpr.molecule.dipole_origin import derivatives_about_centre, dipole_about_centre
from rpr.molecule.molecule import check_elements, check_symbols


def frames_from_atoms(
    images: Sequence[Atoms],
    *,
    source: str | os.PathLike = "atoms",
    symbols: Sequence[str] | None = None,
    require: Iterable[str] = (),
    keys: Keys | None = None,
    first: int = 0,
    trajectories: dict[str, int] | None = None,
) -> FrameSet:
    """Frames of one molecule from ASE atoms.

    Parameters
    ----------
    images
        Atoms of one molecule; quantities are taken from `info`, calculators and arrays.
    source
        What messages name first, such as a file.
    symbols
        Expected chemical symbols, in order; None takes those of the first.
    require
        Names of quantities that must be there.
    keys
        Keys and units of the quantities; default: their own names, and units of ASE.
    first
        Number of the first frame in messages.
    trajectories
        Numbers of trajectories by their names, to which new ones are added: with it a file that is
        read block by block has the same numbers in all blocks.

    Returns
    -------
    FrameSet
        Trajectories that have names are numbered in the order of appearance.  A ``dihedral`` that
        is not a number in every frame that has one is not taken.

    Raises
    ------
    InputError
        If there are no atoms, they differ, one is no element (X), a quantity is missing or of the
        wrong shape, a number is not finite, or atoms lie on top of each other.
    """
    keys = keys or Keys()
    if not len(images):
        raise InputError(f"{source}: found no frames; write the file again")
    expected = tuple(symbols) if symbols is not None else tuple(images[0].get_chemical_symbols())
    check_elements(expected, source)
    for k, image in enumerate(images):
        at = source if symbols is not None and first + k == 0 else f"{source}: frame {first + k}"
        check_symbols(image.get_chemical_symbols(), expected, at)
    options: dict[str, Any] = {"source": source, "require": require, "keys": keys, "first": first}
    options["trajectories"] = trajectories
    columns = {name: column(images, name, **options) for name in SHAPES}
    positions = np.array([a.positions for a in images])
    if keys.dipole_origin != ORIGINS[0]:
        masses = images[0].get_masses()
        if (mu := columns["dipole"]) is not None:
            columns["dipole"] = dipole_about_centre(mu, positions, masses, keys.charge)
        if (born := columns["dipole_derivatives"]) is not None:
            columns["dipole_derivatives"] = derivatives_about_centre(born, masses, keys.charge)
    try:
        frames = FrameSet(expected, positions, **columns)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    frames.check(source, first=first)
    return frames


def attach(atoms: Atoms, values: Mapping[str, np.ndarray], prefix: str) -> None:
    """Keep values of one frame in it: in `arrays` those of each atom, others in `info`.

    Tensors are flattened row by row.

    Parameters
    ----------
    atoms
        The frame, which is changed.
    values
        Labels or predictions by name.
    prefix
        What is put before each name.
    """
    for name, value in values.items():
        if name in PER_ATOM:
            atoms.arrays[prefix + name] = np.reshape(value, (len(atoms), -1))
        else:
            atoms.info[prefix + name] = np.ravel(value) if np.ndim(value) else float(value)


def column(
    images: Sequence[Atoms],
    name: str,
    *,
    source: str | os.PathLike = "frames",
    require: Iterable[str] = (),
    keys: Keys | None = None,
    first: int = 0,
    trajectories: dict[str, int] | None = None,
) -> np.ndarray | None:
    """One quantity of all frames, or None if no frame has it; see `frames_from_atoms`."""
    keys = keys or Keys()
    values = [find_value(image, keys.key(name)) for image in images]
    if name == "trajectory":
        values = _numbered(values, trajectories)
    elif name == "dihedral" and name not in require and not all(map(_is_number, values)):
        return None
    missing = [k for k, value in enumerate(values) if value is None]
    if len(missing) == len(values):
        if name in require or keys.is_named(name):
            raise InputError(_absent(images[0], name, source, keys))
        return None
    if missing:
        raise InputError(
            f"{source}: frame {first + missing[0]} has no {_named(name, keys)}, but others have; "
            "complete or remove it"
        )
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{source}: {_named(name, keys)} does not hold numbers of one shape"
        ) from error
    if name in INTEGERS and not np.array_equal(numbers, np.rint(numbers)):
        raise InputError(f"{source}: {name} is not a whole number in every frame")
    return _with_matrices(numbers, name, keys, str(source)) * keys.factor(name)


def _numbered(values: list[Any], names: dict[str, int] | None) -> list[Any]:
    """Numbers of trajectories; those with names get the next numbers that are free.

    `names` are those of all blocks of a file; the numbers of trajectories without names are among
    them, so that a name of a later block does not get one of them.
    """
    plain = all(value is None or isinstance(value, (str, int, np.integer)) for value in values)
    text = any(isinstance(value, str) for value in values)
    if not plain or (names is None and not text):
        return values
    names = {} if names is None else names
    taken = set(names.values())
    for value in values:
        if value is not None and str(value) not in names:
            own = None if isinstance(value, str) or value in taken else int(value)
            names[str(value)] = 1 + max(taken, default=-1) if own is None else own
            taken.add(names[str(value)])
    return [None if value is None else names[str(value)] for value in values]


def _is_number(value: Any) -> bool:
    plain = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return value is None or plain


def _absent(atoms: Atoms, name: str, source: str | os.PathLike, keys: Keys) -> str:
    there = ", ".join(keys_of(atoms)) or "none"
    if keys.is_named(name):
        return (
            f"{source}: found no key '{keys.key(name)}' for the {name}; the keys of frame 0 are: "
            f"{there}"
        )
    remedy = (
        f"label them first, or name its key ({name}=..., on the command line "
        f"--{name.replace('_', '-')}-key)"
        if keys.can_name(name)
        else "write it with the frames"
    )
    return (
        f"{source}: found no {name}, expected it for every frame; {remedy}; the keys of frame 0 "
        f"are: {there}"
    )


def _named(name: str, keys: Keys) -> str:
    return f"{name} (key '{keys.key(name)}')" if keys.is_named(name) else name


def _with_matrices(column: np.ndarray, name: str, keys: Keys, source: str) -> Any:
    """Nine (27) numbers as a tensor of rank two (three), row by row, where the quantity is one."""
    if name == "polarizability":
        return as_tensors(column, keys, source)
    tensor = tuple(takewhile(lambda n: n == 3, reversed(SHAPES[name])))
    width = 1 + len(SHAPES[name]) - len(tensor)
    if len(tensor) > 1 and column.shape[width:] == (3 ** len(tensor),):
        return column.reshape(*column.shape[:width], *tensor)
    return column
