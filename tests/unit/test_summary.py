"""The summary of a run says what its tables say, as Markdown and as reStructuredText."""

import math

import pandas as pd
import pytest
from docutils.core import publish_parts

from rpr.report.summary import summary
from rpr.studies.evaluation import COLUMNS

RECORD = {
    "config": {"run": "mine", "molecule": {"name": "water"}},
    "data": {
        "frames": {"n_frames": 60, "level_of_theory": "not stated"},
        "test_set": {"n_frames": 20, "level_of_theory": "b3lyp5/def2-svp"},
    },
}


def errors_table(**changes):
    rows = [
        (model, component, name, "all", 20, rmse * factor, 0, 0, math.nan, unit, 40, 0,
         0.9 * rmse * factor, 1.1 * rmse * factor)
        for component, unit in (("mu_inv", "D"), ("alpha_inv", "bohr^3"))
        for model, rmse in (("rotate-predict-rotate", 0.1), ("covariant", 0.02))
        for name, factor in (("in_distribution", 1), ("rotated", 2))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).assign(**changes)


def claims(scope="1,2-dichloroethane"):
    return pd.DataFrame(
        {"source": ["the paper", "this project", "this project"],
         "rule": ["interval", "interval", "none"], "scope": [scope, "any molecule", "any molecule"],
         "verdict": ["holds", "does not hold", "measured"]}
    )  # fmt: skip


def test_numbers_come_from_the_tables():
    text = summary(errors_table(), claims(), RECORD, "results/mine")["md"]
    words = " ".join(text.split())
    assert "water, learnt from 40 of 60 labelled frames (level of theory: not stated)" in words
    assert "20 frames of the rotated test set (level of theory: b3lyp5/def2-svp)" in words
    assert "Lowest dipole error on the rotated set: covariant, 0.040 D" in words
    assert "interval 0.036 to 0.044" in words
    assert "1 hold, 1 do not hold, 1 are only measured" in words
    assert "results/mine/figures" in words
    assert "| rotate-predict-rotate | 0.10 " in words
    assert "b3lyp5" not in words.partition("Tested on")[0]
    assert max(len(line) for line in text.splitlines() if "|" not in line) <= 100


def test_the_report_can_show_it():
    text = summary(errors_table(), claims(), RECORD, "results/mine")["rst"]
    settings = {"halt_level": 2, "report_level": 2}  # a warning is an error
    html = publish_parts(text, writer="html", settings_overrides=settings)["html_body"]
    assert "<table" in html
    assert "covariant" in html


@pytest.mark.parametrize(("scope", "words"), [
    ("any molecule", "Claims that do not depend on the molecule"),
    ("1,2-dichloroethane", "Claims of the paper"),
])  # fmt: skip
def test_claims_of_another_molecule_are_called_so(scope, words):
    text = summary(errors_table(), claims(scope), RECORD, "results/mine")["md"]
    assert words in text
