"""Paired comparison of two models on the same frames."""

import numpy as np
import pandas as pd
import pytest

from rpr.studies.comparison import COLUMNS, compare_models
from rpr.studies.evaluation import PREDICTION_COLUMNS


def predictions(errors):
    """Predictions whose dipole errors are given by model, four frames a trajectory."""
    rows = []
    for model, error in errors.items():
        for frame, values in enumerate(error):
            for component, value in zip(("mu_x", "mu_y", "mu_z"), values, strict=True):
                rows.append(
                    (model, "dipole", "rotated", 50, 3, frame, frame // 4, frame % 4, 60.0,
                     component, 1.0, 1.0 + value, "D")
                )  # fmt: skip
    return pd.DataFrame(rows, columns=PREDICTION_COLUMNS)


@pytest.fixture
def errors():
    rng = np.random.default_rng(0)
    error = rng.normal(size=(80, 3)) * rng.gamma(1.0, size=20).repeat(4)[:, None]
    return {"a": 3.0 * error, "b": error, "c": rng.normal(size=(80, 3))}


def test_errors_in_proportion_have_a_sharp_ratio(errors):
    table = compare_models(predictions(errors))
    assert list(table.columns) == COLUMNS
    assert len(table) == 6
    row = table[(table["above"] == "a") & (table["below"] == "b")].iloc[0]
    assert row["ratio"] == pytest.approx(3.0)
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((3.0, 3.0))
    assert row["rmse_below"] == pytest.approx(np.sqrt((errors["b"] ** 2).sum() / 240))
    assert (row["n_train"], row["n_test"], row["seed"]) == (50, 80, 3)
    # Independent errors leave an interval.
    row = table[(table["above"] == "a") & (table["below"] == "c")].iloc[0]
    assert row["ratio_low"] < 0.95 * row["ratio"] < row["ratio"] < 0.95 * row["ratio_high"]
    back = table[(table["above"] == "c") & (table["below"] == "a")].iloc[0]
    assert back["ratio_high"] == pytest.approx(1.0 / row["ratio_low"], rel=1e-2)


def test_rows_in_any_order(errors):
    table = predictions(errors)
    shuffled = table.sample(frac=1.0, random_state=0)
    keys = ["above", "below"]
    first, second = (compare_models(t).sort_values(keys)["ratio"] for t in (table, shuffled))
    np.testing.assert_allclose(first, second)


def test_few_trajectories_have_no_interval(errors):
    table = compare_models(predictions({name: e[:4] for name, e in errors.items()}))
    assert table["ratio_low"].isna().all()
    assert (table["ratio"] > 0).all()
