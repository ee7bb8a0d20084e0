"""Ways to equivariance: operations, augmentation, averages, files of predictions, and the table."""

import numpy as np
import pandas as pd
import pytest
from synthetic_frames import MOLECULE, labelled_frames

from rpr.axes.canonical import canonical_axes
from rpr.axes.rotation import to_axes
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.synthetic import analytic_labels, random_frames
from rpr.errors import InputError
from rpr.models.augmented import AugmentedRegression
from rpr.studies.axes_sensitivity import axes_sensitivity, sensitivity
from rpr.studies.equivariance import deviations
from rpr.studies.exchange import read_way, write_sets
from rpr.studies.operations import OPERATIONS, images
from rpr.studies.trials import training_and_tests
from rpr.studies.ways import IDEAS, WAYS
from rpr.studies.ways_measured import COLUMNS, measured_ways
from rpr.studies.ways_models import AveragedOverRotations
from rpr.studies.ways_outside import frames_of_split, frames_to_predict
from rpr.studies.ways_summary import frames_needed, ways_table

FRAMES, ROTATED = labelled_frames(72, 1), labelled_frames(12, 2)
SPLIT = {"n_train": 40, "n_test": 12, "seed": 0}


class Truth:
    """The exact answer plus a constant vector."""

    molecule = MOLECULE

    def __init__(self, constant=0.0):
        self.constant = constant

    def predict(self, frames):
        return analytic_labels(getattr(frames, "positions", frames), MOLECULE)[0] + self.constant


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("rank", [1, 2])
def test_labels_follow_every_operation(operation, rank):
    made = images(operation, FRAMES.positions[:5], MOLECULE, n=15, seed=3)
    assert len(made) == 15
    labels = analytic_labels(FRAMES.positions[:5], MOLECULE)[rank - 1]
    expected = to_axes(labels[made.frame], made.matrices)
    found = analytic_labels(made.positions, MOLECULE)[rank - 1]
    np.testing.assert_allclose(found, expected, atol=1e-10)
    moved = np.abs(made.positions - FRAMES.positions[:5][made.frame]).max(axis=(1, 2))
    assert (moved > 1e-3).all()


@pytest.mark.parametrize(("n", "n_frames"), [(60, 200), (9, 4), (8, 2)])
def test_every_element_of_the_group_is_met(n, n_frames):
    """With few images different frames meet different elements, with many each frame all."""
    base = np.repeat(FRAMES.positions[:1], n_frames, axis=0)
    made = images("inversion", base, MOLECULE, n=n, seed=0)
    different = np.unique(np.round(made.positions, 9), axis=0)
    assert len(different) == 2  # elements with inversion
    if n >= 2 * n_frames:
        for frame in range(n_frames):
            own = made.positions[made.frame == frame]
            assert len(np.unique(np.round(own, 9), axis=0)) == 2


def test_deviations_of_a_constant_vector():
    base = FRAMES.positions[:5]
    size = {
        o: deviations(Truth(0.1), base, images(o, base, MOLECULE, n=10, seed=0)) for o in OPERATIONS
    }
    np.testing.assert_allclose(size["inversion"], 0.2)
    assert max(size["translation"].max(), size["permutation"].max()) < 1e-10
    assert size["rotation"].max() > 0.1


def test_copies_of_the_whole_group_teach_inversion():
    settings = {"molecule": MOLECULE, "n_rotations": 12, "n_search": 400, "seed": 0}
    base = ROTATED.positions
    error = {}
    for group in ("rotations", "permutation-inversions"):
        model = AugmentedRegression(group=group, **settings).fit(FRAMES)
        assert len(model.regression_.coefficients_) == 12 * len(FRAMES)
        applied = images("inversion", base, MOLECULE, n=24, seed=0)
        error[group] = np.sqrt(np.mean(deviations(model, base, applied) ** 2))
    assert error["permutation-inversions"] < 0.7 * error["rotations"]
    with pytest.raises(InputError, match="'whole'"):
        AugmentedRegression(molecule=MOLECULE, group="whole").fit(FRAMES)


def test_an_average_over_rotations_is_more_equivariant():
    base = ROTATED.positions
    applied = images("rotation", base, MOLECULE, n=24, seed=0)
    once, often = (
        np.mean(deviations(AveragedOverRotations(Truth(0.1), n, seed=1), base, applied))
        for n in (1, 100)
    )
    assert often < 0.3 * once  # falls as the root of the number
    exact = AveragedOverRotations(Truth(), 3).predict(ROTATED)
    np.testing.assert_allclose(exact, ROTATED.dipole, atol=1e-10)


def test_the_covariant_model_without_group_tells_atoms_apart():
    settings = {"n_search": 20, "max_iterations": 2}
    way = WAYS["covariant, no group"].make(property="dipole", molecule=MOLECULE, seed=0)
    model = way.set_params(**settings).fit(FRAMES)
    assert len(model.group_) == 1
    base = ROTATED.positions
    error = {
        o: deviations(model, base, images(o, base, MOLECULE, n=12, seed=0)).max()
        for o in OPERATIONS
    }
    assert max(error["rotation"], error["translation"]) < 1e-8
    assert min(error["inversion"], error["permutation"]) > 1e-4
    np.testing.assert_allclose(model.predict(-base), -model.predict(base), atol=1e-8)


def predicted_file(folder, **info):
    training, tests = training_and_tests(FRAMES, ROTATED, **SPLIT)
    sets = frames_of_split(training, tests, MOLECULE, sizes=[20], n_applied=6, seed=0)
    write_sets(folder, sets)
    assert len(read_frames(folder / "train_20.extxyz", require=["dipole"])) == 20
    frames = read_frames(folder / "test.extxyz")
    frames.dipole = Truth(1e-9).predict(frames)
    write_frames(folder / "predicted.extxyz", frames)
    path = folder / "predicted.extxyz"
    lines = path.read_text().splitlines()
    lines[1] += "".join(f" {key}={value}" for key, value in info.items())
    path.write_text("\n".join(lines) + "\n")
    return path


