"""Geometries that are known already, however they are turned, mirrored or numbered.

Two sums over pairs of atoms, with nuclear charges Z and distances r, do not change under rotation,
translation, inversion and permutation of like atoms:

    sum_{i<j} Z_i Z_j / r_ij    and    sum_{i<j} Z_i Z_j r_ij^2.

Different geometries that agree in both to `TOLERANCE` are as good as never met.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from rpr.molecule.superposition import smallest_distance

#: Relative difference of the sums of one geometry, where positions have six decimals or more.
TOLERANCE = 1e-6

#: Relative difference of the sums up to which geometries are compared atom by atom.
NEARLY = 1e-5

#: Relative difference of the sums that is none.
EXACT = 1e-9

#: Root-mean-square distance of the atoms of one geometry from those of its copy, Angstrom.
SAME_GEOMETRY = 1e-4
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
    """Which geometries are among known ones, bool [n_frames]; positions need six decimals.

    Parameters
    ----------
    found, known : array, [n_frames, 2] and [n_known, 2]
        Results of `geometry_invariants`.
    """
    tree = KDTree(_logarithms(known))
    distances, _ = tree.query(_logarithms(found), p=np.inf, distance_upper_bound=TOLERANCE)
    return np.isfinite(distances)


def first_of_each(
    positions: np.ndarray,
    symbols: Sequence[str],
    *,
    permutations: np.ndarray | None = None,
    mirrored: bool = False,
) -> np.ndarray:
    """Index of the first frame of the same geometry, which is that of the frame itself if new.

    Geometries are the same if a rotation and a shift bring the atoms of one onto those of the other
    to `SAME_GEOMETRY` in the root mean square.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    symbols
        Chemical symbols, [n_atoms].
    permutations : int array, [n_permutations, n_atoms]
        Permutations of atoms that leave a geometry the same; None for the identity alone.
    mirrored
        Whether a mirror image is the same geometry.

    Returns
    -------
    int array, [n_frames]

    Examples
    --------
    >>> bent = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.2, 0.0]])
    >>> first_of_each(np.array([bent, 1.1 * bent, bent[:, [1, 2, 0]]]), ["O", "H", "H"])
    array([0, 1, 0])
    """
    first = np.arange(len(positions))
    if len(symbols) < 2:
        return first
    orders = np.arange(len(symbols))[None] if permutations is None else permutations
    for members in _alike(_logarithms(geometry_invariants(positions, symbols))):
        while len(members) > 1:
            one, others = members[0], members[1:]
            images = positions[one][orders]  # -> [n_permutations, n_atoms, 3]
            same = _are_equal(images[:, None], positions[others], mirrored=mirrored).any(axis=0)
            first[others[same]] = one
            members = others[~same]
    return first


def _alike(logarithms: np.ndarray) -> list[np.ndarray]:
    """Increasing indices of frames whose sums agree to `NEARLY`, directly or by way of others."""
    rounded, places = np.unique(
        (logarithms / EXACT).round(), axis=0, return_inverse=True
    )  # as copies without number would be pairs without number
    pairs = KDTree(rounded * EXACT).query_pairs(NEARLY, p=np.inf, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(rounded), len(rounded)))
    labels = connected_components(graph, directed=False)[1][places.reshape(-1)]
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _are_equal(a: np.ndarray, b: np.ndarray, *, mirrored: bool) -> np.ndarray:
    a, b = np.broadcast_arrays(a, b)
    distances = smallest_distance(a, b)
    if mirrored:
        distances = np.minimum(distances, smallest_distance(-a, b))
    return distances < SAME_GEOMETRY


def _logarithms(invariants: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(invariants, _TINY))
