"""A deposit is read only if checksum, atoms and method fit the run."""

import gzip
import json

import ase.io
import numpy as np
import pytest
import yaml

import rpr
from rpr.data.consistency.battery import check_frames
from rpr.data.frame_set import FrameSet, find_frames
from rpr.data.splits import random_order
from rpr.errors import InputError
from rpr.files import sha256
from rpr.labels.method import Method
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.run.deposit import (
    check_extends,
    frame_counts,
    origin,
    read_deposit,
    read_document,
    require_document,
)
from rpr.run.deposit_files import carry_over, write_deposit
from rpr.run.jobs import stage_seed
from rpr.units import KCAL_MOL

METHOD = Method(basis="aug-cc-pvtz").as_dict()
SYMBOLS = ("O", "H", "H")


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)
    return FrameSet(
        SYMBOLS,
        rng.normal(size=(5, 3, 3)),
        energy=rng.normal(size=5),
        forces=rng.normal(size=(5, 3, 3)),
        dipole=rng.normal(size=(5, 3)),
        polarizability=rng.normal(size=(5, 3, 3)),
        trajectory=np.arange(5),
        step=np.arange(5),
    )


@pytest.fixture
def manifest(tmp_path, frames):
    files = {"frames": frames, "test_set": frames.subset(np.arange(2))}
    return write_deposit(tmp_path / "deposit", files, method=METHOD, about={"seed": 3})


def read(manifest, role="frames", **changes):
    arguments = {"symbols": SYMBOLS, "method": METHOD, **changes}
    return read_deposit(manifest, role, **arguments)


def test_round_trip_is_exact(manifest, frames):
    found = read(manifest)
    assert frame_counts(manifest) == {"frames": 5, "test_set": 2}
    for name in ("positions", "energy", "forces", "dipole", "polarizability", "trajectory"):
        np.testing.assert_array_equal(getattr(found, name), getattr(frames, name))


def test_prefix_of_the_pool(manifest, frames):
    np.testing.assert_array_equal(read(manifest, n_frames=3).energy, frames.energy[:3])
    with pytest.raises(InputError, match=r"labels/n_frames: found 9, but .* has 5 frames"):
        read(manifest, n_frames=9)


def test_same_frames_make_the_same_files(tmp_path, manifest, frames):
    again = write_deposit(tmp_path / "again", {"frames": frames}, method=METHOD, about={})
    first = json.loads(manifest.read_text())["files"]["frames"]["sha256"]
    assert json.loads(again.read_text())["files"]["frames"]["sha256"] == first


def test_changed_file_is_refused(manifest):
    path = manifest.parent / "frames.extxyz"
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(InputError, match=r"SHA-256 .* expected .* fetch the deposit again"):
        read(manifest)


def test_other_atom_order_is_refused(manifest):
    with pytest.raises(InputError, match="found atoms O H H, expected H O H in this order"):
        read(manifest, symbols=("H", "O", "H"))


@pytest.mark.parametrize("key", ["code", "functional", "basis"])
def test_other_method_is_refused(manifest, key):
    with pytest.raises(InputError, match=f"labels/method/{key} is 'other'"):
        read(manifest, method={**METHOD, key: "other"})


def test_missing_file_role_and_manifest(manifest):
    with pytest.raises(InputError, match="has no md, found frames, test_set"):
        read(manifest, "md")
    (manifest.parent / "frames.extxyz").unlink()
    with pytest.raises(InputError, match="does not exist"):
        read(manifest)
    manifest.write_text("{")
    with pytest.raises(InputError, match="not readable as a manifest"):
        read(manifest)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 3}, "found format 3, expected 1 or 2"),
        ({"files": {"mdd": {}}}, "found files mdd"),
        ({"method": None}, "the key method is missing"),
    ],
)
def test_odd_manifest_is_refused(manifest, change, words):
    content = json.loads(manifest.read_text())
    content.update(change)
    content = {key: value for key, value in content.items() if value is not None}
    manifest.write_text(json.dumps(content))
    with pytest.raises(InputError, match=words):
        frame_counts(manifest)


def test_tables_of_a_deposit(tmp_path, frames):
    table = tmp_path / "dihedrals.csv"
    table.write_text("trajectory,time_ps,dihedral\n0,0.5,60.0\n")
    manifest = write_deposit(
        tmp_path / "d", {"frames": frames}, method=METHOD, about={}, documents=[table]
    )
    assert read_document(manifest, "dihedrals.csv")["dihedral"].tolist() == [60.0]
    assert read_document(manifest, "other.csv") is None
    (tmp_path / "d/dihedrals.csv").write_text("changed")
    with pytest.raises(InputError, match="fetch the deposit again"):
        read_document(manifest, "dihedrals.csv")


