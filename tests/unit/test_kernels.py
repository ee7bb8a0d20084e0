"""Kernels: symmetric, positive, one at zero distance, with the right limits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_kernel import kernel
from sklearn.gaussian_process.kernels import Matern
from sklearn.metrics.pairwise import laplacian_kernel, rbf_kernel

from rpr.errors import InputError
from rpr.regression.kernels import (
    KERNELS,
    distance,
    kernel_from_distance,
    matern_coefficients,
)


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(40, 5))


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_is_symmetric_positive_and_one_on_the_diagonal(name, points):
    K = kernel(name, points, None, 1.3)
    assert np.array_equal(np.diag(K), np.ones(40))
    np.testing.assert_allclose(K, K.T, atol=1e-14)
    assert np.linalg.eigvalsh(K).min() > -1e-12
    assert (K <= 1.0).all()


@pytest.mark.parametrize("name", KERNELS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 12), scale=st.floats(-3, 3))
def test_kernel_is_positive_semidefinite_for_any_points(name, seed, n, scale):
    X = np.random.default_rng(seed).normal(size=(n, 3))
    K = kernel(name, X, None, 10.0**scale)
    assert np.linalg.eigvalsh(K).min() > -1e-10 * n


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_decreases_from_one_to_zero(name):
    k = kernel_from_distance(name, np.linspace(0.0, 60.0, 500), 1.0)
    assert k[0] == 1.0
    assert (np.diff(k) <= 1e-16).all()
    assert (np.diff(k[:50]) < 0.0).all()
    assert k[-1] < 1e-15


@pytest.mark.parametrize("name", KERNELS)
def test_duplicate_points_have_kernel_one(name, points):
    # distances by matrix products carry rounding of 1e-8 at zero; the kernel must not feel it
    shifted = points + 100.0
    K = kernel(name, shifted, shifted.copy(), 2.0)
    np.testing.assert_allclose(np.diag(K), 1.0, atol=1e-13)


def test_gaussian_and_laplacian_equal_scikit_learn(points):
    X, Y = points[:25], points[25:]
    np.testing.assert_allclose(
        kernel("gaussian", X, Y, 1.7), rbf_kernel(X, Y, gamma=0.5 / 1.7**2), atol=1e-14
    )
    np.testing.assert_allclose(
        kernel("laplacian", X, Y, 1.7), laplacian_kernel(X, Y, gamma=1 / 1.7), atol=1e-14
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_matern_equals_scikit_learn_without_its_scaling(n, points):
    # scikit-learn's argument is sqrt(2 nu) d / l, ours d / sigma
    nu = n + 0.5
    reference = Matern(length_scale=1.7 * math.sqrt(2 * nu), nu=nu)(points[:25], points[25:])
    np.testing.assert_allclose(
        kernel(f"matern{n}", points[:25], points[25:], 1.7), reference, atol=1e-13
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_matern_is_the_published_sum(n):
    def plain(x):
        terms = (
            math.factorial(n + k) / (math.factorial(k) * math.factorial(n - k)) * (2 * x) ** (n - k)
            for k in range(n + 1)
        )
        return math.exp(-x) * math.factorial(n) / math.factorial(2 * n) * sum(terms)

    d = np.array([0.0, 0.1, 1.0, 3.7])
    np.testing.assert_allclose(
        kernel_from_distance(f"matern{n}", d, 0.8), [plain(x / 0.8) for x in d], rtol=1e-14
    )


def test_matern_tends_to_the_gaussian():
    # k_n = 1 - x^2 / (2 (2n - 1)) + ..., so x is stretched by sqrt(2n - 1)
    x = np.linspace(0.0, 3.0, 50)
    gaussian = kernel_from_distance("gaussian", x, 1.0)

    def deviation(n):
        stretched = x * math.sqrt(2 * n - 1)
        powers = stretched[:, None] ** np.arange(n + 1)
        return np.abs(powers @ matern_coefficients(n) * np.exp(-stretched) - gaussian).max()

    deviations = [deviation(n) for n in (1, 2, 4, 8, 16, 32)]
    assert all(b < 0.7 * a for a, b in itertools.pairwise(deviations))
    assert deviations[-1] < 0.01


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_depends_on_distance_over_sigma_alone(name, points):
    np.testing.assert_allclose(
        kernel(name, 3.0 * points, None, 3.0), kernel(name, points, None, 1.0), atol=1e-13
    )


@pytest.mark.parametrize("name", KERNELS)
def test_writing_over_the_distances_gives_the_same(name):
    # larger than one cache block, so that every block is written
    d = np.random.default_rng(1).uniform(0.0, 9.0, size=(300, 250))
    expected = kernel_from_distance(name, d, 1.1)
    result = kernel_from_distance(name, d, 1.1, out=d)
    assert result is d
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", KERNELS)
def test_distance_equals_the_plain_formula(name, points):
    difference = points[:, None] - points[None, 30:]
    order = 1 if name == "laplacian" else 2
    expected = np.linalg.norm(difference, ord=order, axis=2)
    np.testing.assert_allclose(distance(name, points, points[30:]), expected, atol=1e-7)


def test_errors_name_what_was_found_and_what_is_known(points):
    with pytest.raises(InputError, match=r"'gauss'.*gaussian"):
        kernel("gauss", points, None, 1.0)
    with pytest.raises(InputError, match=r"sigma: found 0\.0"):
        kernel("gaussian", points, None, 0.0)
    with pytest.raises(InputError, match="same number of columns"):
        distance("matern1", points, points[:, :3])
