"""Group-averaged kernels: exact symmetry, slow reference, and molecules of every kind."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule as g2
from ase.io import read
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_axes
from rpr.axes.characters import axes_group
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.errors import InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.models.registry import load
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.models.symmetrized import SymmetrizedRPR
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import dihedral_angle, set_dihedral
from rpr.regression.descriptors import describe
from rpr.regression.kernels import distance
from rpr.regression.search import validation_split
from rpr.regression.symmetrized_kernel import averaged_kernels
from rpr.units import AU_DIPOLE, BOHR3

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
MOLECULES = {
    "water": {},
    "ammonia": {},
    "hydrogen_peroxide": {"dihedral": (0, 1, 2, 3)},
    "ethanedithiol_anti": {"dihedral": (0, 1, 2, 3), "anchors": (0, 3)},
    "dichloroethane_anti": {"dihedral": (0, 1, 2, 3), "anchors": (0, 3)},
}


def load_molecule(name):
    return Molecule.from_atoms(read(GEOMETRIES / f"{name}.xyz"), **MOLECULES[name])


def shaken(molecule, n_frames, *, seed=0, amplitude=0.03, dihedrals=(40.0, 170.0)):
    rng = np.random.default_rng(seed)
    positions = np.repeat(molecule.reference[None], n_frames, axis=0)
    if molecule.dihedral is not None:
        angles = rng.uniform(*dihedrals, size=n_frames)
        positions = np.array(
            [
                set_dihedral(x[None], molecule, angle)[0]
                for x, angle in zip(positions, angles, strict=True)
            ]
        )
    return positions + rng.normal(scale=amplitude, size=positions.shape)


def xtb_labels(molecule, positions, property):
    engine = make_engine(
        Method.from_config({"code": "tblite", "functional": "gfn2-xtb"}), molecule.symbols
    )
    return np.array([getattr(engine.compute(x, (property,)), property) for x in positions])


def charge_labels(positions, property):
    """Analytic labels with the right symmetry: distance-dependent bond dipoles and dyads."""
    i, j = np.triu_indices(positions.shape[1], k=1)
    vectors = positions[:, i] - positions[:, j]
    weights = np.exp(-np.linalg.norm(vectors, axis=2))
    weights *= (np.arange(len(i)) * 0.0 + 1.0) + positions.shape[1] / 10
    if property == "polarizability":
        return np.einsum("fp,fpx,fpy->fxy", weights, vectors, vectors)
    centre = positions.mean(axis=1, keepdims=True)
    charges = np.exp(-np.linalg.norm(positions - centre, axis=2))
    return np.einsum("fa,fax->fx", charges, positions - centre)


def rmse(model, positions, values):
    return float(np.sqrt(np.mean((model.predict(positions) - values) ** 2)))


@pytest.fixture(scope="module")
def dce():
    return load_molecule("dichloroethane_anti")


@pytest.mark.parametrize("axes", ["inertia", "inertia-raw", "bond-axis"])
def test_axes_of_images_differ_by_signs_only(axes, dce):
    positions = shaken(dce, 30)
    found = canonical_axes(axes, positions, dce)
    usable = ~found.near_degenerate
    for image in find_group(dce).act_on_positions(positions):
        turned = canonical_axes(axes, image, dce).rotations
        change = np.einsum("fix,fjx->fij", turned, found.rotations)[usable]
        assert np.abs(np.abs(change) - np.eye(3)).max() < 1e-8


def test_characters_are_those_of_the_labels(dce):
    """Images of canonical coordinates, with labels in canonical axes: y(g x) = chi(g) y(x)."""
    canonical = shaken(dce, 4, seed=2)
    elements = axes_group(find_group(dce))
    images = elements.images(canonical)
    vectors = charge_labels(canonical, "dipole")
    for image, signs in zip(images, elements.characters("dipole").T, strict=True):
        assert np.allclose(charge_labels(image, "dipole"), signs * vectors, atol=1e-12)
    upper = np.triu_indices(3)
    matrices = charge_labels(canonical, "polarizability")[:, *upper]
    for image, signs in zip(images, elements.characters("polarizability").T, strict=True):
        turned = charge_labels(image, "polarizability")[:, *upper]
        assert np.allclose(turned, signs * matrices, atol=1e-12)


def test_averaged_kernel_equals_the_slow_double_loop(dce):
    elements = axes_group(find_group(dce))
    a, b = shaken(dce, 3, seed=1), shaken(dce, 2, seed=2)
    characters = elements.characters("dipole")
    sigma = 1.7
    expected = np.zeros((3, 3, 2))
    for g, (signs, permutation) in enumerate(
        zip(elements.signs, elements.permutations, strict=True)
    ):
        for j in range(2):
            image = describe("RExyz", (b[j, permutation] * signs)[None], dce)[0]
            for i in range(3):
                x = describe("RExyz", a[i][None], dce)[0]
                k = np.exp(-np.sum((x - image) ** 2) / (2 * sigma**2))
                expected[:, i, j] += characters[:, g] * k / len(elements)
    images = describe("RExyz", elements.images(b).reshape(-1, 8, 3), dce).reshape(16, 2, -1)
    distances = (distance("gaussian", describe("RExyz", a, dce), image) for image in images)
    found = np.array(averaged_kernels("gaussian", distances, characters, sigma))
    assert np.abs(found - expected).max() < 1e-12


def test_averaged_kernels_are_symmetric_and_positive(dce):
    elements = axes_group(find_group(dce))
    x = shaken(dce, 25, seed=3)
    images = describe("RExyz", elements.images(x).reshape(-1, 8, 3), dce).reshape(16, 25, -1)
    for property in ("dipole", "polarizability"):
        distances = (distance("matern2", describe("RExyz", x, dce), image) for image in images)
        for K in averaged_kernels("matern2", distances, elements.characters(property), 1.0):
            assert np.abs(K - K.T).max() < 1e-6  # r_eq of equal pairs differs by optimisation
            assert np.linalg.eigvalsh(0.5 * (K + K.T)).min() > -1e-9


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_predictions_obey_the_whole_group_exactly(property, dce):
    positions = shaken(dce, 60)
    model = SymmetrizedRPR(molecule=dce, property=property).fit(
        positions, charge_labels(positions, property)
    )
    fresh = shaken(dce, 10, seed=9)
    predicted = model.predict(fresh)
    images = model.group_.act_on_positions(fresh)
    for image, expected in zip(images, model.group_.act_on_tensors(predicted), strict=True):
        assert np.abs(model.predict(image) - expected).max() < 1e-8


@pytest.mark.parametrize(
    ("property", "unit", "limit"),
    [
        ("dipole", AU_DIPOLE, 1e-8),
        ("polarizability", BOHR3, 1e-6),
    ],
)
def test_predictions_turn_with_the_molecule(property, unit, limit, dce):
    positions = shaken(dce, 120)
    model = SymmetrizedRPR(molecule=dce, property=property).fit(
        positions, charge_labels(positions, property)
    )
    fresh = np.repeat(shaken(dce, 5, seed=8), 20, axis=0)
    rotations = Rotation.random(len(fresh), random_state=1).as_matrix()
    turned = model.predict(np.einsum("fij,faj->fai", rotations, fresh))
    assert np.abs(turned - to_axes(model.predict(fresh), rotations)).max() / unit < limit


def test_sign_rule_makes_no_difference(dce):
    positions = shaken(dce, 40)
    values = charge_labels(positions, "dipole")
    fresh = shaken(dce, 10, seed=6)
    predictions = [
        SymmetrizedRPR(molecule=dce, axes=axes, kernel="gaussian", hyperparameters=HYPER).fit(
            positions, values
        )
        for axes in ("inertia", "inertia-raw", "inertia-skew")
    ]
    first = predictions[0].predict(fresh)
    for model in predictions[1:]:
        assert np.abs(model.predict(fresh) - first).max() < 1e-10


HYPER = {name: {"sigma": 1.0, "lambda": 1e-8} for name in ("mu_x", "mu_y", "mu_z")}


@pytest.mark.parametrize("name", ["hydrogen_peroxide", "ethanedithiol_anti"])
def test_both_hands_are_learnt_from_one(name):
    """Trained on positive dihedrals only, the error is the same for both signs."""
    molecule = load_molecule(name)
    train, test = shaken(molecule, 120), shaken(molecule, 60, seed=1)
    mirrored = find_group(molecule).act_on_positions(test)[-1]
    assert (dihedral_angle(mirrored, molecule.dihedral) < 0).all()
    model = SymmetrizedRPR(molecule=molecule).fit(train, xtb_labels(molecule, train, "dipole"))
    errors = [rmse(model, x, xtb_labels(molecule, x, "dipole")) for x in (test, mirrored)]
    assert errors[0] < 0.05 * xtb_labels(molecule, test, "dipole").std()
    assert abs(errors[1] - errors[0]) < 0.05 * errors[0]


def test_water_beats_the_plain_model():
    molecule = load_molecule("water")
    train, test = shaken(molecule, 60), shaken(molecule, 60, seed=1)
    rotations = Rotation.random(60, random_state=2).as_matrix()
    test = np.einsum("fij,faj->fai", rotations, test)[:, [0, 2, 1]]
    labels = [xtb_labels(molecule, x, "dipole") for x in (train, test)]
    settings = {"molecule": molecule, "descriptor": "RExyz", "kernel": "matern3"}
    plain = RotatePredictRotate(**settings).fit(train, labels[0])
    symmetrized = SymmetrizedRPR(**settings).fit(train, labels[0])
    assert rmse(symmetrized, test, labels[1]) < 0.01 * labels[1].std()
    assert rmse(symmetrized, test, labels[1]) < rmse(plain, test, labels[1])


def test_ammonia_with_exchanged_hydrogens():
    molecule = load_molecule("ammonia")
    train, test = shaken(molecule, 80), shaken(molecule, 40, seed=1)
    test = find_group(molecule).act_on_positions(test)[-1]
    labels = [xtb_labels(molecule, x, "dipole") for x in (train, test)]
    model = SymmetrizedRPR(molecule=molecule).fit(train, labels[0])
    assert rmse(model, test, labels[1]) < 0.005 * labels[1].std()


def test_model_file_gives_the_same_predictions(tmp_path, dce):
    positions = shaken(dce, 30)
    model = SymmetrizedRPR(molecule=dce, property="polarizability").fit(
        positions, charge_labels(positions, "polarizability")
    )
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert isinstance(loaded, SymmetrizedRPR)
    assert np.array_equal(loaded.predict(positions), model.predict(positions))
    assert loaded.get_params().keys() == model.get_params().keys()


def test_components_are_those_of_the_laboratory_prediction(dce):
    positions = shaken(dce, 30)
    model = SymmetrizedRPR(molecule=dce).fit(positions, charge_labels(positions, "dipole"))
    frames = canonical_axes(model.axes_, positions, dce)
    rotated = to_axes(model.predict(positions), frames.rotations)
    assert np.abs(model.predict_components(positions) - rotated).max() < 1e-12
    assert to_axes_positions(positions, frames).shape == positions.shape


def test_of_several_weights_the_best_is_taken_and_given_hyperparameters_refuse_them(dce):
    positions = shaken(dce, 60)
    values = charge_labels(positions, "dipole")
    chosen = SymmetrizedRPR(molecule=dce, coordinate_weight=[1e-3, 0.5]).fit(positions, values)
    assert chosen.coordinate_weight_ == 0.5
    one = SymmetrizedRPR(molecule=dce).fit(positions, values)
    assert np.array_equal(chosen.predict(positions), one.predict(positions))
    with pytest.raises(InputError, match="give one weight"):
        SymmetrizedRPR(molecule=dce, coordinate_weight=[1e-3, 0.5], hyperparameters=HYPER).fit(
            positions, values
        )


def test_grids_are_checked(dce):
    positions = shaken(dce, 10)
    with pytest.raises(InputError, match=r"lambdas: found \[-1\.0\]"):
        SymmetrizedRPR(molecule=dce, lambdas=[-1.0]).fit(
            positions, charge_labels(positions, "dipole")
        )


def test_each_component_has_the_averaged_kernel_that_validates_best(dce):
    positions = shaken(dce, 40)
    values = charge_labels(positions, "polarizability")
    settings = {"molecule": dce, "property": "polarizability", "sigmas": [1.0, 4.0]}
    family = SymmetrizedRPR(**settings).fit(positions, values)
    alone = {
        kernel: SymmetrizedRPR(**settings, kernel=kernel).fit(positions, values).hyperparameters_
        for kernel in ("matern1", "matern2", "matern3", "matern4", "gaussian")
    }
    for component, found in family.hyperparameters_.items():
        best = min((own[component] for own in alone.values()), key=lambda h: h["validation_rmse"])
        assert found == best


def test_search_and_fit_equal_those_written_out(dce):
    """Search over a small grid with dense solves of the averaged kernels of each component."""
    positions, fresh = shaken(dce, 30), shaken(dce, 5, seed=4)
    values = charge_labels(positions, "dipole")
    grid = {"sigmas": [1.0, 3.0], "lambdas": [1e-6, 1e-3]}
    model = SymmetrizedRPR(molecule=dce, descriptor="xyz", kernel="gaussian", **grid).fit(
        positions, values
    )

    frames = canonical_axes("bond-axis", positions, dce)
    canonical, y = to_axes_positions(positions, frames), to_axes(values, frames.rotations)
    elements = axes_group(find_group(dce))
    characters = elements.characters("dipole")
    images = elements.images(canonical).reshape(len(elements), 30, -1)
    fitted, validated = validation_split(30, 0.2, 0)
    X = canonical.reshape(30, -1)
    median = np.median(distance("gaussian", X[fitted])[np.triu_indices(len(fitted), k=1)])

    def kernel(x, sigma, c):
        squares = ((x[:, None, None] - np.swapaxes(images, 0, 1)[None]) ** 2).sum(axis=3)
        return (np.exp(-squares / (2 * sigma**2)) * characters[c]).mean(axis=2)

    mean = np.where((characters > 0).all(axis=1), y.mean(axis=0), 0.0)
    assert not mean.any()  # no component of the dipole is totally symmetric
    for c, name in enumerate(("mu_x", "mu_y", "mu_z")):
        trials = []
        for sigma in median * np.array(grid["sigmas"]):
            K = kernel(X, sigma, c)
            for lam in grid["lambdas"]:
                inner = K[np.ix_(fitted, fitted)] + lam * np.eye(len(fitted))
                a = np.linalg.solve(inner, y[fitted, c])
                error = K[np.ix_(validated, fitted)] @ a - y[validated, c]
                trials.append((np.sqrt(np.mean(error**2)), sigma, lam))
        best = min(trials)
        found = model.hyperparameters_[name]
        assert found["validation_rmse"] == pytest.approx(best[0], rel=1e-6)
        assert (found["sigma"], found["lambda"]) == pytest.approx(best[1:])
        a = np.linalg.solve(kernel(X, best[1], c) + best[2] * np.eye(30), y[:, c])
        turned = to_axes_positions(fresh, canonical_axes("bond-axis", fresh, dce)).reshape(5, -1)
        expected = kernel(turned, best[1], c) @ a
        assert np.allclose(model.predict_components(fresh)[:, c], expected, atol=1e-8)


def test_frames_that_a_permutation_turns_are_refused(dce):
    positions = shaken(dce, 20)
    with pytest.raises(InputError, match="cannot be symmetrized"):
        SymmetrizedRPR(molecule=dce, axes="three-atom").fit(
            positions, charge_labels(positions, "dipole")
        )


@pytest.mark.parametrize("descriptor", ["REsphCl", "RExyzCl"])
def test_descriptors_that_the_group_does_not_keep_are_refused(descriptor):
    one_anchor = Molecule.from_atoms(
        read(GEOMETRIES / "dichloroethane_anti.xyz"), anchors=(0,), dihedral=(0, 1, 2, 3)
    )
    positions = shaken(one_anchor, 20)
    with pytest.raises(InputError, match="cannot be symmetrized"):
        SymmetrizedRPR(molecule=one_anchor, descriptor=descriptor).fit(
            positions, charge_labels(positions, "dipole")
        )


@pytest.mark.parametrize("name", ["CO2", "CH4"])
def test_molecules_without_a_frame_are_refused_with_a_remedy(name):
    molecule = Molecule.from_atoms(g2(name))
    positions = shaken(molecule, 10)
    with pytest.raises(InputError, match=r"the axes '(laboratory|eckart)'"):
        SymmetrizedRPR(molecule=molecule).fit(positions, charge_labels(positions, "dipole"))
