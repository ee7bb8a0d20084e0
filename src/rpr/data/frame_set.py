"""Sets of frames of one molecule, in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from ase import Atoms

from rpr.errors import InputError
from rpr.molecule.molecule import check_symbols, refuse_overlap
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
        for name in _SHAPES:
            values = getattr(self, name)
            if values is None:
                continue
            values = np.asarray(values, dtype=int if name in _INTEGERS else float)
            expected = (len(self), *frame_shape(name, n_atoms))
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
    if name not in _SHAPES:
        raise InputError(f"quantity: found {name!r}, expected one of {', '.join(_SHAPES)}")
    return tuple(n_atoms if n == "A" else n for n in _SHAPES[name])


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


def _as_array(frames: object) -> np.ndarray:
    try:
        return np.asarray(frames, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"frames: found {type(frames).__name__} that is no array of positions, expected a "
            "FrameSet, ASE atoms or an array; read a file with read_frames"
        ) from error
