"""Rotations: of molecules, of tensors into canonical axes and back, and random ones.

A rotation matrix R [3, 3] acts on column vectors.  A molecule turned by R has the vectors R v and
the polarizability R alpha R^T.  If the rows of R are canonical axes, the same formulas give the
components in these axes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import CanonicalAxes

_VECTORS = ("positions", "velocities", "forces", "dipole")


def random_rotations(n: int, seed: int) -> np.ndarray:
    """Uniformly distributed proper rotations, [n, 3, 3]."""
    return Rotation.random(n, rng=np.random.default_rng(seed)).as_matrix()


def rotate_vectors(vectors: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Turn all vectors of a frame by its rotation, R v.

    Parameters
    ----------
    vectors : array, [n_frames, ..., 3]
        Positions, velocities, forces or dipoles.
    rotations : array, [n_frames, 3, 3]

    Returns
    -------
    array, [n_frames, ..., 3]
        In the unit of `vectors`.

    Examples
    --------
    >>> quarter_turn = np.array([[[0, -1, 0], [1, 0, 0], [0, 0, 1]]])
    >>> rotate_vectors(np.array([[[1.0, 0.0, 0.0]]]), quarter_turn)
    array([[[0., 1., 0.]]])
    """
    return np.einsum("fij,f...j->f...i", rotations, np.asarray(vectors, dtype=float))


def rotate_frames(frames: Any, rotations: np.ndarray) -> Any:
    """Turn whole frames: positions, velocities and forces, and the labels with them.

    Parameters
    ----------
    frames : FrameSet
        Frames to turn about the origin; they are not changed.
    rotations : array, [n_frames, 3, 3]

    Returns
    -------
    FrameSet
        Scalars, such as energies and dihedrals, stay as they are.
    """
    known = [name for name in _VECTORS if getattr(frames, name) is not None]
    turned = {name: rotate_vectors(getattr(frames, name), rotations) for name in known}
    if frames.polarizability is not None:
        turned["polarizability"] = to_axes(frames.polarizability, rotations)
    if frames.dipole_derivatives is not None:
        of_atoms = rotations[:, None]
        turned["dipole_derivatives"] = (
            of_atoms @ frames.dipole_derivatives @ of_atoms.swapaxes(-1, -2)
        )
    if frames.polarizability_derivatives is not None:
        turned["polarizability_derivatives"] = np.einsum(
            "fxi,fkm,fln,faimn->faxkl",
            *[rotations] * 3,
            frames.polarizability_derivatives,
            optimize=True,
        )
    return replace(frames, **turned)


def to_axes_positions(positions: np.ndarray, axes: CanonicalAxes) -> np.ndarray:
    """Coordinates in canonical axes, x_c = R (x - o), [n_frames, n_atoms, 3]."""
    return rotate_vectors(
        np.asarray(positions, dtype=float) - axes.origins[:, None], axes.rotations
    )


def to_axes(values: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Rotate Cartesian tensors of any rank, T_c = R T, R T R^T, ...

    Parameters
    ----------
    values : array, [n_frames, 3, ..., 3]
        One tensor of rank >= 0 for each frame.
    rotations : array, [n_frames, 3, 3]

    Returns
    -------
    array, [n_frames, 3, ..., 3]
        In the unit of `values`.
    """
    values = np.asarray(values, dtype=float)
    for _ in range(values.ndim - 1):
        # Each pass takes the first tensor index and returns it as the last one.
        values = np.einsum("fij,fj...->f...i", rotations, values)
    return values


def to_laboratory(values: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Rotate Cartesian tensors of any rank back, T = R^T T_c, R^T T_c R, ... (see `to_axes`)."""
    return to_axes(values, np.swapaxes(rotations, 1, 2))
