"""Studies on a molecule of point charges, whose dipole and polarizability are known exactly."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.data.splits import random_order
from rpr.errors import InputError
from rpr.models import registry as models
from rpr.models.kreg.nested import fit_nested
from rpr.models.kreg.potential import KREG
from rpr.models.kreg.search import search_hyperparameters
from rpr.models.kreg.targets import PotentialData
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group, permutations_of
from rpr.molecule.torsion import dihedral_angle, set_dihedral
from rpr.report import summaries
from rpr.studies import benchmark as benchmark_module
from rpr.studies import canonical_axes as canonical_axes
from rpr.studies import evaluation as evaluate
from rpr.studies import kreg as kreg_study
from rpr.studies import learning_curve, metrics
from rpr.studies.benchmark import BenchmarkSettings, benchmark
from rpr.studies.equivariance import equivariance
from rpr.studies.error_by_dihedral import error_by_dihedral
from rpr.units import BOHR3, DEBYE

GEOMETRIES = Path(__file__).resolve().parents[2] / "resources" / "geometries"
CHARGES = np.array([-0.2, 0.05, 0.05, -0.2, 0.075, 0.075, 0.075, 0.075])
GRID = {"sigmas": [1.0, 4.0], "lambdas": [1e-9, 1e-5]}


def labelled(positions, molecule, charges):
    """Point-charge dipole, bond-tensor polarizability, harmonic energy; trajectories of eight."""
    n_frames = len(positions)
    i, j = np.array(molecule.bonds).T
    bonds = positions[:, j] - positions[:, i]
    length = np.linalg.norm(bonds, axis=2)
    equilibrium = np.linalg.norm(molecule.reference[j] - molecule.reference[i], axis=1)
    stretch = length - equilibrium
    forces = np.zeros_like(positions)
    pull = 10.0 * (stretch / length)[..., None] * bonds
    for k in range(len(i)):
        forces[:, i[k]] += pull[:, k]
        forces[:, j[k]] -= pull[:, k]
    dihedral = None if molecule.dihedral is None else dihedral_angle(positions, molecule.dihedral)
    return FrameSet(
        molecule.symbols,
        positions,
        energy=5.0 * np.sum(stretch**2, axis=1),
        forces=forces,
        dipole=np.einsum("a,fax->fx", charges, positions),
        polarizability=np.einsum("fbx,fby->fxy", bonds, bonds) + 3.0 * np.eye(3),
        trajectory=np.arange(n_frames) // 8,
        step=np.arange(n_frames) % 8,
        dihedral=dihedral,
    )


def sample(molecule, n_frames, seed, angles):
    rng = np.random.default_rng(seed)
    noise = rng.normal(scale=0.03, size=(n_frames, molecule.n_atoms, 3))
    positions = set_dihedral(molecule.reference + noise, molecule, rng.uniform(*angles, n_frames))
    return labelled(positions, molecule, CHARGES)


@pytest.fixture(scope="module")
def dce():
    return Molecule.from_atoms(
        read(GEOMETRIES / "dichloroethane_anti.xyz"), anchors=(0, 3), dihedral=(0, 1, 2, 3)
    )


@pytest.fixture(scope="module")
def water():
    return Molecule.from_atoms(read(GEOMETRIES / "water.xyz"), anchors=(1, 2))


@pytest.fixture(scope="module")
def water_frames(water):
    rng = np.random.default_rng(5)
    positions = water.reference + rng.normal(scale=0.04, size=(40, 3, 3))
    oxygen = np.array(water.symbols) == "O"
    return labelled(positions, water, np.where(oxygen, -0.8, 0.4))


@pytest.fixture(scope="module")
def frames(dce):
    return sample(dce, 96, 0, (5.0, 175.0))


@pytest.fixture(scope="module")
def rotated(dce):
    frames = sample(dce, 48, 1, (-175.0, 175.0))
    R = Rotation.random(48, rng=np.random.default_rng(2)).as_matrix()
    turned = np.einsum("fij,faj->fai", R, frames.positions)
    return labelled(turned, dce, CHARGES)


@pytest.fixture(scope="module")
def split():
    order = np.random.default_rng(3).permutation(96)
    return order[:64], order[64:]


@pytest.fixture(scope="module")
def paper(frames, split, dce):
    return {
        property: models.fit_model(
            "rotate-predict-rotate", frames, split[0], property=property, molecule=dce, **GRID
        )
        for property in ("dipole", "polarizability")
    }


@pytest.fixture(scope="module")
def predicted(paper, rotated, dce):
    return {
        property: evaluate.predictions(
            model,
            rotated,
            model_name="rotate-predict-rotate",
            property=property,
            test_set="rotated",
            molecule=dce,
            n_train=64,
        )
        for property, model in paper.items()
    }


class Exact:
    """A model that knows the answer, wrong by a fixed vector in the laboratory."""

    def __init__(self, charges, error=(0.0, 0.0, 0.0)):
        self.charges, self.error = charges, np.array(error)

    def predict(self, frames):
        positions = getattr(frames, "positions", frames)
        return np.einsum("a,fax->fx", self.charges, positions) + self.error


def test_predictions_of_an_exact_model_are_the_reference(rotated, dce):
    table = evaluate.predictions(
        Exact(CHARGES), rotated, model_name="exact", property="dipole", test_set="rotated",
        molecule=dce, n_train=0,
    )  # fmt: skip
    assert list(table.columns) == evaluate.PREDICTION_COLUMNS
    assert len(table) == 3 * len(rotated)
    np.testing.assert_allclose(table["reference"], table["prediction"], atol=1e-12)
    # Components refer to another frame than the laboratory, the size of the vector does not.
    size = np.linalg.norm(table["reference"].to_numpy().reshape(-1, 3), axis=1)
    np.testing.assert_allclose(size, np.linalg.norm(rotated.dipole, axis=1) / DEBYE, rtol=1e-10)


def test_invariant_rows_are_the_frame_independent_errors(paper, predicted, rotated):
    for property, formula, size in (
        ("dipole", metrics.mu_inv, DEBYE),
        ("polarizability", metrics.alpha_inv, BOHR3),
    ):
        table = evaluate.errors(predicted[property])
        row = table[(table["component"] == evaluate.INVARIANT[property])].set_index("dihedral_sign")
        reference = getattr(rotated, property) / size
        expected = formula(reference, paper[property].predict(rotated) / size)
        assert row.loc["all", "rmse"] == pytest.approx(expected, rel=1e-9)
        negative = rotated.dihedral < 0
        expected = formula(reference[negative], paper[property].predict(rotated)[negative] / size)
        assert row.loc["negative", "rmse"] == pytest.approx(expected, rel=1e-9)
        assert row.loc["negative", "n_test"] + row.loc["positive", "n_test"] == len(rotated)
        assert row.loc["all", "rmse_low"] < row.loc["all", "rmse"] < row.loc["all", "rmse_high"]


def test_errors_do_not_depend_on_the_order_of_rows(predicted):
    for table in predicted.values():
        shuffled = table.sample(frac=1, random_state=0)
        pd.testing.assert_frame_equal(evaluate.errors(shuffled), evaluate.errors(table))
        frames, squares = evaluate.squared_errors(shuffled)
        assert (np.diff(frames["frame"]) > 0).all()
        np.testing.assert_array_equal(squares, evaluate.squared_errors(table)[1])


def test_incomplete_or_repeated_predictions_are_refused(predicted):
    table = predicted["dipole"]
    for rows in (table.iloc[1:], pd.concat([table, table.iloc[:1]]), table.iloc[3:].iloc[::-1][1:]):
        with pytest.raises(InputError, match="one row for each frame and each of mu_x, mu_y, mu_z"):
            evaluate.errors(rows)
    renamed = table.replace({"component": {"mu_x": "alpha_xx"}})
    with pytest.raises(InputError, match="one row for each frame"):
        evaluate.errors(renamed)


def test_errors_have_the_contract_s_columns_first(predicted):
    table = evaluate.errors(predicted["dipole"])
    contract = "model,component,test_set,dihedral_sign,n_test,rmse,mae,max_error,r2,unit"
    assert ",".join(table.columns).startswith(contract)
    assert set(table["unit"]) == {"D"}
    complete = table.drop(columns=["r2", "rmse_low", "rmse_high"])
    assert not complete.isna().any().any()


def test_a_sign_without_frames_has_no_row(paper, frames, dce):
    few = frames.subset(np.arange(12))
    table = evaluate.errors(
        evaluate.predictions(
            paper["dipole"], few, model_name="rotate-predict-rotate", property="dipole",
            test_set="in_distribution", molecule=dce, n_train=64,
        )
    )  # fmt: skip
    assert set(table["dihedral_sign"]) == {"all", "positive"}
    assert table["rmse_low"].isna().all()  # two trajectories: no interval


def test_predictions_need_labels(paper, frames, dce):
    bare = FrameSet(frames.symbols, frames.positions)
    with pytest.raises(InputError, match="no dipole"):
        evaluate.predictions(
            paper["dipole"], bare, model_name="rotate-predict-rotate", property="dipole",
            test_set="x", molecule=dce, n_train=64,
        )  # fmt: skip


def test_error_by_dihedral_partitions_the_frames(predicted):
    table = error_by_dihedral(predicted["dipole"], width=30.0, minimum=1)
    whole = evaluate.errors(predicted["dipole"])
    whole = whole[(whole["component"] == "mu_inv") & (whole["dihedral_sign"] == "all")]
    assert table["n_test"].sum() == 48
    mean_square = np.average(table["rmse"] ** 2, weights=table["n_test"])
    assert np.sqrt(mean_square) == pytest.approx(whole["rmse"].iloc[0], rel=1e-9)
    assert (table["dihedral_high"] - table["dihedral_low"] == 30.0).all()


def test_180_degrees_belong_to_the_last_bin(predicted):
    frames = predicted["dipole"].assign(dihedral=180.0)
    table = error_by_dihedral(frames, width=30.0, minimum=1)
    assert (table["dihedral_low"] == 150.0).all()


def test_covariance_separates_covariant_from_laboratory_models(paper, frames, dce):
    table = equivariance(
        paper["dipole"],
        frames,
        molecule=dce,
        model_name="rotate-predict-rotate",
        property="dipole",
        n_applied=60,
    ).set_index("operation")
    contract = "n_applied,max_error,median_error,unit"
    assert ",".join(table.columns[2:]).startswith(contract)
    assert (table.loc[["rotation", "translation"], "max_error"] < 1e-5).all()
    assert (table.loc[["inversion", "permutation"], "max_error"] > 1e-3).all()
    settings = {"molecule": dce, "model_name": "x", "property": "dipole"}
    wrong = equivariance(Exact(CHARGES, (0.1, 0.0, 0.0)), frames, n_applied=200, **settings)
    # A constant vector in the laboratory is off by at most twice its length, and by that often.
    assert 0.5 * 0.1 / DEBYE < wrong["median_error"].iloc[0] < 2 * 0.1 / DEBYE
    error = wrong.set_index("operation")["max_error"]
    assert error["inversion"] == pytest.approx(2 * 0.1 / DEBYE)
    assert error["translation"] < 1e-12 > error["permutation"]
    with pytest.raises(InputError, match="0 images"):
        equivariance(paper["dipole"], frames, n_applied=0, **settings)


@pytest.fixture(scope="module")
def grid(frames, split, dce):
    return benchmark(
        frames, *split, molecule=dce, descriptor="RExyzCl", kernels=["gaussian", "matern2"],
        settings=BenchmarkSettings.from_mapping(GRID),
    )  # fmt: skip


def test_benchmark_has_a_row_for_each_kernel_and_component(grid):
    grid, single = grid
    contract = (
        "descriptor,kernel,axes,component,n_train,n_test,sigma,lambda,rmse,mae,max_error,r2,unit"
    )
    assert ",".join(grid.columns).startswith(contract)
    assert len(grid) == 2 * 9
    assert not grid[["rmse", "mae", "max_error", "r2"]].isna().any().any()
    # The errors of single frames give the RMSE again.
    assert list(single.columns[:7]) == benchmark_module.ERROR_COLUMNS
    rmse = np.sqrt((single[single["kernel"] == "matern2"]["alpha_xy"] ** 2).mean())
    expected = grid[(grid["kernel"] == "matern2") & (grid["component"] == "alpha_xy")]["rmse"]
    assert rmse == pytest.approx(expected.iloc[0])
    # Every bootstrap sample has one best kernel.
    np.testing.assert_allclose(grid.groupby("component")["best_probability"].sum(), 1.0)


def test_benchmark_is_the_paper_s_model(frames, split, dce, grid):
    """Independent way to the same numbers: the estimator, one property at a time."""
    model = models.fit_model(
        "rotate-predict-rotate",
        frames,
        split[0],
        property="dipole",
        molecule=dce,
        seed=0,
        kernel="matern2",
    )
    ours, _ = benchmark(
        frames, *split, molecule=dce, descriptor="RExyzCl", kernels=["matern2"],
        properties=["dipole"],
    )  # fmt: skip
    table = evaluate.predictions(
        model, frames.subset(split[1]), model_name="rotate-predict-rotate",
        property="dipole", test_set="in_distribution", molecule=dce, n_train=64,
    )  # fmt: skip
    estimator = evaluate.errors(table)
    estimator = estimator[estimator["dihedral_sign"] == "all"].set_index("component")["rmse"]
    np.testing.assert_allclose(
        ours.set_index("component")["rmse"], estimator[list(ours["component"])], rtol=1e-6
    )


def test_benchmark_of_a_descriptor_that_the_molecule_lacks_is_empty(water_frames, water):
    table, single = benchmark(
        water_frames, np.arange(20), np.arange(20, 40), molecule=water, descriptor="REdihedCl"
    )
    assert list(table.columns) == benchmark_module.COLUMNS
    assert table.empty
    assert single.empty
    assert "mu_x" in single


def test_learning_curve_goes_down_and_is_reproducible(frames, split, rotated, dce):
    def curve():
        return learning_curve.learning_curve(
            frames, split[0], {"in_distribution": frames.subset(split[1])}, molecule=dce,
            property="dipole", model="rotate-predict-rotate", sizes=[8, 60, 500], repeats=[0, 1],
            **GRID,
        )  # fmt: skip

    table = curve()
    contract = "property,component,model,n_train,repeat,test_set,rmse,unit"
    assert ",".join(table.columns).startswith(contract)
    assert set(table["n_train"]) == {8, 60}  # 500 frames are not there
    assert (table["rmse_low"] <= table["rmse"]).all()
    assert (table["rmse"] <= table["rmse_high"]).all()
    pd.testing.assert_frame_equal(table, curve())
    summary = summaries.summarise(table[table["component"] == "mu_inv"])
    assert list(summary["n_repeats"]) == [2, 2]
    few, many = summary.sort_values("n_train")["mean"]
    assert many < 0.5 * few
    assert (summary["min"] <= summary["mean"]).all()


def test_repeats_of_a_size_share_hyperparameters(frames, split, dce, monkeypatch):
    fits = []
    fit_model = learning_curve.fit_model

    def recorded(*args, **settings):
        fits.append((settings.get("hyperparameters"), fit_model(*args, **settings)))
        return fits[-1][1]

    monkeypatch.setattr(learning_curve, "fit_model", recorded)
    learning_curve.learning_curve(
        frames, split[0], {"in_distribution": frames.subset(split[1])}, molecule=dce,
        property="dipole", model="symmetrized", sizes=[20], repeats=[0, 1],
    )  # fmt: skip
    (searched, first), (given, second) = fits
    assert searched is None
    assert given == first.hyperparameters_
    for component, values in second.hyperparameters_.items():
        assert values["sigma"] == given[component]["sigma"]
        assert values["lambda"] == given[component]["lambda"]
    assert first.training_checksum_ != second.training_checksum_


def test_a_model_of_all_candidates_is_not_fitted_again(frames, split, dce, monkeypatch):
    arguments = {"molecule": dce, "property": "dipole", "model": "symmetrized", "repeats": [0, 1]}
    tests = {"in_distribution": frames.subset(split[1])}
    trained = learning_curve.fit_model(
        "symmetrized", frames, split[0], property="dipole", molecule=dce
    )
    sizes = [20, len(split[0])]
    table = learning_curve.learning_curve(
        frames, split[0], tests, sizes=sizes, trained=trained, **arguments
    )
    monkeypatch.setattr(learning_curve, "fit_model", None)
    alone = learning_curve.learning_curve(
        frames, split[0], tests, sizes=sizes[1:], trained=trained, **arguments
    )
    rows = table[table["n_train"] == sizes[1]].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, alone)
    assert set(table["n_train"]) == set(sizes)


def test_the_first_repeat_begins_with_the_frames_of_the_split():
    candidates, first = np.arange(3, 23), np.array([20, 5, 11, 4])
    sets = list(learning_curve.training_sets(candidates, [2, 4, 9], [0, 1], first))
    assert [part[:2] for part in sets] == [(r, n) for r in (0, 1) for n in (2, 4, 9)]
    assert sorted(sets[1][2]) == sorted(first)
    for k in (0, 3):
        np.testing.assert_array_equal(sets[k][2], sets[k + 2][2][:2])
    assert len(set(sets[2][2])) == 9
    assert set(sets[4][2]) != set(first)
    for of_all, alone in zip(
        learning_curve.training_sets(candidates, [5, 20], [0, 1], candidates[::-1]),
        learning_curve.training_sets(candidates, [5, 20], [0, 1]),
        strict=True,
    ):
        np.testing.assert_array_equal(of_all[2], alone[2])


def test_a_model_of_the_split_is_the_largest_of_the_first_repeat(frames, split, dce):
    names = {"property": "dipole", "molecule": dce}
    settings = {"model": "rotate-predict-rotate", "repeats": [0, 1], **GRID}
    tests = {"in_distribution": frames.subset(split[1])}
    first = split[0][:20]
    order = random_order(np.sort(first), seed=0)  # in which the frames are validated
    trained = learning_curve.fit_model(
        "rotate-predict-rotate", frames, order, seed=0, **names, **GRID
    )
    pair = [
        learning_curve.learning_curve(
            frames, split[0], tests, sizes=[10, 20], first=first, trained=model, **names, **settings
        )
        for model in (trained, None)
    ]
    pd.testing.assert_frame_equal(*pair, rtol=1e-6)


def test_sizes_of_one_search_share_hyperparameters(frames, split, dce, monkeypatch):
    monkeypatch.setattr(kreg_study, "n_searched", lambda size: min(size, 16))
    fits, fit_kreg = [], kreg_study.fit_kreg

    def recorded(subset, sizes, **settings):
        fits.append((sizes, settings.get("sigma"), fit_kreg(subset, sizes, **settings)))
        return fits[-1][2]

    monkeypatch.setattr(kreg_study, "fit_kreg", recorded)
    tests = {"in_distribution": frames.subset(split[1][:4])}
    (whole,) = fit_kreg(frames.subset(np.arange(24)), [24], molecule=dce, sigma=3.0)
    kreg_study.kreg_learning_curve(
        frames,
        np.arange(24),
        tests,
        molecule=dce,
        sizes=[8, 16, 20, 24],
        repeats=[0, 1],
        trained=whole,
    )
    found = [models[0].sigma_ for _, _, models in fits[:2]]
    assert [fit[:2] for fit in fits] == [
        ([8], None),
        ([16, 20], None),
        ([8], found[0]),
        ([16, 20], found[1]),
    ]


def test_potentials_of_nested_sets_equal_those_fitted_alone(frames, split, dce):
    positions = frames.positions[split[0][:24]]
    energy, forces = frames.energy[split[0][:24]], frames.forces[split[0][:24]]
    test = frames.positions[split[1]]
    group = permutations_of(find_group(dce))
    nested = fit_nested(
        positions, energy, forces, [10, 13, 20], molecule=dce, permutations=group, seed=3
    )
    first = KREG(molecule=dce, permutations=group, seed=3).fit(
        positions[:10], energy[:10], forces[:10]
    )
    found = {n: getattr(first, f"{n}_") for n in ("sigma", "lambda_energy", "lambda_forces")}
    for n, model in zip([10, 13, 20], nested, strict=True):
        alone = KREG(molecule=dce, permutations=group, **found)
        alone.fit(positions[:n], energy[:n], forces[:n])
        for a, b in zip(model.predict(test), alone.predict(test), strict=True):
            assert np.allclose(a, b, rtol=1e-7, atol=1e-8)
        assert model.training_checksum_ == alone.training_checksum_
        assert model.solution_.condition >= 0.5 * alone.solution_.condition
    with pytest.raises(InputError, match="sizes: found"):
        fit_nested(positions, energy, forces, [25], molecule=dce)


def test_potentials_validate_whole_trajectories_if_asked(frames, split, dce):
    few = frames.subset(split[0][:20])
    settings = {"molecule": dce, "seed": 1}
    data = PotentialData(few.positions, few.energy, few.forces)
    searched = search_hyperparameters(data, {}, groups=few.trajectory, **settings)
    model = KREG(**settings, validation="trajectories").fit(few)
    assert model.sigma_ == searched.sigma
    assert model.lambda_forces_ == searched.lambda_forces
    (nested,) = kreg_study.fit_kreg(few, [20], **settings, validation="trajectories")
    assert nested.sigma_ == model.sigma_
    assert KREG(**settings).fit(few).search_ != model.search_
    with pytest.raises(InputError, match="validation: found 0 trajectories"):
        KREG(**settings, validation="trajectories").fit(few.positions, few.energy, few.forces)


def test_kreg_study(frames, split, dce):
    few = frames.subset(split[0][:24])
    test = {"in_distribution": frames.subset(split[1][:8])}
    settings = {"sigma": 2.0, "lambda_energy": 1e-8, "lambda_forces": 1e-6}
    table = kreg_study.kreg_learning_curve(
        few, np.arange(24), test, molecule=dce, sizes=[6, 24, 99], repeats=[0], **settings
    )
    assert ",".join(table.columns).startswith("n_train,repeat,test_set,quantity,rmse,mae,unit")
    assert set(table["n_train"]) == {6, 24}
    gradient = table[(table["quantity"] == "gradient") & (table["dihedral_sign"] == "all")]
    assert gradient["rmse"].iloc[1] < gradient["rmse"].iloc[0]
    (model,) = kreg_study.fit_kreg(few, [24], molecule=dce, **settings)
    scatter = kreg_study.kreg_scatter(model, test, n_train=24, max_points=50)
    assert list(scatter.columns) == kreg_study.SCATTER_COLUMNS
    counts = scatter["quantity"].value_counts()
    assert counts["energy"] == 8
    assert counts["gradient"] == 50
    assert scatter.loc[scatter["quantity"] == "energy", "reference"].min() == pytest.approx(0.0)
    with pytest.raises(InputError, match="energies and forces"):
        kreg_study.fit_kreg(FrameSet(few.symbols, few.positions), [24], molecule=dce, **settings)


def spinning(dce, flipped=()):
    """A rigid molecule that turns by a degree a step; `flipped` steps shake the axes' signs."""
    frames = sample(dce, 1, 9, (60.0, 61.0))
    R = Rotation.from_rotvec(np.outer(np.radians(np.arange(20.0)), [0.3, 0.8, 0.5])).as_matrix()
    positions = np.einsum("fij,aj->fai", R, frames.positions[0])
    frames = labelled(positions, dce, CHARGES)
    frames.trajectory, frames.step = np.zeros(20, dtype=int), np.arange(20)
    return frames