def test_by_hand_nothing_has_to_be_known(manifest):
    assert read_deposit(manifest).symbols == SYMBOLS


def test_other_settings_are_refused_where_a_deposit_is_extended(manifest):
    with pytest.raises(InputError, match="labels/method/grid_level is 4"):
        read(manifest, method={**METHOD, "grid_level": 4}, same_settings=True)
    assert len(read(manifest, method={**METHOD, "grid_level": 4})) == 5


def test_deposit_of_other_frames_is_not_extended(frames):
    check_extends(frames.subset(np.array([3, 1, 0])), frames.subset(np.array([0, 3])))
    with pytest.raises(InputError, match="1 of its 2 labelled frames are not among the 3"):
        check_extends(frames.subset(np.array([3, 1, 0])), frames.subset(np.array([2, 3])))


def test_origin_goes_with_the_frames(tmp_path, manifest, frames):
    about = {"seed": 4, "extends": origin(manifest)}
    second = write_deposit(tmp_path / "second", {"frames": frames}, method=METHOD, about=about)
    found = origin(second)
    assert found["seed"] == 4
    assert found["files"]["frames"]["n_frames"] == 5
    assert found["extends"]["seed"] == 3
    first = json.loads(manifest.read_text())["files"]
    assert found["extends"]["files"] == {
        role: {"sha256": first[role]["sha256"], "n_frames": first[role]["n_frames"]}
        for role in ("frames", "test_set")
    }


def test_an_extended_deposit_keeps_what_is_not_made_again(tmp_path, frames):
    table = tmp_path / "label_seconds.csv"
    table.write_text("properties,seconds\nenergy,1.5\n")
    thermal = frames.subset(np.array([4]))
    thermal.dipole_derivatives = np.arange(27.0).reshape(1, 3, 3, 3)
    files = {"frames": frames, "test_set": frames.subset(np.arange(2)), "thermal": thermal}
    manifest = write_deposit(tmp_path / "first", files, method=METHOD, about={}, documents=[table])
    more = frames.subset(np.array([0, 1, 2, 3, 4, 0]))
    second = write_deposit(tmp_path / "second", {"frames": more}, method=METHOD, about={})
    carry_over(second, manifest)
    assert frame_counts(second) == {"frames": 6, "test_set": 2, "thermal": 1}
    for name in ("energy", "dipole_derivatives"):
        found = getattr(read(second, "thermal"), name)
        np.testing.assert_array_equal(found, getattr(thermal, name))
    assert require_document(second, "label_seconds.csv")["seconds"].tolist() == [1.5]
    with pytest.raises(InputError, match=r"has no document missing\.csv"):
        require_document(second, "missing.csv")
    (manifest.parent / "label_seconds.csv").write_text("changed")
    with pytest.raises(InputError, match="SHA-256"):
        carry_over(
            write_deposit(tmp_path / "third", {"frames": more}, method=METHOD, about={}), manifest
        )


def test_frames_with_derivatives_are_the_derivatives_of_a_deposit(tmp_path, frames, manifest):
    """As many as there are frames, until other frames with derivatives take their place."""
    frames.dipole_derivatives = np.ones((5, 3, 3, 3))
    path = write_deposit(tmp_path / "all", {"frames": frames}, method=METHOD, about={})
    assert frame_counts(path) == {"frames": 5, "derivatives": 5}
    assert read(path, "derivatives").dipole_derivatives.shape == (5, 3, 3, 3)
    copies = {"frames": frames.subset(np.arange(3)), "derivatives": frames.subset(np.arange(2))}
    copies["frames"].dipole_derivatives = None
    old = write_deposit(tmp_path / "old", copies, method=METHOD, about={})
    carry_over(path, manifest)
    assert frame_counts(path) == {"frames": 5, "derivatives": 5, "test_set": 2}
    carry_over(path, old)
    assert frame_counts(path) == {"frames": 5, "derivatives": 2, "test_set": 2}
    assert len(read(path)) == 5


