"""Centres, inertia tensors and principal axes of many geometries at once."""

from __future__ import annotations

import numpy as np


def centre(positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted centre of each geometry, [n_frames, n_atoms, 3] -> [n_frames, 3]."""
    return np.einsum("a,fax->fx", weights, positions) / np.sum(weights)


def inertia_tensor(centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Inertia tensor sum_i w_i (|r_i|^2 1 - r_i r_i^T), eq. (4).

    Parameters
    ----------
    centred : array, [..., n_atoms, 3]
        Coordinates relative to the weighted centre, Angstrom.
    weights : array, [n_atoms]
        Masses (u) or nuclear charges.

    Returns
    -------
    array, [..., 3, 3]
        In the unit of the weights times Angstrom^2.
    """
    second = np.einsum("...ax,...ay->...xy", weights[:, None] * centred, centred)
    trace = np.trace(second, axis1=-2, axis2=-1)
    return trace[..., None, None] * np.eye(3) - second


def principal_axes(
    positions: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Proper principal axes with the signs that LAPACK happens to return, eq. (5).

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    weights : array, [n_atoms]
        Masses (u) or nuclear charges.

    Returns
    -------
    axes : array, [n_frames, 3, 3]
        Rows a, b, c, moments ascending, det = +1.
    origins : array, [n_frames, 3]
        Weighted centres, Angstrom.
    moments : array, [n_frames, 3]
        In the unit of the weights times Angstrom^2.
    """
    origins = centre(positions, weights)
    moments, vectors = np.linalg.eigh(inertia_tensor(positions - origins[:, None], weights))
    axes = np.swapaxes(vectors, 1, 2).copy()
    axes[:, 2] *= np.sign(np.linalg.det(axes))[:, None]
    return axes, origins, moments