def test_a_rigid_molecule_does_not_flip(dce):
    table = canonical_axes.flips(spinning(dce), molecule=dce).set_index("axes")
    assert (table["n_steps"] == 19).all()
    smooth = table.drop(index="inertia-raw")
    assert (smooth["flips"] == 0).all()
    assert (smooth["swaps"] == 0).all()
    assert (smooth["changed_by_rotation"] == 0.0).all()
    assert table.loc["inertia-raw", "changed_by_rotation"] > 0.3


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (np.diag([1.0, -1.0, -1.0]), "flip"),
        (np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0.0]]), "swap"),
    ],
)
def test_flips_and_swaps_are_told_apart(change, kind):
    start = Rotation.random(30, rng=np.random.default_rng(0)).as_matrix()
    small = Rotation.from_rotvec([0.0, 0.02, 0.01]).as_matrix()
    flip, swap = canonical_axes._jumps(start, change @ start @ small)
    assert flip.all() == (kind == "flip")
    assert swap.all() == (kind == "swap")
    assert not np.any(canonical_axes._jumps(start, start @ small))


def test_only_consecutive_frames_are_compared(dce):
    frames = spinning(dce)
    frames.step = np.array([*range(10), *range(20, 30)])
    before, after = canonical_axes.consecutive(frames)
    assert len(before) == 18
    assert (frames.step[after] - frames.step[before] == 1).all()
    frames.trajectory = np.arange(20)
    assert len(canonical_axes.consecutive(frames)[0]) == 0
    assert np.isnan(canonical_axes.flips(frames, molecule=dce)["flips_per_1000"]).all()


