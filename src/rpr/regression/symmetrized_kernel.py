"""Kernels averaged over a finite group, for components that change sign under its elements.

For a component that an element g multiplies by chi_c(g) = +-1, y_c(g x) = chi_c(g) y_c(x), the
kernel

    K_c(x, x') = 1/|G| sum_g chi_c(g) k(x, g x')

makes every model y_c(x) = sum_i a_i K_c(x, x_i) obey the same rule exactly.  The kernel k has to be
invariant, k(g x, g x') = k(x, x'); every function of a distance between descriptors is, if g only
permutes their entries and changes signs.  Components with equal characters chi share one matrix,
and all components share the |G| kernels k(x, g x').
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rpr.regression import kernels


def distinct_characters(characters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `characters` [n_components, n_elements] that differ, and the row of each component.

    Returns
    -------
    rows : array, [n_distinct, n_elements]
    membership : array of int, [n_components]
    """
    rows, membership = np.unique(characters, axis=0, return_inverse=True)
    return rows, membership.reshape(-1)


def averaged_kernels(
    kernel: str, distances: Iterable[np.ndarray], characters: np.ndarray, sigma: float
) -> list[np.ndarray]:
    """Kernel matrix K_c for each row of characters.

    Parameters
    ----------
    kernel
        One of `rpr.regression.kernels.KERNELS`.
    distances
        Distances between x and g x', [n, m], for each element g. They are overwritten.
    characters : array, [n_rows, n_elements]
        Signs chi_c(g).
    sigma
        Length scale of the kernel.

    Returns
    -------
    list of array, [n, m]
        One for each row of characters.
    """
    averaged: list[np.ndarray] = []
    for d, signs in zip(distances, characters.T, strict=True):
        k = kernels.kernel_from_distance(kernel, d, sigma, out=d)
        averaged = averaged or [np.zeros_like(k) for _ in signs]
        for matrix, sign in zip(averaged, signs, strict=True):
            accumulate = np.add if sign > 0 else np.subtract
            accumulate(matrix, k, out=matrix)
    for matrix in averaged:
        matrix /= characters.shape[1]
    return averaged


def image_coefficients(coefficients: np.ndarray, characters: np.ndarray) -> np.ndarray:
    """Coefficients of the plain kernels k(x, g x_i), chi_c(g) a_ic / |G|.

    Parameters
    ----------
    coefficients : array, [n_train, n_components]
        Coefficients a of the averaged kernels.
    characters : array, [n_components, n_elements]
        Signs chi.

    Returns
    -------
    array, [n_elements * n_train, n_components]
        One element of the group after the other.
    """
    n_elements = characters.shape[1]
    expanded = characters.T[:, None, :] * coefficients[None] / n_elements
    return expanded.reshape(-1, coefficients.shape[1])
