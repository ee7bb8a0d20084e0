"""Limits of geometries that a bound molecule can have."""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule

#: Bond lengths that a reference geometry can have, Angstrom.
_BOND_RANGE = (0.3, 3.0)

#: Bond lengths that a frame can have, relative to the reference.  Vibrations stay within 0.75..1.5;
#: positions in bohr are at 1.89, a hydrogen in the place of a chlorine is at 0.6.
_STRETCH_RANGE = (0.65, 1.6)


def _check_reference(molecule: Molecule) -> None:
    reference = np.asarray(molecule.reference, dtype=float)
    if reference.shape != (molecule.n_atoms, 3) or not np.isfinite(reference).all():
        raise InputError(
            f"molecule: reference geometry of shape {reference.shape}, expected finite numbers "
            f"[{molecule.n_atoms}, 3]"
        )
    low, high = _BOND_RANGE
    lengths = [float(np.linalg.norm(reference[i] - reference[j])) for i, j in molecule.bonds]
    if molecule.n_atoms > 1 and not (lengths and low <= min(lengths) and max(lengths) <= high):
        found = f"bonds of {min(lengths):.3g} to {max(lengths):.3g}" if lengths else "no bonds"
        raise InputError(
            f"molecule: found {found} in the reference geometry, expected {low:g} to {high:g} "
            "Angstrom; convert it to Angstrom"
        )


def _remedy(stretch: float) -> str:
    if 1.6 < stretch < 2.2:
        return "positions look like bohr: multiply by rpr.units.BOHR to get Angstrom"
    if 0.07 < stretch < 0.14:
        return "positions look like nanometres: multiply by 10 to get Angstrom"
    if 70.0 < stretch < 140.0:
        return "positions look like picometres: divide by 100 to get Angstrom"
    return "expected an intact molecule in Angstrom; check the order of atoms, or drop the frame"


#: A bond outside this range, in units of its reference length, means that a trajectory exploded.
BOND_RANGE = (0.5, 2.0)

#: A bond shorter or longer than these multiples of its reference length has broken.
BOND_LIMITS = (0.5, 2.0)

#: Median bond length over reference bond length that Angstrom can give; bohr gives 1.89, nm 0.1.
_PLAUSIBLE_BONDS = (0.6, 1.6)


def check_scale(molecule: Molecule, positions: np.ndarray) -> None:
    """Refuse positions [n_frames, n_atoms, 3] that cannot be in Angstrom.

    Raises
    ------
    InputError
        If bonds are far from their reference lengths, or two atoms are at the same place.
    """
    i, j = np.triu_indices(molecule.n_atoms, 1)
    distances = np.linalg.norm(positions[:, i] - positions[:, j], axis=2)
    if (distances == 0).any():
        frame, pair = np.argwhere(distances == 0)[0]
        raise InputError(
            f"positions: atoms {i[pair]} and {j[pair]} of frame {frame} are at the same place"
        )
    bonds = list(molecule.bonds) or list(zip(i, j, strict=True))
    if not bonds:
        return
    a, b = np.array(bonds).T
    found = np.linalg.norm(positions[:, a] - positions[:, b], axis=2)
    expected = np.linalg.norm(molecule.reference[a] - molecule.reference[b], axis=1)
    ratio = float(np.median(found / expected))
    low, high = _PLAUSIBLE_BONDS
    if not low < ratio < high:
        raise InputError(
            f"positions: bonds are {ratio:.2f} times their reference lengths, expected "
            f"{low}..{high}; positions must be in Angstrom (bohr would give 1.89, nm 0.10)"
        )
