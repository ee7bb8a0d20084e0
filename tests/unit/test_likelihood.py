"""The profiled marginal likelihood and its Cholesky factors, against dense linear algebra."""

import numpy as np
import pytest

from rpr.regression.dense_cholesky import CholeskyFactor
from rpr.regression.likelihood import profiled_loss

rng = np.random.default_rng(0)
ROOT = rng.normal(size=(7, 7))
C = ROOT @ ROOT.T + np.eye(7)
C = 0.5 * (C + C.T)
Y = rng.normal(size=7)


def loss(covariance, scale=None):
    """Negative log density per observation but for log(2 pi) / 2, of a normal distribution."""
    quadratic = Y @ np.linalg.solve(covariance, Y)
    scale = quadratic / 7 if scale is None else scale
    return 0.5 * (quadratic / scale / 7 + np.log(scale) + np.linalg.slogdet(covariance)[1] / 7)


def test_the_scale_of_the_largest_likelihood_is_profiled_out():
    best = min(loss(C, scale) for scale in np.geomspace(1e-2, 1e2, 20001))
    found, _ = profiled_loss(C.copy(), Y)
    assert found == pytest.approx(loss(C) - 0.5, rel=1e-12)
    assert found == pytest.approx(best - 0.5, abs=1e-6)


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_derivative_is_that_of_independent_elements(symmetric):
    _, derivative = profiled_loss(C.copy(), Y, symmetric=symmetric)
    change = rng.normal(size=(7, 7))
    change += change.T
    numerical = (loss(C + 1e-6 * change) - loss(C - 1e-6 * change)) / 2e-6
    assert np.sum(derivative * change) == pytest.approx(numerical, rel=1e-6)
    assert np.allclose(derivative, derivative.T, rtol=1e-12)
    assert not symmetric or np.array_equal(derivative, derivative.T)


def test_a_matrix_that_is_not_positive_definite_has_no_likelihood():
    assert profiled_loss(C - 10.0 * np.eye(7), Y) is None


def test_a_factor_solves_and_is_inverted_in_the_place_of_the_matrix():
    matrix = C.copy()
    factor = CholeskyFactor.of(matrix)
    assert np.allclose(factor.lower @ factor.lower.T, C)
    assert factor.log_determinant() == pytest.approx(np.linalg.slogdet(C)[1])
    assert np.allclose(factor.solve(Y), np.linalg.solve(C, Y))
    inverse = factor.inverse()
    assert np.allclose(inverse @ C, np.eye(7))
    assert np.array_equal(inverse, inverse.T)
    assert np.shares_memory(inverse, matrix)
