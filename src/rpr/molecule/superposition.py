"""Superposition of geometries: the rotation that brings one closest to another.

Of all rotations Q of a geometry x,

    sum_a w_a |y_a - Q x_a|^2 = sum_a w_a (|x_a|^2 + |y_a|^2) - 2 tr(Q^T C),
    C = sum_a w_a y_a x_a^T,

is least for Q = U diag(1, 1, s) V^T with the singular value decomposition C = U S V^T and
s = det(U) det(V), about the centroids (weighted by w) of both.

Source: W. Kabsch, Acta Cryst. A 32, 922 (1976).
"""

from __future__ import annotations

import numpy as np

#: A geometry is flat if its smallest singular value is below this part of its largest.
FLAT = 1e-6


def best_rotations(
    correlations: np.ndarray, *, mirror: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations Q that bring geometries x closest to geometries y.

    Parameters
    ----------
    correlations : array, [..., 3, 3]
        C = sum_a w_a y_a x_a^T of centred geometries, of any unit.
    mirror
        Whether Q may be improper where that is closer.  A flat geometry leaves the determinant
        open; it is then positive.

    Returns
    -------
    rotations : array, [..., 3, 3]
        Q, orthogonal, with det Q = 1 unless `mirror`.
    sizes : array, [..., 3]
        Singular values of C, descending, the last one times s; their sum is tr(Q^T C).
    """
    u, sizes, v = np.linalg.svd(correlations)
    turned = np.linalg.det(u) * np.linalg.det(v) < 0
    if mirror:
        turned &= sizes[..., 2] < FLAT * sizes[..., 0]
    signs = np.where(turned, -1.0, 1.0)
    u[..., 2] *= signs[..., None]
    sizes[..., 2] *= signs
    return u @ v, sizes


def smallest_distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Root-mean-square distance of atoms after the best shift and proper rotation.

    min over Q and t of sqrt(sum_a |y_a - Q x_a - t|^2 / n_atoms).

    Parameters
    ----------
    first, second : array, [..., n_atoms, 3]
        Geometries x and y, Angstrom.

    Returns
    -------
    array, [...]
        Angstrom; of equal geometries zero within 1e-7.
    """
    x = first - first.mean(axis=-2, keepdims=True)
    y = second - second.mean(axis=-2, keepdims=True)
    _, sizes = best_rotations(np.swapaxes(y, -1, -2) @ x)
    squares = (x**2).sum(axis=(-2, -1)) + (y**2).sum(axis=(-2, -1)) - 2.0 * sizes.sum(axis=-1)
    return np.sqrt(np.maximum(squares, 0.0) / x.shape[-2])
