"""Sets of frames of one molecule, in memory."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import overload

import numpy as np
from ase import Atoms

from rpr.data.ase_labels import attach_labels
from rpr.errors import InputError
from rpr.molecule.molecule import check_symbols
from rpr.molecule.plausibility import check_overlap
from rpr.units import FS

#: Quantities and the shape of one frame's value; "A" stands for the number of atoms.
SHAPES: dict[str, tuple[str | int, ...]] = {
    "energy": (),
    "forces": ("A", 3),
    "dipole": (3,),
    "polarizability": (3, 3),
    "trajectory": (),
    "step": (),
    "dihedral": (),
    "velocities": ("A", 3),
    "dipole_derivatives": ("A", 3, 3),
    "polarizability_derivatives": ("A", 3, 3, 3),
}

#: Quantities of each atom.
PER_ATOM = tuple(name for name, shape in SHAPES.items() if shape[:1] == ("A",))
INTEGERS = ("trajectory", "step")  #: Quantities that are whole numbers.


@dataclass(eq=False, repr=False)
class FrameSet:
    """Frames of one molecule; quantities that are not known are None.

    A set keeps copies of the arrays that it is given, and no frame or subset shares memory with it.

    ``frames[3]`` is frame 3 as ASE atoms with all its labels, and so is what a loop goes through;
    ``frames[:10]``, ``frames[[5, 2]]`` and ``frames[frames.energy < 0]`` are a `FrameSet`.

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
    trajectory, step : int array, [n_frames]
        Trajectory and step of each frame.
    dihedral : array, [n_frames]
        Degrees in (-180, 180].
    velocities : array, [n_frames, n_atoms, 3]
        Angstrom/fs.
    dipole_derivatives : array, [n_frames, n_atoms, 3, 3]
        Atomic polar tensors in e: element (A, x, k) of a frame is d mu_k / d R_Ax.
    polarizability_derivatives : array, [n_frames, n_atoms, 3, 3, 3]
        Angstrom^2: element (A, x, k, l) of a frame is d alpha_kl / d R_Ax.

    Raises
    ------
    InputError
        If the shape of an array does not match the number of frames and atoms, or a trajectory or
        a step is not a whole number.
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
    polarizability_derivatives: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.symbols = tuple(self.symbols)
        self.positions = np.array(self.positions, dtype=float)
        n_atoms = len(self.symbols)
        if self.positions.ndim != 3 or self.positions.shape[1:] != (n_atoms, 3):
            raise InputError(
                f"positions: found shape {self.positions.shape}, expected [n_frames, {n_atoms}, 3]"
            )
        for name in SHAPES:
            values = getattr(self, name)
            if values is None:
                continue
            values = _whole_numbers(name, values) if name in INTEGERS else np.array(values, float)
            expected = (len(self), *frame_shape(name, n_atoms))
            if values.shape != expected:
                raise InputError(f"{name}: found shape {values.shape}, expected {expected}")
            setattr(self, name, values)

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        frames = "1 frame" if len(self) == 1 else f"{len(self)} frames"
        formula = Atoms(self.symbols).get_chemical_formula()
        known = f"with {', '.join(self.known)}" if self.known else "without labels"
        return f"FrameSet: {frames} of {formula} ({len(self.symbols)} atoms) {known}"

    @overload
    def __getitem__(self, index: int) -> Atoms: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | np.ndarray) -> FrameSet: ...

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> Atoms | FrameSet:
        if isinstance(index, slice):
            return self.subset(index)
        if np.ndim(index):
            chosen = np.asarray(index)
            return self.subset(chosen if chosen.size else np.zeros(0, dtype=int))
        labels = {name: getattr(self, name)[index] for name in self.known}
        return attach_labels(self.atoms(int(index)), labels)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Atoms]:
        return (self[k] for k in range(len(self)))

    @property
    def known(self) -> tuple[str, ...]:
        """Names of the known quantities besides the positions."""
        return tuple(name for name in SHAPES if getattr(self, name) is not None)

    def subset(self, indices: np.ndarray | slice) -> FrameSet:
        """Frames `indices` in that order, or those where a boolean array is true."""
        chosen = {name: getattr(self, name)[indices] for name in self.known}
        return FrameSet(self.symbols, self.positions[indices], **chosen)

    def atoms(self, k: int) -> Atoms:
        """Frame `k` as ASE atoms, with its velocities where known."""
        image = Atoms(self.symbols, positions=self.positions[k])
        if self.velocities is not None:
            image.set_velocities(self.velocities[k] / FS)
        return image

    def check(self, source: str | os.PathLike = "frames", *, first: int = 0) -> None:
        """Refuse frames with numbers that are not finite or atoms on top of each other.

        Derivatives may be NaN throughout a frame, which then has none.

        Parameters
        ----------
        source
            File or argument that the message names first.
        first
            Number of the first frame in messages.

        Raises
        ------
        InputError
            If there is such a frame; the message names `source`, frame and quantity.
        """
        check_overlap(self.positions, source, first=first)
        n_atoms = len(self.symbols)
        for name in self.known:
            numbers = getattr(self, name).reshape(len(self), math.prod(frame_shape(name, n_atoms)))
            finite = np.isfinite(numbers).all(axis=1)
            if name.endswith("_derivatives"):
                finite |= np.isnan(numbers).all(axis=1)
            if not finite.all():
                wrong = first + int(np.argmin(finite))
                raise InputError(
                    f"{source}: frame {wrong}: {name} is not a finite number; "
                    "remove the frame or compute it again"
                )


