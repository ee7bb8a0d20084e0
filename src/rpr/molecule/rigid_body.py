"""Rigid-body motions: the directions of translation and rotation, and motion without them."""

from __future__ import annotations

import numpy as np

#: Principal moments below this fraction of the largest one belong to the axis of a linear molecule.
LINEAR = 1e-6


def rigid_body_basis(positions: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Orthonormal basis of infinitesimal translations and rotations, mass-weighted.

    Columns span sqrt(m_i) e_k (translations) and sqrt(m_i) e_k x (r_i - r_0) (rotations about the
    centre of mass r_0).  A linear molecule has five columns, one atom three, others six.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]

    Returns
    -------
    array, [3 n_atoms, 5 or 6]
    """
    root = np.sqrt(masses)[:, None]
    arms = positions - np.average(positions, axis=0, weights=masses)
    axes = np.eye(3)
    translations = [(root * axis).ravel() for axis in axes]
    rotations = [(root * np.cross(axis, arms)).ravel() for axis in axes]
    basis, size, _ = np.linalg.svd(np.array(rotations).T, full_matrices=False)
    rotations = basis[:, size**2 > LINEAR * max(size[0] ** 2, np.finfo(float).tiny)]
    translations = np.array(translations).T / np.sqrt(masses.sum())
    return np.concatenate([translations, rotations], axis=1)


def without_rigid_body_motion(
    velocities: np.ndarray, positions: np.ndarray, masses: np.ndarray
) -> np.ndarray:
    """Velocities without net momentum and angular momentum.

    Removes the components along `rigid_body_basis`; what is left is the nearest motion (in
    kinetic energy) that neither translates nor rotates the molecule.

    Parameters
    ----------
    velocities : array, [n_atoms, 3]
        Any unit of velocity.
    positions : array, [n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]

    Returns
    -------
    array, [n_atoms, 3]
        In the unit of `velocities`.
    """
    root = np.sqrt(masses)[:, None]
    basis = rigid_body_basis(positions, masses)
    weighted = (root * velocities).ravel()  # -> [3 n_atoms]
    return (weighted - basis @ (basis.T @ weighted)).reshape(-1, 3) / root
