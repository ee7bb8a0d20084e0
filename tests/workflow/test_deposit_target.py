"""The target `deposit`, really run: own labelled frames, checked anew, packed and read again."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from ase import Atoms
from ase.io import write

from rpr.data.extxyz import write_frames
from rpr.data.frame_set import FrameSet
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.run.deposit import read_deposit

WATER = Atoms("OHH", [[0.0, 0.0, 0.117], [0.0, 0.757, -0.471], [0.0, -0.757, -0.471]])
LEVEL = {"code": "pyscf", "functional": "b3lyp5", "basis": "6-31g"}
#: Atomic units; plain PySCF has finer grids in gradient and response.
AGREEMENT = {
    "plain": {"energy": 1e-6, "forces": 1e-4, "dipole": 1e-4, "polarizability": 1e-2},
    "reoriented": {"energy": 1e-8, "forces": 1e-6, "dipole": 1e-5, "polarizability": 1e-4},
}


@pytest.fixture(scope="module")
def frames():
    noise = np.random.default_rng(0).normal(size=(8, 3, 3))
    symbols = tuple(WATER.get_chemical_symbols())
    found = FrameSet(symbols, WATER.positions + 0.04 * noise)
    engine = make_engine(Method.from_config(LEVEL, symbols), symbols)
    labels = [engine.compute(x) for x in found.positions]
    for name in ("energy", "forces", "dipole", "polarizability"):
        setattr(found, name, np.array([getattr(label, name) for label in labels]))
    return found


def run(folder, configuration):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "deposit", "--cores", "1", "--snakefile",
         (folder / "Snakefile").resolve(), "--directory", folder, "--configfile", configuration],
        capture_output=True, text=True, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def deposit(root, frames, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deposit")
    write(folder / "water.xyz", WATER)
    write_frames(folder / "mine.extxyz", frames)
    keys = {
        "run": "water",
        "molecule": {"name": "water", "geometries": ["water.xyz"], "anchors": [1, 2],
                     "dihedral": None},
        "labels": {"source": "files", "method": LEVEL,
                   "files": dict.fromkeys(("frames", "test_set"), "mine.extxyz")},
        "deposit": {"n_checked": 3, "test_set": True},
        "split": {"n_train": 5, "n_test": 2},
        "kreg": {"n_train": 5, "sizes": [5]},
        "learning_curve": {"sizes": [5]},
        "models": {"names": ["rotate-predict-rotate"], "ablations": []},
    }  # fmt: skip
    (folder / "water.yaml").write_text(yaml.safe_dump(keys))
    for name in ("config.yaml", "resources"):
        (folder / name).symlink_to(root / name)
    (folder / "Snakefile").symlink_to(root / "Snakefile")
    done = run(folder, "water.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results/water/deposit"


def test_a_wrong_level_is_refused(deposit):
    keys = yaml.safe_load((deposit.parents[2] / "water.yaml").read_text())
    keys["run"], keys["labels"]["method"] = "wrong", {**LEVEL, "basis": "sto-3g"}
    (deposit.parents[2] / "wrong.yaml").write_text(yaml.safe_dump(keys))
    done = run(deposit.parents[2], "wrong.yaml")
    assert done.returncode != 0
    assert "set the method to the level of theory of the frames" in done.stdout + done.stderr
    assert not (deposit.parents[1] / "wrong/deposit/manifest.json").exists()


@pytest.mark.parametrize("role", ["frames", "test_set"])
def test_what_is_deposited_is_read(deposit, frames, role):
    found = read_deposit(deposit / "manifest.json", role, symbols=("O", "H", "H"), method=LEVEL)
    np.testing.assert_array_equal(found.positions, frames.positions)
    np.testing.assert_array_equal(found.polarizability, frames.polarizability)


@pytest.mark.parametrize("check", AGREEMENT)
def test_labels_computed_anew_agree(deposit, check):
    table = pd.read_csv(deposit / "checks.csv", index_col=["check", "quantity"]).loc[check]
    assert set(table["n_frames"]) == {3}
    for quantity, limit in AGREEMENT[check].items():
        assert table.loc[quantity, "max"] < limit, quantity
    assert (table["max"] > 0).any()  # really computed
