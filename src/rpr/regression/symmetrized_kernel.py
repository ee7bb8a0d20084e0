"""Kernels averaged over a finite group, for components that change sign under its elements.

For a component that an element g multiplies by chi_c(g) = +-1, y_c(g x) = chi_c(g) y_c(x), the
kernel

    K_c(x, x') = 1/|G| sum_g chi_c(g) k(x, g x')

makes every model y_c(x) = sum_i a_i K_c(x, x_i) obey the same rule exactly. k(x, x') has to be
invariant, k(g x, g x') = k(x, x'); every function of a distance between descriptors that g only
permutes and changes in sign is. Components with equal characters share one matrix, and all
components share the |G| kernels k(x, g x'), which are computed once for each sigma.
"""

from __future__ import annotations

import numpy as np

from rpr.regression import kernels

_CHUNK = 1 << 18  # kernel elements evaluated at once in a prediction


def distinct_characters(characters):
    """Different rows of characters and which row each component has.

    Parameters
    ----------
    characters : ndarray [n_components, n_elements]

    Returns
    -------
    rows : ndarray [n_distinct, n_elements]
    membership : ndarray of int [n_components]
    """
    rows, membership = np.unique(characters, axis=0, return_inverse=True)
    return rows, membership.reshape(-1)


def averaged_kernels(kernel, X, images, characters, sigma):
    """K_c(x, x') for each row of characters.

    Parameters
    ----------
    kernel : str
        One of `rpr.regression.kernels.KERNELS`.
    X : ndarray [n, n_features]
        Descriptors of x.
    images : ndarray [n_elements, m, n_features]
        Descriptors of g x'.
    characters : ndarray [n_rows, n_elements]
    sigma : float

    Returns
    -------
    ndarray [n_rows, n, m]
    """
    averaged = np.zeros((len(characters), len(X), images.shape[1]))
    for image, signs in zip(images, characters.T, strict=True):
        k = kernels.kernel(kernel, X, image, sigma)
        for matrix, sign in zip(averaged, signs, strict=True):
            if sign > 0:
                matrix += k
            else:
                matrix -= k
    averaged /= len(images)
    return averaged


def image_coefficients(coefficients, characters):
    """Coefficients of the plain kernels k(x, g x_i): chi_c(g) a_ic / |G|.

    Parameters
    ----------
    coefficients : ndarray [n_train, n_components]
    characters : ndarray [n_components, n_elements]

    Returns
    -------
    ndarray [n_elements * n_train, n_components]
        In the order of ``images.reshape(-1, n_features)``.
    """
    n_elements = characters.shape[1]
    folded = characters.T[:, None, :] * coefficients[None] / n_elements
    return folded.reshape(-1, coefficients.shape[1])


def predict(kernel, X, images, folded, sigmas):
    """Sum of plain kernels with folded coefficients: [n, n_components].

    Parameters
    ----------
    kernel : str
    X : ndarray [n, n_features]
    images : ndarray [n_elements, n_train, n_features]
    folded : ndarray [n_elements * n_train, n_components]
    sigmas : ndarray [n_components]
    """
    centres = images.reshape(-1, images.shape[-1])
    predicted = np.empty((len(X), folded.shape[1]))
    size = max(1, _CHUNK // len(centres))
    for start in range(0, len(X), size):
        chunk = slice(start, start + size)
        distances = kernels.distance(kernel, X[chunk], centres)
        for sigma in np.unique(sigmas):
            columns = np.flatnonzero(sigmas == sigma)
            k = kernels.kernel_from_distance(kernel, distances, sigma)
            predicted[chunk, columns] = k @ folded[:, columns]
    return predicted