def _whole_numbers(name: str, values: object) -> np.ndarray:
    numbers = np.array(values)
    if numbers.dtype.kind not in "biuf" or not np.array_equal(numbers, np.rint(numbers)):
        raise InputError(
            f"{name}: found {numbers.ravel()[:3].tolist()}, ..., expected a whole number for each "
            "frame"
        )
    return numbers.astype(int)


def frame_shape(name: str, n_atoms: int) -> tuple[int, ...]:
    """Shape of one frame's value of a quantity.

    Raises
    ------
    InputError
        If there is no such quantity.

    Examples
    --------
    >>> frame_shape("forces", 8)
    (8, 3)
    """
    if name not in SHAPES:
        raise InputError(f"quantity: found {name!r}, expected one of {', '.join(SHAPES)}")
    return tuple(n if isinstance(n, int) else n_atoms for n in SHAPES[name])


def concatenate(sets: Sequence[FrameSet]) -> FrameSet:
    """One set of all frames; quantities that a set lacks are None in the result.

    Raises
    ------
    InputError
        If there is no set, or the sets differ in their atoms.
    """
    if not sets:
        raise InputError("sets: found none, expected at least one set of frames")
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
    """Index of each frame in another set, by its geometry to the last bit.

    Parameters
    ----------
    frames
        Frames to look for.
    among
        Frames to search.

    Returns
    -------
    int array, [n_frames]
        Indices into `among`; -1 for a frame that is not there.
    """
    places = {x.tobytes(): n for n, x in enumerate(among.positions)}
    return np.array([places.get(x.tobytes(), -1) for x in frames.positions], dtype=int)


def as_positions(
    frames: FrameSet | Atoms | Sequence[Atoms] | np.ndarray, symbols: Sequence[str] | None = None
) -> np.ndarray:
    """Positions of frames given as `FrameSet`, ASE atoms or array.

    Parameters
    ----------
    frames
        A `FrameSet`, one `Atoms` or a sequence of them, or an array, [n_frames, n_atoms, 3], in
        Angstrom.
    symbols
        Expected chemical symbols, in order.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.

    Raises
    ------
    InputError
        If the atoms or their order differ from `symbols`, a shape is wrong, or a coordinate is
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


def _as_array(frames: object) -> np.ndarray:
    try:
        return np.array(frames, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"frames: found {type(frames).__name__} instead of positions; expected a "
            "FrameSet, ASE atoms or an array; read a file with read_frames"
        ) from error
