"""Sets of frames of one molecule, in memory and as extended XYZ.

Units are ASE's: Angstrom, eV, eV/Angstrom, e Angstrom, polarizability in Angstrom^3; velocities
are in Angstrom/fs.  A file carries per frame ``energy``, ``dipole``, ``polarizability`` (nine
numbers, row by row), ``trajectory``, ``step``, ``dihedral`` and per atom ``forces``, ``velocities``
and ``dipole_derivatives``; what is not known is left out.  Numbers are written so that they read
back exactly.

The nine numbers of an atom A in ``dipole_derivatives`` are d mu_k / d R_Ax in e, x slow and k fast.
ASE's ``born_effective_charges`` may hold the transpose and are never taken for them.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from ase import Atoms
from ase.io import read

from rpr.errors import InputError
from rpr.files import atomic_path, read_failure
from rpr.molecule import check_symbols, refuse_overlap
from rpr.units import FS

#: Shape of one frame's value; "A" is the number of atoms.
_SHAPES = {
    "energy": (),
    "forces": ("A", 3),
    "dipole": (3,),
    "polarizability": (3, 3),
    "trajectory": (),
    "step": (),
    "dihedral": (),
    "velocities": ("A", 3),
    "dipole_derivatives": ("A", 3, 3),
}
_INTEGERS = ("trajectory", "step")
_PER_ATOM = ("forces", "velocities", "dipole_derivatives")


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
    velocities : array, [n_frames, n_atoms, 3]
        Angstrom/fs.
    dipole_derivatives : array, [n_frames, n_atoms, 3, 3]
        Atomic polar tensors in e: element (A, x, k) of a frame is d mu_k / d R_Ax.

    Raises
    ------
    InputError
        If the shape of an array does not fit the number of frames and atoms.
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
    velocities: np.ndarray | None = None
    dipole_derivatives: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.symbols = tuple(self.symbols)
        self.positions = np.asarray(self.positions, dtype=float)
        n_atoms = len(self.symbols)
        if self.positions.ndim != 3 or self.positions.shape[1:] != (n_atoms, 3):
            raise InputError(
                f"positions: found shape {self.positions.shape}, expected [n_frames, {n_atoms}, 3]"
            )
        for name, shape in _SHAPES.items():
            values = getattr(self, name)
            if values is None:
                continue
            values = np.asarray(values, dtype=int if name in _INTEGERS else float)
            expected = (len(self), *(n_atoms if n == "A" else n for n in shape))
            if values.shape != expected:
                raise InputError(f"{name}: found shape {values.shape}, expected {expected}")
            setattr(self, name, values)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def known(self) -> tuple[str, ...]:
        """Names of the quantities that are known, besides the positions."""
        return tuple(name for name in _SHAPES if getattr(self, name) is not None)

    def subset(self, indices: np.ndarray) -> FrameSet:
        """Frames `indices` (or where a boolean array is true), in that order."""
        chosen = {name: getattr(self, name)[indices] for name in self.known}
        return FrameSet(self.symbols, self.positions[indices], **chosen)

    def atoms(self, k: int) -> Atoms:
        """Frame `k` as ASE atoms, with its velocities where known."""
        image = Atoms(self.symbols, positions=self.positions[k])
        if self.velocities is not None:
            image.set_velocities(self.velocities[k] / FS)
        return image

    def check(self, source: str | os.PathLike = "frames") -> None:
        """Refuse frames with numbers that are not finite or with atoms on top of each other.

        Raises
        ------
        InputError
            Names `source`, the frame and the quantity.
        """
        refuse_overlap(self.positions, source)
        for name in self.known:
            finite = np.isfinite(getattr(self, name).reshape(len(self), -1)).all(axis=1)
            if not finite.all():
                raise InputError(
                    f"{source}: frame {int(np.argmin(finite))}: {name} is not a finite number; "
                    "remove the frame or compute it again"
                )


def concatenate(sets: Sequence[FrameSet]) -> FrameSet:
    """One set of all frames; a quantity that some set lacks is None in the result.

    Raises
    ------
    InputError
        If there is no set, or the sets differ in their atoms.
    """
    if not sets:
        raise InputError("frames: found no set to join")
    symbols = sets[0].symbols
    for k, frames in enumerate(sets):
        check_symbols(frames.symbols, symbols, f"set {k}")
    joined = {}
    for field in fields(FrameSet):
        parts = [getattr(s, field.name) for s in sets]
        if field.name != "symbols" and all(part is not None for part in parts):
            joined[field.name] = np.concatenate(parts)
    return FrameSet(symbols, **joined)


def find_frames(frames: FrameSet, among: FrameSet) -> np.ndarray:
    """Where each frame stands in another set, by its geometry to the last bit.

    Parameters
    ----------
    frames
        What is looked for.
    among
        Where.

    Returns
    -------
    int array, [n_frames]
        Index into `among`; -1 for a frame that is not there.
    """
    places = {x.tobytes(): n for n, x in enumerate(among.positions)}
    return np.array([places.get(x.tobytes(), -1) for x in frames.positions], dtype=int)


def read_frames(
    path: str | os.PathLike,
    *,
    symbols: Sequence[str] | None = None,
    require: Iterable[str] = (),
) -> FrameSet:
    """Read an extended XYZ file.

    Parameters
    ----------
    path
        File with frames of one molecule; it may be compressed (``.gz``).
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
        If the file cannot be read, its frames differ in their atoms or are not `symbols`, a
        quantity is missing or of the wrong shape, a number is not finite, or atoms lie on top of
        each other.
    """
    try:
        images = read(_unpacked(path), index=":", format="extxyz")
    except Exception as error:
        raise InputError(
            f"{path}: not readable as extended XYZ ({read_failure(error)}); "
            "restore the file or make it again"
        ) from error
    if not images:
        raise InputError(f"{path}: found no frames; make the file again")
    first = tuple(images[0].get_chemical_symbols())
    check_symbols(first, symbols, path)
    for k, image in enumerate(images):
        check_symbols(image.get_chemical_symbols(), first, f"{path}: frame {k}")
    columns = {name: _column(images, name, path, require) for name in _SHAPES}
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
        If the atoms or their order differ from `symbols`, a shape does not fit, or a coordinate is
        not finite.
    """
    if isinstance(frames, Atoms):
        frames = [frames]
    if isinstance(frames, FrameSet):
        check_symbols(frames.symbols, symbols, "frames")
        positions = frames.positions
    elif len(frames) and isinstance(frames[0], Atoms):
        expected = frames[0].get_chemical_symbols() if symbols is None else symbols
        for k, image in enumerate(frames):
            check_symbols(image.get_chemical_symbols(), expected, f"frames: frame {k}")
        positions = np.array([a.positions for a in frames])
    else:
        positions = _as_array(frames)
    n_atoms = positions.shape[1] if symbols is None and positions.ndim == 3 else len(symbols or ())
    if positions.ndim != 3 or positions.shape[1:] != (n_atoms, 3):
        raise InputError(
            f"frames: found shape {positions.shape}, expected [n_frames, {n_atoms or 'n_atoms'}, 3]"
        )
    finite = np.isfinite(positions).all(axis=(1, 2))
    if not finite.all():
        raise InputError(
            f"frames: frame {int(np.argmin(finite))}: a position is not a finite number; "
            "remove the frame or compute it again"
        )
    return positions


