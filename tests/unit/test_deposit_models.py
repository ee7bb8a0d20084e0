"""The page of what models reach on a deposit says sizes and intervals."""

import pandas as pd

from rpr.report.deposit_models import component_errors, invariant_errors, kreg_errors, models_page

KEYS = {"n_train": 10, "unit": "D", "rmse": 0.00116, "rmse_low": 0.0009, "rmse_high": 0.0014}
KREG_NAMES = [
    "n_train", "repeat", "test_set", "quantity", "dihedral_sign", "potential", "n_test", "rmse",
]  # fmt: skip


def errors():
    rows = [
        {
            "model": model, "component": component, "test_set": name, "dihedral_sign": sign,
            "n_test": n, **KEYS,
        }
        for model in ("covariant", "folded")
        for component in ("mu_inv", "alpha_inv")
        for name, sign, n in (
            ("thermal", "all", 7), ("rotated", "negative", 3), ("rotated", "all", 8),
            ("rotated", "positive", 5), ("in_distribution", "all", 6),
            ("in_distribution", "negative", 1), ("thermal", "positive", 4),
            ("thermal", "negative", 3),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows)


def benchmark():
    rows = [
        {
            "descriptor": descriptor, "kernel": "gaussian", "axes": axes, "component": component,
            "n_test": 6, **KEYS,
        }
        for descriptor in ("RE", "RExyzCl", "CM")
        for axes in ("inertia", "inertia-raw")
        for component in ("mu_x", "mu_y", "alpha_xx")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def kreg():
    rows = [
        (n, repeat, "rotated", "energy", "all", "plain", 9, 0.02 * (repeat + 1) / n)
        for n in (1, 2)
        for repeat in (0, 1)
    ]
    return pd.DataFrame(rows, columns=KREG_NAMES)


def test_errors_of_models_have_intervals_and_numbers_of_frames():
    table = invariant_errors(errors(), "mu_inv")
    assert list(table.columns) == [
        "model",
        "in distribution (6)",
        "rotated set (8)",
        "rotated set, dihedral >= 0 (5)",
        "rotated set, dihedral < 0 (3)",
        "thermal set (7)",
        "thermal set, dihedral >= 0 (4)",
        "thermal set, dihedral < 0 (3)",
    ]
    assert table["model"].tolist() == ["folded", "covariant"]
    assert set(table["thermal set (7)"]) == {"0.0012 [0.00090, 0.0014]"}


def test_components_by_descriptor_and_kernel():
    table = component_errors(benchmark(), "mu")
    assert table["model"].tolist() == [
        "RE, gaussian", "RExyzCl, gaussian", "raw axes: RE, gaussian",
        "raw axes: RExyzCl, gaussian",
    ]  # fmt: skip
    assert list(table.columns) == ["model", "mu_x", "mu_y"]


def test_energies_at_the_largest_size():
    (row,) = kreg_errors(kreg()).to_dict("records")
    assert row == {
        "potential": "plain", "test set": "rotated", "training frames": 2, "test frames": 9,
        "sets": 2, "RMSE": "0.015 [0.010, 0.020]",
    }  # fmt: skip


def test_one_training_set_has_no_spread():
    assert kreg_errors(kreg().iloc[[2]])["RMSE"].tolist() == ["0.010"]


def test_page():
    names = {"molecule": "water", "level": "hf/sto-3g", "run": "mine"}
    page = models_page(errors(), benchmark(), kreg(), **names)
    assert page.startswith("# What models reach: water at hf/sto-3g\n\n")
    assert "10 training frames" in page
    assert page.count("| ---") + page.count("| :---") >= 5
    assert "Components" not in models_page(errors(), None, kreg(), **names)
