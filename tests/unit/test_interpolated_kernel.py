"""Sums of additive kernels by Chebyshev series equal those term by term."""

from dataclasses import replace

import numpy as np
import pytest
from test_batch_dynamics import water

from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.fast_covariant import FastCovariant
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.contracted_kernel import Centres, ContractedKernel
from rpr.regression.interpolated_kernel import InterpolatedKernel, can_interpolate
from rpr.regression.interpolated_slopes import InterpolatedSlopes, can_interpolate_slopes


def kernel(order, rng):
    return AdditiveKernel(
        classes=np.array([0, 1, 2, 1, 0]),
        widths=np.array([0.5, 30.0, 4.0]),
        variances=np.array([2.0, 0.3, 1.0]),
        amplitudes=np.array([1.5, 0.2, 0.4, 0.3])[: order + 1],
        product_scale=0.7,
    )


@pytest.mark.parametrize("order", [0, 1, 2])
def test_equal_to_the_sum_term_by_term(order):
    rng = np.random.default_rng(0)
    exact = kernel(order, rng)
    centres, coefficients = 1 + 0.2 * rng.standard_normal((300, 5)), rng.standard_normal((300, 4))
    fast = InterpolatedKernel(exact, centres, coefficients)
    inside = 1 + 0.1 * rng.standard_normal((400, 5))
    far = 1 + 3.0 * rng.standard_normal((20, 5))
    for X in (inside, far, np.concatenate([inside[:3], far[:3]])):
        expected = exact.evaluate(X, centres) @ coefficients
        scale = np.abs(exact.evaluate(X, centres)) @ np.abs(coefficients)
        assert np.abs(fast.evaluate(X) - expected).max() < 1e-11 * scale.max()


def test_what_cannot_be_interpolated_is_refused():
    centres = 1 + 0.2 * np.random.default_rng(2).standard_normal((50, 5))
    assert all(can_interpolate(kernel(order, None), centres) for order in (0, 1, 2))
    assert not can_interpolate(kernel(3, None), centres)
    with pytest.raises(InputError, match="found order 3"):
        InterpolatedKernel(kernel(3, None), centres, np.ones((50, 1)))
    sharp = replace(kernel(2, None), widths=np.array([0.5, 1e6, 4.0]))
    assert not can_interpolate(sharp, centres)
    with pytest.raises(InputError, match="feature 1 is too short"):
        InterpolatedKernel(sharp, centres, np.ones((50, 1)))


def centres_with_derivatives(n, rng):
    return Centres(
        np.asfortranarray(1 + 0.2 * rng.standard_normal((n, 5))),
        rng.standard_normal((n, 4)),
        rng.standard_normal((5, 3, n)),
        rng.standard_normal((3, n, 4)),
    )


@pytest.mark.parametrize("order", [1, 2])
def test_frames_with_derivatives_equal_the_sum_term_by_term(order):
    rng = np.random.default_rng(5)
    exact, centres = kernel(order, rng), centres_with_derivatives(60, rng)
    fast, plain = InterpolatedSlopes(exact, centres), ContractedKernel(exact, (centres,))
    inside = 1 + 0.1 * rng.standard_normal((150, 5))
    far = 1 + 3.0 * rng.standard_normal((5, 5))
    for X in (inside, far, np.concatenate([inside[:3], far[:3]])):
        expected = plain.weights(X)
        assert np.abs(fast.evaluate(X) - expected).max() < 1e-11 * 60 * np.abs(expected).max()


def test_frames_with_derivatives_that_cannot_be_interpolated_are_refused():
    rng = np.random.default_rng(6)
    centres = centres_with_derivatives(20, rng)
    assert all(can_interpolate_slopes(kernel(order, rng), centres.features) for order in (1, 2))
    for order in (0, 3):
        assert not can_interpolate_slopes(kernel(order, rng), centres.features)
        with pytest.raises(InputError, match=f"found order {order}"):
            InterpolatedSlopes(kernel(order, rng), centres)
    sharp = replace(kernel(2, rng), widths=np.array([0.5, 1e6, 4.0]))
    assert not can_interpolate_slopes(sharp, centres.features)
    with pytest.raises(InputError, match="feature 1 is too short"):
        InterpolatedSlopes(sharp, centres)


def test_a_feature_that_never_changes():
    exact = kernel(2, None)
    rng = np.random.default_rng(1)
    centres = 1 + 0.2 * rng.standard_normal((50, 5))
    centres[:, 2] = 1.0
    fast = InterpolatedKernel(exact, centres, np.ones((50, 1)))
    assert fast.evaluate(centres) == pytest.approx(exact.evaluate(centres, centres).sum(1)[:, None])


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_a_covariant_model_predicts_the_same_fast(property):
    molecule = water()
    rng = np.random.default_rng(3)
    x = molecule.reference + 0.06 * rng.standard_normal((40, 3, 3))
    values = np.einsum("a,nax->nx", [-0.8, 0.4, 0.4], x)
    if property == "polarizability":
        values = np.einsum("nax,nay->nxy", x, x) + np.eye(3)
    model = CovariantRegression(molecule=molecule, property=property, max_iterations=5)
    fast = FastCovariant(model.fit(x, values))
    new = molecule.reference + 0.06 * rng.standard_normal((70, 3, 3))
    assert fast.predict(new) == pytest.approx(model.predict(new), abs=1e-8)


def test_a_model_of_values_and_derivatives_predicts_the_same_fast():
    molecule = water()
    rng = np.random.default_rng(4)
    x = molecule.reference + 0.06 * rng.standard_normal((40, 3, 3))
    charges = np.array([-0.8, 0.4, 0.4])
    derivatives = np.full((40, 3, 3, 3), np.nan)
    derivatives[:5] = charges[:, None, None] * np.eye(3)
    model = CovariantRegression(molecule=molecule, max_iterations=5)
    fast = FastCovariant(model.fit(x, np.einsum("a,nax->nx", charges, x), derivatives=derivatives))
    new = molecule.reference + 0.06 * rng.standard_normal((70, 3, 3))
    assert fast.predict(new) == pytest.approx(model.predict(new), abs=1e-8)
