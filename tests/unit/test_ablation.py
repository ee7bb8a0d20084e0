"""The ablation has one row for each cell and test set, and its cells are what their names say."""

import numpy as np
import pytest

from rpr.data.frame_set import FrameSet
from rpr.data.splits import train_and_both_tests
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.models.copies import CopiesRPR
from rpr.studies import arbitrary_signs
from rpr.studies.ablation import COLUMNS, SYMMETRIES, ablation

MOLECULE = dichloroethane()


def frames(n, seed):
    positions = random_frames(MOLECULE, n, seed=seed)
    dipole, polarizability = analytic_labels(positions, MOLECULE)
    return FrameSet(
        MOLECULE.symbols,
        positions,
        dipole=dipole,
        polarizability=polarizability,
        trajectory=np.arange(n) // 6,
    )


def test_a_row_for_each_cell_and_test_set():
    table = ablation(
        frames(60, 1), frames(12, 2), molecule=MOLECULE, property="dipole", axes=["bond-axis"],
        descriptors=["RExyz"], offered=[("rotate-predict-rotate", {})], n_train=30, n_test=12,
        repeats=[0, 1],
    )  # fmt: skip
    assert list(table.columns) == COLUMNS
    assert len(table) == (len(SYMMETRIES) + 1) * 3 * 2
    assert set(table["test_set"]) == {"in_distribution", "held_out_trajectories", "rotated"}
    assert (table["n_train"] == 30).all()
    mean = table[table["test_set"] == "rotated"].groupby("symmetry")["rmse"].mean()
    assert mean["averaged"] < mean["none"]
    assert mean["copies"] < mean["none"]
    # A cell without symmetry knows nothing of the group, one with the signs alone as little.
    cell = table[(table["symmetry"] == "copies") & (table["repeat"] == 1)]
    split = train_and_both_tests(frames(60, 1).trajectory, n_train=30, n_test=12, seed=1)
    training = frames(60, 1).subset(split["train"])
    model = CopiesRPR(molecule=MOLECULE, axes="bond-axis", kernel="gaussian", seed=1).fit(training)
    error = model.predict(frames(12, 2)) - frames(12, 2).dipole
    rmse = cell.set_index("test_set")["rmse"]["rotated"] * 0.20819434  # D in e Angstrom
    assert rmse == pytest.approx(np.sqrt((error**2).sum() / 36), rel=1e-6)


def test_splits_share_no_trajectory():
    trajectory = frames(60, 1).trajectory
    split = train_and_both_tests(trajectory, n_train=30, n_test=12, seed=0)
    assert {len(split[k]) for k in ("in_distribution", "held_out_trajectories")} == {12}
    held = set(trajectory[split["held_out_trajectories"]])
    assert not held & set(trajectory[split["train"]])
    assert not held & set(trajectory[split["in_distribution"]])
    assert not set(split["train"]) & set(split["in_distribution"])


def test_frames_without_trajectories_are_refused():
    alone = frames(20, 1)
    alone.trajectory = None
    with pytest.raises(InputError, match="trajectories"):
        ablation(
            alone, alone, molecule=MOLECULE, property="dipole", n_train=5, n_test=2, repeats=[0]
        )


def test_labels_of_random_sign_need_the_tensor():
    table = arbitrary_signs.arbitrary_signs(
        frames(90, 1), frames(12, 2), molecule=MOLECULE, n_train=48, n_test=12, repeats=[0]
    )
    assert list(table.columns) == arbitrary_signs.COLUMNS
    rmse = table.set_index(["model", "signs", "test_set"])["rmse"].xs("rotated", level=2)
    assert rmse["arbitrary-sign", "random"] < 0.3 * rmse["covariant", "random"]
    assert rmse["covariant", "true"] < rmse["covariant", "random"]