ABOUT = {
    "way": '"a network"', "idea": '"equivariant network"', "n_train": 40, "repeat": 0,
    "train_seconds": 7.0, "predict_ms": 2.0,
}  # fmt: skip


def test_predictions_from_a_file_enter_the_table(tmp_path):
    file = read_way(predicted_file(tmp_path, **ABOUT), "dipole", MOLECULE)
    chosen = {name: WAYS[name] for name in ("bond-axis", "inertia, one hand", "3 turned copies")}
    trials = measured_ways(
        FRAMES, ROTATED, molecule=MOLECULE, ways=chosen, predictions=[file], sizes=[20, 40],
        n_test=12, n_applied=6, repeat=0,
    )  # fmt: skip
    assert list(trials.columns) == COLUMNS
    assert set(OPERATIONS) < set(trials["quantity"])
    table = ways_table(trials, n_reference=40, target=1e-3).set_index("way")
    assert list(table.index) == ["3 turned copies", "bond-axis", "inertia, one hand", "a network"]
    network = table.loc["a network"]
    assert network["rotated"] < 1e-6  # the coordinates of the file are rounded
    assert network[list(OPERATIONS)].max() < 1e-6
    assert (network["train_seconds"], network["predict_ms"]) == (7.0, 2.0)
    assert table.loc["bond-axis", "rotation"] < 1e-6 < table.loc["3 turned copies", "rotation"]
    with pytest.raises(InputError, match="no prediction for frame"):
        file.predict(random_frames(MOLECULE, 3, seed=9))


def test_a_file_has_to_say_what_it_is(tmp_path):
    del (about := dict(ABOUT))["repeat"]
    with pytest.raises(InputError, match="does not say repeat"):
        read_way(predicted_file(tmp_path, **about), "dipole", MOLECULE)


def test_frames_to_predict_are_the_tests_and_their_images():
    _, tests = training_and_tests(FRAMES, ROTATED, **SPLIT)
    frames = frames_to_predict(tests, MOLECULE, n_applied=5, seed=0)
    assert len(frames) == 12 + 12 + 12 + 4 * 5


def test_the_table_takes_means_over_the_splits():
    rows = [
        ("a", "nothing", n, repeat, "rotated", value, "D")
        for n, repeat, value in ((50, 0, 0.1), (50, 1, 0.4), (200, 0, 0.01), (200, 1, 0.04))
    ]
    rows += [("a", "nothing", 50, r, q, 3.0, "s") for r in (0, 1) for q in ("train_seconds",)]
    row = ways_table(pd.DataFrame(rows, columns=COLUMNS), n_reference=60, target=0.063246).iloc[0]
    assert (row["n_train"], row["largest"], row["n_repeats"]) == (50, 200, 2)
    assert row["rotated"] == pytest.approx(0.2)
    assert row["rotated_low"] < 0.1
    assert row["rotated_largest"] == pytest.approx(0.02)
    assert row["frames_needed"] == "100"
    assert frames_needed({50: 0.1}, 0.2) == "< 50"


def test_ways_name_ideas_of_the_table():
    assert {way.idea for way in WAYS.values()} < set(IDEAS)


def test_sensitivity_of_three_atom_axes():
    """They depend on three atoms; one moved across its bond turns them by 1/r at least."""
    positions = FRAMES.positions[:4]
    slopes, jumped = sensitivity("three-atom", positions, MOLECULE)
    i, j, k, _ = MOLECULE.dihedral
    others = [a for a in range(MOLECULE.n_atoms) if a not in (i, j, k)]
    assert not jumped.any()
    assert np.abs(slopes[:, others]).max() < 1e-8
    bond = positions[:, i] - positions[:, j]
    length = np.linalg.norm(bond, axis=1)
    sine = np.linalg.norm(np.cross(bond, positions[:, k] - positions[:, j]), axis=1)
    sine /= length * np.linalg.norm(positions[:, k] - positions[:, j], axis=1)
    # The second atom only turns the plane, about the first bond: 1 / its distance from that bond.
    height = sine * np.linalg.norm(positions[:, k] - positions[:, j], axis=1)
    np.testing.assert_allclose(slopes[:, k], 1 / height, rtol=1e-5)


@pytest.mark.parametrize("axes", ["inertia", "bond-axis", "kabsch"])
def test_axes_turn_with_a_rigid_rotation(axes):
    """Moving all atoms as a rotation by a small angle turns the axes by that angle."""
    positions, step = FRAMES.positions[:4], 1e-5
    turn = np.array([0.0, 0.0, step])
    turned = positions + np.cross(turn, positions)
    before = canonical_axes(axes, positions, MOLECULE).rotations
    after = canonical_axes(axes, turned, MOLECULE).rotations
    angle = np.linalg.norm(after - before, axis=(1, 2)) / np.sqrt(2)
    np.testing.assert_allclose(angle, step, rtol=1e-3)
    slopes, _ = sensitivity(axes, positions, MOLECULE)
    reach = np.linalg.norm(positions[:, :, :2], axis=2)
    assert (np.sum(slopes * reach, axis=1) > 1 - 1e-6).all()


def test_a_row_for_each_atom_and_kind_of_axes():
    table = axes_sensitivity(ROTATED, molecule=MOLECULE, axes=("kabsch", "inertia"))
    assert len(table) == 2 * MOLECULE.n_atoms
    assert (table["median"] <= table["p95"]).all()
    assert (table["p95"] <= table["largest"] + 1e-12).all()
