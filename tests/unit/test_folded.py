"""Cure R and the naive baselines."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule as g2
from ase.io import read
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_axes
from rpr.axes.rotation import to_axes
from rpr.errors import InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.models.augmented import AugmentedRegression
from rpr.models.folded import FoldedRPR, fold
from rpr.models.registry import load
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.mirror_image import mirror_permutation
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, set_dihedral

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"


def load_molecule(name="dichloroethane_anti", anchors=(0, 3)):
    atoms = read(GEOMETRIES / f"{name}.xyz")
    return Molecule.from_atoms(atoms, anchors=anchors, dihedral=(0, 1, 2, 3))


def frames_at(molecule, degrees, *, seed=0, amplitude=0.02):
    rng = np.random.default_rng(seed)
    positions = np.repeat(molecule.reference[None], len(degrees), axis=0)
    positions = set_dihedral(positions, molecule, np.asarray(degrees))
    return positions + rng.normal(scale=amplitude, size=positions.shape)


def xtb_dipoles(molecule, positions):
    engine = make_engine(
        Method.from_config({"code": "tblite", "functional": "gfn2-xtb"}), molecule.symbols
    )
    return np.array([engine.compute(x, ("dipole",)).dipole for x in positions])


@pytest.fixture(scope="module")
def data():
    molecule = load_molecule()
    rng = np.random.default_rng(1)
    train = frames_at(molecule, rng.uniform(30, 170, size=150))
    test = frames_at(molecule, rng.uniform(-160, -40, size=40), seed=1)
    return molecule, train, xtb_dipoles(molecule, train), test, xtb_dipoles(molecule, test)


def rmse(model, positions, values):
    return float(np.sqrt(np.mean((model.predict(positions) - values) ** 2)))


def test_fold_makes_every_dihedral_positive():
    molecule = load_molecule()
    angles = np.array([-170.0, -60.0, -5.0, 20.0, 120.0])
    positions = frames_at(molecule, angles)
    before = dihedral_angle(positions, molecule.dihedral)
    folded, parities = fold(positions, molecule)
    assert np.allclose(dihedral_angle(folded, molecule.dihedral), np.abs(before), atol=1e-9)
    assert np.array_equal(parities, np.sign(before))
    assert np.array_equal(folded[parities > 0], positions[parities > 0])


def test_mirror_exchanges_hydrogens_and_leaves_the_chain():
    assert mirror_permutation(load_molecule()).tolist() == [0, 1, 2, 3, 5, 4, 7, 6]
    dithiol = mirror_permutation(load_molecule("ethanedithiol_anti")).tolist()
    assert dithiol[:4] == [0, 1, 2, 3]
    assert sorted(dithiol) == list(range(10))
    assert dithiol != list(range(10))


def test_the_cure_repairs_negative_dihedrals_and_the_plain_model_fails(data):
    molecule, train, labels, test, test_labels = data
    folded = FoldedRPR(molecule=molecule).fit(train, labels)
    plain = RotatePredictRotate(molecule=molecule).fit(train, labels)
    assert rmse(folded, test, test_labels) < 0.1 * test_labels.std()
    assert rmse(plain, test, test_labels) > 3 * rmse(folded, test, test_labels)


def test_folded_predictions_are_odd_under_the_mirror(data):
    molecule, train, labels, test, _ = data
    model = FoldedRPR(molecule=molecule).fit(train, labels)
    images = -test[:, mirror_permutation(molecule)]
    assert np.abs(model.predict(images) + model.predict(test)).max() < 1e-12


def test_folded_polarizabilities_are_even_under_the_mirror(data):
    molecule, train, _, test, _ = data
    values = charge_polarizabilities(train)
    model = FoldedRPR(molecule=molecule, property="polarizability").fit(train, values)
    images = -test[:, mirror_permutation(molecule)]
    assert np.abs(model.predict(images) - model.predict(test)).max() < 1e-12
    assert rmse(model, test, charge_polarizabilities(test)) < 0.05 * values.std()


def charge_polarizabilities(positions):
    """Dyads of all pairs of atoms, which do not change under inversion."""
    i, j = np.triu_indices(positions.shape[1], k=1)
    vectors = positions[:, i] - positions[:, j]
    weights = np.exp(-np.linalg.norm(vectors, axis=2))
    return np.einsum("fp,fpx,fpy->fxy", weights, vectors, vectors)


def test_folded_components_are_in_the_axes_of_the_frame_itself(data):
    molecule, train, labels, test, _ = data
    model = FoldedRPR(molecule=molecule).fit(train, labels)
    rotations = canonical_axes("inertia", test, molecule).rotations
    expected = to_axes(model.predict(test), rotations)
    assert np.abs(model.predict_components(test) - expected).max() < 1e-12


def test_folded_model_file(data, tmp_path):
    molecule, train, labels, test, _ = data
    model = FoldedRPR(molecule=molecule).fit(train, labels)
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert isinstance(loaded, FoldedRPR)
    assert np.array_equal(loaded.predict(test), model.predict(test))


def test_molecules_without_a_mirror_are_refused():
    with pytest.raises(InputError, match="'symmetrized'"):
        mirror_permutation(Molecule.from_atoms(g2("H2O")))
    molecule = load_molecule()
    chiral = Molecule(
        ("Cl", "C", "C", "Cl", "H", "F", "H", "Br"),
        molecule.reference,
        dihedral=molecule.dihedral,
        bonds=molecule.bonds,
    )
    with pytest.raises(InputError, match="different molecules"):
        mirror_permutation(chiral)


def test_augmentation_helps_but_stays_behind_a_frame(data):
    molecule, train, labels, _, _ = data
    test = frames_at(molecule, np.linspace(45, 155, 40), seed=4)
    rotations = Rotation.random(40, random_state=0).as_matrix()
    turned = np.einsum("fij,faj->fai", rotations, test)
    values = xtb_dipoles(molecule, turned)
    naive = RotatePredictRotate(molecule=molecule, axes="laboratory", descriptor="RExyz")
    augmented = AugmentedRegression(molecule=molecule, n_search=200)
    folded = FoldedRPR(molecule=molecule, descriptor="RExyz")
    errors = [rmse(m.fit(train, labels), turned, values) for m in (naive, augmented, folded)]
    assert errors[0] > errors[1] > 3 * errors[2]


def test_augmented_search_on_a_part_leaves_the_constructor_s_arguments_alone(data):
    molecule, train, labels, test, _ = data
    settings = {"coordinate_weight": [1e-3, 0.5], "n_rotations": 2, "n_search": 40}
    model = AugmentedRegression(molecule=molecule, **settings)
    before = model.get_params()
    model.fit(train[:50], labels[:50])
    assert model.get_params() == before
    assert "axes" not in before
    assert model.coordinate_weight_ in settings["coordinate_weight"]
    assert all(found["validation_rmse"] > 0 for found in model.hyperparameters_.values())
    settings["coordinate_weight"] = model.coordinate_weight_
    again = AugmentedRegression(
        molecule=molecule, hyperparameters=model.hyperparameters_, **settings
    ).fit(train[:50], labels[:50])
    assert np.array_equal(again.predict(test), model.predict(test))


def test_augmented_model_file_and_parameters(data, tmp_path):
    molecule, train, labels, test, _ = data
    model = AugmentedRegression(molecule=molecule, n_rotations=2, n_search=60)
    model.fit(train[:50], labels[:50])
    assert model.hyperparameters is None
    assert model.regression_.descriptors_.shape[:2] == (1, 100)
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert loaded.n_rotations == 2
    assert np.array_equal(loaded.predict(test), model.predict(test))
