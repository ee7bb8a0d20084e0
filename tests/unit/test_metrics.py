"""Errors: invariance under rotation, agreement with scikit-learn, intervals that cover."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from rpr.errors import InputError
from rpr.studies import metrics


@pytest.fixture
def pair():
    rng = np.random.default_rng(1)
    reference = rng.normal(size=200)
    return reference, reference + 0.1 * rng.normal(size=200)


def test_errors_agree_with_scikit_learn(pair):
    assert metrics.rmse(*pair) == pytest.approx(root_mean_squared_error(*pair), rel=1e-12)
    assert metrics.mae(*pair) == pytest.approx(mean_absolute_error(*pair), rel=1e-12)
    assert metrics.r2(*pair) == pytest.approx(r2_score(*pair), rel=1e-12)
    assert metrics.max_error(*pair) == np.abs(pair[0] - pair[1]).max()


def test_frame_independent_errors_do_not_change_when_every_frame_is_turned():
    rng = np.random.default_rng(2)
    R = Rotation.random(50, rng=rng).as_matrix()
    mu = rng.normal(size=(2, 50, 3))
    alpha = rng.normal(size=(2, 50, 3, 3))
    turned_mu = np.einsum("fij,sfj->sfi", R, mu)
    turned_alpha = np.einsum("fij,sfjk,flk->sfil", R, alpha, R)
    assert metrics.mu_inv(*turned_mu) == pytest.approx(metrics.mu_inv(*mu), rel=1e-12)
    assert metrics.alpha_inv(*turned_alpha) == pytest.approx(metrics.alpha_inv(*alpha), rel=1e-12)
    # A component alone does change: the invariance is not that of every error.
    assert metrics.rmse(*turned_mu[..., 0]) != pytest.approx(metrics.rmse(*mu[..., 0]), rel=1e-3)


def test_frame_independent_errors_are_those_of_the_formula():
    error = np.array([[3.0, 0.0, 4.0]])
    assert metrics.mu_inv(np.zeros((1, 3)), error) == pytest.approx(5.0 / np.sqrt(3.0))
    assert metrics.alpha_inv(np.zeros((1, 3, 3)), np.eye(3)[None]) == pytest.approx(np.sqrt(3) / 3)


def test_shapes_are_checked():
    with pytest.raises(InputError, match="shape"):
        metrics.rmse(np.zeros(3), np.zeros(4))
    with pytest.raises(InputError, match="n_frames, 3"):
        metrics.mu_inv(np.zeros((2, 6)), np.zeros((2, 6)))


def test_what_has_no_meaning_is_nan():
    assert np.isnan(metrics.rmse(np.zeros(0), np.zeros(0)))
    assert np.isnan(metrics.r2(np.ones(5), np.zeros(5)))
    low, high = metrics.rmse_interval(np.ones(8), np.arange(8) % (metrics.MIN_GROUPS - 1))
    assert np.isnan(low)
    assert np.isnan(high)


def test_interval_is_wider_for_correlated_frames():
    rng = np.random.default_rng(3)
    size = np.repeat(rng.gamma(1.0, size=20), 50)  # one error scale per trajectory
    grouped = metrics.rmse_interval(size, np.repeat(np.arange(20), 50))
    frame_by_frame = metrics.rmse_interval(size, np.arange(1000))
    assert grouped[0] < np.sqrt(size.mean()) < grouped[1]
    assert grouped[1] - grouped[0] > 3 * (frame_by_frame[1] - frame_by_frame[0])


def test_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(30), 5)
    covered = 0
    for trial in range(200):
        squared = np.repeat(rng.normal(size=30) ** 2, 5)
        low, high = metrics.rmse_interval(squared, groups, n_resamples=300, seed=trial)
        covered += low < 1.0 < high
    assert 0.82 < covered / 200 < 0.97  # a percentile interval of 30 draws covers a little less


def test_the_interval_of_a_ratio_is_paired():
    """Frames that are difficult for both widen the interval of either, but not of the ratio."""
    squared, groups = np.random.default_rng(5).gamma(0.3, size=60), np.repeat(np.arange(12), 5)
    found = metrics.rmse_ratio(squared, 4.0 * squared, groups)
    assert [found[k] for k in ("ratio", "ratio_low", "ratio_high")] == pytest.approx([0.5] * 3)
    assert found["rmse_below"] == pytest.approx(2.0 * found["rmse_above"])
    assert np.isnan(metrics.rmse_ratio(squared, squared, np.zeros(60))["ratio_low"])
    assert metrics.rmse_ratio(squared, np.zeros(60), groups) is None


def test_resampling_is_by_groups_and_reproducible():
    groups = np.array([5, 5, 7, 7, 7, 9])
    weights = metrics.resampling_weights(groups, n_resamples=50, seed=1)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 4]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()
    np.testing.assert_array_equal(
        weights, metrics.resampling_weights(groups, n_resamples=50, seed=1)
    )


def test_the_interval_is_that_of_the_percentiles():
    rng = np.random.default_rng(5)
    squared, groups = rng.gamma(1.0, size=60), np.repeat(np.arange(12), 5)
    sums = squared.reshape(12, 5).sum(axis=1)
    draws = np.sqrt(sums[rng.integers(12, size=(40_000, 12))].sum(axis=1) / 60)
    found = metrics.rmse_interval(squared, groups, n_resamples=40_000)
    assert found == pytest.approx(np.quantile(draws, (0.025, 0.975)), rel=0.01)
