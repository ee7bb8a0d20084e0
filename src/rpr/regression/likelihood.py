"""Marginal likelihood of a Gaussian process whose scale is profiled out.

Observations y [n] have the covariance s C, in which C depends on the hyper-parameters and the scale
s does not.  The largest likelihood over all s is at s = y^T C^-1 y / n.  But for a constant, its
negative logarithm per observation is

    loss = 1/2 log(y^T C^-1 y / n) + 1/(2 n) log det C,

and its derivative with respect to the elements of C, taken as independent, is

    d loss / d C = C^-1 / (2 n) - a a^T / (2 y^T a),    a = C^-1 y.

A kernel supplies C and applies the chain rule from C to its own parameters.

Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equations (5.8) and
(5.9), there for a fixed scale.
"""

from __future__ import annotations

import numpy as np

from rpr.regression.dense_cholesky import CholeskyFactor


def profiled_loss(
    C: np.ndarray, y: np.ndarray, *, symmetric: bool = False
) -> tuple[float, np.ndarray] | None:
    """Negative logarithm of the profiled marginal likelihood per observation, and its derivative.

    Parameters
    ----------
    C : array, [n, n]
        Covariance of the observations but for its scale, in C order.  It is overwritten.
    y : array, [n]
        Observations.
    symmetric
        Whether the derivative is symmetric to the last digit.  Without it, element (i, j) is
        rounded as a_i (a_j / (2 y^T a)), which goes through memory once less.

    Returns
    -------
    loss : float
    derivative : array, [n, n]
        d loss / d C.

    None, in the place of both, if C is numerically not positive definite.
    """
    factor = CholeskyFactor.of(C)
    if factor is None:
        return None
    n, a = len(y), factor.solve(y)
    quadratic = y @ a
    loss = 0.5 * np.log(quadratic / n) + 0.5 * factor.log_determinant() / n
    derivative = factor.inverse()
    derivative *= 0.5 / n
    scale = 0.5 / quadratic
    derivative -= scale * np.outer(a, a) if symmetric else np.outer(a, scale * a)
    return float(loss), derivative