@pytest.mark.parametrize(("name", "n_frames"), [("deposit", 7000), ("one_hand", 1200)])
def test_deposit_of_the_repository_is_a_beginning_of_its_pool(root, name, n_frames):
    path = root / f"resources/{name}/manifest.json"
    seed = yaml.safe_load((root / "config.yaml").read_text())["seed"]
    symbols = read_geometry(root / "resources/geometries/dichloroethane_anti.xyz")
    options = {"symbols": symbols.get_chemical_symbols(), "method": METHOD, "same_settings": True}
    frames, md = (read_deposit(path, role, **options) for role in ("frames", "md"))
    order = random_order(len(md), seed=stage_seed(seed, "pool"))
    assert (len(frames), len(md)) == (n_frames, 7000)
    np.testing.assert_array_equal(frames.positions, md.positions[order[: len(frames)]])
    assert np.linalg.eigvalsh(frames.polarizability).min() > 0
    np.testing.assert_allclose(frames.forces.sum(axis=1), 0.0, atol=5e-3)


def test_labels_where_the_frames_were_made_are_one_file(tmp_path, frames):
    frames.velocities = np.random.default_rng(1).normal(size=(5, 3, 3))
    frames.trajectory, frames.step = np.array([0, 0, 1, 1, 1]), np.array([1, 2, 1, 2, 3])
    shuffled = frames.subset(np.array([3, 0, 4, 2, 1]))
    files = {"frames": shuffled, "md": frames}
    manifest = write_deposit(tmp_path / "one", files, method=METHOD, about={})
    assert sorted(p.name for p in manifest.parent.glob("*.extxyz")) == ["frames.extxyz"]
    assert frame_counts(manifest) == {"frames": 5, "md": 5}
    for role, made in files.items():
        found = read(manifest, role)
        for name in ("positions", *made.known):
            np.testing.assert_array_equal(getattr(found, name), getattr(made, name))
    other = frames.subset(slice(None))
    other.energy = frames.energy + 1.0  # the dynamics had another level
    two = write_deposit(
        tmp_path / "two", {"frames": shuffled, "md": other}, method=METHOD, about={}
    )
    np.testing.assert_array_equal(read(two, "md").energy, other.energy)
    np.testing.assert_array_equal(read(two).energy, shuffled.energy)


def test_deposits_of_format_1_and_compressed_ones_are_read(manifest, frames):
    content = json.loads(manifest.read_text())
    path = manifest.parent / "frames.extxyz"
    packed = path.with_name("frames.extxyz.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    content["files"]["frames"] |= {"path": packed.name, "sha256": sha256(packed)}
    manifest.write_text(json.dumps({**content, "format": 1}))
    np.testing.assert_array_equal(read(manifest).energy, frames.energy)


def test_one_line_reads_the_deposit_of_the_repository(root):
    images = ase.io.read(root / "resources/deposit/frames.extxyz", ":")
    frames = rpr.read_frames(root / "resources/deposit/frames.extxyz")
    assert len(images) == len(frames) == 7000
    assert images[7].get_potential_energy() == frames.energy[7]
    np.testing.assert_array_equal(images[7].get_dipole_moment(), frames.dipole[7])
    assert {"trajectory", "step", "dihedral"} <= images[7].info.keys()
    assert frames.dipole_derivatives.shape == (7000, 8, 3, 3)


def test_the_rotated_test_set_is_whole_and_of_the_potential_beside_it(root):
    folder = root / "resources/deposit"
    frames = read_deposit(folder / "manifest.json", "test_set")
    trajectories, counts = np.unique(frames.trajectory, return_counts=True)
    assert len(trajectories) == 24
    assert set(counts) == {50}
    for name in ("deposit", "one_hand"):  # the potential learnt frames of the latter
        pool = read_deposit(root / f"resources/{name}/manifest.json", "frames")
        assert (find_frames(frames, pool) < 0).all()
    assert (find_frames(frames, frames) == np.arange(1200)).all()
    energy, forces = rpr.load(folder / "kreg.npz").predict(frames.positions)
    assert np.sqrt(np.mean((energy - frames.energy) ** 2)) < 0.015 * KCAL_MOL
    assert np.sqrt(np.mean((forces - frames.forces) ** 2)) < 0.1 * KCAL_MOL


def test_the_second_molecule_has_plausible_labels(root):
    manifest = root / "resources/ethanedithiol/manifest.json"
    frames, test = read_deposit(manifest, "frames"), read_deposit(manifest, "test_set")
    assert (len(frames), len(test)) == (300, 100)
    assert (find_frames(test, frames) < 0).all()
    reference = read_deposit(manifest, "reference").atoms(0)
    molecule = Molecule.from_atoms(reference, anchors=(0, 3), dihedral=(0, 1, 2, 3))
    for labelled in (frames, test):
        assert not [found for found in check_frames(labelled, molecule) if found.is_implausible]
