"""What a test set covers, and what a model costs."""

import numpy as np
import pandas as pd
import pytest

from rpr.axes.rotation import random_rotations, rotate_vectors
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.studies.cost import COLUMNS as COST
from rpr.studies.cost import cost
from rpr.studies.coverage import COLUMNS, coverage, mean_nearest_angle, uniformity

DCE = dichloroethane()


def test_uniform_rotations_pass_and_alike_ones_do_not():
    uniform = random_rotations(24, seed=3)
    assert uniformity(uniform, n_samples=2000) > 0.05
    alike = random_rotations(1, seed=4) @ np.stack([np.eye(3)] * 24)
    assert uniformity(alike, n_samples=2000) == 0.0
    # Whatever turns all orientations changes nothing.
    turned = random_rotations(1, seed=5) @ uniform
    assert uniformity(turned, n_samples=2000) == uniformity(uniform, n_samples=2000)


def test_p_values_of_uniform_rotations_are_uniform():
    values = [uniformity(random_rotations(8, seed=k), n_samples=400) for k in range(60)]
    assert 0.35 < np.mean(values) < 0.65


def test_the_nearest_angle_is_that_of_a_rotation():
    angle = np.radians(30.0)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0],
                     [0, 0, 1]])  # fmt: skip
    rotations = np.stack([np.eye(3), np.diag([-1.0, -1.0, 1.0])])
    assert mean_nearest_angle(rotations, turn[None]) == pytest.approx(30.0)


def covered(rotations, trajectory, dihedral):
    n = len(rotations)
    positions = rotate_vectors(np.stack([DCE.reference] * n), rotations)
    frames = FrameSet(DCE.symbols, positions, trajectory=trajectory, dihedral=dihedral)
    recorded = pd.DataFrame({"trajectory": 0, "dihedral": np.arange(-180.0, 170.0, 1.0)})
    table = coverage(frames, recorded, molecule=DCE, seed=1)
    assert list(table.columns) == COLUMNS
    return table.set_index("quantity")


def test_a_dihedral_that_rounds_to_360_is_in_the_first_bin():
    table = covered(random_rotations(2, seed=6), np.arange(2), np.array([-1e-15, 2.0]))
    assert table.loc["dihedral_bins_frames", "value"] == pytest.approx(1 / 72)


def test_uniform_frames_cover_as_well_as_uniform_orientations():
    dihedral = np.where(np.arange(40) < 20, 2.0, -178.0)
    table = covered(random_rotations(40, seed=6), np.arange(40), dihedral)
    row = table.loc["nearest_of_frames"]
    assert row["low"] < 1.0 < row["high"]
    assert (row["n_frames"], row["n_trajectories"], row["seed"]) == (40, 40, 1)
    assert table.loc["uniform_orientations", "value"] > 0.05
    assert table.loc["dihedral_bins_frames", "value"] == pytest.approx(2 / 72)
    assert table.loc["dihedral_bins_trajectories", "value"] == pytest.approx(70 / 72)


def test_frames_of_one_trajectory_that_hardly_turns_cover_no_more_than_one():
    rotations = random_rotations(8, seed=2).repeat(10, axis=0)
    table = covered(rotations, np.arange(80) // 10, np.full(80, np.nan))
    assert table.loc["nearest_of_frames", "low"] > 1.2
    assert table.loc["nearest_of_trajectories", "low"] < 1.0
    assert "dihedral_bins_frames" not in table.index


def test_cost_has_times_of_training_and_prediction():
    positions = random_frames(DCE, 30, seed=0)
    dipole, polarizability = analytic_labels(positions, DCE)
    frames = FrameSet(DCE.symbols, positions, dipole=dipole, polarizability=polarizability)
    settings = {"model": "rotate-predict-rotate", "property": "dipole", "molecule": DCE}
    table = cost(frames, np.arange(20), np.arange(20, 30), **settings)
    assert list(table.columns) == COST
    assert list(table["quantity"]) == ["training", "prediction"]
    assert (table["seconds_low"] <= table["seconds"]).all()
    assert (table["seconds"] <= table["seconds_high"]).all()
    assert (table["seconds"] > 0).all()
    with pytest.raises(InputError, match="0 test frames"):
        cost(frames, np.arange(20), np.arange(0), **settings)
