"""``rpr label`` on real frames by GFN2-xTB: same labels as the engine, resumed, failures listed."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.io import Trajectory, read, write

from rpr.cli.main import main
from rpr.data.extxyz import read_frames
from rpr.data.synthetic import dichloroethane, random_frames
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.processes import label_in_processes

pytest.importorskip("tblite")
XTB = Method(code="tblite", functional="gfn2-xtb", basis="")


def frames(n, seed=0):
    molecule = dichloroethane()
    positions = random_frames(molecule, n, seed=seed, displacement=0.02)
    return [
        Atoms(molecule.symbols, positions=x, info={"trajectory": 0, "step": k, "name": f"n{k}"})
        for k, x in enumerate(positions)
    ]


def run(tmp_path, *options, name="frames.xyz"):
    command = ["label", tmp_path / name, "-o", tmp_path / "out.extxyz", "--functional", "gfn2-xtb"]
    return main([str(word) for word in (*command, *options)])


def test_labels_are_those_of_the_engine_and_the_rest_is_kept(tmp_path, capsys):
    write(tmp_path / "frames.xyz", frames(4))
    assert run(tmp_path, "--jobs", "2") == 0
    found = read_frames(tmp_path / "out.extxyz", require=["dipole", "polarizability"])
    images = read(tmp_path / "out.extxyz", index=":")
    given = read(tmp_path / "frames.xyz", index=":")
    engine = make_engine(XTB, found.symbols)
    for k, atoms in enumerate(images):
        labels = engine.compute(given[k].positions)
        np.testing.assert_array_equal(atoms.positions, given[k].positions)
        np.testing.assert_allclose(found.energy[k], labels.energy, rtol=1e-9)
        np.testing.assert_allclose(found.forces[k], labels.forces, atol=1e-5)
        np.testing.assert_allclose(found.dipole[k], labels.dipole, atol=1e-5)
        np.testing.assert_allclose(found.polarizability[k], labels.polarizability, atol=1e-3)
        assert atoms.info["name"] == f"n{k}"
        assert atoms.info["level_of_theory"] == "gfn2-xtb"
    assert sorted(os.listdir(tmp_path)) == ["frames.xyz", "out.extxyz"]
    assert "4 of 4 frames labelled by gfn2-xtb" in capsys.readouterr().out


def test_frames_that_cannot_be_labelled_are_left_out_and_listed(tmp_path):
    images = frames(4)
    images[1].positions[0] = images[1].positions[1] + 0.1
    images[2].positions[0] = np.nan
    write(tmp_path / "frames.xyz", images)
    assert run(tmp_path) == 0
    assert [atoms.info["step"] for atoms in read(tmp_path / "out.extxyz", index=":")] == [0, 3]
    table = pd.read_csv(tmp_path / "out_failures.csv")
    assert table["frame"].tolist() == [1, 2]
    assert table["step"].tolist() == [1, 2]
    assert "atoms 0 and 1 are 0.173 Angstrom apart" in table["reason"][0]
    assert "not a finite number" in table["reason"][1]


def test_a_table_of_failures_is_not_replaced_unasked(tmp_path, capsys):
    write(tmp_path / "frames.xyz", frames(1))
    (tmp_path / "out_failures.csv").write_text("notes")
    assert run(tmp_path) == 2
    assert "out_failures.csv: exists; name another file" in capsys.readouterr().err
    assert (tmp_path / "out_failures.csv").read_text() == "notes"
    assert run(tmp_path, "--overwrite") == 0


def test_two_commands_do_not_work_on_the_same_output(tmp_path, capsys, monkeypatch):
    write(tmp_path / "frames.xyz", frames(1))
    status = []

    def second(*args, **options):
        monkeypatch.undo()
        status.append(run(tmp_path))
        return label_in_processes(*args, **options)

    monkeypatch.setattr("rpr.labels.processes.label_in_processes", second)
    assert run(tmp_path) == 0
    assert status == [2]
    assert "another command works there" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["frames.xyz", "out.extxyz"]


def test_labels_of_another_level_do_not_stay_beside_new_ones(tmp_path):
    images = frames(2)
    for atoms in images:
        atoms.info |= {"energy": -1.0, "dipole": np.ones(3), "polarizability": np.eye(3).ravel()}
        atoms.arrays["forces"] = np.ones((8, 3))
    with Trajectory(tmp_path / "frames.traj", "w") as trajectory:
        for atoms in images:
            trajectory.write(atoms)
    assert run(tmp_path, "--properties", "dipole", name="frames.traj") == 0
    found = read_frames(tmp_path / "out.extxyz")
    assert found.known == ("energy", "dipole", "trajectory", "step")
    assert not np.any(found.dipole == 1.0)


def test_derivatives_of_the_dipole_on_request(tmp_path):
    write(tmp_path / "frames.xyz", frames(1))
    assert run(tmp_path, "--properties", "dipole", "dipole_derivatives") == 0
    found = read_frames(tmp_path / "out.extxyz")
    np.testing.assert_allclose(found.dipole_derivatives.sum(axis=1), 0.0, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--functional", "b3lyp9"], "functional: found 'b3lyp9', which libxc does not know"),
        (["--functional", "hf", "--basis", "nix"], "PySCF has no basis 'nix' for C"),
        (["--functional", "hf", "--basis", "sto-3g", "--charge", "1"], "open shells"),
        (["-o", "{}"], "is a folder"),
        (["-o", "{}/out.traj"], "expected a name that ends in .xyz or .extxyz"),
        (["-o", "{}/frames.xyz/out.xyz"], "is not a folder"),
        (["-o", "{}/frames.xyz", "--overwrite"], "is read by this command; name another file"),
        (["-o", "{}/other.xyz"], "exists; name another file, or give --overwrite"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, capsys, options, words):
    for name in ("frames.xyz", "other.xyz"):
        write(tmp_path / name, frames(1))
    assert run(tmp_path, *(option.format(tmp_path) for option in options)) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("rpr: ")
    assert words in told[-1]
    assert not (tmp_path / "out.extxyz").exists()


@pytest.mark.parametrize("kind", ["missing", "truncated", "bohr"])
def test_rubbish_is_refused(tmp_path, capsys, kind):
    images = frames(2)
    if kind == "bohr":
        for atoms in images:
            atoms.positions *= 1.89
    if kind != "missing":
        write(tmp_path / "frames.xyz", images)
    if kind == "truncated":
        text = (tmp_path / "frames.xyz").read_text()
        (tmp_path / "frames.xyz").write_text("".join(text.splitlines(keepends=True)[:-3]))
    assert run(tmp_path) == 2
    words = {
        "missing": "no such file",
        "truncated": "ends within frame 1, after 5 of 8",
        "bohr": "may be in bohr; convert them to Angstrom",
    }
    assert words[kind] in capsys.readouterr().err


def partial_files(folder):
    """Files of finished frames, without those that are being written."""
    return [path for path in folder.rglob("[!.]*.partial.*") if "state" not in path.name]


def finished(folder):
    """Lines of the partial files: a header each, and the finished frames."""
    return sum(path.read_bytes().count(b"\n") for path in partial_files(folder))


def heed_interrupts():
    """A process that a shell started in the background ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_command_resumes(tmp_path, monkeypatch):
    """SIGINT in the middle: status 130, nothing half written, and the same labels in the end."""
    write(tmp_path / "frames.xyz", frames(1200))
    command = [sys.executable, "-m", "rpr.cli.main", "label", "frames.xyz", "-o", "out.extxyz"]
    command += ["--functional", "gfn2-xtb", "--properties", "dipole"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    deadline = time.monotonic() + 120
    while finished(tmp_path) < 4:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    told = process.communicate()[1]
    assert process.returncode == 130
    assert told.splitlines()[-1] == "rpr: interrupted; give the same command again to resume"
    assert not (tmp_path / "out.extxyz").exists()
    (partial,) = partial_files(tmp_path)
    before = partial.read_bytes()
    monkeypatch.setattr("shutil.rmtree", lambda path: None)
    assert run(tmp_path, "--properties", "dipole", "--jobs", "2") == 0
    assert partial.read_bytes().startswith(before.rpartition(b"\n")[0])
    found = read_frames(tmp_path / "out.extxyz")
    assert len(found) == 1200
    engine = make_engine(XTB, found.symbols)
    expected = [engine.compute(x, ("energy",)).energy for x in found.positions[::29]]
    np.testing.assert_allclose(found.energy[::29], expected, rtol=1e-9)


def test_unfinished_work_of_other_settings_stays(tmp_path, capsys):
    write(tmp_path / "frames.xyz", frames(2))
    other = tmp_path / "out.extxyz.unfinished" / "0123456789ab"
    other.mkdir(parents=True)
    (other / "00000.partial.f00").write_text("work")
    assert run(tmp_path, "--properties", "dipole") == 0
    assert list(other.parent.iterdir()) == [other]
    assert (other / "00000.partial.f00").read_text() == "work"
    assert "keeps unfinished work of other settings" in capsys.readouterr().err


def test_failures_in_later_shards_have_the_numbers_of_the_file(tmp_path):
    images = frames(24)  # shards of ten
    images[13].positions[0] = np.nan
    write(tmp_path / "frames.xyz", images)
    assert run(tmp_path, "--properties", "dipole") == 0
    assert pd.read_csv(tmp_path / "out_failures.csv")["frame"].tolist() == [13]
    steps = [atoms.info["step"] for atoms in read(tmp_path / "out.extxyz", index=":")]
    assert steps == [k for k in range(24) if k != 13]
