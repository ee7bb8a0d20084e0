"""Scores of normal predictive distributions, frame by frame, in closed form.

=================  ===========================================================================
score              definition, with error e = value - prediction and predicted covariance S
=================  ===========================================================================
log score          1/2 (e^T S^-1 e + log det(2 pi S)), the negative logarithm of the density
energy score       E|X| - 1/2 E|X - X'|, with X and X' normal of covariance S, X about -e
CRPS               of one component with deviation s = sqrt(S_cc) and z = e_c / s,
                   s (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi))
size               e^T S^-1 e, chi-square distributed if errors are as predicted
=================  ===========================================================================

Smaller is better for the first three, which are proper: no other prediction is better on average
than the true distribution.  The energy score takes the Euclidean norm; for one component it is the
CRPS.

Source: Gneiting and Raftery, J. Am. Stat. Assoc. 102, 359 (2007).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, roots_legendre

from rpr.regression.posterior import decomposed, squared_mahalanobis

_NODES = 200  # of the quadrature in `expected_norm`


def log_score(errors: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Negative logarithm of the predicted density at each value.

    Parameters
    ----------
    errors : array, [n, c]
        Values minus predictions.
    covariance : array, [n, c, c]
        Positive semidefinite; directions in which it is zero, such as out of the plane of a planar
        molecule, do not count.

    Returns
    -------
    array, [n]
    """
    values, _, support = decomposed(covariance)
    logarithms = np.log(2.0 * np.pi * np.where(support, values, 1.0))
    determinant = np.where(support, logarithms, 0.0).sum(axis=1)
    return 0.5 * (squared_mahalanobis(errors, covariance)[0] + determinant)


def crps(errors: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of normal distributions.

    Parameters
    ----------
    errors : array
        Values minus predictions.
    deviations : array
        Predicted standard deviations, of the same shape.

    Returns
    -------
    array, of that shape
        In the unit of the errors.
    """
    z = errors / np.where(deviations > 0.0, deviations, 1.0)
    certain = np.abs(errors)  # the score of a prediction without uncertainty
    normal = z * (2.0 * ndtr(z) - 1.0) + np.sqrt(2.0 / np.pi) * np.exp(-0.5 * z**2)
    normal -= 1.0 / np.sqrt(np.pi)
    return np.where(deviations > 0.0, deviations * normal, certain)


def energy_score(errors: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Energy score of each frame, [n], in the unit of the errors; arguments as for `log_score`."""
    spread = expected_norm(np.zeros_like(errors), 2.0 * covariance)
    return expected_norm(errors, covariance) - 0.5 * spread


def expected_norm(means: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Mean of |X| for normal X.

    With Q = |X|^2, whose Laplace transform L is known,

        E sqrt(Q) = 1/sqrt(pi) int_0^inf (1 - L(u^2)) / u^2 du,
        L(s) = prod_i (1 + 2 s l_i)^-1/2 exp(-s m_i^2 / (1 + 2 s l_i)),

    where l_i are the eigenvalues of the covariance and m_i the means along its eigenvectors.  The
    integral is taken over the angle arctan(u sqrt(E Q)) by a Gauss-Legendre rule.

    Parameters
    ----------
    means : array, [n, c]
        Means of X.
    covariance : array, [n, c, c]
        Covariances of X.

    Returns
    -------
    array, [n]
    """
    eigenvalues, vectors = np.linalg.eigh(covariance)
    squares = np.einsum("nc,ncd->nd", means, vectors) ** 2
    eigenvalues = np.maximum(eigenvalues, 0.0)
    total = squares.sum(axis=1) + eigenvalues.sum(axis=1)  # E Q
    nodes, weights = roots_legendre(_NODES)
    angles = 0.25 * np.pi * (nodes + 1.0)
    safe = np.where(total > 0.0, total, 1.0)[:, None]
    s = np.tan(angles) ** 2 / safe  # -> [n, n_nodes]
    growth = 1.0 + 2.0 * s[..., None] * eigenvalues[:, None]  # -> [n, n_nodes, c]
    logarithm = -(0.5 * np.log(growth) + s[..., None] * squares[:, None] / growth).sum(axis=2)
    integral = (-np.expm1(logarithm) / np.sin(angles) ** 2) @ (0.25 * np.pi * weights)
    return np.sqrt(total / np.pi) * integral
