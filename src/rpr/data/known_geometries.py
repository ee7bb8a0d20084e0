"""Numbers by which a geometry is recognised, however it is turned, mirrored or numbered.

Two sums over pairs of atoms, with nuclear charges Z and distances r, do not change under rotation,
translation, inversion and permutation of like atoms:

    sum_{i<j} Z_i Z_j / r_ij    and    sum_{i<j} Z_i Z_j r_ij^2.

Different geometries that agree in both to `TOLERANCE` are as good as never met.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers
from scipy.spatial import KDTree

#: Relative difference of the sums that rounding of positions in files explains.
TOLERANCE = 1e-6
_TINY = np.finfo(float).tiny


def geometry_invariants(positions: np.ndarray, symbols: Sequence[str]) -> np.ndarray:
    """Both sums for each frame, [n_frames, 2], in e^2/Angstrom and e^2 Angstrom^2.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom; at least two atoms.
    symbols
        Chemical symbols, [n_atoms].

    Examples
    --------
    >>> geometry_invariants(np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]]]), ["H", "Cl"])
    array([[ 8.5, 68. ]])
    """
    charges = np.array([atomic_numbers[symbol] for symbol in symbols], dtype=float)
    found = np.zeros((len(positions), 2))
    for i in range(len(charges) - 1):
        vectors = positions[:, i + 1 :] - positions[:, i, None]
        squares = np.maximum(np.einsum("fax,fax->fa", vectors, vectors), _TINY)
        weights = charges[i] * charges[i + 1 :]
        found += np.stack([(weights / np.sqrt(squares)).sum(1), (weights * squares).sum(1)], axis=1)
    return found


def are_among(found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which geometries are among known ones, bool [n_frames].

    Parameters
    ----------
    found, known : array, [n_frames, 2] and [n_known, 2]
        Results of `geometry_invariants`.
    """
    tree = KDTree(np.log(np.maximum(known, _TINY)))
    logarithms = np.log(np.maximum(found, _TINY))
    distances, _ = tree.query(logarithms, p=np.inf, distance_upper_bound=TOLERANCE)
    return np.isfinite(distances)
