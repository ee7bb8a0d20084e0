"""Sum rules of derivatives of dipoles and polarizabilities, for shifts and turns of the molecule.

Element (A, x, k) of the derivatives of a dipole is d mu_k / d R_Ax in e, element (A, x, k, l) of
those of a polarizability is d alpha_kl / d R_Ax in Angstrom^2.  As T is the same wherever the
molecule is, and turns with it,

    sum_A dT/dR_Ax = 0,    sum_Ax (e_w x R_A)_x dT/dR_Ax = dT/dw,

with the change of T as it turns about axis w,

    d mu/dw = e_w x mu,    d alpha/dw = W alpha + alpha W^T,    W v = e_w x v.

Derivatives of another unit or order break these rules.  Both hold for the dipole of an ion about
its centre of mass (:func:`about_centre_of_mass`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.molecule.dipole_origin import derivatives_about_centre
from rpr.molecule.rigid_body import TURNS

#: Largest error of the sum over atoms, for each atom, of dipoles (e) and polarizabilities
#: (Angstrom^2).
SHIFT = {"dipole": 1e-3, "polarizability": 1e-2}

#: Largest error of the change by a turn, for each atom (e Angstrom, Angstrom^3).
TURN = {"dipole": 3e-3, "polarizability": 3e-2}

#: What this error may be besides, relative to the largest element of the change.
RELATIVE = 0.02


@dataclass(frozen=True, eq=False)
class Residuals:
    """How far the derivatives of each frame break a rule.

    Attributes
    ----------
    errors, limits : array, [n_frames]
        Largest error of an element, and the largest that is accepted.
    """

    errors: np.ndarray
    limits: np.ndarray

    @property
    def broken(self) -> np.ndarray:
        """Whether each frame breaks the rule, [n_frames]."""
        return ~(self.errors <= self.limits)

    @property
    def worst(self) -> int:
        """The frame that breaks the rule most."""
        return int(np.argmax(self.errors - self.limits))


def under_shifts(derivatives: np.ndarray) -> Residuals:
    """Errors of the sum over atoms, which is zero.

    Parameters
    ----------
    derivatives : array, [n_frames, n_atoms, 3, 3] or [n_frames, n_atoms, 3, 3, 3]
        Of dipoles or polarizabilities.
    """
    n_frames, n_atoms = derivatives.shape[:2]
    limit = SHIFT[_property(derivatives.ndim - 3)] * n_atoms
    return Residuals(_largest(derivatives.sum(axis=1)), np.full(n_frames, limit))


def under_turns(derivatives: np.ndarray, positions: np.ndarray, values: np.ndarray) -> Residuals:
    """Errors of the change as the molecule turns about its centroid.

    Parameters
    ----------
    derivatives : array, [n_frames, n_atoms, 3, 3] or [n_frames, n_atoms, 3, 3, 3]
        Of dipoles or polarizabilities.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    values : array, [n_frames, 3] or [n_frames, 3, 3]
        Dipoles or polarizabilities, e Angstrom or Angstrom^3.
    """
    centred = positions - positions.mean(axis=1, keepdims=True)
    turns = np.einsum("wxy,nay->nwax", TURNS, centred)
    expected = np.einsum("wkj,nj...->nwk...", TURNS, values)
    if values.ndim == 3:
        expected = expected + np.einsum("wlj,nkj->nwkl", TURNS, values)
    found = np.einsum("nwax,nax...->nw...", turns, derivatives)
    limit = TURN[_property(values.ndim - 1)] * positions.shape[1]
    return Residuals(_largest(found - expected), limit + RELATIVE * _largest(expected))


def about_centre_of_mass(derivatives: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Derivatives of the dipole of an ion about a fixed point, moved to its centre of mass.

    The charge of a frame is what its derivatives sum to
    (:func:`rpr.molecule.dipole_origin.derivatives_about_centre`).  Frames that sum to no whole
    number times the unit matrix stay as they are.

    Parameters
    ----------
    derivatives : array, [n_frames, n_atoms, 3, 3]
        e.
    masses : array, [n_atoms]
        Of any unit.

    Returns
    -------
    array, [n_frames, n_atoms, 3, 3]
        In e.

    Examples
    --------
    >>> fixed = np.array([0.5, 0.5])[None, :, None, None] * np.eye(3)
    >>> about_centre_of_mass(fixed, np.array([1.0, 3.0]))[0, :, 0, 0]
    array([ 0.25, -0.25])
    """
    charges = charges_of(derivatives)
    errors = np.abs(derivatives.sum(axis=1) - charges[:, None, None] * np.eye(3)).max(axis=(1, 2))
    charges[errors > SHIFT["dipole"] * derivatives.shape[1]] = 0.0
    return derivatives_about_centre(derivatives, masses, charges)


def charges_of(derivatives: np.ndarray) -> np.ndarray:
    """Whole charges in e that derivatives of dipoles about a fixed point sum to, [n_frames]."""
    return np.rint(np.trace(derivatives.sum(axis=1), axis1=1, axis2=2) / 3)


def _property(rank: int) -> str:
    """Property whose tensor has a rank."""
    return "dipole" if rank == 1 else "polarizability"


def _largest(tensors: np.ndarray) -> np.ndarray:
    """Largest absolute element of each frame, [n_frames]."""
    return np.abs(tensors).reshape(len(tensors), -1).max(axis=1)
