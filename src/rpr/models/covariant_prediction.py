"""Predictions of a fitted covariant model, and their derivatives by the positions of the atoms.

A prediction T(X) = sum_t w_t(z) T_t(X) changes with the positions through the tensors at fixed
weights, and through the weights, which depend on the features.
"""

from __future__ import annotations

import numpy as np

from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_tensors import unpack
from rpr.regression.contracted_kernel import ContractedKernel


def evaluate(
    description: CovariantDescription, kernel: ContractedKernel, positions: np.ndarray
) -> np.ndarray:
    """Packed values [n, n_components] at positions [n, n_atoms, 3], Angstrom."""
    weights = kernel.weights(description.features(positions))
    return np.einsum("nt,ntc->nc", weights, description.basis(positions))


def evaluate_with_jacobian(
    description: CovariantDescription, kernel: ContractedKernel, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Packed values, and the derivatives of the property by the positions.

    Parameters
    ----------
    description
        Features and tensors.
    kernel
        Weights of the tensors as functions of the features.
    positions : array, [n, n_atoms, 3]
        Angstrom.

    Returns
    -------
    values : array, [n, n_components]
        Packed.
    jacobian : array, [n, 3, n_atoms, 3] or [n, 3, 3, n_atoms, 3]
        Element (k, A, x) or (k, l, A, x).
    """
    tensors = description.basis(positions)
    weights, slopes = kernel.weights_and_slopes(description.features(positions), tensors)
    through_weights = description.jacobian(positions, slopes)
    if tensors.shape[2] > 3:
        square = unpack(np.moveaxis(through_weights, 1, -1))  # -> [n, n_atoms, 3, 3, 3]
        through_weights = np.moveaxis(square, (3, 4), (1, 2))
    jacobian = through_weights + description.basis.jacobian(positions, weights)
    return np.einsum("nt,ntc->nc", weights, tensors), jacobian
