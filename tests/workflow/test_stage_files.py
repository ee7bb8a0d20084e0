"""Frames are assembled only if they are what the studies need."""

import numpy as np
import pytest
from ase.build import molecule as build

from rpr.data.extxyz import write_frames
from rpr.data.failures import read_failures
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.labels.assemble import assemble
from rpr.molecule.molecule import Molecule, read_molecule, write_geometry


@pytest.fixture
def peroxide():
    return Molecule.from_atoms(build("H2O2"), dihedral=(2, 0, 1, 3))


def labelled(molecule, n_frames, **changes):
    rng = np.random.default_rng(n_frames)
    values = {
        "positions": molecule.reference + 0.01 * rng.normal(size=(n_frames, 4, 3)),
        "energy": rng.normal(size=n_frames),
        "forces": rng.normal(size=(n_frames, 4, 3)),
        "dipole": rng.normal(size=(n_frames, 3)),
        "polarizability": rng.normal(size=(n_frames, 3, 3)),
    }
    return FrameSet(changes.pop("symbols", molecule.symbols), **{**values, **changes})


def test_frames_of_all_files_with_dihedral_and_trajectory(tmp_path, peroxide):
    for k, n_frames in enumerate((3, 2)):
        write_frames(tmp_path / f"{k}.extxyz", labelled(peroxide, n_frames))
    (tmp_path / "2.extxyz").touch()  # a shard of which no frame could be labelled
    paths = [tmp_path / f"{k}.extxyz" for k in range(3)]
    frames = assemble(paths, molecule=peroxide)
    assert len(frames) == 5
    assert len(set(frames.trajectory)) == 5
    assert np.isfinite(frames.dihedral).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dipole": None}, "frames have no dipole"),
        ({"forces": None}, "frames have no forces"),
        ({"symbols": ("H", "H", "O", "O")}, "found atoms H H O O, expected .* O O H H"),
    ],
)
def test_useless_frames_are_refused(tmp_path, peroxide, changes, words):
    path = tmp_path / "frames.extxyz"
    write_frames(path, labelled(peroxide, 3, **changes))
    with pytest.raises(InputError, match=words):
        assemble([path], molecule=peroxide)


def test_nan_is_refused(tmp_path, peroxide):
    path = tmp_path / "frames.extxyz"
    write_frames(path, labelled(peroxide, 3))
    lines = path.read_text().split("\n")
    lines[2] = lines[2].replace(lines[2].split()[1], "nan")
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match="position of atom 0 is not a finite number"):
        assemble([path], molecule=peroxide)


def test_too_few_frames_name_the_failures(tmp_path, peroxide):
    path = tmp_path / "frames.extxyz"
    write_frames(path, labelled(peroxide, 3))
    with pytest.raises(InputError, match=r"found 3 labelled frames \(2 could not be labelled\)"):
        assemble([path], molecule=peroxide, n_needed=5, n_failed=2)


def test_failures_of_all_shards(tmp_path):
    (tmp_path / "0.csv").write_text("frame,trajectory,step,reason\n")
    (tmp_path / "1.csv").write_text("frame,trajectory,step,reason\n7,0,7,no convergence\n")
    failures = read_failures([tmp_path / "0.csv", tmp_path / "1.csv"])
    assert failures["frame"].tolist() == [7]
    assert list(read_failures([]).columns) == ["frame", "trajectory", "step", "reason"]


def test_geometry_round_trip_is_exact(tmp_path, peroxide):
    path = tmp_path / "anti.xyz"
    write_geometry(path, peroxide.to_atoms())
    molecule = read_molecule(path, anchors=[2], dihedral=[2, 0, 1, 3])
    np.testing.assert_allclose(molecule.reference, peroxide.reference, atol=1e-8)
    assert molecule.dihedral == (2, 0, 1, 3)
    with pytest.raises(InputError, match="not readable as a geometry"):
        read_molecule(tmp_path / "other.xyz", anchors=[], dihedral=None)
