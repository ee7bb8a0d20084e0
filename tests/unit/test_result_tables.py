"""Tables of the documentation say what the tables of a run say."""

from pathlib import Path

import pytest

from rpr.errors import InputError
from rpr.report.generated_tables import RESULTS, replace_table
from rpr.report.result_tables import (
    calibration_tables,
    fewer_labels_table,
    hands_table,
    validation_tables,
    ways_table,
)
from rpr.studies.validation_choices import DEFAULT

DOCS = Path(__file__).parents[2] / "docs"


def score(name: str, value: float, low: str = "", high: str = "", **other: str) -> dict[str, str]:
    row = {"model": "covariant", "property": "dipole", "test_set": "rotated", "n_test": "1200"}
    return {**row, "score": name, "value": str(value), "low": low, "high": high, **other}


def test_scores_have_their_units_and_intervals():
    rows = [
        score("rmse", 0.00153, "0.00118", "0.00186"),
        score("coverage_50", 0.654, "0.58", "0.72"),
        score("nll", -17.64),
        score("rmse", 9.0, model="symmetrized"),
        score("rmse", 0.0089, property="polarizability"),
    ]
    dipole, polarizability = (t.splitlines() for t in calibration_tables(rows).split("\n\n"))
    assert dipole[0] == "| dipole | rotated (1200) |"
    assert "| RMSE (mD) | 1.53 [1.18, 1.86] |" in dipole
    assert "| inside 50 % | 65 [58, 72] |" in dipole
    assert "| log score | -17.6 |" in dipole
    assert "| RMSE (bohr³) | 0.0089 |" in polarizability


def test_curves_are_means_over_training_sets():
    row = {"component": "mu_inv", "test_set": "rotated", "labels": "values", "n_train": "100"}
    rows = [{**row, "rmse": "0.006"}, {**row, "rmse": "0.008"}]
    rows.append({**row, "labels": "values and derivatives", "n_train": "30", "rmse": "0.0024"})
    rows.append({**row, "component": "dmu_dR", "rmse": "0.0113"})
    rows.append({**row, "component": "mu_x", "rmse": "9"})
    lines = fewer_labels_table(rows).splitlines()
    assert lines[0] == "| training frames | 30 | 100 |"
    assert lines[2:] == [
        "| rotated: `covariant`, values |  | 7.0 |",
        "| rotated: `covariant`, derivatives | 2.4 |  |",
        "| rotated: dμ/dR, `covariant`, values |  | 11.3 |",
    ]


def test_ways_are_grouped_by_their_idea():
    names = ["rotated_low", "rotated_high", "rotation", "inversion", "permutation"]
    row = dict.fromkeys(names, "") | {"idea": "axes", "way": "RE", "rotated": "0.03381"}
    row |= {"rotated_positive": "0.0332", "frames_needed": "> 400", "rotation": "3e-9"}
    row |= {"train_seconds": "0.667", "predict_ms": ""}
    other = {
        **row,
        "way": "ID",
        "rotated_low": "0.03",
        "rotated_high": "0.04",
        "inversion": "0.234",
    }
    lines = ways_table([row, other]).splitlines()
    assert lines[2] == "| *axes* |" + "  |" * 8
    assert lines[3] == "| RE | 0.0338 | 0.0332 | - | - | - | > 400 | 0.67 |  |"
    assert lines[4].startswith("| ID | 0.0338 [0.0300, 0.0400] | 0.0332 | - | 0.23 | - |")


def test_choices_of_validation_are_factors_of_the_model_as_it_is():
    row = {"model": "folded", "scan": "", "component": "mu_inv", "test_set": "rotated"}
    row |= {"choice": DEFAULT, "kernels": "matern2, matern3; matern4; matern4"}
    row |= {"rmse": "0.1", "rmse_low": "0.07", "rmse_high": "0.14", "ratio": "1"}
    other = {"choice": "kernel gaussian", "kernels": "gaussian; gaussian; gaussian"}
    other |= {"ratio": "1.13", "ratio_low": "1.05", "ratio_high": "1.22"}
    rows = [{**row, **change} for change in ({}, {"test_set": "validated"}, other)]
    rows.append({**rows[1], **other})
    assert validation_tables(rows).splitlines() == [
        "| dipole (D) | kernels | validated | rotated |",
        "| :-- | :-- | :-- | :-- |",
        "| `folded` | 2, 3; 4; 4 | 0.10 [0.070, 0.14] | 0.10 [0.070, 0.14] |",
        "| kernel gaussian | gaussian | × 1.13 [1.05, 1.22] | × 1.13 [1.05, 1.22] |",
    ]
    alike = {**row, "choice": "validation on trajectories", "kernels": "gaussian; gaussian"}
    alike |= {"ratio_low": "", "ratio_high": ""}
    assert "| validation on trajectories | gaussian | × 1.00 |" in validation_tables([alike])


def test_hands_are_those_of_the_rotated_frames():
    row = {"model": "covariant", "component": "mu_inv", "test_set": "rotated"}
    row |= {"dihedral_sign": "positive", "rmse": "0.0012", "rmse_low": "", "rmse_high": ""}
    rows = [row, {**row, "test_set": "thermal", "rmse": "9"}]
    rows += [{**row, "dihedral_sign": "negative", "rmse": "0.0013"}, {**row, "model": "augmented"}]
    assert hands_table(rows).splitlines()[2:] == ["| `covariant` | 0.0012 | 0.0013 |  |  |"]


@pytest.mark.parametrize(("page", "name"), RESULTS)
def test_every_page_has_the_place_of_its_table(page, name):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert "\nnew\n" in replace_table(text, name, "new")
    with pytest.raises(InputError, match="other table: expected the lines"):
        replace_table(text, "other", "new")
