"""Rigid-body motions: translations and rotations, and velocities without them."""

from __future__ import annotations

import numpy as np

from rpr.molecule.inertia import inertia_tensor

#: A principal moment below this fraction of the largest one is that of a linear molecule's axis.
LINEAR = 1e-4
#: Turns about the axes e_w: (e_w x r)_x = sum_y TURNS[w, x, y] r_y.
TURNS = np.ascontiguousarray(np.swapaxes(np.cross(np.eye(3)[:, None], np.eye(3)), 1, 2))
_SINGULAR = 1e-6  # of a frame, as a fraction of its largest moment


def rigid_body_basis(positions: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Orthonormal basis of infinitesimal translations and rotations, mass-weighted.

    Columns span sqrt(m_i) e_k (translations) and sqrt(m_i) e_k x (r_i - r_0) (rotations about the
    centre of mass r_0).  A linear molecule has five such motions, an atom three, others six.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        u.

    Returns
    -------
    array, [3 n_atoms, n_motions]
    """
    root = np.sqrt(masses)[:, None]
    arms = positions - np.average(positions, axis=0, weights=masses)
    axes = np.eye(3)
    translations = np.array([(root * axis).ravel() for axis in axes]).T / np.sqrt(masses.sum())
    turning = np.array([(root * np.cross(axis, arms)).ravel() for axis in axes]).T
    basis, size, _ = np.linalg.svd(turning, full_matrices=False)
    rotations = basis[:, size**2 > LINEAR * max(size[0] ** 2, np.finfo(float).tiny)]
    return np.concatenate([translations, rotations], axis=1)


def is_linear(positions: np.ndarray, masses: np.ndarray) -> bool:
    """Whether the atoms, two or more of them, lie on one line."""
    return rigid_body_basis(positions, masses).shape[1] == 5


def without_rigid_body_motion(
    velocities: np.ndarray, positions: np.ndarray, masses: np.ndarray
) -> np.ndarray:
    """Velocities without net momentum and angular momentum.

    The components along `rigid_body_basis` are removed.  What is left is the nearest motion (in
    kinetic energy) that neither translates nor rotates the molecule.

    Parameters
    ----------
    velocities : array, [n_atoms, 3]
        Any unit of velocity.
    positions : array, [n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        u.

    Returns
    -------
    array, [n_atoms, 3]
        In the unit of `velocities`.
    """
    root = np.sqrt(masses)[:, None]
    basis = rigid_body_basis(positions, masses)
    weighted = (root * velocities).ravel()  # -> [3 n_atoms]
    return (weighted - basis @ (basis.T @ weighted)).reshape(-1, 3) / root


def without_rigid_body_motions(
    velocities: np.ndarray, positions: np.ndarray, masses: np.ndarray, *, linear: bool = False
) -> np.ndarray:
    """Velocities of many frames at once without net momentum and angular momentum.

    The mean velocity and omega x r are subtracted, omega = I^-1 L, with the inertia tensor I and
    the angular momentum L about the centre of mass.  It is the projection of
    `without_rigid_body_motion`, which finds by itself whether its one geometry is linear; the last
    digits of both differ.

    Parameters
    ----------
    velocities : array, [n_frames, n_atoms, 3]
        Any unit of velocity.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        u.
    linear
        Whether the molecule is linear at rest.  Its frames are bent a little, and what turns them
        about their axis of least inertia is a vibration, which stays.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        In the unit of `velocities`.
    """
    share = (masses / masses.sum())[:, None]
    arms = positions - (share * positions).sum(axis=1, keepdims=True)
    inner = velocities - (share * velocities).sum(axis=1, keepdims=True)
    momentum = np.cross(arms, masses[:, None] * inner).sum(axis=1)
    inertia = inertia_tensor(arms, masses)
    if linear:
        moments, axes = np.linalg.eigh(inertia)
        inverse = np.einsum("fxk,fk,fyk->fxy", axes[..., 1:], 1 / moments[:, 1:], axes[..., 1:])
    else:
        inverse = np.linalg.pinv(inertia, rcond=_SINGULAR, hermitian=True)
    rotation = np.einsum("fxy,fy->fx", inverse, momentum)
    return inner - np.cross(rotation[:, None], arms)
