"""Pairs of atoms: their order, distances, images under permutations, and classes.

All pairs i < j of n atoms come row by row of the upper triangle, (0, 1), (0, 2), ..., (1, 2), ...,
which is the order of :func:`numpy.triu_indices`.  There are n (n - 1) / 2 of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import shortest_path

from rpr.errors import InputError
from rpr.molecule.bond_graph import Bonds


def pair_indices(n_atoms: int) -> tuple[np.ndarray, np.ndarray]:
    """Atoms i and j of all pairs i < j, each an array of int [n_pairs].

    Examples
    --------
    >>> pair_indices(3)
    (array([0, 0, 1]), array([1, 2, 2]))
    """
    first, second = np.triu_indices(n_atoms, k=1)
    return first, second


def pair_distances(positions: np.ndarray) -> np.ndarray:
    """Distances r_ij = |R_i - R_j| of all pairs of atoms.

    Parameters
    ----------
    positions : array, [..., n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [..., n_pairs]
        Angstrom.
    """
    first, second = pair_indices(positions.shape[-2])
    vectors = positions[..., first, :] - positions[..., second, :]
    x, y, z = np.moveaxis(vectors * vectors, -1, 0)
    return np.sqrt(x + y + z)


def nonzero_pair_distances(positions: np.ndarray) -> np.ndarray:
    """Distances of all pairs of atoms, to be divided by.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [n_frames, n_pairs]
        Angstrom.

    Raises
    ------
    InputError
        If two atoms of a frame coincide, or a position is NaN.
    """
    distances = pair_distances(positions)
    if distances.size and not distances.min() > 0.0:
        frame, pair = np.argwhere(~(distances > 0.0))[0]
        i, j = (atoms[pair] for atoms in pair_indices(positions.shape[1]))
        raise InputError(f"positions: atoms {i} and {j} of frame {frame} are at the same place")
    return distances


def pair_permutations(
    permutations: np.ndarray, pairs: Bonds | np.ndarray | None = None
) -> np.ndarray:
    """How permutations of atoms permute pairs.

    If atoms are permuted as x'_i = x_P(i), a quantity d of each pair becomes d' = d[Q], where pair
    Q(k) has the atoms P(i) and P(j) of pair k = (i, j), in either order.

    Parameters
    ----------
    permutations : array of int, [n_permutations, n_atoms]
        Permutations of atoms.
    pairs
        Pairs that these permutations exchange among themselves, such as bonds; None for all pairs
        i < j.

    Returns
    -------
    array of int, [n_permutations, n_pairs]
        Permutations of pairs.

    Examples
    --------
    >>> pair_permutations(np.array([[0, 1, 2], [0, 2, 1]]))
    array([[0, 1, 2],
           [1, 0, 2]])
    """
    n_atoms = permutations.shape[1]
    first, second = (
        pair_indices(n_atoms) if pairs is None else np.array(pairs, dtype=int).reshape(-1, 2).T
    )
    places = np.zeros((n_atoms, n_atoms), dtype=int)
    places[first, second] = places[second, first] = np.arange(len(first))
    return places[permutations[:, first], permutations[:, second]]


def equilibrium_distances(reference: np.ndarray, permutations: np.ndarray) -> np.ndarray:
    """Distances r_eq of a reference geometry, equal for pairs that symmetry exchanges.

    r_eq(k) is the mean of r(Q k) over the permutations Q of pairs.  The reference geometry need not
    have the symmetry of the group: a gauche conformer, or torsions that break it, give mean
    distances like any other.

    Parameters
    ----------
    reference : array, [n_atoms, 3]
        Angstrom.
    permutations : array of int, [n_permutations, n_atoms]
        A group of permutations of atoms.

    Returns
    -------
    array, [n_pairs]
        Angstrom.
    """
    return pair_distances(reference)[pair_permutations(permutations)].mean(axis=0)


def bond_steps(n_atoms: int, bonds: Bonds) -> np.ndarray:
    """Least number of bonds from one atom of each pair to the other.

    Returns
    -------
    array, [n_pairs]
        1 for bonded atoms, 2 for those with a common neighbour, and so on; infinite where no bonds
        connect them.

    Examples
    --------
    >>> bond_steps(3, [(0, 1), (0, 2)])
    array([1., 1., 2.])
    """
    bonded = np.zeros((n_atoms, n_atoms))
    bonded[tuple(np.array(bonds, dtype=int).reshape(-1, 2).T)] = 1
    steps = shortest_path(bonded, directed=False, unweighted=True)
    return steps[pair_indices(n_atoms)]


def pair_classes(kinds: Sequence[int] | Sequence[str], bonds: Bonds) -> np.ndarray:
    """Classes of pairs: equally many bonds apart, and of equal kinds of atoms.

    Parameters
    ----------
    kinds
        Kind of every atom, the same for atoms that symmetry exchanges.
    bonds
        Pairs of bonded atoms, which count the steps between atoms.

    Returns
    -------
    array of int, [n_pairs]
        Counted from 0, in order of the number of bonds, then of the kinds.

    Examples
    --------
    >>> pair_classes("OHH", [(0, 1), (0, 2)])
    array([0, 0, 1])
    """
    steps = bond_steps(len(kinds), bonds).tolist()
    pairs = zip(*(atoms.tolist() for atoms in pair_indices(len(kinds))), strict=True)
    keys = [
        (apart, *sorted((kinds[i], kinds[j]))) for apart, (i, j) in zip(steps, pairs, strict=True)
    ]
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([order[key] for key in keys])
