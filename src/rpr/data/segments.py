"""Segments: uninterrupted stretches of trajectories, with properties at equal intervals.

Spectra are computed from them.  A file of segments is an npz archive of these arrays, in the units
of ASE and in fs:

============== ======================================== =======================================
array          shape                                    what it is
============== ======================================== =======================================
symbols        [n_atoms]                                chemical symbols
positions      [n_segments, n_times, n_atoms, 3]        Angstrom
trajectory     [n_segments]                             number of the trajectory
interval_fs    []                                       time between records, fs
step_fs        []                                       time step of velocity Verlet, fs; 0 if
                                                        other dynamics made the segments
temperature_K  []                                       K; NaN if it is not known
energy         [n_segments, n_times]                    potential energy, eV (optional)
kinetic        [n_segments, n_times]                    kinetic energy, eV (optional)
dipole         [n_segments, n_times, 3]                 e Angstrom (optional)
polarizability [n_segments, n_times, 3, 3]              Angstrom^3 (optional)
============== ======================================== =======================================
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from ase import Atoms

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.files import read_failure, write_arrays
from rpr.molecule.molecule import check_symbols
from rpr.units import FS, KB

#: Apparent temperature relative to the true one from which records do not follow each other.
TOO_FAST = 5.0

#: Quantities that segments may lack, and the shape of one record's value.
OPTIONAL: dict[str, tuple[int, ...]] = {
    "energy": (),
    "kinetic": (),
    "dipole": (3,),
    "polarizability": (3, 3),
}


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments of trajectories of one molecule; the module says what each array is.

    Raises
    ------
    InputError
        If the shape of an array does not match the positions, or the interval is not positive.
    """

    symbols: tuple[str, ...]
    positions: np.ndarray
    trajectory: np.ndarray
    interval_fs: float
    step_fs: float = 0.0
    temperature_K: float = float("nan")
    energy: np.ndarray | None = None
    kinetic: np.ndarray | None = None
    dipole: np.ndarray | None = None
    polarizability: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.positions)
        if len(shape) != 4 or shape[2:] != (len(self.symbols), 3):
            raise InputError(
                f"positions: found shape {shape}, expected "
                f"[n_segments, n_times, {len(self.symbols)}, 3]"
            )
        expected = {"trajectory": shape[:1]}
        expected |= {name: shape[:2] + own for name, own in OPTIONAL.items()}
        for name, wanted in expected.items():
            found = np.shape(getattr(self, name))
            if getattr(self, name) is not None and found != wanted:
                raise InputError(f"{name}: found shape {found}, expected {wanted}")
        if not self.interval_fs > 0.0:
            raise InputError(f"interval_fs: found {self.interval_fs}, expected a positive time")

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def n_times(self) -> int:
        """Number of records of a segment."""
        return self.positions.shape[1]

    @property
    def total(self) -> np.ndarray:
        """Total energies in eV, [n_segments, n_times]; NaN where a part is not known."""
        unknown = np.full(np.shape(self.positions)[:2], np.nan)
        parts = (self.energy, self.kinetic)
        return sum((unknown if part is None else part for part in parts), np.zeros(()))

    def subset(self, indices: np.ndarray) -> Segments:
        """Segments `indices` in that order, or those where a boolean array is true."""
        arrays = ("positions", "trajectory", *(n for n in OPTIONAL if getattr(self, n) is not None))
        return self.replace(**{name: getattr(self, name)[indices] for name in arrays})

    def replace(self, **changes: Any) -> Segments:
        """The same segments with other values of some fields."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return Segments(**(own | changes))


def join(parts: Sequence[Segments], names: Sequence[str | os.PathLike] | None = None) -> Segments:
    """All segments of several sets; quantities that a set lacks are None in the result.

    Parameters
    ----------
    parts
        Sets of segments.
    names
        What messages call them, such as their files; default: their numbers.

    Raises
    ------
    InputError
        If there is no set, or sets differ in atoms, interval, time step, temperature, or length.
    """
    if not parts:
        raise InputError("parts: found no segments, expected at least one set of them")
    names = names or [f"set {k} of segments" for k in range(len(parts))]
    first = parts[0]
    for called, part in zip(names, parts, strict=True):
        check_symbols(part.symbols, first.symbols, called)
        for name in ("interval_fs", "step_fs", "temperature_K", "n_times"):
            found, wanted = getattr(part, name), getattr(first, name)
            if not np.isclose(found, wanted, rtol=1e-9, equal_nan=True):
                raise InputError(
                    f"{called}: found {name} {found:g}, expected {wanted:g} as in {names[0]}; "
                    "treat them one by one"
                )
    known = [n for n in OPTIONAL if all(getattr(part, n) is not None for part in parts)]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("positions", "trajectory", *known)
    }
    return first.replace(**(dict.fromkeys(OPTIONAL) | joined))


def renumbered(parts: Sequence[Segments]) -> list[Segments]:
    """Sets of segments whose trajectories have no number in common, for separate runs."""
    first, numbered = 0, []
    for part in parts:
        names, trajectory = np.unique(part.trajectory, return_inverse=True)
        numbered.append(part.replace(trajectory=first + trajectory))
        first += len(names)
    return numbered


def first_segments(segments: Segments) -> Segments:
    """The first segment of each trajectory."""
    return segments.subset(np.unique(segments.trajectory, return_index=True)[1])


def apparent_temperature(segments: Segments) -> float:
    """Temperature of the mean velocities between records, K.

    T = <sum_i m_i |x_i(t + dt) - x_i(t)|^2> / (3 n_atoms k dt^2), which is below that of the atoms
    if they vibrate between records, and far above it if records do not follow each other.
    """
    masses = Atoms(segments.symbols).get_masses()
    moved = np.diff(segments.positions, axis=1)
    moved -= moved.mean(axis=2, keepdims=True)  # as other programs may centre frames
    squares = np.einsum("a,stax->st", masses, moved**2).mean() / (segments.interval_fs * FS) ** 2
    return float(squares / (3.0 * len(masses) * KB))


def write_segments(path: str | os.PathLike, segments: Segments, **extra: np.ndarray) -> None:
    """Write a file of segments, atomically; `extra` arrays are kept in it and not read again."""
    arrays = {field.name: getattr(segments, field.name) for field in fields(segments)}
    stored = {name: np.asarray(value) for name, value in arrays.items() if value is not None}
    write_arrays(path, **stored, **extra)


def read_segments(path: str | os.PathLike) -> Segments:
    """Read a file of segments.

    Raises
    ------
    InputError
        If the file cannot be read or an array is missing or has a wrong shape.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {f.name: stored[f.name] for f in fields(Segments) if f.name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: not readable as a file of segments ({read_failure(error)}); make it again"
        ) from error
    missing = {"symbols", "positions", "trajectory", "interval_fs"} - arrays.keys()
    if missing:
        raise InputError(f"{path}: found no {', '.join(sorted(missing))}; is it a trajectory?")
    numbers = {n: float(arrays.pop(n)) for n in list(arrays) if arrays[n].ndim == 0}
    symbols = tuple(str(symbol) for symbol in arrays.pop("symbols"))
    try:
        return Segments(symbols=symbols, **numbers, **arrays)  # type: ignore[arg-type]
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def segments_of_frames(
    frames: FrameSet, interval_fs: float, *, step_fs: float = 0.0, temperature_K: float
) -> Segments:
    """Segments of frames that follow each other at equal intervals.

    A new segment begins where the number of the trajectory changes, or, if steps are known, where
    the step does not grow by as much as it mostly does.  Shorter segments than the longest are left
    out, as all must have the same length.

    Parameters
    ----------
    frames
        Frames in the order of time.
    interval_fs
        Time between frames in fs.
    step_fs
        Time step of velocity Verlet; 0 for other dynamics.
    temperature_K
        Temperature in K.

    Raises
    ------
    InputError
        If there are fewer than two frames.
    """
    if len(frames) < 2:
        raise InputError(f"frames: found {len(frames)}, expected at least two for a trajectory")
    trajectory = np.zeros(len(frames), dtype=int)
    if frames.trajectory is not None:
        trajectory = frames.trajectory
    broken = np.diff(trajectory) != 0
    if frames.step is not None:
        steps = np.diff(frames.step)
        values, counts = np.unique(steps[~broken], return_counts=True)
        broken |= steps != (values[np.argmax(counts)] if len(values) else 0)
    edges = np.concatenate([[0], np.flatnonzero(broken) + 1, [len(frames)]])
    lengths = np.diff(edges)
    starts = edges[:-1][lengths == lengths.max()]
    index = starts[:, None] + np.arange(lengths.max())
    known = {n: getattr(frames, n) for n in OPTIONAL if getattr(frames, n, None) is not None}
    return Segments(
        frames.symbols,
        frames.positions[index],
        trajectory[starts],
        interval_fs,
        step_fs,
        temperature_K,
        **{name: values[index] for name, values in known.items()},
    )


