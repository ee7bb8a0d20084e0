"""Paired comparison of descriptors and of kernels."""

import numpy as np
import pandas as pd
import pytest

from rpr.studies.benchmark import ERROR_COLUMNS
from rpr.studies.benchmark_pairs import COLUMNS, compare_benchmark

COMPONENTS = ("mu_x", "mu_y", "mu_z")


@pytest.fixture
def tables():
    """Two descriptors and three kernels; matern2 has the lowest validation error of RE's mu_x."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 3)) * rng.gamma(1.0, size=15).repeat(4)[:, None]
    sizes = {
        ("RE", "gaussian"): (3.0, 3.0, 3.0),
        ("RE", "matern1"): (0.1, 9.0, 9.0),
        ("RE", "matern2"): (6.0, 6.0, 6.0),
        ("xyz", "gaussian"): (1.0, 1.0, 1.0),
        ("xyz", "matern2"): (2.0, 2.0, 2.0),
    }
    validation = {("RE", "matern2", "mu_x"): 0.5}
    errors, rows = [], []
    for (descriptor, kernel), factors in sizes.items():
        table = pd.DataFrame(noise * factors, columns=COMPONENTS)
        keys = {"descriptor": descriptor, "axes": "inertia", "kernel": kernel, "n_train": 40,
                "seed": 7, "frame": range(60), "trajectory": np.arange(60) // 4}  # fmt: skip
        errors.append(pd.DataFrame(keys)[ERROR_COLUMNS].join(table))
        rows += [
            {"descriptor": descriptor, "kernel": kernel, "axes": "inertia", "component": c,
             "unit": "D", "validation_rmse": validation.get((descriptor, kernel, c), size + 1.0)}
            for c, size in zip(COMPONENTS, factors, strict=True)
        ]  # fmt: skip
    benchmark = pd.DataFrame(rows)
    benchmark.loc[benchmark["kernel"] == "matern1", "validation_rmse"] = 99.0
    return benchmark, pd.concat(errors, ignore_index=True)


def pick(table, component, above, below):
    rows = table[(table["component"] == component) & (table["above"] == above)]
    rows = rows[rows["below"] == below]
    assert len(rows) == 1
    return rows.iloc[0]


def test_each_descriptor_has_the_kernel_of_lowest_validation_error(tables):
    table = compare_benchmark(*tables)
    assert list(table.columns) == COLUMNS
    row = pick(table, "mu_x", "RE", "xyz")
    assert (row["kernel_above"], row["kernel_below"]) == ("matern2", "gaussian")
    assert row["ratio"] == pytest.approx(6.0)  # not 0.1, though that has the lowest test error
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((6.0, 6.0))
    assert pick(table, "mu_y", "RE", "xyz")["ratio"] == pytest.approx(3.0)
    assert (row["n_train"], row["n_test"], row["seed"], row["unit"]) == (40, 60, 7, "D")


def test_the_whole_vector_takes_each_component_with_its_kernel(tables):
    _, errors = tables
    row = pick(compare_benchmark(*tables), "mu_inv", "RE", "xyz")
    x, y, z = (errors[errors["kernel"] == "gaussian"].iloc[60:][c] for c in COMPONENTS)
    expected = np.sqrt((36 * x**2 + 9 * y**2 + 9 * z**2).mean() / 3)
    assert row["rmse_above"] == pytest.approx(expected)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]


def test_one_matern_kernel_faces_the_gaussian_one(tables):
    row = pick(compare_benchmark(*tables), "mu_y", "RE", "RE")
    assert (row["kernel_above"], row["kernel_below"]) == ("gaussian", "matern2")
    assert row["ratio"] == pytest.approx(0.5)


def test_few_trajectories_have_no_interval(tables):
    benchmark, errors = tables
    table = compare_benchmark(benchmark, errors[errors["trajectory"] < 3])
    assert table["ratio_low"].isna().all()
    assert (table["ratio"] > 0).all()


def test_without_rows_there_are_no_pairs(tables):
    benchmark, errors = tables
    assert compare_benchmark(benchmark.iloc[:0], errors.iloc[:0]).empty
