"""Tensors made of bond vectors, that turn with the molecule: the bases of covariant kernels.

For the dipole the bond vectors b_p themselves; for the polarizability the identity and the
symmetric products (b_p b_q^T + b_q b_p^T)/2 of all pairs of bonds. Symmetric matrices are kept as
six numbers, (xx, yy, zz, sqrt2 xy, sqrt2 xz, sqrt2 yz), so that the scalar product of two of them
is that of the matrices. Every tensor belongs to a class; tensors that a permutation exchanges are
in one class and share an amplitude.
"""

import numpy as np

_ROWS = np.array([0, 1, 2, 0, 0, 1])
_COLUMNS = np.array([0, 1, 2, 1, 2, 2])
_FACTORS = np.array([1.0, 1, 1, np.sqrt(2), np.sqrt(2), np.sqrt(2)])


def pack(matrices):
    """Symmetric matrices [..., 3, 3] as [..., 6], keeping scalar products."""
    return matrices[..., _ROWS, _COLUMNS] * _FACTORS


def unpack(packed):
    """Symmetric matrices [..., 3, 3] from [..., 6]; the inverse of :func:`pack`."""
    matrices = np.empty((*packed.shape[:-1], 3, 3))
    matrices[..., _ROWS, _COLUMNS] = packed / _FACTORS
    matrices[..., _COLUMNS, _ROWS] = packed / _FACTORS
    return matrices


def bond_vectors(positions, bonds):
    """r_j - r_i of each bond (i, j): [..., n_atoms, 3] -> [..., n_bonds, 3]."""
    i, j = np.array(bonds, dtype=int).reshape(-1, 2).T
    return positions[..., j, :] - positions[..., i, :]


def basis(property, positions, bonds):
    """Tensors of every geometry.

    Parameters
    ----------
    property : str
        ``"dipole"`` or ``"polarizability"``.
    positions : ndarray [..., n_atoms, 3]
        Angstrom.
    bonds : sequence of (int, int)

    Returns
    -------
    ndarray [..., n_tensors, 3] or [..., n_tensors, 6]
        Angstrom for vectors; Angstrom^2 for products, and the identity / sqrt(3).
    """
    vectors = bond_vectors(positions, bonds)
    if property == "dipole":
        return vectors
    p, q = np.triu_indices(len(bonds))
    outer = vectors[..., p, :, None] * vectors[..., q, None, :]  # -> [..., n_products, 3, 3]
    products = pack(0.5 * (outer + np.swapaxes(outer, -1, -2)))
    identity = np.broadcast_to(pack(np.eye(3)) / np.sqrt(3.0), (*products.shape[:-2], 1, 6))
    return np.concatenate([identity, products], axis=-2)


def basis_classes(property, bonds, permutations):
    """Class of every tensor of :func:`basis`: its orbit under the permutations.

    Parameters
    ----------
    property : str
    bonds : sequence of (int, int)
    permutations : ndarray of int [n_elements, n_atoms]

    Returns
    -------
    ndarray of int [n_tensors]
    """
    index = {tuple(sorted(bond)): k for k, bond in enumerate(bonds)}
    images = np.array(
        [[index[tuple(sorted((int(p[i]), int(p[j]))))] for i, j in bonds] for p in permutations]
    )  # -> [n_elements, n_bonds]
    if property == "dipole":
        return _relabel(images.min(axis=0))
    p, q = np.triu_indices(len(bonds))
    low, high = np.sort([images[:, p], images[:, q]], axis=0)
    orbits = (low * len(bonds) + high).min(axis=0)  # -> [n_products]
    return np.concatenate([[0], 1 + _relabel(orbits)])


def _relabel(labels):
    return np.unique(labels, return_inverse=True)[1].reshape(-1)
