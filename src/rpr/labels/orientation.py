"""An orientation fixed to the molecule, in which labels are computed.

Integration grids are not rotation invariant: a rotated molecule has an energy that differs by
some 1e-6 hartree and a polarizability that differs by some 1e-3 bohr^3.  In an orientation that
is a function of the molecule alone the difference vanishes.  Here the first axis points from the
first to the second atom and the second axis lies in the plane of the third, atoms taken in order
of decreasing nuclear charge.  Unlike principal axes these never jump along a trajectory, so that
the orbitals of one frame remain a good guess for the next.
"""

from __future__ import annotations

import numpy as np

_COLLINEAR = 0.1


def molecular_axes(positions: np.ndarray, charges: np.ndarray) -> np.ndarray:
    """Proper rotation whose rows are the molecule's axes in the laboratory.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
    charges : array, [n_atoms]
        Nuclear charges.

    Returns
    -------
    array, [3, 3]
        ``(positions - origin) @ rotation.T`` does not depend on the laboratory.  For a linear
        molecule the second axis is arbitrary, and for an atom all are.
    """
    if len(positions) == 1:
        return np.eye(3)
    order = np.argsort(-np.asarray(charges), kind="stable")
    ordered = positions[order]
    first = _unit(ordered[1] - ordered[0])
    second = _perpendicular(ordered[2:] - ordered[0], first)
    return np.array([first, second, np.cross(first, second)])


def _perpendicular(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Unit vector across `axis` towards the first of `vectors` that is not along `axis`."""
    for vector in vectors:
        across = vector - axis * (axis @ vector)
        if np.linalg.norm(across) > _COLLINEAR * np.linalg.norm(vector):
            return _unit(across)
    across = np.eye(3)[np.argmin(np.abs(axis))]
    return _unit(across - axis * (axis @ across))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
