"""Rotations: positions and tensors into other axes and back, and random ones."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


def random_rotations(n, seed):
    """Uniformly distributed proper rotations, [n, 3, 3]."""
    return Rotation.random(n, rng=np.random.default_rng(seed)).as_matrix()


def to_axes_positions(positions, frames):
    """Coordinates in the canonical axes, x_c = R (x - o): [n_frames, n_atoms, 3] -> the same."""
    centred = np.asarray(positions, dtype=float) - frames.origins[:, None]
    return np.einsum("fij,faj->fai", frames.rotations, centred)


def to_axes(values, rotations):
    """Rotate Cartesian tensors of any rank into the frame: T_c = R T, R T R^T, ...

    Parameters
    ----------
    values : ndarray [n_frames, 3, ..., 3]
        One tensor of rank >= 0 per frame.
    rotations : ndarray [n_frames, 3, 3]

    Returns
    -------
    ndarray, shape and unit of ``values``
    """
    values = np.asarray(values, dtype=float)
    for _ in range(values.ndim - 1):
        # Each pass takes the first tensor index and returns it as the last one.
        values = np.einsum("fij,fj...->f...i", rotations, values)
    return values


def to_laboratory(values, rotations):
    """Rotate Cartesian tensors of any rank back: T = R^T T_c, R^T T_c R, ... (see to_axes)."""
    return to_axes(values, np.swapaxes(rotations, 1, 2))
