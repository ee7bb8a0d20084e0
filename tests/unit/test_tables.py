"""Tables: what is written can be read, columns are checked, text is escaped."""

import numpy as np
import pandas as pd
import pytest

from rpr.errors import InputError
from rpr.report import summaries
from rpr.studies import tables


@pytest.fixture
def table():
    return pd.DataFrame(
        {"name": ["mu_x", "a|b & 5 %"], "rmse": [0.00123456789, np.nan], "n_test": [10, 20]}
    )


def test_csv_is_read_back_as_written(tmp_path, table):
    tables.write(table, tmp_path / "made" / "t", caption="A caption.")
    read = tables.read(tmp_path / "made" / "t.csv")
    pd.testing.assert_frame_equal(read, table)
    assert {p.name for p in (tmp_path / "made").iterdir()} == {"t.csv", "t.md", "t.tex"}


def test_only_an_empty_field_is_missing(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nNA,\nnone,1\n")
    read = tables.read(tmp_path / "t.csv")
    assert list(read["a"]) == ["NA", "none"]
    assert np.isnan(read["b"][0])


def test_markdown_has_one_cell_for_each_column(table):
    lines = tables.to_markdown(table).splitlines()
    assert lines[0] == "| name | rmse | n_test |"
    assert lines[1] == "| :--- | ---: | ---: |"
    assert lines[2] == "| mu_x | 0.001235 | 10 |"
    assert lines[3] == r"| a\|b & 5 % |  | 20 |"


def test_latex_escapes_what_latex_reads(table):
    text = tables.to_latex(table, caption="50 % of it", label="t")
    assert r"mu\_x & 0.001235 & 10 \\" in text
    assert r"a|b \& 5 \%" in text
    assert r"\caption{50 \% of it}" in text
    assert r"\begin{tabular}{lrr}" in text


def test_concat_refuses_other_columns(table):
    assert len(tables.concat([table, table.iloc[:0], table])) == 4
    assert list(tables.concat([table.iloc[:0]]).columns) == list(table.columns)
    with pytest.raises(InputError, match="table 1 has columns"):
        tables.concat([table, table.drop(columns="rmse")])
    with pytest.raises(InputError, match="found none"):
        tables.concat([])


def test_unreadable_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"missing\.csv"):
        tables.read(tmp_path / "missing.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match=r"empty\.csv"):
        tables.read(tmp_path / "empty.csv")


def test_rmse_tables_put_test_sets_and_signs_in_columns():
    rows = [
        ("rotate-predict-rotate", component, test_set, sign, rmse, "D")
        for component in ("mu_x", "mu_inv")
        for test_set, sign, rmse in (
            ("rotated", "negative", 3.0),
            ("rotated", "all", 2.0),
            ("in_distribution", "all", 1.0),
        )
    ]
    columns = ["model", "component", "test_set", "dihedral_sign", "rmse", "unit"]
    test_set = pd.DataFrame(rows, columns=columns)
    wide = summaries.rmse_table(test_set)
    assert list(wide.columns) == [
        "component", "unit", "in_distribution", "rotated", "rotated (-)",
    ]  # fmt: skip
    assert list(wide["component"]) == ["mu_x", "mu_inv"]
    assert wide.loc[0, "rotated (-)"] == 3.0
    assert list(summaries.models_table(test_set)["component"]) == ["mu_inv"]
    with pytest.raises(InputError, match="dihedral_sign"):
        summaries.rmse_table(test_set.drop(columns="dihedral_sign"))
