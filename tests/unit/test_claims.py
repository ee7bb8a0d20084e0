"""Claims and published values: verdicts follow from numbers, missing data stay missing."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rpr.errors import InputError
from rpr.report.claims import CLAIMS, COLUMNS, claims_table, readable
from rpr.report.published import FILE_COLUMNS, compare, is_papers_molecule
from rpr.report.verdicts import RULES, Measurement, verdict
from rpr.studies import tables

PUBLISHED = Path(__file__).resolve().parents[2] / "resources" / "published"


@pytest.mark.parametrize(
    ("rule", "low", "high", "value", "interval", "expected"),
    [
        ("interval", 20, 40, 30, (10, 60), "undecided"),
        ("interval", 20, 40, 30, (25, 35), "holds"),
        ("interval", 20, 40, 50, (35, 60), "undecided"),
        ("interval", 20, 40, 50, (45, 60), "does not hold"),
        ("interval", 20, 40, 50, None, "does not hold"),
        ("interval", 2, math.inf, 3, (2.5, 4), "holds"),
        ("interval", 2, math.inf, 3, (1.5, 4), "undecided"),
        ("interval", 2, math.inf, 1, (0.5, 1.5), "does not hold"),
        ("interval", 2, math.inf, 3, None, "undecided"),
        ("interval", 0, 1e-6, 1e-8, (1e-8, 1e-8), "holds"),
        ("interval", 0, 1e-6, 1e-5, (1e-5, 1e-5), "does not hold"),
        ("probability", 0.95, 1, 0.99, None, "holds"),
        ("probability", 0.95, 1, 0.5, None, "undecided"),
        ("probability", 0.95, 1, 0.01, None, "does not hold"),
        ("none", math.nan, math.nan, 3, None, "measured"),
        ("interval", 20, 40, math.nan, None, "not measured"),
    ],
)
def test_verdicts_follow_the_rules(rule, low, high, value, interval, expected):
    assert rule in RULES
    measured = Measurement(value, *(interval or ()))
    assert verdict(rule, low, high, measured) == expected


def test_without_tables_nothing_is_measured():
    table = tabulate()
    assert list(table.columns) == COLUMNS
    assert len(table) == len(CLAIMS)
    assert set(table["verdict"]) == {"not measured"}
    assert set(tabulate(benchmark=pd.DataFrame())["verdict"]) == {"not measured"}


def tabulate(**tables):
    return claims_table(tables)


def errors(**rmse):
    """test_set.csv with rmse of ``model_testset_sign``, intervals of 10 %."""
    rows = []
    for key, value in rmse.items():
        model, test_set, sign = key.split("__")
        rows.append(
            {
                "model": model.replace("_", "-"), "component": "mu_inv", "test_set": test_set,
                "dihedral_sign": sign, "n_test": 100, "rmse": value, "unit": "D", "n_train": 50,
                "seed": 7, "rmse_low": 0.9 * value, "rmse_high": 1.1 * value,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def find(table, *words):
    rows = table[[all(w in claim for w in words) for claim in table["claim"]]]
    assert len(rows) == 1
    return rows.iloc[0]


def test_factor_four_and_its_handedness():
    table = tabulate(
        test_set=errors(
            rotate_predict_rotate__in_distribution__all=1.0,
            rotate_predict_rotate__rotated__all=4.0,
            rotate_predict_rotate_one_hand__in_distribution__all=1.0,
            rotate_predict_rotate_one_hand__rotated__all=4.0,
            rotate_predict_rotate_one_hand__rotated__negative=5.6,
            rotate_predict_rotate_one_hand__rotated__positive=1.4,
            folded__in_distribution__all=1.0, folded__rotated__all=2.0,
        )
    )  # fmt: skip
    factor = find(table, "about four times", "mu_inv", "one hand")
    assert factor["measured"] == pytest.approx(4.0)
    assert factor["verdict"] == "holds"
    assert (factor["n_train"], factor["n_test"], factor["seed"]) == (50, 100, 7)
    assert factor["measured_low"] == pytest.approx(4.0 * math.exp(-0.1419), rel=1e-3)
    # Half of the factor, on the logarithmic scale: 4 -> 2.
    assert find(table, "that folding removes", "mu_inv")["measured"] == pytest.approx(0.5)
    hands = find(table, "at negative over that at positive", "mu_inv", "one hand")
    assert hands["measured"] == pytest.approx(4.0)
    assert hands["verdict"] == "measured"  # it depends on the scan, so nothing is expected
    assert find(table, "held-out", "mu_inv")["verdict"] == "not measured"
    assert find(table, "about four times", "alpha_inv", "both hands")["verdict"] == "not measured"


def test_equal_hands_within_noise():
    hands = {"symmetrized__rotated__negative": 1.05, "symmetrized__rotated__positive": 1.0}
    claim = "symmetrized model has equal errors"
    assert find(tabulate(test_set=errors(**hands)), claim, "mu_inv")["verdict"] == "holds"
    hands["symmetrized__rotated__negative"] = 2.0
    assert find(tabulate(test_set=errors(**hands)), claim, "mu_inv")["verdict"] == "does not hold"


def benchmark_rows(axes, descriptor, rmse, better=0.5):
    return [
        {
            "descriptor": descriptor, "kernel": kernel, "axes": axes, "component": component,
            "n_train": 50, "n_test": 100, "rmse": rmse * (1 + k), "unit": "D", "seed": 1,
            "rmse_low": 0.95 * rmse * (1 + k), "rmse_high": 1.05 * rmse * (1 + k),
            "best_probability": float(k), "better_than_gaussian": better if k else 0.0,
            "validation_rmse": rmse * (1 + k),
        }
        for component in ("mu_x", "mu_y", "mu_z")
        for k, kernel in enumerate(("gaussian", "matern2"))
    ]  # fmt: skip


def test_sign_repair_is_the_part_that_the_rule_removes():
    table = tabulate(
        benchmark=pd.DataFrame(
            benchmark_rows("inertia-raw", "RE", 27.0)
            + benchmark_rows("inertia-raw", "RExyzCl", 1.0)
            + benchmark_rows("inertia", "RE", 3.0)
            + benchmark_rows("inertia", "RExyzCl", 1.0)
        )
    )
    raw = find(table, "LAPACK", "mu_y")
    assert raw["measured"] == pytest.approx(27.0)
    assert raw["verdict"] == "measured"  # an ablation, not a claim of the paper
    assert find(table, "20 to 40", "mu_y")["verdict"] == "does not hold"
    assert find(table, "sign rule removes", "for mu_y")["measured"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("better", "expected"), [(0.98, "holds"), (0.6, "undecided"), (0.0, "does not hold")]
)
def test_best_kernel_needs_certainty(better, expected):
    rows = pd.DataFrame(benchmark_rows("inertia", "RExyzCl", 1.0, better=better))
    worse = rows[rows["kernel"] == "matern2"].assign(
        kernel="matern3", validation_rmse=9.0, rmse=0.1, better_than_gaussian=1.0
    )  # the lowest test error, but not the lowest validation error
    claim = find(tabulate(benchmark=pd.concat([rows, worse])), "a Matern kernel has a lower error")
    assert claim["verdict"] == expected
    assert "mu_x matern2" in claim["detail"]


def test_best_kernel_is_not_measured_without_resampling():
    rows = benchmark_rows("inertia", "RExyzCl", 1.0, better=math.nan)
    claim = find(tabulate(benchmark=pd.DataFrame(rows)), "a Matern kernel has a lower error")
    assert claim["verdict"] == "not measured"


def test_fewer_frames_compares_the_right_sizes():
    rows = [
        (model, n, seed, error)
        for model, errors in (("folded", {30: 9.0, 100: 2.0}), ("symmetrized", {30: 1.0, 100: 0.5}))
        for n, error in errors.items()
        for seed in (0, 1)
    ]
    curve = pd.DataFrame(rows, columns=["model", "n_train", "repeat", "rmse"])
    curve = curve.assign(component="mu_inv", test_set="rotated", unit="D", n_test=10)
    claim = find(tabulate(learning_curve=curve), "three times as many", "mu_inv")
    assert claim["measured"] == pytest.approx(0.5)
    assert claim["verdict"] == "holds"
    assert "30 frames" in claim["detail"]


def test_hands_of_the_potential_are_compared_at_the_largest_size():
    rows = [
        ("plain", n, sign, error)
        for n in (10, 40)
        for sign, error in (("negative", 0.5 * n), ("positive", 1.0), ("all", 7.0))
    ]
    kreg = pd.DataFrame(rows, columns=["potential", "n_train", "dihedral_sign", "rmse"])
    kreg = kreg.assign(
        quantity="energy", test_set="rotated", repeat=0, n_test=9, unit="kcal/mol",
        rmse_low=0.9 * kreg["rmse"], rmse_high=1.1 * kreg["rmse"],
    )  # fmt: skip
    table = tabulate(kreg=kreg)
    plain = find(table, "plain KREG potential")
    assert plain["measured"] == pytest.approx(20.0)
    assert plain["verdict"] == "measured"
    assert find(table, "symmetric KREG potential")["verdict"] == "not measured"


def test_covariance_is_judged_at_1e_8_e_bohr():
    row = {"model": "rotate-predict-rotate", "property": "dipole", "n_applied": 1000,
           "operation": "rotation", "median_error": 1e-10,
           "unit": "D", "n_frames": 10, "n_train": 50, "seed": 0}  # fmt: skip
    words = "dipole of the model rotate-predict-rotate"
    for error, expected in ((2.5e-8, "holds"), (2.6e-8, "does not hold")):
        table = tabulate(equivariance=pd.DataFrame([row | {"max_error": error}]))
        assert find(table, words)["verdict"] == expected


def test_claims_about_the_papers_molecule_are_left_out_for_another():
    deviation = {"model": "covariant", "property": "dipole", "operation": "rotation",
                 "n_applied": 9, "max_error": 1.0, "median_error": 0.1, "unit": "D", "n_frames": 1,
                 "n_train": 5, "seed": 0}  # fmt: skip
    given = {
        "equivariance": pd.DataFrame([deviation]),
        "test_set": errors(
            rotate_predict_rotate_one_hand__in_distribution__all=1.0,
            rotate_predict_rotate_one_hand__rotated__all=40.0,
        ),
    }
    assert (
        find(claims_table(given), "about four times", "mu_inv", "one hand")["verdict"]
        == "does not hold"
    )
    table = claims_table(given, papers_molecule=False)
    assert not any("four times" in claim for claim in table["claim"])
    refuted = table[table["verdict"] == "does not hold"]
    assert list(refuted["claim"]) == [
        "the dipole of the model covariant turns with the molecule to rounding"
    ]


def test_readable_claims_have_few_columns_and_all_numbers():
    table = tabulate(
        test_set=errors(
            rotate_predict_rotate_one_hand__in_distribution__all=1.0,
            rotate_predict_rotate_one_hand__rotated__all=4.0,
        )
    )
    shown = readable(table)
    assert len(shown.columns) == 5
    row = find(shown, "about four times", "mu_inv", "one hand")
    assert row["measured (95 % interval)"] == "4 (3.47 to 4.61)"
    assert (row["expected"], row["verdict"], row["source"]) == ("3 to 5.33", "holds", "the paper")
    assert find(shown, "2.5 times lower", "mu_inv")["expected"] == "at least 2.5"
    assert find(shown, "2.5 times lower", "mu_inv")["measured (95 % interval)"] == ""


@pytest.mark.parametrize(
    ("smiles_like", "expected"), [("ClCCCl", True), ("CCClCl", False), ("OCCO", False)]
)
def test_the_papers_molecule_is_known_by_its_bonds(smiles_like, expected):
    heavy = {
        "ClCCCl": (["Cl", "C", "C", "Cl"], [(0, 1), (1, 2), (2, 3)]),
        "CCClCl": (["C", "C", "Cl", "Cl"], [(0, 1), (1, 2), (1, 3)]),
        "OCCO": (["O", "C", "C", "O"], [(0, 1), (1, 2), (2, 3)]),
    }[smiles_like]
    symbols, bonds = heavy
    carbons = {"ClCCCl": [1, 1, 2, 2], "CCClCl": [0, 0, 0, 1], "OCCO": [1, 1, 2, 2]}[smiles_like]
    symbols = [*symbols, "H", "H", "H", "H"]
    bonds = [*bonds, *((c, 4 + k) for k, c in enumerate(carbons))]
    molecule = SimpleNamespace(symbols=tuple(symbols), bonds=tuple(bonds))
    assert is_papers_molecule(molecule) is expected


@pytest.fixture(scope="module")
def published():
    return [tables.read(path) for path in sorted(PUBLISHED.glob("*.csv"))]


def test_published_files_name_source_unit_and_bounds(published):
    assert len(published) == 3
    for table in published:
        assert list(table.columns) == FILE_COLUMNS
        assert not table.drop(columns=["component", "note"]).isna().any().any()
        assert (table["low"] <= table["published"]).all()
        assert (table["published"] <= table["high"]).all()
        assert table["source"].str.contains("174104").all()


def test_published_values_stand_beside_ours(published):
    reference = np.linspace(-3.24, 0.2, 1200)  # as many rotated frames as in the paper
    predictions = pd.DataFrame(
        {"component": "mu_y", "test_set": "rotated", "reference": reference,
         "frame": range(1200), "seed": 0}
    )  # fmt: skip
    test_set = errors(rotate_predict_rotate__rotated__all=0.02).assign(component="mu_x")
    table = compare(
        published, test_set=test_set, predictions=predictions, protocol={"n_train": 300}
    ).set_index(["quantity", "component"])
    assert len(table) == sum(len(t) for t in published)
    low = table.loc[("range_low", "mu_y")]
    assert (low["ours"], low["inside"], low["n_test"]) == (-3.24, "true", 1200)
    assert table.loc[("range_high", "mu_y"), "inside"] == "false"
    assert table.loc[("rmse_rotated", "mu_x"), "ratio"] == pytest.approx(0.8)
    assert pd.isna(table.loc[("rmse_rotated", "alpha_xx"), "ours"])
    protocol = table.reset_index().set_index("quantity")
    assert protocol.loc["n_train", "inside"] == "false"
    assert pd.isna(protocol.loc["n_frames", "inside"])
    assert protocol.loc["n_train", "estimated"] == "no"
    assert table.loc[("rmse_rotated", "mu_x"), "estimated"] == "yes"
    assert "estimated" in table.loc[("rmse_rotated", "mu_x"), "note"]


def test_extremes_of_fewer_frames_are_not_compared(published):
    predictions = pd.DataFrame(
        {"component": "mu_y", "test_set": "rotated", "reference": [-3.24, 0.2], "frame": [0, 1],
         "seed": 0}
    )  # fmt: skip
    test_set = errors(rotate_predict_rotate__rotated__all=0.02).assign(component="mu_x")
    table = compare(published, test_set=test_set, predictions=predictions)
    low = table.set_index(["quantity", "component"]).loc[("range_low", "mu_y")]
    assert (low["ours"], low["n_test"]) == (-3.24, 2)
    assert pd.isna(low["inside"])
    assert pd.isna(low["ratio"])
    assert compare([], test_set=test_set, predictions=predictions).empty  # another molecule


def test_unknown_published_quantity_is_refused(published):
    wrong = published[0].iloc[:1].assign(quantity="colour", component="mu_x")
    with pytest.raises(InputError, match="colour"):
        compare([wrong], test_set=pd.DataFrame(), predictions=pd.DataFrame())
