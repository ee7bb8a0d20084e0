"""Claims and published values: verdicts follow from numbers, missing data stay missing."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.report.claims import CLAIMS, COLUMNS, claims_table, level_of_labels, readable
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
        ("interval", 20, 40, 50, None, "undecided"),
        ("interval", 20, 40, 50, (45, math.nan), "undecided"),
        ("interval", 2, math.inf, 3, (2.5, 4), "holds"),
        ("interval", 2, math.inf, 3, (1.5, 4), "undecided"),
        ("interval", 2, math.inf, 1, (0.5, 1.5), "does not hold"),
        ("interval", 2, math.inf, 3, None, "undecided"),
        ("interval", 0, 1e-6, 1e-8, (1e-8, 1e-8), "holds"),
        ("interval", 0, 1e-6, 1e-5, (1e-5, 1e-5), "does not hold"),
        ("test", 0.05, 1, 0.99, None, "undecided"),
        ("test", 0.05, 1, 0.01, None, "does not hold"),
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
            symmetrized__rotated__negative=1.05, symmetrized__rotated__positive=1.0,
        )
    )  # fmt: skip
    factor = find(table, "about four times", "mu_inv", "one hand")
    assert factor["measured"] == pytest.approx(4.0)
    assert factor["verdict"] == "holds"
    assert (factor["n_train"], factor["n_test"], factor["seed"]) == (50, 100, 7)
    assert factor["measured_low"] == pytest.approx(4.0 * math.exp(-0.1419), rel=1e-3)
    assert find(table, "folded model", "on random frames", "mu_inv")["measured"] == 2.0
    hands = find(table, "at negative over that at positive", "mu_inv", "one hand")
    assert hands["measured"] == pytest.approx(4.0)
    assert hands["verdict"] == "measured"  # it depends on the scan, so nothing is expected
    symmetrized = find(table, "at negative over that at positive", "mu_inv", "symmetrized model")
    assert symmetrized["measured"] == pytest.approx(1.05)
    assert find(table, "RMSE on held-out", "mu_inv")["verdict"] == "not measured"
    assert find(table, "about four times", "alpha_inv", "both hands")["verdict"] == "not measured"


def pairs(*rows):
    """benchmark_pairs.csv with ratios of ``axes, above, below, component``, intervals of 10 %."""
    return pd.DataFrame(
        [
            {
                "component": component, "axes": axes, "above": above, "kernel_above": "gaussian",
                "below": below, "kernel_below": "matern2", "ratio": ratio,
                "ratio_low": 0.9 * ratio, "ratio_high": 1.1 * ratio, "rmse_above": ratio,
                "rmse_below": 1.0, "unit": "D", "n_train": 50, "n_test": 100, "seed": 1,
            }
            for axes, above, below, component, ratio in rows
        ]
    )  # fmt: skip


def test_descriptors_are_judged_by_paired_ratios():
    others = ("xx", "xz", "yy", "yz", "zz")
    table = tabulate(
        benchmark_pairs=pairs(
            ("inertia", "RE", "RExyzCl", "mu_y", 30.0),
            ("inertia-raw", "RE", "RExyzCl", "mu_y", 27.0),
            ("inertia", "RE", "RExyzCl", "alpha_inv", 2.0),
            *(("inertia", "RE", "RExyzCl", f"alpha_{c}", 2.0) for c in others),
            ("inertia", "RE", "RExyzCl", "alpha_xy", 1.05),
            ("inertia", "RE", "xyzQ", "alpha_inv", 0.5),
        )
    )
    claim = find(table, "20 to 40", "mu_y")
    assert (claim["verdict"], claim["measured_low"]) == ("holds", 27.0)
    raw = find(table, "LAPACK", "mu_y")
    assert (raw["measured"], raw["verdict"]) == (27.0, "measured")  # not a claim of the paper
    assert find(table, "RExyzCl has a lower", "alpha_inv")["verdict"] == "holds"
    every = find(table, "RExyzCl has a lower", "every component")
    assert (every["measured"], every["verdict"]) == (1.05, "undecided")
    assert "alpha_xy" in every["detail"]
    assert find(table, "RE over xyzQ, alpha_inv")["verdict"] == "does not hold"


def test_kernels_are_judged_by_paired_ratios():
    rows = [("inertia", "RExyzCl", "RExyzCl", component, 1.5) for component in
            ("mu_inv", "alpha_inv")]  # fmt: skip
    table = tabulate(benchmark_pairs=pairs(*rows))
    assert find(table, "a Matern kernel has")["verdict"] == "holds"
    gaussian = find(table, "the Gaussian kernel has")
    assert gaussian["verdict"] == "does not hold"
    assert gaussian["measured"] == pytest.approx(1 / 1.5)
    assert gaussian["measured_low"] == pytest.approx(1 / 1.65)


def curve(model, component, **rmse):
    return pd.DataFrame(
        [
            (component, model, int(n[1:]), repeat, "in_distribution", value * factor, "D", 10)
            for n, value in rmse.items()
            for repeat, factor in enumerate((0.99, 1.01) if n != "n1000" else (1.0,))
        ],
        columns=["component", "model", "n_train", "repeat", "test_set", "rmse", "unit", "n_test"],
    ).assign(rmse_low=lambda t: 0.99 * t["rmse"], rmse_high=lambda t: 1.01 * t["rmse"])


@pytest.mark.parametrize(
    ("error", "measured", "expected"), [(1.05, 1.05, "holds"), (4.0, 4.0, "does not hold")]
)
def test_1000_frames_suffice_if_the_last_doubling_gains_little(error, measured, expected):
    given = curve("rotate-predict-rotate", "mu_inv", n100=9.0, n500=error, n1000=1.0)
    claim = find(tabulate(learning_curve=given), "1000 training frames suffice", "mu_inv")
    assert claim["measured"] == pytest.approx(measured, rel=1e-3)
    assert claim["verdict"] == expected
    assert (claim["n_train"], claim["n_sets"]) == (1000, 2)
    # A factor over two doublings is scaled to one.
    given = curve("rotate-predict-rotate", "mu_inv", n250=error**2, n1000=1.0)
    claim = find(tabulate(learning_curve=given), "1000 training frames suffice", "mu_inv")
    assert claim["measured"] == pytest.approx(error, rel=1e-3)
    given = curve("rotate-predict-rotate", "mu_inv", n100=9.0, n500=error)
    claim = find(tabulate(learning_curve=given), "1000 training frames suffice", "mu_inv")
    assert claim["verdict"] == "not measured"  # nothing is known about 1000 frames


def test_coverage_is_judged():
    rows = [("nearest_of_trajectories", 0.8, 0.7, 0.9), ("uniform_orientations", 0.01, None, None),
            ("dihedral_bins_trajectories", 71 / 72, 71 / 72, 71 / 72)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["quantity", "value", "low", "high"])
    table = table.assign(unit="1", n_frames=9, n_trajectories=3, seed=0, detail="words")
    judged = tabulate(coverage=table)
    assert find(judged, "covers orientations")["verdict"] == "holds"
    assert find(judged, "are uniform")["verdict"] == "does not hold"
    assert find(judged, "cover the dihedral")["verdict"] == "does not hold"
    assert find(judged, "cover the dihedral")["n_test"] == 9
    shown = find(readable(judged), "cover the dihedral")
    assert shown["measured (95 % interval)"].startswith("0.986 (")


def test_cost_is_judged_beside_the_labels():
    cost = pd.DataFrame(
        [("training", 2.0, 1.0, 3.0), ("prediction", 0.1, 0.1, 0.1)],
        columns=["quantity", "seconds", "seconds_low", "seconds_high"],
    ).assign(model="rotate-predict-rotate", property="dipole", n_train=100, n_test=9, n_repeats=3,
             seed=0)  # fmt: skip
    labels = pd.DataFrame({"labels": ["values"], "seconds_full": [300.0], "n_train": [30]})
    table = tabulate(cost=cost, fewer_labels=labels)
    training = find(table, "training is fast:", "dipole")
    assert training["measured"] == pytest.approx(2.0 / 1000.0)
    assert (training["measured_high"], training["verdict"]) == (pytest.approx(0.003), "holds")
    assert find(table, "predictions are cheap", "dipole")["verdict"] == "does not hold"
    again = find(table, "active learning", "dipole")  # one label takes 10 s
    assert (again["measured"], again["verdict"]) == (pytest.approx(0.2), "holds")
    assert find(tabulate(cost=cost.assign(seconds_high=11.0), fewer_labels=labels),
                "active learning", "dipole")["verdict"] == "undecided"  # fmt: skip


def test_a_tensor_of_rank_3_is_judged_by_its_deviation():
    row = {"test_set": "in_distribution", "rmse": 0.5, "size": 20.0, "unit": "D bohr^3",
           "n_train": 50, "n_test": 9, "seed": 0}  # fmt: skip
    for deviation, expected in ((3e-7, "holds"), (5e-7, "does not hold")):
        table = tabulate(rank_three=pd.DataFrame([row | {"deviation": deviation}]))
        assert find(table, "any rank")["verdict"] == expected
    error = find(table, "tensor of rank 3", "random frames")
    assert (error["measured"], error["verdict"]) == (pytest.approx(0.025), "measured")


def test_labels_of_random_sign_are_compared_with_those_of_true_sign():
    rows = [("covariant", "true", 1.0), ("covariant", "random", 50.0),
            ("arbitrary-sign", "random", 3.0)]  # fmt: skip
    signs = pd.concat(
        pd.DataFrame(rows, columns=["model", "signs", "rmse"]).assign(
            repeat=k, rmse_low=lambda t: 0.9 * t["rmse"], rmse_high=lambda t: 1.1 * t["rmse"]
        )
        for k in (0, 1)
    ).assign(test_set="rotated", unit="D", n_train=80, n_test=9)  # fmt: skip
    claim = find(tabulate(arbitrary_signs=signs), "labels of random sign", "rotated set")
    assert (claim["measured"], claim["n_sets"]) == (pytest.approx(3.0), 2)
    assert claim["verdict"] == "measured"


def test_the_choice_nearest_to_the_factor_four_is_shown_with_the_span():
    span = pd.DataFrame(
        [("kernel a", 1.0, 0.9), ("kernel b", 5.0, 4.0), ("kernel c", 12.0, 9.0)],
        columns=["choice", "factor", "low"],
    ).assign(scan="one_hand", component="mu_inv", high=lambda t: t["factor"] + 2.0, n_sets=5,
             n_train=80, n_test=20, n_rotated=9)  # fmt: skip
    claim = find(tabulate(factor_span=span), "nearest to four", "mu_inv", "one hand")
    assert (claim["measured"], claim["measured_low"], claim["measured_high"]) == (5.0, 4.0, 7.0)
    assert claim["detail"] == "kernel b; 1 to 12 over 3 choices"
    assert claim["n_sets"] == 5
    assert find(tabulate(), "nearest to four", "mu_inv", "both")["verdict"] == "not measured"


def test_networks_are_judged_with_as_many_frames():
    rows = [("canonical axes", "inertia (published)", 800, 0.02),
            ("equivariant network", "small", 800, 0.01), ("equivariant network", "big", 400, 0.09),
            ("equivariant network", "bad", 800, 0.03)]  # fmt: skip
    ways = pd.DataFrame(rows, columns=["idea", "way", "n_train", "held_out_trajectories"]).assign(
        held_out_trajectories_low=lambda t: 0.9 * t["held_out_trajectories"],
        held_out_trajectories_high=lambda t: 1.1 * t["held_out_trajectories"],
        unit="D", n_repeats=5,
    )  # fmt: skip
    claim = find(tabulate(ways=ways), "no equivariant architecture")
    assert claim["measured"] == pytest.approx(2.0)
    assert (claim["verdict"], claim["n_train"], claim["n_sets"]) == ("does not hold", 800, 5)
    assert "small" in claim["detail"]
    without = tabulate(ways=ways[ways["idea"] == "canonical axes"])
    assert find(without, "no equivariant architecture")["verdict"] == "not measured"


def test_another_level_of_theory_is_measured_but_not_judged():
    given = {
        "benchmark_pairs": pairs(("inertia", "RE", "RExyzCl", "mu_y", 3.0)),
        "comparison": pd.DataFrame(
            [{"above": "folded", "below": "symmetrized", "component": "mu_inv", "ratio": 9.0,
              "ratio_low": 8.0, "ratio_high": 10.0, "test_set": "rotated", "rmse_above": 9.0,
              "rmse_below": 1.0, "unit": "D"}]
        ),
    }  # fmt: skip
    table = claims_table(given, level_of_theory="b3lyp5/def2-svp")
    claim = find(table, "20 to 40", "mu_y")
    assert (claim["measured"], claim["verdict"]) == (3.0, "not judged")
    assert find(table, "2.5 times", "mu_inv")["verdict"] == "holds"  # an aim of the project
    assert find(table, "20 to 40", "mu_z")["verdict"] == "not measured"
    assert find(claims_table(given), "20 to 40", "mu_y")["verdict"] == "does not hold"


def test_levels_of_training_and_test_frames_are_named():
    record = {"data": {"frames": {"level_of_theory": "a"}, "test_set": {"level_of_theory": "b"}}}
    assert level_of_labels(record) == "a, b"
    record["data"]["test_set"]["level_of_theory"] = "a"
    assert level_of_labels(record) == "a"


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


def test_hands_of_the_potential_are_compared_over_all_training_sets():
    rows = [
        ("plain", n, repeat, sign, error * (2.0 if repeat else 0.5))
        for n, repeats in ((10, 2), (40, 2), (80, 1))  # one set of 80 frames has no spread
        for repeat in range(repeats)
        for sign, error in (("negative", 0.5 * n), ("positive", 1.0), ("all", 7.0))
    ]
    kreg = pd.DataFrame(rows, columns=["potential", "n_train", "repeat", "dihedral_sign", "rmse"])
    kreg = kreg.assign(
        quantity="energy", test_set="rotated", n_test=9, unit="kcal/mol",
        rmse_low=0.9 * kreg["rmse"], rmse_high=1.1 * kreg["rmse"],
    )  # fmt: skip
    table = tabulate(kreg=kreg)
    plain = find(table, "plain KREG potential")
    assert plain["measured"] == pytest.approx(20.0)
    assert (plain["verdict"], plain["n_train"], plain["n_sets"]) == ("measured", 40, 2)
    assert find(table, "symmetric KREG potential")["verdict"] == "not measured"


def test_covariance_is_judged_at_1e_8_e_bohr():
    row = {"model": "rotate-predict-rotate", "property": "dipole", "n_applied": 1000,
           "operation": "rotation", "median_error": 1e-10, "unit": "D",
           "n_frames": 10, "n_train": 50, "seed": 0}  # fmt: skip
    words = "the dipole of the model rotate-predict-rotate"
    for error, expected in ((2.5e-8, "holds"), (2.6e-8, "does not hold")):
        table = tabulate(equivariance=pd.DataFrame([row | {"max_error": error}]))
        assert find(table, words)["verdict"] == expected


def test_claims_about_the_papers_molecule_are_left_out_for_another():
    deviation = {"model": "covariant", "property": "dipole", "operation": "rotation",
                 "n_applied": 9, "max_error": 1.0, "median_error": 0.1, "unit": "D",
                 "n_frames": 1, "n_train": 5, "seed": 0}  # fmt: skip
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
    assert len(shown.columns) == 7
    row = find(shown, "about four times", "mu_inv", "one hand")
    assert row["measured (95 % interval)"] == "4 (3.47 to 4.61)"
    assert (row["expected"], row["verdict"], row["source"]) == ("3 to 5.33", "holds", "the paper")
    assert (row["frames"], row["from"]) == ("50 / 100", "4 / 1 D")
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
    molecule = Molecule(tuple(symbols), np.zeros((8, 3)), bonds=tuple(bonds))
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


def test_at_another_level_only_sizes_are_compared(published):
    predictions = pd.DataFrame(columns=["component", "test_set", "reference", "frame", "seed"])
    test_set = errors(rotate_predict_rotate__rotated__all=0.02).assign(component="mu_x")
    table = compare(
        published, test_set=test_set, predictions=predictions, protocol={"n_train": 1000},
        papers_level=False,
    ).set_index("quantity")  # fmt: skip
    row = table[table["component"].eq("mu_x")].loc["rmse_rotated"]
    assert row["ours"] == 0.02
    assert pd.isna(row["inside"])
    assert table.loc["n_train", "inside"] == "true"


def test_unknown_published_quantity_is_refused(published):
    wrong = published[0].iloc[:1].assign(quantity="colour", component="mu_x")
    with pytest.raises(InputError, match="colour"):
        compare([wrong], test_set=pd.DataFrame(), predictions=pd.DataFrame())
