"""Prior density of the hyper-parameters of the covariant model.

A molecule of 20 atoms has hundreds of hyper-parameters, of which a few frames determine each only
roughly, and the largest likelihood then overfits them.  The logarithms of widths, of variances and
of amplitudes of tensors therefore have a prior: each is normally distributed about the mean of its
kind, with a standard deviation of `SPREAD`, while the mean itself is free.  A search maximizes the
product of likelihood and prior (the posterior density of the hyper-parameters), in which the
likelihood of many frames outweighs the prior.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rpr.models.covariant_description import CovariantDescription
from rpr.regression.parameter_layout import ParameterLayout

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]

#: Standard deviation of the logarithms of widths, variances and amplitudes about their means.
SPREAD = 1.4


def with_density(loss: Loss, description: CovariantDescription, n_lambdas: int, size: int) -> Loss:
    """Negative logarithm of likelihood times prior density per observed number, with its gradient.

    Parameters
    ----------
    loss
        Negative logarithm of the likelihood per observed number, and its gradient.
    description
        Features and tensors, which have the classes.
    n_lambdas
        Number of lambdas, the last of the parameters.
    size
        Number of observed numbers.
    """

    def total(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss(theta)
        term, slope = density(theta, description, n_lambdas)
        return value + term / size, gradient + slope / size

    return total


def density(
    theta: np.ndarray, description: CovariantDescription, n_lambdas: int
) -> tuple[float, np.ndarray]:
    """Negative logarithm of the prior density of the parameters, and its gradient.

    It is the sum of (theta_i - m)^2 / (2 SPREAD^2) over widths, variances, and amplitudes of
    tensors, with m the mean of each of the three kinds; constants are left out.

    Parameters
    ----------
    theta : array, [n_parameters]
        Logarithms of all parameters.
    description
        Features and tensors, which have the classes.
    n_lambdas
        Number of lambdas, the last of the parameters.

    Returns
    -------
    value : float
    gradient : array, [n_parameters]
    """
    layout = ParameterLayout.of(
        theta, description.feature_classes, description.basis.classes, n_lambdas
    )
    value, gradient = 0.0, np.zeros_like(theta)
    for kind in (layout.widths, layout.variances, layout.tensors):
        deviation = theta[kind] - theta[kind].mean()
        value += float(deviation @ deviation) / (2.0 * SPREAD**2)
        gradient[kind] = deviation / SPREAD**2
    return value, gradient