def test_gap_is_small_where_moments_coincide(frames, dce):
    table = canonical_axes.gaps(frames, molecule=dce)
    near = table[(table["dihedral"] > 115) & (table["dihedral"] < 145)]["axis_gap"]
    far = table[table["dihedral"] < 60]["axis_gap"]
    assert near.max() < 0.05 < far.min()


def test_frame_accuracy_has_a_row_for_each_choice(frames, split, dce):
    table = canonical_axes.axes_accuracy(
        frames, split[0], {"in_distribution": frames.subset(split[1])}, molecule=dce,
        property="dipole", axes_names=["inertia", "three-atom"], **GRID,
    )  # fmt: skip
    assert list(table.columns) == canonical_axes.ACCURACY_COLUMNS
    assert len(table) == 4
    assert table["deviation"].max() < 1e-5
    assert set(table["component"]) == {"mu_inv"}


def test_other_molecules_leave_out_what_they_cannot_have(water_frames, water):
    train = np.arange(24)
    model = models.fit_model(
        "rotate-predict-rotate", water_frames, train, property="dipole", molecule=water, **GRID
    )
    table = evaluate.predictions(
        model, water_frames.subset(np.arange(24, 40)), model_name="rotate-predict-rotate",
        property="dipole", test_set="in_distribution", molecule=water, n_train=24,
    )  # fmt: skip
    assert set(evaluate.errors(table)["dihedral_sign"]) == {"all"}
    assert error_by_dihedral(table).empty
    assert "bond-axis" not in canonical_axes.possible_axes(water)
    linear = Molecule.from_atoms(read(GEOMETRIES / "water.xyz")[:2])
    assert canonical_axes.possible_axes(linear) == []
    assert evaluate.component_axes_of(linear) == "laboratory"


@pytest.mark.parametrize("name", [*models.MODELS, *models.ABLATIONS])
def test_every_model_of_the_study_can_be_made(name, dce):
    model = models.make_model(name, property="dipole", molecule=dce, seed=3)
    assert model.property == "dipole"


def test_ablations_change_what_their_name_says(dce):
    model = models.make_model(
        "rotate-predict-rotate-RE-raw-axes", property="polarizability", molecule=dce
    )
    assert (model.axes, model.descriptor, model.kernel) == ("inertia-raw", "RE", "gaussian")
    with pytest.raises(InputError, match="found 'cure'"):
        models.make_model("cure", property="dipole", molecule=dce)
