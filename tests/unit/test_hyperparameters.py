"""The table of hyper-parameters says what the model files hold, in reported units."""

import numpy as np
import pytest

import rpr
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.models.description import describe
from rpr.models.model_file import load_model
from rpr.studies.hyperparameters import COLUMNS, hyperparameters
from rpr.units import REPORTED

MOLECULE = dichloroethane()
POSITIONS = random_frames(MOLECULE, 40, seed=2)
DIPOLES, POLARIZABILITIES = analytic_labels(POSITIONS, MOLECULE)
FRAMES = FrameSet(
    MOLECULE.symbols,
    POSITIONS,
    dipole=DIPOLES,
    polarizability=POLARIZABILITIES,
    trajectory=np.arange(40) // 8,
)
NAMES = {"model": "published", "split": "random", "n_train": 40}


def table_of(model, tmp_path):
    model.save(tmp_path / "model.npz")
    return hyperparameters(load_model(tmp_path / "model.npz"), **NAMES)


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_every_component_has_its_kernel_and_its_error(property, tmp_path):
    model = rpr.RotatePredictRotate(
        molecule=MOLECULE, property=property, validation="trajectories", seed=5
    ).fit(FRAMES)
    table = table_of(model, tmp_path)
    assert list(table.columns) == COLUMNS
    assert tuple(table["component"]) == model.components
    assert set(table["validation"]) == {"trajectories"}
    assert set(table["seed"]) == {5}
    unit, size = REPORTED[property]
    for _, row in table.iterrows():
        found = model.hyperparameters_[row["component"]]
        assert row["kernel"] == found["kernel"] in ("matern1", "matern2", "matern3", "matern4")
        assert row["lambda"] == found["lambda"]
        assert row["validation_rmse"] * size == pytest.approx(found["validation_rmse"])
        assert row["unit"] == unit


def test_a_description_names_the_kernel_of_each_component(tmp_path):
    model = rpr.RotatePredictRotate(molecule=MOLECULE).fit(FRAMES)
    model.save(tmp_path / "model.npz")
    told = dict(describe(tmp_path / "model.npz"))
    for component, found in model.hyperparameters_.items():
        line = told["hyper-parameters"].split(component)[1].split("}")[0]
        assert f"kernel {found['kernel']}" in line
    assert "kernel matern, " in told["settings"]
    assert "validation frames" in told["settings"]


def test_a_model_without_regressions_of_components_has_no_row(tmp_path):
    model = rpr.CovariantRegression(molecule=MOLECULE, n_search=10, max_iterations=2).fit(FRAMES)
    table = table_of(model, tmp_path)
    assert list(table.columns) == COLUMNS
    assert table.empty
