"""What positions of an intact molecule look like: the limits, and the checks against them.

Every check of geometries in the project uses these four limits.  Bonds are compared with their
lengths in the reference geometry, so that one limit serves all elements.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rpr.errors import InputError
from rpr.molecule.pairs import pair_distances, pair_indices

#: Two nuclei closer than this, in Angstrom, are an error in the input (H2 has 0.74).
MINIMUM_DISTANCE = 0.4

#: Longest bond of a reference geometry, in Angstrom.
LONGEST_BOND = 3.0

#: Range of a bond of a labelled frame in units of its reference length.  Vibrations stay within
#: 0.75 to 1.5; positions in bohr give 1.89, and a hydrogen in the place of a chlorine gives 0.6.
FRAME_STRETCH = (0.65, 1.6)

#: Range of a bond in dynamics in units of its reference length; outside it the bond has broken.
INTACT_STRETCH = (0.5, 2.0)


def bond_lengths(positions: np.ndarray, bonds: Sequence[tuple[int, int]]) -> np.ndarray:
    """Length of each bond.

    Parameters
    ----------
    positions : array, [..., n_atoms, 3]
        Angstrom.
    bonds
        Pairs of bonded atoms.

    Returns
    -------
    array, [..., n_bonds]
        Angstrom.
    """
    i, j = np.array(bonds, dtype=int).reshape(-1, 2).T
    return np.linalg.norm(positions[..., i, :] - positions[..., j, :], axis=-1)


def is_intact(lengths: np.ndarray, reference_lengths: np.ndarray) -> np.ndarray:
    """Whether bonds of these lengths are whole (`INTACT_STRETCH`); a NaN is not."""
    low, high = INTACT_STRETCH
    return (lengths > low * reference_lengths) & (lengths < high * reference_lengths)


class BrokenBond(NamedTuple):
    """A bond that is not whole.

    Attributes
    ----------
    frame
        Number of the frame.
    atoms
        Its two atoms.
    length, expected
        Its length in the frame and in the reference geometry, Angstrom.
    """

    frame: int
    atoms: tuple[int, int]
    length: float
    expected: float


def broken_bond(
    positions: np.ndarray, reference: np.ndarray, bonds: Sequence[tuple[int, int]]
) -> BrokenBond | None:
    """The first bond, of the first frame that has one, outside `INTACT_STRETCH`; None if none is.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    reference : array, [n_atoms, 3]
        Angstrom.
    bonds
        Pairs of bonded atoms.
    """
    lengths, expected = bond_lengths(positions, bonds), bond_lengths(reference, bonds)
    broken = np.argwhere(~is_intact(lengths, expected))
    if not len(broken):
        return None
    frame, bond = broken[0].tolist()
    return BrokenBond(frame, bonds[bond], float(lengths[frame, bond]), float(expected[bond]))


def check_overlap(positions: np.ndarray, source: str | os.PathLike, *, first: int = 0) -> None:
    """Refuse positions that are not finite or have atoms on top of each other.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    source
        File or argument that the message names first.
    first
        Number of the first frame in messages.

    Raises
    ------
    InputError
        If a number is not finite or two atoms are closer than `MINIMUM_DISTANCE`.
    """
    positions = np.asarray(positions, dtype=float)
    finite = np.isfinite(positions).all(axis=2)  # -> [n_frames, n_atoms]
    if not finite.all():
        frame, atom = np.argwhere(~finite)[0]
        raise InputError(
            f"{source}: {_frame(frame, positions, first)}position of atom {atom} is not a finite "
            "number; remove the frame or compute it again"
        )
    distances = pair_distances(positions)
    if (distances < MINIMUM_DISTANCE).any():
        frame, pair = np.argwhere(distances < MINIMUM_DISTANCE)[0]
        i, j = (atoms[pair] for atoms in pair_indices(positions.shape[1]))
        raise InputError(
            f"{source}: {_frame(frame, positions, first)}atoms {i} and {j} are "
            f"{distances[frame, pair]:.3f} Angstrom apart, expected at least {MINIMUM_DISTANCE}; "
            "are the coordinates in Angstrom?"
        )


def check_reference(reference: np.ndarray, bonds: Sequence[tuple[int, int]]) -> None:
    """Refuse a reference geometry that is not a bonded molecule in Angstrom.

    Parameters
    ----------
    reference : array, [n_atoms, 3]
        Angstrom.
    bonds
        Pairs of bonded atoms.

    Raises
    ------
    InputError
        If the shape is wrong, a number is not finite, atoms overlap, or there is no bond or one
        longer than `LONGEST_BOND`.
    """
    reference = np.asarray(reference, dtype=float)
    if reference.ndim != 2 or reference.shape[1] != 3:
        raise InputError(
            f"molecule: found a reference geometry of shape {reference.shape}, expected "
            "[n_atoms, 3]"
        )
    check_overlap(reference[None], "molecule: reference geometry")
    lengths = bond_lengths(reference, bonds)
    if len(reference) > 1 and not (len(lengths) and lengths.max() <= LONGEST_BOND):
        if not len(lengths):
            raise InputError(
                "molecule: found no bonds, expected at least one; name them (bonds=[(0, 1), ...]) "
                "or make the molecule by Molecule.from_atoms, which finds those of a geometry in "
                "Angstrom"
            )
        raise InputError(
            f"molecule: found a bond of {lengths.max():.3g} Angstrom in the reference geometry, "
            f"expected bonds of up to {LONGEST_BOND:g} Angstrom; convert it to Angstrom"
        )


def check_stretch(
    positions: np.ndarray, reference: np.ndarray, bonds: Sequence[tuple[int, int]]
) -> None:
    """Refuse frames with a bond that no vibration explains, for models that learn its length.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    reference : array, [n_atoms, 3]
        Angstrom.
    bonds
        Pairs of bonded atoms.

    Raises
    ------
    InputError
        If a bond is outside `FRAME_STRETCH`; the message guesses the unit of the positions.
    """
    expected = bond_lengths(reference, bonds)
    stretch = bond_lengths(positions, bonds) / expected
    low, high = FRAME_STRETCH
    wrong = (stretch < low) | (stretch > high)
    if wrong.any():
        frame, bond = np.argwhere(wrong)[0]
        i, j = bonds[bond]
        raise InputError(
            f"frames: bond {i}-{j} of frame {frame} is "
            f"{stretch[frame, bond] * expected[bond]:.3g} long, in the reference "
            f"{expected[bond]:.3g} Angstrom; {_remedy(positions[frame], expected, stretch[frame])}"
        )


def check_unit(
    positions: np.ndarray, reference: np.ndarray, bonds: Sequence[tuple[int, int]]
) -> None:
    """Refuse frames that cannot be in Angstrom, for potentials that may learn broken bonds.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    reference : array, [n_atoms, 3]
        Angstrom.
    bonds
        Pairs of bonded atoms; without any, all pairs of atoms are compared.

    Raises
    ------
    InputError
        If atoms overlap, or the median bond is outside `FRAME_STRETCH`: that of any frame, or with
        one or two bonds, which may be broken, that of all frames together.
    """
    check_overlap(positions, "positions")
    expected, found = (
        bond_lengths(x, bonds) if len(bonds) else pair_distances(x) for x in (reference, positions)
    )
    if not expected.size:
        return
    ratios = found / expected
    medians = np.median(ratios, axis=1) if expected.size > 2 else np.median(ratios)[None]
    low, high = FRAME_STRETCH
    wrong = np.flatnonzero((medians < low) | (medians > high))
    if len(wrong):
        k = int(wrong[0])
        where = f"positions: frame {k}" if len(wrong) < len(positions) else "positions"
        raise InputError(
            f"{where}: bonds are {medians[k]:.2f} times their reference lengths, expected {low} to "
            f"{high}; {_remedy(positions[k], expected, ratios[k] if len(medians) > 1 else ratios)}"
        )


def _remedy(positions: np.ndarray, expected: np.ndarray, ratios: np.ndarray) -> str:
    """Likely cause of wrong bonds, from one frame and all ratios to the reference lengths."""
    shortest = np.sort(pair_distances(positions))[: len(expected)]
    stretch, as_if_sorted = float(np.median(ratios)), shortest / np.sort(expected)
    low, high = FRAME_STRETCH
    wrong = int(np.sum((ratios < low) | (ratios > high)))  # an exchange moves two bonds or more
    if wrong > 1 and (as_if_sorted > low).all() and (as_if_sorted < high).all():
        return (
            "the molecule is intact, but its atoms come in another order than in the reference: "
            "reorder them"
        )
    if 1.6 < stretch < 2.2:
        return "positions look like bohr: multiply by rpr.units.BOHR to get Angstrom"
    if 0.07 < stretch < 0.14:
        return "positions look like nanometres: multiply by 10 to get Angstrom"
    if 70.0 < stretch < 140.0:
        return "positions look like picometres: divide by 100 to get Angstrom"
    return "expected an intact molecule in Angstrom; check the order of atoms, or drop the frame"


def _frame(frame: int, positions: np.ndarray, first: int) -> str:
    return f"frame {first + frame}: " if len(positions) > 1 or first else ""
