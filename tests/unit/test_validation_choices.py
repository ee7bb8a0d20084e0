"""Kernels and ways to validate are compared on the same training sets."""

import numpy as np
import pytest
from synthetic_frames import MOLECULE, labelled_frames

from rpr.data.hands import mirrored_scan
from rpr.models.registry import make_model
from rpr.studies.evaluation import errors_on_test_sets
from rpr.studies.trials import training_and_tests
from rpr.studies.validation_choices import (
    COLUMNS,
    DEFAULT,
    SPLIT_COLUMNS,
    VALIDATED,
    errors_of_choices,
    validation_choices,
)

SIZES = {"n_train": 40, "n_test": 12}
PUBLISHED = "rotate-predict-rotate"


@pytest.fixture(scope="module")
def splits():
    return errors_of_choices(
        labelled_frames(72, 1), labelled_frames(12, 2, 2), thermal=labelled_frames(10, 3),
        molecule=MOLECULE, repeats=[0, 1], models=[(PUBLISHED, "one_hand")], **SIZES,
    )  # fmt: skip


def test_errors_are_those_of_the_models_on_frames_of_that_scan(splits):
    assert list(splits.columns) == SPLIT_COLUMNS
    frames = mirrored_scan(labelled_frames(72, 1), MOLECULE, "one_hand")
    training, tests = training_and_tests(frames, labelled_frames(12, 2, 2), seed=1, **SIZES)
    about = {"property": "dipole", "molecule": MOLECULE, "seed": 1}
    model = make_model(PUBLISHED, **about, validation="trajectories").fit(training, training.dipole)
    expected = errors_on_test_sets(model, tests, model_name=PUBLISHED, n_train=40, **about)
    expected = expected[expected["component"] == "mu_inv"].set_index("test_set")["rmse"]
    keys = {"choice": "validation on trajectories", "component": "mu_inv", "repeat": 1}
    found = splits.query(" and ".join(f"{k} == {v!r}" for k, v in keys.items()))
    found = found.set_index("test_set")["rmse"]
    np.testing.assert_allclose(found[expected.index], expected)
    validated = [entry["validation_rmse"] for entry in model.hyperparameters_.values()]
    debye = 0.20819434  # e Angstrom
    assert found[VALIDATED] == pytest.approx(np.sqrt(np.mean(np.square(validated))) / debye)
    assert set(found.index) == {*expected.index, "thermal", VALIDATED}


def test_a_kernel_that_the_model_has_anyway_is_no_choice(splits):
    choices = splits.groupby("component")["choice"].unique()
    assert "kernel of the family matern" not in choices["mu_inv"]
    assert "kernel of the family matern" in choices["alpha_inv"]
    assert "kernel gaussian" in choices["mu_inv"]
    assert "kernel gaussian" not in choices["alpha_inv"]


def test_ratios_are_paired_by_training_set(splits):
    table = validation_choices(splits)
    assert list(table.columns) == COLUMNS
    keys = {"component": "mu_inv", "test_set": "rotated"}
    by_choice = splits.query(" and ".join(f"{k} == {v!r}" for k, v in keys.items()))
    by_choice = by_choice.pivot(index="repeat", columns="choice", values="rmse")
    found = table.query(" and ".join(f"{k} == {v!r}" for k, v in keys.items()))
    found = found.set_index("choice")
    ratio = by_choice["kernel matern2"] / by_choice[DEFAULT]
    assert found.loc["kernel matern2", "ratio"] == pytest.approx(np.exp(np.log(ratio).mean()))
    assert found.loc[DEFAULT, "ratio"] == 1
    assert np.isnan(found.loc[DEFAULT, "ratio_low"])
    assert found.loc["kernel matern2", "kernels"] == "matern2; matern2; matern2"
    assert (found["rmse_low"] < found["rmse"]).all()
