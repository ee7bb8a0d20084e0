"""Dipoles of ions, and their derivatives, moved from a point fixed in space to the centre of mass.

About a fixed point the dipole of an ion grows with its distance from this point, which no model of
the molecule can learn.  With the total charge Q, the centre of mass R, and the mass m_A of each of
the atoms, whose sum is M,

    mu' = mu - Q R,    d mu'_k / d R_Ax = d mu_k / d R_Ax - Q m_A / M delta_kx.

Both are the same for neutral molecules.
"""

from __future__ import annotations

import numpy as np


def dipole_about_centre(
    dipole: np.ndarray, positions: np.ndarray, masses: np.ndarray, charge: float
) -> np.ndarray:
    """Dipoles about the origin of the positions, moved to the centre of mass.

    Parameters
    ----------
    dipole : array, [..., 3]
        e Angstrom.
    positions : array, [..., n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        Of any unit.
    charge
        Total charge Q, e.

    Returns
    -------
    array, [..., 3]
        e Angstrom.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]])
    >>> dipole_about_centre(np.array([4.0, 0.0, 0.0]), x, np.array([1.0, 3.0]), 1)
    array([1., 0., 0.])
    """
    return dipole - charge * (masses @ positions / masses.sum()) if charge else dipole


def derivatives_about_centre(
    derivatives: np.ndarray, masses: np.ndarray, charges: float | np.ndarray
) -> np.ndarray:
    """Derivatives of dipoles about a point fixed in space, moved to the centre of mass.

    Parameters
    ----------
    derivatives : array, [n_frames, n_atoms, 3, 3]
        Element (A, x, k) of a frame is d mu_k / d R_Ax, e.
    masses : array, [n_atoms]
        Of any unit.
    charges : float, or array, [n_frames]
        Total charge Q of all frames or of each, e.

    Returns
    -------
    array, [n_frames, n_atoms, 3, 3]
        e.

    Examples
    --------
    >>> fixed = np.array([0.5, 0.5])[None, :, None, None] * np.eye(3)
    >>> derivatives_about_centre(fixed, np.array([1.0, 3.0]), 1)[0, :, 0, 0]
    array([ 0.25, -0.25])
    """
    shares = np.reshape(charges, (-1, 1)) * masses / masses.sum()  # -> [n_frames or 1, n_atoms]
    return derivatives - shares[:, :, None, None] * np.eye(3)
