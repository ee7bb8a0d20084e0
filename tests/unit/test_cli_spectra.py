"""``rpr md`` and ``rpr spectra``: from models to spectra, interrupted, and on rubbish."""

import errno

import numpy as np
import pandas as pd
import pytest
from ase.build import molecule

import rpr
from rpr.cli.main import main
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.segments import read_segments
from rpr.molecule.molecule import Molecule
from rpr.units import DEBYE

SHORT = ("--n", 2, "--time", "0.16ps", "--segment", "80fs", "--equilibration", "20fs")
SHORT = (*SHORT, "--rest", "10fs", "--every", "2fs")


def call(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folder with models of a molecule of three atoms, trained on springs and charges."""
    from test_batch_dynamics import Springs, water

    folder = tmp_path_factory.mktemp("models")
    molecule = water()
    rng = np.random.default_rng(0)
    x = molecule.reference + 0.06 * rng.standard_normal((60, 3, 3))
    potential = rpr.KREG(molecule=molecule, sigma=0.8, lambda_energy=1e-8, lambda_forces=1e-8)
    potential.fit(x, *Springs(molecule).predict(x)).save(folder / "pes.npz")
    charges = np.array([-0.8, 0.4, 0.4])
    dipole = rpr.CovariantRegression(molecule=molecule, property="dipole", max_iterations=5)
    dipole.fit(x, np.einsum("a,nax->nx", charges, x)).save(folder / "dipole.npz")
    alpha = np.einsum("nax,nay->nxy", x, x) + np.eye(3)
    model = rpr.CovariantRegression(molecule=molecule, property="polarizability", max_iterations=5)
    model.fit(x, alpha).save(folder / "alpha.npz")
    molecule.to_atoms().write(folder / "water.xyz")
    return folder


def md(models, output, *options):
    return call("md", models / "pes.npz", "-o", output, *SHORT, *options)


def with_both(models):
    return "--dipole", models / "dipole.npz", "--polarizability", models / "alpha.npz"


def test_from_models_to_spectra(models, tmp_path, capsys):
    assert md(models, tmp_path / "traj.npz", *with_both(models)) == 0
    told = capsys.readouterr()
    assert "2 trajectories of 2 segments of 0.08 ps, a record every 2 fs" in told.err
    assert "with dipole and polarizability" in told.err
    assert told.out == ""
    segments = read_segments(tmp_path / "traj.npz")
    expected = rpr.load(models / "dipole.npz").predict(segments.positions[0])
    assert segments.dipole[0] == pytest.approx(expected, abs=1e-7)
    folder = tmp_path / "spectra"
    assert call("spectra", tmp_path / "traj.npz", "-o", folder, "--resolution", 500) == 0
    told = capsys.readouterr()
    assert "2 trajectories, 4 segments of 0.08 ps, 300 K, resolution 500 cm^-1" in told.out
    names = {path.name for path in folder.iterdir()}
    assert names == {"infrared.csv", "raman.csv", "spectra.png"}
    table = pd.read_csv(folder / "infrared.csv")
    assert f"{table['integral_km_per_mol'].iloc[-1]:.4g}" in told.out
    assert call("spectra", tmp_path / "traj.npz", "-o", tmp_path / "ir", "--ir", "--resolution",
                500) == 0  # fmt: skip
    assert not (tmp_path / "ir/raman.csv").exists()


def test_frames_give_the_spectra_of_the_compact_file(models, tmp_path, capsys):
    """Through extended XYZ, with another program's key and unit."""
    for name in ("a.npz", "a.extxyz"):
        assert md(models, tmp_path / name, *with_both(models)) == 0
    frames = read_frames(tmp_path / "a.extxyz")
    assert np.unique(frames.trajectory).tolist() == [0, 1]
    from ase.io import read, write

    images = read(tmp_path / "a.extxyz", ":")
    for atoms, mu in zip(images, frames.dipole, strict=True):
        atoms.calc = None
        atoms.info["REF_mu"] = mu / DEBYE
    write(tmp_path / "b.extxyz", images)
    common = ("--ir", "--resolution", 500)
    others = ("--interval", "2fs", "--temperature", 300, "--dt", "0.5fs")
    keys = ("--dipole-key", "REF_mu", "--dipole-unit", "debye")
    assert call("spectra", tmp_path / "a.npz", "-o", tmp_path / "1", *common) == 0
    assert call("spectra", tmp_path / "a.extxyz", "-o", tmp_path / "2", *common, *others) == 0
    assert (
        call("spectra", tmp_path / "b.extxyz", "-o", tmp_path / "3", *common, *others, *keys) == 0
    )
    capsys.readouterr()
    rare = ("--interval", "20fs", *others[2:])
    write(tmp_path / "c.extxyz", [*read(tmp_path / "a.extxyz", ":")[:-3]])
    command = ("spectra", tmp_path / "c.extxyz", "-o", tmp_path / "4", "--ir", "--resolution", 900)
    assert call(*command, *rare) == 0
    told = capsys.readouterr().err
    assert f"of {len(frames) - 3} frames are used" in told
    assert "records every 20 fs: the spectrum ends at 667 cm^-1" in told
    first, *rest = (
        pd.read_csv(tmp_path / f"{k}/infrared.csv")["absorption_km_cm_per_mol"] for k in (1, 2, 3)
    )
    for table in rest:
        assert table.to_numpy() == pytest.approx(first.to_numpy(), rel=1e-5, abs=1e-6)


def test_what_contradicts_a_file_is_told(models, tmp_path, capsys):
    """Another temperature, an output that exists, frames that do not follow each other."""
    dipole = ("--dipole", models / "dipole.npz")
    assert md(models, tmp_path / "a.npz", *dipole) == 0
    assert md(models, tmp_path / "a.npz", *dipole, "--seed", 1) == 2
    assert "a.npz: exists; name another file, or give --overwrite" in capsys.readouterr().err
    assert md(models, tmp_path / "a.npz", *dipole, "--overwrite") == 0
    command = ("spectra", tmp_path / "a.npz", "-o", tmp_path / "s", "--resolution", 500)
    assert call(*command, "--temperature", 100) == 2
    assert "--temperature: found 100 K, but" in capsys.readouterr().err
    (tmp_path / "s").mkdir()
    (tmp_path / "s/raman.csv").write_text("of an earlier command")
    assert call(*command) == 0
    told = capsys.readouterr().err
    assert "raman.csv is of an earlier command, and stays" in told
    assert "atoms move as at" not in told
    assert md(models, tmp_path / "a.extxyz", *dipole) == 0
    assert "--interval 2fs --temperature 300 --dt 0.5fs" in capsys.readouterr().err
    frames = read_frames(tmp_path / "a.extxyz")
    frames.trajectory = frames.step = None
    mixed = np.random.default_rng(0).permutation(len(frames))
    write_frames(tmp_path / "b.extxyz", frames.subset(mixed))
    times = ("--interval", "0.5fs", "--temperature", 300, "--resolution", 900)
    assert call("spectra", tmp_path / "b.extxyz", "-o", tmp_path / "t", *times) == 0
    assert "from record to record atoms move as at" in capsys.readouterr().err


def test_starts_may_have_their_atoms_in_another_order(models, tmp_path):
    atoms = Molecule.from_atoms(rpr.load(models / "pes.npz").molecule.to_atoms()).to_atoms()
    atoms[[1, 0, 2]].write(tmp_path / "start.xyz")
    assert md(models, tmp_path / "a.npz", "--start", tmp_path / "start.xyz") == 0
    assert read_segments(tmp_path / "a.npz").symbols == ("O", "H", "H")


def test_no_other_file_is_lost(models, tmp_path, capsys):
    """Neither one whose name resembles that of the output, nor the start geometry."""
    (tmp_path / "a.extxyz.npz").write_text("notes")
    rpr.load(models / "pes.npz").molecule.to_atoms().write(tmp_path / "start.xyz")
    start = ("--start", tmp_path / "start.xyz")
    assert md(models, tmp_path / "a.extxyz", *start) == 0
    assert (tmp_path / "a.extxyz.npz").read_text() == "notes"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.extxyz", "a.extxyz.npz", "start.xyz"]
    capsys.readouterr()
    assert md(models, tmp_path / "start.xyz", *start, "--overwrite") == 2
    assert "start.xyz: is read by this command" in capsys.readouterr().err


def test_a_full_disk_loses_no_segment(models, tmp_path, capsys, monkeypatch):
    """The file cannot be written; the next command finds all segments and writes it."""

    def full(path, frames):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("rpr.data.extxyz.write_frames", full)
        assert md(models, tmp_path / "a.extxyz") == 1
    assert f"rpr: {tmp_path / 'a.extxyz'}: No space left on device" in capsys.readouterr().err
    assert not (tmp_path / "a.extxyz").exists()
    monkeypatch.setattr("rpr.dynamics.thermal.run", None)  # nothing is left to be run
    assert md(models, tmp_path / "a.extxyz") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.extxyz"]


def test_a_model_of_another_molecule_is_refused(models, tmp_path, capsys):
    methane = Molecule.from_atoms(molecule("CH4"))
    rng = np.random.default_rng(1)
    x = methane.reference + 0.05 * rng.standard_normal((20, 5, 3))
    model = rpr.CovariantRegression(molecule=methane, property="dipole", max_iterations=2)
    model.fit(x, x[:, 0] - x[:, 1]).save(tmp_path / "methane.npz")
    assert md(models, tmp_path / "a.npz", "--dipole", tmp_path / "methane.npz") == 2
    assert "methane.npz: a model of C H H H H, expected O H H" in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("md", "{m}/dipole.npz", "-o", "{t}/a.npz"), "found a model of the dipole, expected one"),
        (("md", "{m}/pes.npz", "-o", "{t}/a.csv"), "expected a name that ends in .npz or .extxyz"),
        (("md", "{m}/pes.npz", "-o", "{t}/a.npz", "--start", "{m}/no.xyz"), "no.xyz"),
        (("md", "{m}/pes.npz", "-o", "{t}/a.npz", "--time", "1fs"), "expected three or more"),
        (("spectra", "{m}/dipole.npz", "-o", "{t}/s"), "is it a trajectory?"),
        (("spectra", "{m}/pes.npz", "-o", "{t}/s", "--interval", "2fs"), "is for files of frames"),
        (
            ("spectra", "{m}/pes.npz", "-o", "{t}/s", "--charge", "1"),
            "is for files of frames",
        ),
        (("spectra", "{m}/water.xyz", "-o", "{t}/s"), "give --interval 2fs"),
        (
            ("spectra", "{m}/water.xyz", "-o", "{t}/s", "--interval", "2fs", "--temperature", "9"),
            "expected at least two",
        ),
    ],
)
def test_rubbish_is_refused_in_one_line(models, tmp_path, capsys, words, message):
    assert call(*(word.format(m=models, t=tmp_path) for word in words)) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_spectra_of_what_is_not_there_are_refused(models, tmp_path, capsys):
    assert md(models, tmp_path / "a.npz") == 0
    capsys.readouterr()
    assert call("spectra", tmp_path / "a.npz", "-o", tmp_path / "s") == 2
    assert "found neither dipole nor polarizability" in capsys.readouterr().err
    assert md(models, tmp_path / "b.npz", "--dipole", models / "dipole.npz") == 0
    capsys.readouterr()
    assert call("spectra", tmp_path / "b.npz", "-o", tmp_path / "s", "--raman") == 2
    assert "found no polarizability" in capsys.readouterr().err
    assert call("spectra", tmp_path / "b.npz", "-o", tmp_path / "s") == 2  # 10 cm^-1 need 3.3 ps
    assert "take longer trajectories, or a resolution of" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--time", "20"), ("--time", "-1ps"), ("--friction", "x")])
def test_options_without_unit_or_sign_are_refused(models, words, capsys):
    with pytest.raises(SystemExit):
        call("md", models / "pes.npz", "-o", "a.npz", *words)
    assert "error: argument" in capsys.readouterr().err
