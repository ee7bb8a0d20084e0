"""The ablation has one row for each cell and test set, and its cells are what their names say."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_frames import MOLECULE
from synthetic_frames import labelled_frames as frames

from rpr.data.splits import train_and_both_tests
from rpr.errors import InputError, NotApplicableError
from rpr.models.copies import CopiesRPR
from rpr.models.covariant import CovariantRegression
from rpr.models.registry import load
from rpr.models.symmetrized import SymmetrizedRPR
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import dihedral_angle
from rpr.regression.search import sigma_grid
from rpr.report import generated_tables
from rpr.studies import arbitrary_signs
from rpr.studies.ablation import COLUMNS, STEPS, SYMMETRIES, Cell, ablation, held_out_torsion
from rpr.studies.ablation_models import (
    fit_by_validation,
    fit_copies,
    validation_error,
)
from rpr.studies.ablation_steps import sentences, steps
from rpr.studies.factor_span import CHOICES, SPLIT_COLUMNS, factor_span, factors, span
from rpr.studies.trials import torsion_block, training_without_torsion


def small_ablation(cells, **changed):
    return ablation(
        frames(60, 1), frames(12, 2), molecule=MOLECULE, property="dipole", cells=cells,
        **{"kernels": ["gaussian"], "n_train": 30, "n_test": 12, "n_search": 20, "repeats": [0, 1],
           **changed},
    )  # fmt: skip


def test_a_row_for_each_cell_and_test_set():
    cells = [Cell("bond-axis", "RExyz", symmetry) for symmetry in SYMMETRIES]
    table = small_ablation([*cells, Cell(model="rotate-predict-rotate")], thermal=frames(9, 3))
    assert list(table.columns) == COLUMNS
    assert len(table) == (len(SYMMETRIES) + 1) * 4 * 2
    known = {"in_distribution", "held_out_trajectories", "rotated", "thermal"}
    assert set(table["test_set"]) == known
    assert (table["n_train"] == 30).all()
    mean = table[table["test_set"] == "rotated"].groupby("symmetry")["rmse"].mean()
    assert mean["both"] < mean["none"]
    assert mean["copies"] < mean["none"]


def test_a_cell_is_the_model_of_its_name_with_what_validation_chose():
    table = small_ablation([Cell("inertia", "RExyz", "copies")], kernels=["matern2", "gaussian"])
    split = train_and_both_tests(frames(60, 1).trajectory, n_train=30, n_test=12, seed=1)
    training = frames(60, 1).subset(split["train"])
    part = np.random.default_rng(1).permutation(30)[:20]
    options = {"molecule": MOLECULE, "axes": "inertia", "seed": 1}
    searched = [
        CopiesRPR(kernel=kernel, **options).fit(training.subset(part))
        for kernel in ("matern2", "gaussian")
    ]
    error, best = min((validation_error(model), n) for n, model in enumerate(searched))
    chosen = searched[best]
    squares = [found["validation_rmse"] ** 2 for found in chosen.hyperparameters_.values()]
    assert error == pytest.approx(np.sqrt(sum(squares)))
    around = fit_copies(
        training, training.dipole, kernels=[chosen.kernel], n_search=20, descriptor="RExyz",
        **options,
    )  # fmt: skip
    options["coordinate_weight"] = around.coordinate_weight_
    whole = CopiesRPR(kernel=chosen.kernel, **options).fit(training)  # all sigmas of the grid
    grid = sigma_grid_of(whole)
    assert max(np.abs(grid / sigma - 1).min() for sigma in sigmas_of(around)) < 1e-9
    row = table[(table["test_set"] == "rotated") & (table["repeat"] == 1)].iloc[0]
    difference = around.predict(frames(12, 2)) - frames(12, 2).dipole
    expected = np.sqrt((difference**2).sum() / 36) / 0.20819434  # e Angstrom in a Debye
    assert row["rmse"] == pytest.approx(expected, rel=1e-6)
    assert row["kernel"] == chosen.kernel
    assert row["coordinate_weight"] == around.coordinate_weight_


def test_only_cells_that_do_not_exist_are_left_out():
    """Three-atom axes have no average over signs; a kernel that is unknown is an error."""
    cells = [Cell("three-atom", "RExyz", "none"), Cell("three-atom", "RExyz", "both")]
    table = small_ablation(cells, repeats=[0])
    assert set(table["symmetry"]) == {"none"}
    with pytest.raises(NotApplicableError, match="three-atom"):
        cells[1].fit(
            frames(60, 1), property="dipole", molecule=MOLECULE, seed=0, kernels=["gaussian"],
            n_search=20,
        )  # fmt: skip
    for symmetry in ("copies", "both"):
        with pytest.raises(InputError, match="'gauss'"):
            small_ablation([Cell("bond-axis", "RExyz", symmetry)], kernels=["gauss"])


def sigmas_of(model):
    return [found["sigma"] for found in model.hyperparameters_.values()]


def sigma_grid_of(model):
    return sigma_grid(model.kernel_, model.regression_.descriptors_[0])


def test_copies_are_searched_by_the_average_where_it_exists():
    training, test = frames(24, 1), frames(6, 2)
    options = {"molecule": MOLECULE, "axes": "bond-axis", "descriptor": "RExyz", "seed": 0}
    model = fit_copies(training, training.dipole, kernels=["matern2"], n_search=24, **options)
    assert type(model) is CopiesRPR
    average = partial(SymmetrizedRPR, axis_signs=False, **options)
    searched = fit_by_validation(
        average, training, training.dipole, kernels=["matern2"], n_search=24, seed=0
    )
    for name, pair in searched.hyperparameters_.items():
        assert model.hyperparameters_[name]["lambda"] == pytest.approx(4 * pair["lambda"])
    found = {
        name: {"sigma": pair["sigma"], "lambda": pair["lambda"] / 4}
        for name, pair in model.hyperparameters_.items()
    }
    assert model.coordinate_weight_ == searched.coordinate_weight_
    options["coordinate_weight"] = model.coordinate_weight_
    averaged = SymmetrizedRPR(axis_signs=False, kernel="matern2", hyperparameters=found, **options)
    expected = averaged.fit(training).predict(test)
    np.testing.assert_allclose(model.predict(test), expected, atol=1e-5)


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_the_average_over_the_group_alone_is_exact(property, tmp_path):
    """It obeys the group, equals a plain kernel on copies, and needs signs that do not jump."""
    training, test = frames(24, 1), frames(6, 2)
    options = {"molecule": MOLECULE, "property": property, "axes": "bond-axis", "kernel": "matern2"}
    sigma, lam = 2.0, 1e-6
    options["hyperparameters"] = {"sigma": sigma, "lambda": lam}
    model = SymmetrizedRPR(axis_signs=False, **options).fit(training)
    assert len(model._elements) == len(model.group_) == 4
    values = model.predict(test.positions)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load(tmp_path / "model.npz").predict(test.positions), values)
    images = model.group_.act_on_positions(test.positions)
    for image, expected in zip(images, model.group_.act_on_tensors(values), strict=True):
        np.testing.assert_allclose(model.predict(image), expected, atol=1e-8)
    # sum over copies of k = |G| K, so that lambda is |G| times as large; means differ by rounding
    options["hyperparameters"] = {"sigma": sigma, "lambda": 4 * lam}
    options["molecule"] = MOLECULE
    copies = CopiesRPR(descriptor="RExyz", **options).fit(training)
    np.testing.assert_allclose(copies.predict(test.positions), values, atol=1e-6)
    with pytest.raises(InputError, match="signs"):
        SymmetrizedRPR(axis_signs=False, **{**options, "axes": "inertia"}).fit(frames(60, 1))


def test_the_covariant_model_without_the_group_turns_but_does_not_exchange(tmp_path):
    training, test = frames(20, 1), frames(4, 2)
    settings = {"molecule": MOLECULE, "max_iterations": 3}
    model = CovariantRegression(permutation_inversion=False, **settings).fit(training)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    values = model.predict(test.positions)
    np.testing.assert_allclose(model.predict(test.positions @ turn.T), values @ turn.T, atol=1e-9)
    group = find_group(MOLECULE)
    image = model.predict(group.act_on_positions(test.positions)[1])
    assert np.abs(image - group.act_on_tensors(values)[1]).max() > 1e-5
    whole = CovariantRegression(**settings).fit(training)
    for fitted in (model, whole):
        fitted.save(tmp_path / "model.npz")
        again = load(tmp_path / "model.npz")
        assert again.permutation_inversion == fitted.permutation_inversion
        np.testing.assert_allclose(again.predict(test), fitted.predict(test), atol=1e-12)
    assert len(whole.hyperparameters_["theta"]) == len(model.hyperparameters_["theta"])


def test_training_keeps_away_from_a_held_out_torsion():
    every = frames(120, 1)
    angle = np.abs(dihedral_angle(every.positions, MOLECULE.dihedral))
    for seed in range(5):
        low, high = torsion_block(seed)
        training, test = training_without_torsion(
            every, molecule=MOLECULE, n_train=500, n_test=500, seed=seed
        )
        of_training = np.abs(dihedral_angle(training.positions, MOLECULE.dihedral))
        of_test = np.abs(dihedral_angle(test.positions, MOLECULE.dihedral))
        assert not ((of_training >= low) & (of_training < high)).any()
        assert ((of_test >= low) & (of_test < high)).all()
        starts = every.trajectory[::6][(angle[::6] >= low) & (angle[::6] < high)]
        assert not np.isin(training.trajectory, starts).any()
        assert set(test.trajectory) <= set(starts)
    assert [torsion_block(seed)[0] for seed in range(6)] == [15, 45, 75, 105, 135, 15]


def test_held_out_torsion_has_a_row_for_each_cell():
    table = held_out_torsion(
        frames(120, 1), molecule=MOLECULE, property="polarizability", kernels=["gaussian"],
        cells=[Cell("bond-axis", "RExyz", "none"), Cell("inertia", "RExyzCl", "copies")],
        n_train=40, n_test=12, n_search=20, repeats=[1],
    )  # fmt: skip
    assert list(table.columns) == COLUMNS
    assert set(table["test_set"]) == {"held_out_torsion"}
    assert table["symmetry"].tolist() == ["none", "copies"]


def test_the_factor_over_what_the_paper_leaves_open():
    choices = [(name, settings) for name, settings in CHOICES if "weight" not in name][:4]
    choices += [("kernel gaussian", {"kernel": "gaussian"}), CHOICES[-1]]
    choices += [("n by validation", {"kernel": "matern"})]
    splits = factors(
        frames(60, 1), frames(9, 2), molecule=MOLECULE, n_train=24, n_test=9, repeats=[0],
        choices=choices,
    )  # fmt: skip
    assert list(splits.columns) == SPLIT_COLUMNS
    assert len(splits) == 2 * 2 * len(choices)
    table = factor_span(splits)
    same = table.set_index(["scan", "component", "choice"])["factor"].sort_index()
    for component, kernel in (("mu_inv", "n by validation"), ("alpha_inv", "kernel gaussian")):
        for scan in ("one_hand", "both_hands"):
            rows = same[scan, component]
            assert rows[kernel] == pytest.approx(rows["as in this project"])
            smallest, largest, low, high = span(table, component, scan)
            assert smallest == rows.min() < rows.max() == largest
            assert np.isnan([low, high]).all()  # nor have few trajectories an interval
    ratio = splits["rotated"] / splits["in_distribution"]
    np.testing.assert_allclose(splits["factor"], ratio)
    two = pd.concat([splits, splits.assign(factor=1.1 * splits["factor"])])
    sampled = {}
    for spread in (1.0, 2.0):  # of the rotated trajectories
        low, high = two["factor"] / spread, two["factor"] * spread
        sampled[spread] = factor_span(two.assign(factor_low=low, factor_high=high))
    smallest, largest, low, high = span(sampled[1.0], "mu_inv", "one_hand")
    assert low < smallest < largest < high
    assert (sampled[1.0]["n_sets"] == 2).all()
    widths = {s: np.log(t["high"] / t["low"]) / 2 for s, t in sampled.items()}
    np.testing.assert_allclose(widths[2.0], np.hypot(widths[1.0], np.log(2.0)))
    with pytest.raises(InputError, match="energy"):
        span(table, "energy", "one_hand")


def test_steps_pair_the_training_sets():
    rows = []
    for n, (_, cell) in enumerate(STEPS):
        for repeat in range(5):
            rmse = (1 + repeat) * 2.0**-n  # sets differ, and each step halves the error of each
            rows.append(
                {**cell.about, "kernel": "", "component": "mu_inv", "test_set": "rotated",
                 "repeat": repeat, "rmse": rmse, "rmse_low": rmse, "rmse_high": rmse, "unit": "D",
                 "n_train": 30, "n_test": 12, "coordinate_weight": 0.5}
            )  # fmt: skip
    table = steps(pd.DataFrame(rows))
    assert np.isnan(table["gain"][0])
    np.testing.assert_allclose(table.loc[1:, ["gain", "gain_low", "gain_high"]], 2.0)
    assert table["low"][1] < table["rmse"][1] < table["high"][1]
    text = sentences(table)
    assert "factor 64" in text
    assert "30 training frames" in text
    assert "2 [2, 2]" in text
    assert "polarizability" not in text


def test_the_documentation_takes_the_steps(tmp_path):
    root = Path(__file__).parents[2]
    shutil.copytree(root / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("*.png"))
    first = {"step": "plain", "component": "mu_inv", "test_set": "rotated", "rmse": 0.08}
    second = {**first, "step": "+ copies", "rmse": 0.00466, "gain": 17.21}
    gains = {"gain_low": 12.5, "gain_high": 23.6}
    evidence = tmp_path / "run" / "evidence"
    evidence.mkdir(parents=True)
    pd.DataFrame([first, {**second, **gains}]).to_csv(evidence / "steps.csv", index=False)
    (evidence / "steps.txt").write_text("Of the factor 64, each step makes 2.\n")
    schema = str(root / "workflow" / "schemas" / "config.schema.yaml")
    page = tmp_path / "docs" / "symmetry.md"
    before = page.read_text()
    generated_tables.main([schema, str(tmp_path / "docs"), str(tmp_path / "no_run")])
    assert page.read_text() == before
    generated_tables.main([schema, str(tmp_path / "docs"), str(tmp_path / "run")])
    text = page.read_text()
    assert "\n| dipole (D) | rotated | gain, rotated |\n" in text
    assert "\n| plain | 0.08 |  |\n| + copies | 0.0047 | 17 [12, 24] |\n" in text
    assert "\n\nOf the factor 64, each step makes 2.\n<!-- end" in text


def test_splits_share_no_trajectory():
    trajectory = frames(60, 1).trajectory
    split = train_and_both_tests(trajectory, n_train=30, n_test=12, seed=0)
    assert {len(split[k]) for k in ("in_distribution", "held_out_trajectories")} == {12}
    held = set(trajectory[split["held_out_trajectories"]])
    assert not held & set(trajectory[split["train"]])
    assert not held & set(trajectory[split["in_distribution"]])
    assert not set(split["train"]) & set(split["in_distribution"])
    with pytest.raises(InputError, match="found 40 and 12, which with two test sets are 64 frames"):
        train_and_both_tests(trajectory, n_train=40, n_test=12, seed=0)


def test_frames_without_trajectories_are_refused():
    alone = frames(20, 1)
    alone.trajectory = None
    with pytest.raises(InputError, match="trajectories"):
        ablation(
            alone,
            alone,
            molecule=MOLECULE,
            property="dipole",
            n_train=5,
            n_test=2,
            n_search=4,
            repeats=[0],
        )


def test_labels_of_random_sign_need_the_tensor():
    table = arbitrary_signs.arbitrary_signs(
        frames(90, 1), frames(12, 2), molecule=MOLECULE, n_train=48, n_test=12, repeats=[0]
    )
    assert list(table.columns) == arbitrary_signs.COLUMNS
    rmse = table.set_index(["model", "signs", "test_set"])["rmse"].xs("rotated", level=2)
    assert rmse["arbitrary-sign", "random"] < 0.3 * rmse["covariant", "random"]
    assert rmse["covariant", "true"] < rmse["covariant", "random"]
