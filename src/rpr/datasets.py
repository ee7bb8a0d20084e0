"""Sets of frames of one molecule, in memory and as extended XYZ.

Units are ASE's: Angstrom, eV, eV/Angstrom, e Angstrom, polarizability in Angstrom^3.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from rpr.errors import InputError
from rpr.files import atomic_path

_PER_FRAME = ("energy", "dipole", "polarizability", "trajectory", "step", "dihedral")


@dataclass(eq=False)
class FrameSet:
    """Frames of one molecule; what is not known is None.

    Parameters
    ----------
    symbols
        Chemical symbols, [n_atoms].
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    energy : array, [n_frames]
        eV.
    forces : array, [n_frames, n_atoms, 3]
        eV/Angstrom.
    dipole : array, [n_frames, 3]
        e Angstrom.
    polarizability : array, [n_frames, 3, 3]
        Angstrom^3.
    trajectory, step : int arrays, [n_frames]
        Where each frame comes from.
    dihedral : array, [n_frames]
        Degrees in (-180, 180].
    """

    symbols: tuple[str, ...]
    positions: np.ndarray
    energy: np.ndarray | None = None
    forces: np.ndarray | None = None
    dipole: np.ndarray | None = None
    polarizability: np.ndarray | None = None
    trajectory: np.ndarray | None = None
    step: np.ndarray | None = None
    dihedral: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def subset(self, indices: np.ndarray) -> FrameSet:
        """Frames `indices`, in that order."""
        chosen = {
            f.name: None if (v := getattr(self, f.name)) is None else v[indices]
            for f in fields(self)
            if f.name != "symbols"
        }
        return FrameSet(self.symbols, **chosen)


def concatenate(sets: Sequence[FrameSet]) -> FrameSet:
    """One set of all frames; a quantity that some set lacks is None in the result."""
    joined = {}
    for field in fields(FrameSet):
        parts = [getattr(s, field.name) for s in sets]
        if field.name != "symbols":
            joined[field.name] = None if any(p is None for p in parts) else np.concatenate(parts)
    return FrameSet(sets[0].symbols, **joined)


def read_frames(path: str | os.PathLike) -> FrameSet:
    """Read an extended XYZ file.

    Raises
    ------
    InputError
        If the file cannot be read, its frames differ in their atoms, or a number is NaN.
    """
    try:
        images = read(path, index=":", format="extxyz")
    except Exception as error:
        raise InputError(f"{path}: not readable as extended XYZ ({error})") from error
    if not images:
        raise InputError(f"{path}: found no frames")
    symbols = tuple(images[0].get_chemical_symbols())
    for k, image in enumerate(images):
        found = tuple(image.get_chemical_symbols())
        if found != symbols:
            raise InputError(
                f"{path}: frame {k} has atoms {' '.join(found)}, "
                f"expected those of frame 0: {' '.join(symbols)}"
            )
    frames = FrameSet(symbols, np.array([a.positions for a in images]))
    for name in (*_PER_FRAME, "forces"):
        values = [_value(image, name) for image in images]
        missing = [k for k, v in enumerate(values) if v is None]
        if len(missing) == len(values):
            continue
        if missing:
            raise InputError(f"{path}: frame {missing[0]} has no {name}, other frames have")
        setattr(frames, name, np.array(values))
    if frames.polarizability is not None:
        frames.polarizability = frames.polarizability.reshape(len(frames), 3, 3)
    _refuse_nan(frames, path)
    return frames


def write_frames(path: str | os.PathLike, frames: FrameSet) -> None:
    """Write an extended XYZ file, atomically.

    Raises
    ------
    InputError
        If a number is NaN.
    """
    _refuse_nan(frames, path)
    with atomic_path(path) as temporary:
        write(temporary, [_image(frames, k) for k in range(len(frames))], format="extxyz")


def as_positions(
    frames: FrameSet | Sequence[Atoms] | np.ndarray, symbols: Sequence[str] | None = None
) -> np.ndarray:
    """Positions of frames given as `FrameSet`, ASE atoms or array.

    Parameters
    ----------
    frames
        A `FrameSet`, one `Atoms` or a sequence of them, or an array [n_frames, n_atoms, 3] in
        Angstrom.
    symbols
        Expected chemical symbols, in order.

    Returns
    -------
    array, [n_frames, n_atoms, 3]

    Raises
    ------
    InputError
        If the atoms or their order differ from `symbols`, or a shape does not fit.
    """
    if isinstance(frames, Atoms):
        frames = [frames]
    if isinstance(frames, FrameSet):
        found, positions = [frames.symbols], frames.positions
    elif isinstance(frames, np.ndarray):
        found, positions = [], frames
    else:
        found = [tuple(a.get_chemical_symbols()) for a in frames]
        if len(set(found)) > 1:
            raise InputError("frames: found different atoms in different frames")
        positions = np.array([a.positions for a in frames])
    positions = np.asarray(positions, dtype=float)
    if symbols is not None:
        for s in found[:1]:
            if tuple(s) != tuple(symbols):
                raise InputError(
                    f"frames: found atoms {' '.join(s)}, expected {' '.join(symbols)} in this order"
                )
        if positions.ndim != 3 or positions.shape[1:] != (len(symbols), 3):
            raise InputError(
                f"frames: found shape {positions.shape}, expected [n_frames, {len(symbols)}, 3]"
            )
    if not np.isfinite(positions).all():
        frame = int(np.argwhere(~np.isfinite(positions))[0, 0])
        raise InputError(f"frames: position that is not a number in frame {frame}")
    return positions


def _value(image: Atoms, name: str):
    if name in image.info:
        return image.info[name]
    if image.calc is not None:
        return image.calc.results.get(name)
    return image.arrays.get(name)


def _image(frames: FrameSet, k: int) -> Atoms:
    image = Atoms(frames.symbols, positions=frames.positions[k])
    results = {
        name: getattr(frames, name)[k]
        for name in ("energy", "forces", "dipole")
        if getattr(frames, name) is not None
    }
    if results:
        image.calc = SinglePointCalculator(image, **results)
    if frames.polarizability is not None:
        image.info["polarizability"] = frames.polarizability[k].reshape(9)
    for name in ("trajectory", "step"):
        if getattr(frames, name) is not None:
            image.info[name] = int(getattr(frames, name)[k])
    if frames.dihedral is not None:
        image.info["dihedral"] = float(frames.dihedral[k])
    return image


def _refuse_nan(frames: FrameSet, path: str | os.PathLike) -> None:
    for field in fields(frames):
        values = getattr(frames, field.name)
        if field.name == "symbols" or values is None:
            continue
        bad = ~np.isfinite(values.reshape(len(frames), -1)).all(axis=1)
        if bad.any():
            raise InputError(
                f"{path}: {field.name} of frame {int(np.argmax(bad))} is not a finite number"
            )
