"""Model files: whole and of the right kind, or a clear error."""

import json
import pickle
import zipfile

import numpy as np
import pytest
from ase.build import molecule

import rpr
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.models.model_file import (
    checksum,
    load_model,
    molecule_from_json,
    molecule_to_json,
    save_model,
)
from rpr.models.registry import KINDS, REGISTRY
from rpr.molecule.molecule import Molecule

KIND = "rotate-predict-rotate"
ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "flags": np.array([True, False])}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.npz"
    save_model(path, KIND, ARRAYS, {"sigma": 0.1, "names": ["x", "y"]})
    return path


def test_what_is_saved_is_loaded(path):
    stored = load_model(path, KIND)
    assert stored.kind == KIND
    assert stored.metadata == {"sigma": 0.1, "names": ["x", "y"]}
    assert stored.versions["numpy"] == np.__version__
    assert stored.arrays.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert stored.arrays[name].dtype == values.dtype
        np.testing.assert_array_equal(stored.arrays[name], values)


def test_file_holds_no_pickle(path):
    with np.load(path, allow_pickle=False) as archive:
        header = json.loads(archive["metadata"].tobytes())
    assert header["format"] == "rpr-model"
    assert header["checksum"] == checksum(ARRAYS)


def test_same_content_gives_the_same_bytes(path, tmp_path):
    again = tmp_path / "again.npz"
    save_model(again, KIND, ARRAYS, {"sigma": 0.1, "names": ["x", "y"]})
    assert again.read_bytes() == path.read_bytes()


def test_nothing_is_left_behind_when_saving_fails(tmp_path):
    with pytest.raises(TypeError):
        save_model(tmp_path / "m.npz", KIND, ARRAYS, {"not json": object()})
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.npz: no such model file"):
        load_model(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_truncated_file(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"model\.npz: not readable as a model file"):
        load_model(path)


def test_every_flipped_byte_of_the_arrays_is_noticed(path):
    content = bytearray(path.read_bytes())
    start = content.index(np.array([1.0, 2.0]).tobytes())
    for position in range(start, start + 16, 5):
        damaged = content.copy()
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"model\.npz"):
            load_model(path)


def test_exchanged_array_is_noticed(path):
    stored = dict(np.load(path))
    stored["a"] = stored["a"] + 1e-12
    np.savez(path, **stored)
    with pytest.raises(InputError, match="damaged: the arrays do not match"):
        load_model(path)


def test_foreign_files(tmp_path):
    np.savez(tmp_path / "foreign.npz", a=np.ones(3))
    np.savez(tmp_path / "metadata.npz", metadata=np.array([1, 2, 3]))
    np.save(tmp_path / "single.npy", np.ones(3))
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("readme.txt", "not an array")
    (tmp_path / "pickled.npz").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "text.xyz").write_text("8\n\nCl 0 0 0\n")
    for file in list(tmp_path.iterdir()):
        with pytest.raises(InputError, match=file.name):
            load_model(file)
        with pytest.raises(InputError, match=file.name):
            rpr.load(file)


def test_another_kind_and_a_later_version(path, monkeypatch):
    with pytest.raises(InputError, match="found a model of kind 'rotate-predict-rotate', expected"):
        load_model(path, "kreg")
    monkeypatch.setattr("rpr.models.model_file.FORMAT_VERSION", 0)
    with pytest.raises(InputError, match="format version 2, expected at most 0; update rpr"):
        load_model(path)


def test_what_cannot_be_stored(tmp_path):
    with pytest.raises(InputError, match="'a' cannot be stored"):
        save_model(tmp_path / "m.npz", KIND, {"a": np.array([object()])}, {})
    with pytest.raises(InputError, match="'metadata' cannot be stored"):
        save_model(tmp_path / "m.npz", KIND, {"metadata": np.ones(2)}, {})


def test_molecule_survives_exactly():
    molecule = dichloroethane()
    again = molecule_from_json(json.loads(json.dumps(molecule_to_json(molecule))))
    np.testing.assert_array_equal(again.reference, molecule.reference)
    for name in ("symbols", "anchors", "dihedral", "bonds"):
        assert getattr(again, name) == getattr(molecule, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lost", ["metadata", "arrays"])
def test_models_name_what_their_file_lacks(kind, lost, tmp_path):
    stored = {"arrays": {}, "metadata": {}}
    if lost == "arrays":
        stored["metadata"] = _metadata(kind)
    save_model(tmp_path / "m.npz", kind, stored["arrays"], stored["metadata"])
    with pytest.raises(InputError, match=r"m\.npz: damaged: '\w+' is missing"):
        rpr.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("name", "value"),
    [("molecule", "x"), ("hyperparameters", None), ("about", 3), ("training_range", [1])],
)
def test_an_entry_of_another_kind_is_damage(name, value, tmp_path):
    molecule = dichloroethane()
    x = random_frames(molecule, 20, seed=0)
    given = {"kernel": "matern2", "hyperparameters": (1.0, 1e-6)}
    model = rpr.RotatePredictRotate(molecule=molecule, **given)
    model.fit(x, analytic_labels(x, molecule)[0]).save(tmp_path / "m.npz")
    stored = load_model(tmp_path / "m.npz")
    save_model(tmp_path / "m.npz", stored.kind, stored.arrays, stored.metadata | {name: value})
    with pytest.raises(InputError, match=r"m\.npz: damaged: an entry is not what a model needs"):
        rpr.load(tmp_path / "m.npz")


def test_a_text_is_no_archive(tmp_path):
    (tmp_path / "m.npz").write_text("hello")
    with pytest.raises(InputError, match=r"not readable as a model file \(no archive of arrays"):
        load_model(tmp_path / "m.npz")


def _metadata(kind):
    """Metadata of a model of water, as its file holds them."""
    water = Molecule.from_atoms(molecule("H2O"), anchors=(1, 2), dihedral=None)
    model = REGISTRY[kind].estimator()(molecule=water)
    if kind == "kreg":
        names = ("sigma", "lambda_energy", "lambda_forces", "permutations")
        known = dict.fromkeys(names) | {"energy_offset": 0.0, "sigma": 1.0}
    else:
        known = {name: getattr(model, name) for name in type(model).STORED}
        known["hyperparameters"] = {c: {"sigma": 1.0, "lambda": 1.0} for c in model.components}
    return known | {"molecule": molecule_to_json(water), "training_checksum": ""}


def test_a_file_of_format_1_loads_under_the_names_of_today(tmp_path, monkeypatch):
    water = Molecule.from_atoms(molecule("H2O"), anchors=(1, 2), dihedral=None)
    stored = molecule_to_json(water)
    stored["marked"] = stored.pop("anchors")
    monkeypatch.setattr("rpr.models.model_file.FORMAT_VERSION", 1)
    save_model(tmp_path / "m.npz", "cured", {}, {"frame": "inertia", "molecule": stored})
    monkeypatch.undo()
    found = load_model(tmp_path / "m.npz", "folded")
    assert found.metadata["axes"] == "inertia"
    assert molecule_from_json(found.metadata["molecule"]).anchors == (1, 2)


def test_a_failed_write_leaves_the_old_model(tmp_path, monkeypatch):
    def half(stream, **_):
        stream.write(b"half")
        raise OSError("no space left on device")

    path = tmp_path / "m.npz"
    save_model(path, KIND, ARRAYS, {})
    before = path.read_bytes()
    monkeypatch.setattr("rpr.models.model_file.np.savez", half)
    with pytest.raises(OSError, match="no space"):
        save_model(path, KIND, ARRAYS, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