def _unpacked(path: str | os.PathLike) -> str | os.PathLike | io.StringIO:
    """What ASE reads fast: it seeks in the file, which costs a compressed one a new start."""
    if not str(path).endswith(".gz"):
        return path
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return io.StringIO(stream.read())


def _as_array(frames: object) -> np.ndarray:
    try:
        return np.asarray(frames, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"frames: found {type(frames).__name__} that is no array of positions, expected a "
            "FrameSet, ASE atoms or an array; read a file with read_frames"
        ) from error


def _column(
    images: list[Atoms], name: str, path: str | os.PathLike, require: Iterable[str]
) -> np.ndarray | None:
    """One quantity of all frames, or None where no frame has it."""
    values = [_value(image, name) for image in images]
    missing = [k for k, value in enumerate(values) if value is None]
    if len(missing) == len(values) and name not in require:
        return None
    if len(missing) == len(values):
        raise InputError(f"{path}: found no {name}, expected it for every frame; label them first")
    if missing:
        raise InputError(
            f"{path}: frame {missing[0]} has no {name}, other frames have; complete or remove it"
        )
    try:
        column = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {name} does not hold numbers of one shape") from error
    if name in _INTEGERS and not np.array_equal(column, np.rint(column)):
        raise InputError(f"{path}: {name} is not a whole number in every frame")
    return _with_matrices(column, name)


def _with_matrices(column: np.ndarray, name: str) -> np.ndarray:
    """Nine numbers as a matrix, row by row, where the quantity is one."""
    shape = _SHAPES[name]
    if shape[-2:] == (3, 3) and column.ndim == len(shape) and column.shape[-1] == 9:
        return column.reshape(*column.shape[:-1], 3, 3)
    return column


def _value(image: Atoms, name: str):
    if name in image.info:
        return image.info[name]
    if image.calc is not None and name in image.calc.results:
        return image.calc.results[name]
    return image.arrays.get(name)


def _lines(frames: FrameSet) -> Iterator[str]:
    per_atom = [name for name in _PER_ATOM if name in frames.known]
    per_frame = [name for name in frames.known if name not in _PER_ATOM]
    widths = [int(np.prod(_SHAPES[name][1:])) for name in per_atom]
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
