"""Shards: progress on disk frame by frame, resumption after kills, failures on record."""

import csv
import logging
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from label_examples import WATER

from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet
from rpr.errors import ConvergenceError, InputError
from rpr.labels import engine as engines
from rpr.labels.method import Method
from rpr.labels.shards import label_shard

N_FRAMES = 8
SETTINGS = Method(functional="b3lyp5", basis="6-31g")
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_labels_shards import run
from pathlib import Path
run(Path(sys.argv[1]))
"""


def frames():
    symbols, positions = WATER
    wave = np.sin(np.arange(9.0)).reshape(3, 3)
    moved = np.array([positions + 0.01 * k * wave for k in range(N_FRAMES)])
    return FrameSet(
        symbols, moved, trajectory=np.zeros(N_FRAMES, int), step=np.arange(N_FRAMES) * 2
    )


def run(folder, settings=SETTINGS, data=None, indices=range(N_FRAMES), **options):
    label_shard(
        data or frames(),
        indices,
        settings,
        ("energy", "forces", "dipole", "polarizability"),
        partial_path=folder / "partial",
        output_path=folder / "frames.extxyz",
        failures_path=folder / "failures.csv",
        **options,
    )


def failures(folder):
    with open(folder / "failures.csv") as stream:
        return list(csv.DictReader(stream))


def test_a_run_killed_at_random_moments_equals_an_uninterrupted_one(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    moments, kills, lines = random.Random(0), 0, 0
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # sums of threads differ in the last bits
    script = SCRIPT.format(folder=os.path.dirname(__file__))
    subprocess.run([sys.executable, "-c", script, str(whole)], env=environment, check=True)
    while not (killed / "frames.extxyz").exists():
        process = subprocess.Popen([sys.executable, "-c", script, str(killed)], env=environment)
        wait_for_lines(process, killed, lines + moments.randint(1, 3))
        time.sleep(moments.uniform(0, 0.1))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        found = count_lines(killed)
        assert found >= lines
        lines = found
    assert kills >= 2
    run(killed)
    for name in ("frames.extxyz", "failures.csv"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


def count_lines(folder):
    return sum(
        path.read_bytes().count(b"\n") for path in folder.glob("partial.*") if not path.suffixes[1:]
    )


def wait_for_lines(process, folder, n):
    while process.poll() is None and count_lines(folder) <= n:
        time.sleep(0.01)


class Unlucky(engines.FittedEngine):
    """An engine that cannot do the frames whose step is 4 and 6."""

    def _compute(self, positions, properties):
        distances = np.linalg.norm(
            frames().positions[[2, 3], 1] - frames().positions[[2, 3], 0], axis=1
        )
        if np.abs(np.linalg.norm(positions[1] - positions[0]) * 0.529177 - distances).min() < 1e-5:
            raise ConvergenceError("SCF not converged")
        return super()._compute(positions, properties)


def test_a_frame_that_fails_is_recorded_and_the_others_are_labelled(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "FittedEngine", Unlucky)
    run(tmp_path)
    assert [(r["frame"], r["step"]) for r in failures(tmp_path)] == [("2", "4"), ("3", "6")]
    assert "SCF not converged" in failures(tmp_path)[0]["reason"]
    assert read_frames(tmp_path / "frames.extxyz").step.tolist() == [0, 2, 8, 10, 12, 14]


class Excited(engines.FittedEngine):
    """An engine that finds a state 2 eV too high for its second frame, whatever the guess."""

    def compute(self, positions, properties):
        labels = super().compute(positions, properties)
        if np.abs(positions - frames().positions[1]).max() < 1e-9:
            labels.energy += 2.0
        return labels


def test_a_wrong_state_is_on_record(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "FittedEngine", Excited)
    run(tmp_path, indices=range(4))
    assert [r["frame"] for r in failures(tmp_path)] == ["1"]
    assert "energy lies 2.0" in failures(tmp_path)[0]["reason"]


def test_a_wrong_state_at_the_beginning_is_held_against_the_right_frame(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "FittedEngine", Excited)
    run(tmp_path, indices=[1, 2, 3])
    assert [r["frame"] for r in failures(tmp_path)] == ["1"]
    assert "the frame after" in failures(tmp_path)[0]["reason"]


@pytest.mark.parametrize("step", [0, 1])
def test_initial_conditions_are_not_compared_by_the_work_of_forces(tmp_path, step):
    """Frames drawn independently differ by stretches of light atoms, beyond third order."""
    pytest.importorskip("tblite")
    symbols, positions = WATER
    bonds = positions[1:] - positions[0]
    stretched = np.array([positions, positions, positions])
    stretched[1, 1:] += 0.14 * bonds / np.abs(bonds).max(axis=1, keepdims=True)
    stretched[1, 0] -= 0.1 * bonds.sum(axis=0) / np.abs(bonds.sum(axis=0)).max()
    data = FrameSet(symbols, stretched, trajectory=np.arange(3), step=np.arange(3) * step)
    run(tmp_path, Method(code="tblite", functional="gfn2-xtb", basis=""), data, range(3))
    assert len(failures(tmp_path)) == step


def test_a_shard_without_any_label_is_an_error_if_it_has_more_than_a_few(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "FittedEngine", Unlucky)
    run(tmp_path, indices=[2, 3])
    assert len(failures(tmp_path)) == 2
    assert (tmp_path / "frames.extxyz").read_text() == ""
    monkeypatch.setattr("rpr.labels.shards.FEW", 1)
    with pytest.raises(ConvergenceError, match="none of 2 frames"):
        run(tmp_path, indices=[2, 3])


def test_labels_come_in_the_order_asked_for(tmp_path):
    run(tmp_path, indices=[3, 0])
    labelled = read_frames(tmp_path / "frames.extxyz")
    assert labelled.step.tolist() == [6, 0]
    assert labelled.energy[0] != labelled.energy[1]
    assert labelled.polarizability.shape == (2, 3, 3)


def test_progress_is_in_the_log(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        run(tmp_path, indices=[0, 1])
    assert "2 of 2 done" in caplog.text
    assert "frames/min" in caplog.text
    assert "min left" in caplog.text


@pytest.mark.parametrize(
    "change", [{"settings": Method(functional="blyp", basis="6-31g")}, {"indices": [1, 0]}]
)
def test_unfinished_frames_of_other_settings_are_kept(tmp_path, monkeypatch, caplog, change):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rpr.labels.shards._report", stop)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, indices=[0, 1])
    with caplog.at_level(logging.INFO):
        run(tmp_path, **{"indices": [0, 1], **change})
        assert "made with other settings, and kept" in caplog.text
        assert "resuming" not in caplog.text
        run(tmp_path, indices=[0, 1])
    assert "resuming: 1 of 2 frames are done" in caplog.text


def test_too_little_memory_is_said_before_the_first_frame(tmp_path):
    with pytest.raises(InputError, match="give it more memory"):
        run(tmp_path, max_memory_mb=50)
    assert not list(tmp_path.iterdir())


def test_known_labels_are_taken_and_the_others_computed(tmp_path, caplog):
    first, second = tmp_path / "first", tmp_path / "second"
    run(first, indices=[1, 3])
    known = read_frames(first / "frames.extxyz")
    known.dipole = known.dipole + 1.0  # so that they are told from computed ones
    with caplog.at_level(logging.INFO):
        run(second, indices=[0, 3, 1], known=known)
    found = read_frames(second / "frames.extxyz")
    np.testing.assert_array_equal(found.dipole[1:], known.dipole[::-1])
    assert np.abs(found.dipole[0] - known.dipole[0]).max() > 0.5
    assert sum("known" in r.message for r in caplog.records) == 2
    known.forces = None
    with pytest.raises(InputError, match="known: found frames without forces"):
        run(tmp_path / "third", known=known)


@pytest.mark.parametrize("change", ["geometry", "charge", "plain"])
def test_unfinished_frames_of_other_geometries_or_charge_are_not_taken(
    tmp_path, monkeypatch, caplog, change
):
    def stop(*_):
        raise KeyboardInterrupt

    method = Method(functional="hf", basis="sto-3g")
    with monkeypatch.context() as patch:
        patch.setattr("rpr.labels.shards._report", stop)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, method, indices=[0, 1])
    data = frames()
    if change == "geometry":
        data.positions[0, 1, 2] += 0.01
    options = {"charge": {"charge": 2}, "plain": {"plain": True}}.get(change, {})
    with caplog.at_level(logging.INFO):
        run(tmp_path, method, data, indices=[0, 1], **options)
    assert "resuming" not in caplog.text
