"""The study of derivatives as labels: which frames are trained on, and what a label costs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.timing import COLUMNS as TIMING_COLUMNS
from rpr.labels.timing import SETS, label_seconds
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import set_dihedral
from rpr.studies.fewer_labels import COLUMNS, fewer_labels

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


def test_labels_are_timed_for_each_set_of_properties(frames):
    table = label_seconds(frames.subset(np.arange(3)), XTB)
    assert list(table.columns) == TIMING_COLUMNS
    assert table["properties"].tolist() == [" ".join(s) for s in SETS]
    assert (table["seconds_low"] <= table["seconds"]).all()
    assert (table["seconds"] <= table["seconds_high"]).all()
    assert (table["n_frames"] == 3).all()
