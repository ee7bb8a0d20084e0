"""Tensors made of interatomic vectors, that turn with the molecule: bases of covariant kernels.

========= ================================ =====================================================
tensors   dipole                           polarizability
========= ================================ =====================================================
pairs     r_ij of all pairs of atoms       1 and r_ij r_ij^T of all pairs of atoms
bonds     b_p of all bonds                 1 and (b_p b_q^T + b_q b_p^T)/2 of all pairs of bonds
========= ================================ =====================================================

Both span the same space.  Symmetric matrices are kept as six numbers, (xx, yy, zz, sqrt2 xy,
sqrt2 xz, sqrt2 yz), so that the scalar product of two of them is that of the matrices.  Every
tensor belongs to a class; tensors that a permutation exchanges are in one class and share an
amplitude.
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError, NotApplicableError
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_indices, pair_permutations

TENSORS = ("pairs", "bonds")
_ROWS = np.array([0, 1, 2, 0, 0, 1])
_COLUMNS = np.array([0, 1, 2, 1, 2, 2])
_FACTORS = np.array([1.0, 1, 1, np.sqrt(2), np.sqrt(2), np.sqrt(2)])


def pack(matrices: np.ndarray) -> np.ndarray:
    """Symmetric matrices [..., 3, 3] as [..., 6], keeping scalar products."""
    return matrices[..., _ROWS, _COLUMNS] * _FACTORS


def unpack(packed: np.ndarray) -> np.ndarray:
    """Symmetric matrices [..., 3, 3] from [..., 6]; the inverse of `pack`."""
    matrices = np.empty((*packed.shape[:-1], 3, 3))
    matrices[..., _ROWS, _COLUMNS] = packed / _FACTORS
    matrices[..., _COLUMNS, _ROWS] = packed / _FACTORS
    return matrices


def isotropic_mean(values: np.ndarray) -> float:
    """Mean of the isotropic part of polarizabilities, the only constant that does not turn.

    It is zero for dipoles [n, 3].
    """
    return 0.0 if values.ndim == 2 else float(np.trace(values, axis1=1, axis2=2).mean() / 3)


def pack_values(values: np.ndarray, mean: float) -> np.ndarray:
    """Packed polarizabilities [n, 6] less their isotropic mean; dipoles [n, 3] as they are."""
    if values.ndim == 2:
        return values
    return pack(0.5 * (values + np.swapaxes(values, 1, 2)) - mean * np.eye(3))


def unpack_values(packed: np.ndarray, mean: float) -> np.ndarray:
    """Dipoles [n, 3] or polarizabilities [n, 3, 3]; the inverse of `pack_values`."""
    return packed if packed.shape[1] == 3 else unpack(packed) + mean * np.eye(3)


class TensorBasis:
    """Tensors of a molecule and their classes.

    Parameters
    ----------
    property
        ``"dipole"`` or ``"polarizability"``.
    tensors
        ``"pairs"`` or ``"bonds"``.
    molecule
        Its atoms or bonds make the tensors.
    permutations : array of int, [n_elements, n_atoms]
        Permutations in the permutation-inversion group.

    Attributes
    ----------
    classes : array of int, [n_tensors]
        Orbit of every tensor under the permutations.

    Raises
    ------
    InputError
        If there are no such tensors.
    NotApplicableError
        If the molecule has no bonds to make them of.
    """

    def __init__(
        self, property: str, tensors: str, molecule: Molecule, permutations: np.ndarray
    ) -> None:
        if tensors not in TENSORS:
            raise InputError(f"tensors: found {tensors!r}, expected one of {', '.join(TENSORS)}")
        every_pair = np.transpose(pair_indices(molecule.n_atoms))
        pairs = molecule.bonds if tensors == "bonds" else every_pair
        self._pairs = np.array(pairs, dtype=int).reshape(-1, 2)
        if not len(self._pairs):
            raise NotApplicableError(
                f"molecule: found no {tensors}, expected at least one, as tensors are made of "
                "vectors between atoms"
            )
        self._property = property
        self._first, self._second = self._pairs.T
        n = len(self._pairs)
        # Vectors p, q of every product of two; for pairs of atoms only products with themselves.
        self._p, self._q = np.triu_indices(n) if tensors == "bonds" else (np.arange(n),) * 2
        self.classes = self._orbits(permutations)

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Tensors of every geometry.

        Parameters
        ----------
        positions : array, [..., n_atoms, 3]
            Positions in Angstrom.

        Returns
        -------
        array, [..., n_tensors, 3] or [..., n_tensors, 6]
            Vectors in Angstrom; or the identity / sqrt(3) and products in Angstrom^2, packed.
        """
        vectors = positions[..., self._second, :] - positions[..., self._first, :]
        if self._property == "dipole":
            return vectors
        outer = vectors[..., self._p, :, None] * vectors[..., self._q, None, :]
        products = pack(0.5 * (outer + np.swapaxes(outer, -1, -2)))  # -> [..., n_products, 6]
        identity = np.broadcast_to(pack(np.eye(3)) / np.sqrt(3.0), (*products.shape[:-2], 1, 6))
        return np.concatenate([identity, products], axis=-2)

    def derivatives(self, positions: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Derivatives of the tensors when the atoms move along given directions.

        Parameters
        ----------
        positions : array, [..., n_atoms, 3]
            Positions in Angstrom.
        directions : array, [..., n_directions, n_atoms, 3]
            Displacements of the atoms.

        Returns
        -------
        array, [..., n_directions, n_tensors, 3] or [..., n_directions, n_tensors, 6]
            Without unit, or in Angstrom; the identity has zeros.
        """
        moved = directions[..., self._second, :] - directions[..., self._first, :]
        if self._property == "dipole":
            return moved
        positions = positions[..., None, :, :]
        vectors = positions[..., self._second, :] - positions[..., self._first, :]
        outer = moved[..., self._p, :, None] * vectors[..., self._q, None, :]
        outer = outer + vectors[..., self._p, :, None] * moved[..., self._q, None, :]
        products = pack(0.5 * (outer + np.swapaxes(outer, -1, -2)))
        return np.concatenate([np.zeros_like(products[..., :1, :]), products], axis=-2)

    def jacobian(self, positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Derivatives of sum_t weights_t T_t by the positions of the atoms, at fixed weights.

        Parameters
        ----------
        positions : array, [n, n_atoms, 3]
            Positions in Angstrom.
        weights : array, [n, n_tensors]
            Coefficients of the tensors.

        Returns
        -------
        array, [n, 3, n_atoms, 3] or [n, 3, 3, n_atoms, 3]
            Element (k, A, x) or (k, l, A, x).
        """
        n_atoms, n = positions.shape[1], len(self._first)
        incidence = np.zeros((n_atoms, n))  # d r_p / d R_A
        incidence[self._second, np.arange(n)] = 1.0
        incidence[self._first, np.arange(n)] -= 1.0
        if self._property == "dipole":
            return np.einsum("nA,kx->nkAx", weights @ incidence.T, np.eye(3))
        couplings = np.zeros((len(positions), n, n))  # of r_p and r_q, symmetric
        couplings[:, self._p, self._q] += 0.5 * weights[:, 1:]
        couplings[:, self._q, self._p] += 0.5 * weights[:, 1:]
        vectors = positions[:, self._second] - positions[:, self._first]
        lever = incidence @ couplings @ vectors  # -> [n, n_atoms, 3]
        one = np.einsum("nAl,kx->nklAx", lever, np.eye(3))
        return one + np.swapaxes(one, 1, 2)

    def images(
        self, permutations: np.ndarray, parities: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which tensors those of an image are: T_t(g X) = sign_t T_index(t)(X).

        Parameters
        ----------
        permutations : array of int, [n_elements, n_atoms]
            Atom i of an image is atom P(i) of the geometry.
        parities : array, [n_elements]
            -1 for elements with inversion.

        Returns
        -------
        index : array of int, [n_elements, n_tensors]
        sign : array, [n_elements, n_tensors]
        """
        index = pair_permutations(permutations, self._pairs)  # -> [n_elements, n_pairs]
        sign = np.where(self._first[index] == permutations[:, self._first], 1.0, -1.0)
        if self._property == "dipole":
            return index, sign * parities[:, None]
        product = np.zeros((len(self._pairs),) * 2, dtype=int)
        product[self._p, self._q] = product[self._q, self._p] = 1 + np.arange(len(self._p))
        products = product[index[:, self._p], index[:, self._q]]
        signs = sign[:, self._p] * sign[:, self._q]
        return np.insert(products, 0, 0, axis=1), np.insert(signs, 0, 1.0, axis=1)

    def _orbits(self, permutations: np.ndarray) -> np.ndarray:
        """Orbits of the tensors under permutations, counted from zero, [n_tensors]."""
        images = pair_permutations(permutations, self._pairs)  # -> [n_elements, n_pairs]
        if self._property == "dipole":
            return _relabel(images.min(axis=0))
        low, high = np.sort([images[:, self._p], images[:, self._q]], axis=0)
        orbits = (low * len(self._pairs) + high).min(axis=0)  # -> [n_products]
        return np.concatenate([[0], 1 + _relabel(orbits)])


def _relabel(labels: np.ndarray) -> np.ndarray:
    """Labels counted from zero."""
    return np.unique(labels, return_inverse=True)[1].reshape(-1)
