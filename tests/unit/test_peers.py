"""Predictions of other programs: made for these frames, and compared with a verdict."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_frames import MOLECULE, labelled_frames

from rpr.data.extxyz import read_frames
from rpr.errors import InputError
from rpr.models.registry import make_model
from rpr.report.result_tables import peers_tables
from rpr.studies.comparison import COLUMNS as PAIR_COLUMNS
from rpr.studies.exchange import (
    read_predictions,
    write_predictions,
    write_sets,
    write_splits,
)
from rpr.studies.peer_comparison import COLUMNS, compare_on_split, over_sets
from rpr.studies.peer_predictions import (
    KEYS,
    collect_predictions,
    predictions_of_peer,
    splits_table,
)
from rpr.studies.trials import training_and_tests

SIZES = {"n_train": 30, "n_test": 12}


frames = partial(labelled_frames, frames_per_trajectory=2)
FRAMES, ROTATED, THERMAL = frames(60, 1), frames(14, 2), frames(10, 3)
OTHERS = {"rotated": ROTATED, "thermal": THERMAL}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The covariant model in the place of another program, from the files that one gets."""
    folder = tmp_path_factory.mktemp("peer")
    write_sets(folder, {"frames": FRAMES, **OTHERS})
    write_splits(folder, splits_table(FRAMES, repeats=[0, 1], **SIZES))
    known = {path.stem: read_frames(path) for path in folder.glob("*.extxyz")}
    splits = pd.read_csv(folder / "splits.csv")
    for repeat, rows in splits.groupby("repeat"):
        sets = {
            name: known["frames"].subset(chosen["frame"].to_numpy())
            for name, chosen in rows.groupby("set")
        }
        training = sets.pop("train")
        model = make_model("covariant", property="dipole", molecule=MOLECULE, seed=int(repeat))
        model.fit(training, training.dipole)
        for name, test in (sets | {k: known[k] for k in OTHERS}).items():
            np.save(folder / f"dipole_{repeat}_{name}.npy", model.predict(test))
    return folder


@pytest.fixture(scope="module")
def table(folder):
    write_predictions(
        collect_predictions(
            read_predictions(folder), "other", FRAMES, OTHERS, repeats=[0, 1], **SIZES
        ),
        folder / "table.csv.gz",
    )
    return pd.read_csv(folder / "table.csv.gz")


def compare(table, rotated=ROTATED, **changed):
    return compare_on_split(
        FRAMES, rotated, molecule=MOLECULE, property="dipole", peers={"file": table},
        models=["covariant"], thermal=THERMAL, **{**SIZES, "repeat": 1, **changed},
    )  # fmt: skip


def test_other_programs_have_the_errors_that_the_project_finds_itself(table):
    assert list(table.columns) == [*KEYS, "mu_x", "mu_y", "mu_z"]
    assert len(table) == 2 * (12 + 12 + 14 + 10)
    pairs = compare(table)
    assert pairs["test_set"].tolist() == [
        "in_distribution", "held_out_trajectories", "rotated", "thermal"
    ]  # fmt: skip
    assert set(pairs["above"]) == {"other"}
    # Predictions are rounded to 1e-4 D, and nothing else differs.
    np.testing.assert_allclose(pairs["rmse_above"], pairs["rmse_below"], atol=1e-4)
    np.testing.assert_allclose(pairs["ratio"], 1.0, atol=0.02)
    assert compare(table.drop(columns="mu_x")).empty  # a program without dipoles


def test_the_same_table_is_the_same_file(table, tmp_path):
    for name in ("a", "b"):
        write_predictions(table, tmp_path / f"{name}.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_predictions_for_other_frames_are_refused(table, folder):
    with pytest.raises(InputError, match="14 predictions for the 16 frames of test set rotated"):
        compare(table, frames(16, 2))
    with pytest.raises(InputError, match="with other frames of test set rotated"):
        compare(table, frames(14, 5))
    with pytest.raises(InputError, match="with other training frames"):
        compare(table, n_train=29)
    training, tests = training_and_tests(FRAMES, ROTATED, seed=0, **SIZES)
    with pytest.raises(InputError, match="0 predictions for the 12 frames"):
        predictions_of_peer(table, "dipole", 7, training, tests, source="file")
    others, found = {"rotated": frames(16, 2)}, read_predictions(folder)
    with pytest.raises(InputError, match="14 predictions, expected 16"):
        collect_predictions(found, "other", FRAMES, others, repeats=[0], **SIZES)
    with pytest.raises(InputError, match="found no dipole_2_in_distribution"):
        collect_predictions(found, "other", FRAMES, OTHERS, repeats=[2], **SIZES)


def pairs_of(ratios, width):
    """Rows of a program whose errors have these ratios, one for each training set."""
    rows = []
    for repeat, ratio in enumerate(ratios):
        bounds = [ratio, ratio * np.exp(-width), ratio * np.exp(width)]
        row = ["mu_inv", "rotated", "other", "covariant", *bounds, 2.0 * ratio, 2.0]
        rows.append([*row, "D", 30, 14, repeat])
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def test_intervals_have_both_kinds_of_frames_and_decide():
    own, other = over_sets(pairs_of([2.0, 4.0], 0.3)).to_dict("records")
    assert (own["model"], own["rmse"], own["n_sets"]) == ("covariant", pytest.approx(2.0), 2)
    assert other["ratio"] == pytest.approx(8**0.5)
    over_training = 12.7062 * np.log(2.0) / 2.0  # Student's t, one degree of freedom
    width = np.log(other["ratio_high"] / other["ratio"])
    assert width == pytest.approx(np.hypot(over_training, 0.3), rel=1e-5)
    assert other["lower_error"] == "undecided"

    def lower(ratios, width):
        return over_sets(pairs_of(ratios, width))["lower_error"][1]

    assert lower([2.0, 2.1, 2.2], 0.3) == "covariant"
    assert lower([0.5, 0.5, 0.5], 0.3) == "other"
    assert lower([2.0, 2.1, 2.2], 0.8) == "undecided"  # the training sets agree, by chance of tests
    assert lower([2.0, 2.1, 2.2], np.nan) == "undecided"
    assert list(over_sets(pairs_of([2.0], 0.3)).columns) == COLUMNS


def test_the_documentation_takes_the_comparison():
    pairs = pairs_of([2.0, 2.1], 0.3)
    rows = [table.astype(str).to_dict("records") for table in (over_sets(pairs), pairs)]
    lines = peers_tables(*rows).splitlines()
    assert lines[0] == "| dipole (D) | rotated (14) |"
    assert lines[2] == "| covariant | 2 |"
    assert lines[4].startswith("| other / covariant | 2.05 [")
    assert lines[5].startswith("| lower error | ")
    assert lines[6] == "| other; covariant, training set 1 | 4; 2 |"


def test_the_table_of_lambda_soap_is_one_that_is_read():
    path = Path(__file__).parents[2] / "peers" / "lambda_soap" / "predictions.csv.gz"
    table = pd.read_csv(path)
    assert list(table.columns[: len(KEYS)]) == KEYS
    assert sorted(table["repeat"].unique()) == [0, 1, 2, 3, 4]
