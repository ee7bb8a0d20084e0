"""Whether dipoles move with the molecule, which those of ions about the laboratory's origin do not.

Moved by t, an ion of charge Q has the dipole mu + Q t about a fixed origin, and mu about its centre
of mass.  Dipoles are fitted by point charges, one for each class of like atoms,

    mu = sum_k q_k (S_k - n_k R) + Q R,

with S_k the sum of the positions of class k, n_k its number of atoms and R the centre of mass.
What the last term explains is what depends on the place of the molecule.
"""

from __future__ import annotations

import numpy as np

from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED, OK, Finding
from rpr.data.frame_set import FrameSet
from rpr.molecule.equivalence import classes_of_atoms
from rpr.molecule.molecule import Molecule

#: Part of the squares that point charges leave, without and with the last term, from which dipoles
#: depend on the place of the molecule.
LEFT = 0.5

#: Smallest part of the squares that is left without the last term and counts.
MATTERS = 0.02

#: Smallest charge in e that counts.
SMALLEST_CHARGE = 0.3
_FEWEST = 5  # frames


def laboratory_charge(frames: FrameSet, molecule: Molecule) -> tuple[float, float] | None:
    """Charge Q by which dipoles depend on the place of the molecule, and what the fit leaves.

    Returns
    -------
    tuple of float, or None
        Q in e, and the squares left with the term Q R relative to those left without it, 1 if these
        do not matter; None if there are no dipoles or too few frames.
    """
    if frames.dipole is None or len(frames) < _FEWEST:
        return None
    centre = np.einsum("a,fax->fx", molecule.masses / molecule.masses.sum(), frames.positions)
    arms = frames.positions - centre[:, None]
    classes = classes_of_atoms(molecule)
    sums = np.array([arms[:, classes == k].sum(axis=1) for k in np.unique(classes)])
    design, mu = sums.reshape(len(sums), -1).T, frames.dipole.ravel()
    without = _residual(design, mu)[1]
    found, left = _residual(np.column_stack([centre.ravel(), design]), mu)
    if without < MATTERS * float(mu @ mu):
        return float(found[0]), 1.0
    return float(found[0]), left / max(without, 1e-30)


def check_origin(frames: FrameSet, molecule: Molecule, moved: int = 0) -> Finding:
    """Whether dipoles stay the same when the molecule is moved.

    Parameters
    ----------
    frames
        Frames with dipoles.
    molecule
        Molecule of the frames.
    moved
        Charge in e with which the dipoles were moved to the centre of mass as they were read; 0 if
        they are as in the file.
    """
    name = "dipole moves with the molecule"
    found = laboratory_charge(frames, molecule)
    if found is None:
        return Finding(name, NOT_TESTED, "no dipoles, or too few frames")
    charge, left = found
    if left > LEFT or abs(charge) < SMALLEST_CHARGE:
        return Finding(name, OK, "dipoles do not depend on the place of the molecule")
    return Finding(
        name,
        IMPLAUSIBLE,
        f"dipoles change by {charge:.2f} e for each Angstrom that the molecule is moved: "
        f"{_remedy(charge, moved)}",
        ("dipole",),
        contradiction=True,
    )


def _remedy(charge: float, moved: int) -> str:
    """What to do about dipoles that change with the place of the molecule by `charge`."""
    whole = moved + (round(charge) or int(np.sign(charge)))
    if not whole:
        return (
            f"they were moved to the centre of mass with the charge {moved}, but refer to it "
            "already; leave out --dipole-origin (in Python dipole_origin)"
        )
    options = (
        f"(--dipole-origin center-of-mass --charge {whole}; in Python "
        f"dipole_origin='center-of-mass', charge={whole})"
    )
    if moved:
        return (
            f"they were moved to the centre of mass with the charge {moved}; if they are those of "
            f"an ion about the laboratory's origin, its charge is {whole} {options}"
        )
    return (
        "they are those of an ion about the laboratory's origin; give them about the centre of "
        f"mass {options}"
    )


def _residual(design: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    found = np.linalg.lstsq(design, values, rcond=1e-6)[0]
    return found, float(((values - design @ found) ** 2).sum())
