"""The study of derivatives as labels: which frames are trained on, and what a label costs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read

from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.timing import COLUMNS as TIMING_COLUMNS
from rpr.labels.timing import SETS, label_seconds
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import set_dihedral
from rpr.studies.exchange import read_predictions, write_sets
from rpr.studies.fewer_labels import COLUMNS, fewer_labels
from rpr.studies.peer_errors import errors_of_predictions, training_and_test_sets
from rpr.studies.with_derivatives import fit_with_derivatives, training_derivatives

GEOMETRY = Path(__file__).parents[2] / "resources" / "geometries" / "hydrogen_peroxide.xyz"
MOLECULE = Molecule.from_atoms(read(GEOMETRY), dihedral=(0, 1, 2, 3))
XTB = Method.from_config({"code": "tblite", "functional": "gfn2-xtb"}, MOLECULE.symbols)


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    positions = np.repeat(MOLECULE.reference[None], 60, axis=0)
    positions = set_dihedral(positions, MOLECULE, rng.uniform(-180, 180, size=60))
    positions += rng.normal(scale=0.03, size=positions.shape)
    engine = make_engine(XTB, MOLECULE.symbols)
    labels = [engine.compute(x, ("energy", "dipole", "dipole_derivatives")) for x in positions]
    return FrameSet(
        MOLECULE.symbols,
        positions,
        dipole=np.array([x.dipole for x in labels]),
        dipole_derivatives=np.array([x.dipole_derivatives for x in labels]),
        trajectory=np.arange(60) // 5,
    )


def seconds():
    return pd.DataFrame(
        {"properties": [" ".join(s) for s in SETS], "seconds": [2.0, 3.0, 5.0, 6.0]}
    )


def study(frames, derivatives, candidates):
    return fewer_labels(
        frames, derivatives, candidates, {"held_out_trajectories": frames.subset(range(40, 60))},
        seconds(), molecule=MOLECULE, repeats=[0, 1],
        sizes={"values": [12, 99], "values and derivatives": [12]},
    )  # fmt: skip


def test_derivatives_save_frames(frames):
    table = study(frames, frames.subset(np.arange(10, 50)), np.arange(40))
    assert list(table.columns) == COLUMNS
    rmse = table[table["component"] == "mu_inv"].groupby("labels")["rmse"].mean()
    assert rmse["values and derivatives"] < 0.3 * rmse["values"]
    row = (
        table.set_index(["labels", "component"])
        .sort_index()
        .loc[("values and derivatives", "dmu_dR")]
        .iloc[0]
    )
    assert (row["n_train"], row["n_test"], row["unit"]) == (12, 10, "e")
    assert (row["seconds"], row["seconds_full"]) == (36.0, 72.0)
    plain = table[table["labels"] == "values"]
    assert set(plain["seconds"]) == {24.0}
    assert set(plain["n_train"]) == {12}  # 99 frames are not there


def test_derivatives_of_test_frames_alone_are_refused(frames):
    with pytest.raises(InputError, match="none of these frames may be trained on"):
        study(frames, frames.subset(np.arange(40, 50)), np.arange(40))


def test_errors_of_other_programs_stand_beside_the_same_training_sets(frames, tmp_path):
    """The project's own predictions, through files, have the errors that it finds itself."""
    candidates, tests = np.arange(40), {"held_out_trajectories": frames.subset(range(40, 60))}
    sets = {"sizes": [12], "repeats": [0, 1]}
    given = (frames, candidates, tests)
    write_sets(tmp_path, training_and_test_sets(*given, **sets))
    assert len(read_frames(tmp_path / "train-1.extxyz")) == 12
    training = read_frames(tmp_path / "train-0.extxyz")
    model = make_model("covariant", property="dipole", molecule=MOLECULE, seed=0)
    predicted = model.fit(training).predict(read_frames(tmp_path / "held_out_trajectories.extxyz"))
    np.save(tmp_path / "train-0_held_out_trajectories_12.npy", predicted)
    found = read_predictions(tmp_path)
    peers = errors_of_predictions(found, "values, other", *given, molecule=MOLECULE, **sets)
    assert len(peers) == 1  # nothing was predicted with the second set
    stale = [peers.assign(**{f"{which}_checksum": "other"}) for which in ("training", "test")]
    with pytest.warns(UserWarning, match="1 of 3 rows are left out") as warned:
        both = fewer_labels(
            frames, frames, candidates, tests, seconds(), molecule=MOLECULE, repeats=[0],
            sizes={"values": [12], "values and derivatives": []},
            peers=pd.concat([peers, *stale]),
        )  # fmt: skip
    text = " ".join(str(warning.message) for warning in warned)
    assert "other training frames" in text
    assert "other test frames" in text
    other, own = both[both["component"] == "mu_inv"].to_dict("records")
    assert (other["labels"], own["labels"]) == ("values, other", "values")
    assert other["rmse"] == pytest.approx(own["rmse"], rel=1e-6)
    assert (other["seconds"], other["seconds_full"]) == (own["seconds"], own["seconds_full"])
    found["train-0_held_out_trajectories_12"] = predicted[:3]
    with pytest.raises(InputError, match="3 rows for 20 test frames"):
        errors_of_predictions(found, "other", *given, molecule=MOLECULE, **sets)


def test_a_model_learns_all_values_and_some_derivatives(frames):
    training = frames.subset(np.arange(30))
    known = frames.subset(np.arange(20, 40))
    found = training_derivatives(training, known, 4)
    assert np.flatnonzero(~np.isnan(found[:, 0, 0, 0])).tolist() == [20, 21, 22, 23]
    assert np.array_equal(found[20], frames.dipole_derivatives[20])
    model = fit_with_derivatives(training, known, molecule=MOLECULE, most=1, seed=0)
    assert model.coefficients_.shape == (30, 3)
    assert len(model.derivative_coefficients_) == 1
    with pytest.raises(InputError, match="found none for the training frames"):
        training_derivatives(training, frames.subset(np.arange(40, 50)), 4)


def test_labels_are_timed_for_each_set_of_properties(frames):
    table = label_seconds(frames.subset(np.arange(3)), XTB)
    assert list(table.columns) == TIMING_COLUMNS
    assert table["properties"].tolist() == [" ".join(s) for s in SETS]
    assert (table["seconds_low"] <= table["seconds"]).all()
    assert (table["seconds"] <= table["seconds_high"]).all()
    assert (table["n_frames"] == 3).all()
