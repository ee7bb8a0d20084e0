"""Scores of predicted covariances: closed forms against sampling, and the tables made of them."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal, norm

from rpr.axes.components import from_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import dichloroethane, random_frames
from rpr.errors import InputError
from rpr.studies import probabilistic_scores
from rpr.studies.calibration import (
    COLUMNS,
    SIZE_COLUMNS,
    calibration,
    per_frame_scores,
    scores,
    turned_covariance,
)
from rpr.units import DEBYE

MOLECULE = dichloroethane()


def random_covariances(n, c, seed, spread=2.0):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n, c, c)) * np.exp(rng.normal(scale=spread, size=(n, 1, c)))
    return roots @ roots.transpose(0, 2, 1)


def draw(covariance, rng, n=1):
    """Normal numbers [n, n_frames, c] of given covariances."""
    return np.einsum(
        "fcd,nfd->nfc", np.linalg.cholesky(covariance), rng.normal(size=(n, *covariance.shape[:2]))
    )


@pytest.mark.parametrize("c", [1, 3, 6])
def test_log_score_is_the_negative_logarithm_of_the_density(c):
    S = random_covariances(4, c, 0)
    errors = draw(S, np.random.default_rng(1))[0]
    expected = [
        -multivariate_normal(np.zeros(c), s).logpdf(e) for s, e in zip(S, errors, strict=True)
    ]
    assert np.allclose(probabilistic_scores.log_score(errors, S), expected)


@pytest.mark.parametrize(("error", "deviation"), [(0.0, 1.0), (0.7, 0.2), (-3.0, 2.0)])
def test_crps_is_the_integral_of_its_definition(error, deviation):
    below = quad(lambda x: norm.cdf(x, scale=deviation) ** 2, -np.inf, error)[0]
    above = quad(lambda x: norm.sf(x, scale=deviation) ** 2, error, np.inf)[0]
    found = probabilistic_scores.crps(np.array(error), np.array(deviation))
    assert found == pytest.approx(below + above, rel=1e-6)


def test_energy_score_of_one_component_is_the_crps():
    rng = np.random.default_rng(2)
    errors, deviations = rng.normal(size=(20, 1)), np.exp(rng.normal(size=(20, 1)))
    found = probabilistic_scores.energy_score(errors, deviations[:, :, None] ** 2)
    assert np.allclose(found, probabilistic_scores.crps(errors, deviations)[:, 0], rtol=1e-9)


@pytest.mark.parametrize("c", [3, 6])
def test_energy_score_is_that_of_samples(c):
    S, rng, n = random_covariances(5, c, 3), np.random.default_rng(4), 40_000
    errors = 2 * draw(S, rng)[0]
    x, y = draw(S, rng, n), draw(S, rng, n)
    terms = np.linalg.norm(x - errors, axis=2) - 0.5 * np.linalg.norm(x - y, axis=2)
    uncertainty = terms.std(axis=0) / np.sqrt(n)
    found = probabilistic_scores.energy_score(errors, S)
    assert (np.abs(found - terms.mean(axis=0)) < 4.5 * uncertainty).all()


def test_expected_norm_of_known_distributions():
    zero, unit = np.zeros((1, 3)), np.eye(3)[None]
    assert probabilistic_scores.expected_norm(zero, unit)[0] == pytest.approx(np.sqrt(8 / np.pi))
    far = probabilistic_scores.expected_norm(np.array([[3.0, 0, 4.0]]), 1e-12 * unit)[0]
    assert far == pytest.approx(5.0, rel=1e-9)
    flat = np.diag([4.0, 0.0, 0.0])[None]  # |x| of one normal number
    assert probabilistic_scores.expected_norm(zero, flat)[0] == pytest.approx(
        2 * np.sqrt(2 / np.pi), rel=1e-6
    )
    assert probabilistic_scores.expected_norm(zero, 0 * unit)[0] == 0.0


def predictions(c, n, seed, factor=1.0):
    """Values, predictions and covariances, which are `factor` times those of the errors."""
    rng = np.random.default_rng(seed)
    S = random_covariances(n, c, seed, spread=0.5)
    predicted = rng.normal(size=(n, c))
    values = predicted + draw(S, rng)[0]
    return from_components(values), from_components(predicted), factor * S


@pytest.mark.parametrize("c", [3, 6])
def test_scores_of_a_calibrated_model(c):
    found = scores(*predictions(c, 4000, 5))
    assert found["n_frames"] == 4000
    assert found["size"] == pytest.approx(1.0, abs=4.5 * np.sqrt(2 / c / 4000))
    for percent in (50, 90, 95):
        p = percent / 100
        error = 4.5 * np.sqrt(p * (1 - p) / 4000)
        assert found[f"coverage_{percent}"] == pytest.approx(p, abs=error)
    assert found["predicted_rmse"] == pytest.approx(found["rmse"], rel=0.05)
    for factor in (0.5, 2.0):  # proper scores find the true size of the covariances
        other = scores(*predictions(c, 4000, 5, factor))
        for name in ("nll", "energy_score", "crps"):
            assert other[name] > found[name]
        assert (other["coverage_50"] > found["coverage_50"]) == (factor > 1)


def test_rmse_is_the_axes_independent_error():
    values, predicted, S = predictions(6, 50, 6)
    squares = ((values - predicted) ** 2).sum(axis=(1, 2)) / 9
    assert scores(values, predicted, S)["rmse"] == pytest.approx(np.sqrt(squares.mean()))


@pytest.mark.parametrize("c", [3, 6])
def test_scores_do_not_depend_on_the_orientation(c):
    values, predicted, S = predictions(c, 30, 7)
    rotations = Rotation.random(30, random_state=0).as_matrix()
    turned = to_axes(values, rotations), to_axes(predicted, rotations)
    first = per_frame_scores(values, predicted, S)
    second = per_frame_scores(*turned, turned_covariance(S, rotations))
    for name in first.columns.drop("crps"):
        assert np.allclose(first[name], second[name], rtol=1e-9), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, p, S: (v, p[:-1], S), "predicted: found shape"),
        (lambda v, p, S: (v, p, S[:, :2]), "covariance: found shape"),
        (lambda v, p, S: (v, p, -S), "frame 0 is not positive definite"),
    ],
)
def test_bad_input_is_named(change, message):
    values, predicted, S = predictions(3, 4, 8)
    S[0] *= 100
    with pytest.raises(InputError, match=message):
        scores(*change(values, predicted, S))


class Calibrated:
    """A model whose errors are as it predicts, in the laboratory."""

    def __init__(self, frames):
        rng = np.random.default_rng(10)
        rotations = Rotation.random(len(frames), random_state=1).as_matrix()
        S = random_covariances(len(frames), 3, 9, spread=0.3) * 1e-6
        self.covariance = rotations @ S @ rotations.transpose(0, 2, 1)
        self.values = frames.dipole + draw(self.covariance, rng)[0]

    def predict(self, frames, *, covariance):
        assert covariance
        return self.values, self.covariance


@pytest.fixture(scope="module")
def tables():
    n = 400
    frames = FrameSet(
        MOLECULE.symbols,
        random_frames(MOLECULE, n, seed=2),
        dipole=np.random.default_rng(0).normal(size=(n, 3)),
        trajectory=np.arange(n) // 20,
    )
    model = Calibrated(frames)
    settings = {"model_name": "m", "property": "dipole", "test_set": "rotated", "n_train": 7}
    return model, frames, calibration(model, frames, molecule=MOLECULE, **settings)


def test_table_of_scores(tables):
    model, frames, (table, _) = tables
    assert list(table) == COLUMNS
    rows = table.set_index("score")
    plain = scores(frames.dipole / DEBYE, model.values / DEBYE, model.covariance / DEBYE**2)
    for name in ("rmse", "predicted_rmse", "nll", "energy_score", "size", "coverage_90"):
        assert rows.loc[name, "value"] == pytest.approx(plain[name], rel=1e-9)
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()
    for name in ("size", "coverage_50", "coverage_90", "coverage_95"):
        assert rows.loc[name, "low"] < rows.loc[name, "expected"] < rows.loc[name, "high"]
        assert rows.loc[name, "unit"] == ""
    assert rows.loc["crps_mu_x", "unit"] == "D"
    components = rows.loc[["crps_mu_x", "crps_mu_y", "crps_mu_z"], "value"]
    assert components.mean() == pytest.approx(rows.loc["crps", "value"])


def test_table_by_size(tables):
    _, frames, (table, by_size) = tables
    assert list(by_size) == SIZE_COLUMNS
    assert by_size["n_test"].sum() == len(frames)
    assert (np.diff(by_size["predicted"]) > 0).all()
    ratio = by_size["rmse"] / by_size["predicted"]
    assert ratio.between(0.75, 1.3).all()
    weights = by_size["n_test"] / len(frames)
    whole = np.sqrt((weights * by_size["rmse"] ** 2).sum())
    assert whole == pytest.approx(table.set_index("score").loc["rmse", "value"])


def test_few_trajectories_have_no_interval(tables):
    model, frames, _ = tables
    few = frames.subset(np.arange(40))
    model = Calibrated(few)
    table, by_size = calibration(
        model, few, model_name="m", property="dipole", test_set="t", molecule=MOLECULE, n_train=1
    )
    assert table[["low", "high"]].isna().all(axis=None)
    assert by_size["rmse_low"].isna().all()