def frames_of_segments(segments: Segments, rest_steps: int = 0) -> FrameSet:
    """Frames of segments, trajectory by trajectory, with the number of the time step.

    Parameters
    ----------
    segments
        Segments with a time step, those of a trajectory in the order of time.
    rest_steps
        Time steps between two segments of a trajectory that were not recorded.
    """
    every = max(1, round(segments.interval_fs / segments.step_fs)) if segments.step_fs else 1
    order = np.argsort(segments.trajectory, kind="stable")
    sorted_ = segments.subset(order)
    _, first, counts = np.unique(sorted_.trajectory, return_index=True, return_counts=True)
    number = np.arange(len(order)) - np.repeat(first, counts)
    steps = number[:, None] * ((segments.n_times - 1) * every + rest_steps)
    steps = steps + every * np.arange(segments.n_times)
    known = [n for n in OPTIONAL if n != "kinetic" and getattr(segments, n) is not None]
    values = {name: getattr(sorted_, name) for name in known}
    return FrameSet(
        segments.symbols,
        sorted_.positions.reshape(-1, *segments.positions.shape[2:]),
        trajectory=np.repeat(sorted_.trajectory, segments.n_times),
        step=steps.ravel(),
        **{name: v.reshape(-1, *v.shape[2:]) for name, v in values.items()},
    )
