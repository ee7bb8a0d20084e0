"""Frames in every form that users have them in, brought into the order of a molecule's atoms.

A function that takes frames takes a `FrameSet`, ASE atoms (one or a sequence), the name of a file
of extended XYZ, or an array of positions.  Frames that name their elements may have their atoms in
another order than the molecule: they are matched by their bonds (:mod:`rpr.molecule.matching`), and
what is predicted for each atom is given back in the user's order.  An array names no elements and
must have the molecule's order.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from rpr.data.ase_labels import without_outdated_results
from rpr.data.extxyz import read_frames
from rpr.data.frame_set import SHAPES, FrameSet, as_positions
from rpr.data.from_atoms import column, frames_from_atoms
from rpr.errors import InputError
from rpr.molecule.matching import matcher
from rpr.molecule.molecule import Molecule

Frames = FrameSet | Atoms | Sequence[Atoms] | np.ndarray | str | os.PathLike


@dataclass(frozen=True, eq=False)
class GivenFrames:
    """Frames with their atoms in the order of a molecule.

    Attributes
    ----------
    positions : array, [n_frames, n_atoms, 3]
        In the order of the molecule, Angstrom.
    frames : FrameSet, list of Atoms, or array
        What the user gave, a file having been read.
    orders : int array, [n_frames, n_atoms], or None
        ``given[f][orders[f]]`` is in the order of the molecule; None if all frames were so.
    """

    positions: np.ndarray
    frames: FrameSet | Sequence[Atoms] | np.ndarray
    orders: np.ndarray | None = None

    def label(self, name: str) -> np.ndarray | None:
        """A label that the frames carry, in the order of the molecule, or None.

        Raises
        ------
        InputError
            If only some of the frames have it, it was computed before the atoms moved, or its shape
            is wrong.
        """
        values = None
        if isinstance(self.frames, FrameSet):
            values = getattr(self.frames, name)
        elif len(self.frames) and isinstance(self.frames[0], Atoms):
            values = column([_up_to_date(name, *frame) for frame in enumerate(self.frames)], name)
        per_atom = SHAPES[name][:1] == ("A",)
        return self.in_molecule_order(values) if per_atom and values is not None else values

    def in_molecule_order(self, values: np.ndarray) -> np.ndarray:
        """Values [n_frames, n_atoms, ...], from the user's order to the molecule's."""
        if self.orders is None:
            return values
        return np.asarray(values)[np.arange(len(self.orders))[:, None], self.orders]

    def in_given_order(self, values: np.ndarray, axis: int = 1) -> np.ndarray:
        """Values of each atom of each frame, from the molecule's order back to the user's.

        Parameters
        ----------
        values : array, [n_frames, ..., n_atoms, ...]
        axis
            Axis of the atoms.
        """
        if self.orders is None:
            return values
        given = np.empty_like(values)
        rows = np.arange(len(self.orders))[:, None]
        np.moveaxis(given, axis, 1)[rows, self.orders] = np.moveaxis(values, axis, 1)
        return given


def _up_to_date(name: str, k: int, atoms: Atoms) -> Atoms:
    """The atoms, without results of other positions; a result that is asked for is refused."""
    current = without_outdated_results(atoms)
    if current is not atoms and name in atoms.calc.results and name not in atoms.info:
        raise InputError(
            f"frames: frame {k}: its {name} was computed for other positions, or another cell, "
            "than the atoms have now; compute it again, or move no atoms after it was computed"
        )
    return current


def take_frames(frames: Frames, molecule: Molecule, *, handed: bool = True) -> GivenFrames:
    """Frames of a molecule in whatever form, their atoms in its order.

    Parameters
    ----------
    frames
        A `FrameSet`, ASE atoms (one or a sequence), the name of a file of extended XYZ, or an array
        [n_frames, n_atoms, 3] in Angstrom.
    molecule
        Molecule whose order of atoms is wanted.
    handed
        Whether to match also those frames anew whose atoms have the molecule's elements and bonds,
        but not its handedness.

    Raises
    ------
    InputError
        If the atoms are others than the molecule's, cannot be matched, a shape is wrong, or
        `molecule` is no `Molecule`.
    """
    _check_is_molecule(molecule)
    frames = _loaded(frames)
    if isinstance(frames, FrameSet):
        symbols = [frames.symbols]
    elif len(frames) and isinstance(frames[0], Atoms):
        symbols = [tuple(image.get_chemical_symbols()) for image in frames]
    else:
        return GivenFrames(as_positions(frames, molecule.symbols), frames)
    if any(sorted(names) != sorted(molecule.symbols) for names in set(symbols)):
        as_positions(frames, molecule.symbols)  # says which frame has other atoms
    if isinstance(frames, FrameSet):
        positions = as_positions(frames.positions)
    else:
        positions = as_positions(np.array([image.positions for image in frames]))
    orders = _orders(symbols, positions, molecule, handed=handed)
    if orders is None:
        return GivenFrames(positions, frames)
    return GivenFrames(positions[np.arange(len(orders))[:, None], orders], frames, orders)


def frame_set_of(frames: Frames) -> FrameSet:
    """Frames that name their elements, in whatever form, with the labels that they carry.

    Parameters
    ----------
    frames
        A `FrameSet`, ASE atoms (one or a sequence), or the name of a file of extended XYZ.

    Raises
    ------
    InputError
        If they are an array, which names no elements, or as `rpr.data.extxyz.read_frames`.
    """
    frames = _loaded(frames)
    if isinstance(frames, FrameSet):
        return frames
    if len(frames) and isinstance(frames[0], Atoms):
        return frames_from_atoms([without_outdated_results(atoms) for atoms in frames])
    raise InputError(
        "frames: found positions without elements, expected a FrameSet, ASE atoms or a file; "
        "rpr.FrameSet(symbols, positions) makes one"
    )


def _check_is_molecule(molecule: object) -> None:
    if not isinstance(molecule, Molecule):
        raise InputError(
            f"molecule: found {type(molecule).__name__}, expected rpr.Molecule; make one of ASE "
            "atoms by rpr.Molecule.from_atoms(atoms), or take rpr.find_molecule(frames).molecule"
        )


def _orders(
    symbols: Sequence[tuple[str, ...]], positions: np.ndarray, molecule: Molecule, *, handed: bool
) -> np.ndarray | None:
    """Order of the atoms of each frame, or None if every frame is best left as it is.

    `symbols` are those of each frame, or of all frames where they are one.
    """
    match = matcher(molecule)
    fits = match.fits(positions, handed=handed)
    if fits.all() and all(names == molecule.symbols for names in symbols):
        return None
    symbols = list(symbols) * (len(positions) // len(symbols))
    named = np.array([names == molecule.symbols for names in symbols], dtype=bool)
    settled = named & fits
    same = np.arange(molecule.n_atoms)
    orders = np.tile(same, (len(positions), 1))
    while not settled.all():
        k = int(np.argmin(settled))
        order = _better_order(symbols[k], positions[k], molecule, k, handed=handed)
        if order is None:
            broken = not match.fits(positions[k][None], handed=False)[0]
            settled |= named if broken else np.arange(len(named)) == k
            continue
        alike = ~settled & np.array([names == symbols[k] for names in symbols])
        alike[alike] = match.fits(positions[alike][:, order], handed=handed)
        alike[k] = True
        orders[alike] = order
        settled |= alike
    return None if (orders == same).all() else orders


def _better_order(
    symbols: tuple[str, ...], positions: np.ndarray, molecule: Molecule, k: int, *, handed: bool
) -> np.ndarray | None:
    """Order of the atoms of frame `k`, or None if it has the elements in order and nothing fits.

    Bonds of such a frame may be broken, or its unit be wrong, which other checks say more clearly.
    """
    match = matcher(molecule)
    if symbols != molecule.symbols:
        return match.order(symbols, positions, f"frames: frame {k}")
    try:
        order = match.order(symbols, positions, f"frames: frame {k}")
    except InputError:
        return None
    return order if match.fits(positions[order][None], handed=handed)[0] else None


def _loaded(frames: Frames) -> FrameSet | Sequence[Atoms] | np.ndarray:
    if isinstance(frames, (str, os.PathLike)):
        return read_frames(frames)
    return [frames] if isinstance(frames, Atoms) else frames


def in_order_of(frames: FrameSet, molecule: Molecule) -> FrameSet:
    """The same frames with their atoms, and the labels of each atom, in the order of a molecule.

    Raises
    ------
    InputError
        If the atoms are others than the molecule's, or cannot be matched.
    """
    given = take_frames(frames, molecule)
    if given.orders is None:
        return frames
    labels = {name: given.label(name) for name in frames.known}
    return FrameSet(molecule.symbols, given.positions, **labels)
