"""Frame-free covariant regression: symmetry, gradients, references, and molecules of every kind."""

from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as g2
from ase.io import read
from scipy.optimize import check_grad
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_axes
from rpr.axes.rotation import to_axes
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import ConvergenceError, InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.models.covariant import CovariantRegression
from rpr.models.covariant_choice import CANDIDATES, choose_features, solve_raising_lambda
from rpr.models.covariant_density import SPREAD, density
from rpr.models.covariant_description import MOST_CLASSES, CovariantDescription
from rpr.models.covariant_search import (
    SearchSettings,
    SearchState,
    initial_parameters,
    lengthen_scales,
    search_stages,
)
from rpr.models.covariant_tensors import TensorBasis, pack, unpack
from rpr.models.covariant_training import TrainingFrames
from rpr.models.registry import load
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import bond_steps, equilibrium_distances, pair_classes, pair_distances
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import set_dihedral
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.parameter_layout import ParameterLayout
from rpr.regression.ridge import LAMBDA_FLOOR
from rpr.units import AU_DIPOLE, BOHR3

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
DIHEDRAL = (0, 1, 2, 3)


def load_molecule(name):
    dihedral = None if name in ("water", "ammonia", "methane") else DIHEDRAL
    return Molecule.from_atoms(read(GEOMETRIES / f"{name}.xyz"), dihedral=dihedral)


def shaken(molecule, n_frames, *, seed=0, amplitude=0.03):
    rng = np.random.default_rng(seed)
    positions = np.repeat(molecule.reference[None], n_frames, axis=0)
    if molecule.dihedral is not None:
        positions = set_dihedral(positions, molecule, rng.uniform(40, 170, size=n_frames))
    return positions + rng.normal(scale=amplitude, size=positions.shape)


def xtb_labels(molecule, positions, property):
    engine = make_engine(
        Method.from_config({"code": "tblite", "functional": "gfn2-xtb"}), molecule.symbols
    )
    return np.array([getattr(engine.compute(x, (property,)), property) for x in positions])


def rmse(model, positions, values):
    return float(np.sqrt(np.mean((model.predict(positions) - values) ** 2)))


@pytest.fixture(scope="module")
def dce():
    return load_molecule("dichloroethane_anti")


@pytest.fixture(scope="module", params=["dipole", "polarizability"])
def fitted(request, dce):
    positions = shaken(dce, 60)
    values = xtb_labels(dce, positions, request.param)
    model = CovariantRegression(molecule=dce, property=request.param, n_search=25)
    return model.fit(positions, values), positions, values


def test_predictions_obey_the_whole_group(fitted, dce):
    model = fitted[0]
    fresh = shaken(dce, 8, seed=5)
    predicted = model.predict(fresh)
    images = model.group_.act_on_positions(fresh)
    for image, expected in zip(images, model.group_.act_on_tensors(predicted), strict=True):
        assert np.abs(model.predict(image) - expected).max() < 1e-8


def test_predictions_turn_with_the_molecule(fitted, dce):
    model = fitted[0]
    unit, limit = {"dipole": (AU_DIPOLE, 1e-8), "polarizability": (BOHR3, 1e-6)}[model.property]
    fresh = np.repeat(shaken(dce, 5, seed=6), 20, axis=0)
    rotations = Rotation.random(len(fresh), random_state=0).as_matrix()
    shift = np.array([2.0, -5.0, 9.0])
    turned = model.predict(np.einsum("fij,faj->fai", rotations, fresh) + shift)
    assert np.abs(turned - to_axes(model.predict(fresh), rotations)).max() / unit < limit


def test_prediction_equals_the_plain_sum_over_frames_and_group(fitted, dce):
    """Folded coefficients against K(X, X_i) a_i of rpr.regression.covariant_kernel, written out."""
    model, positions, _ = fitted
    fresh = shaken(dce, 2, seed=7)
    theta = np.array(model.hyperparameters_["theta"])
    kernel = model._description.kernel(positions)
    scalar, amplitudes, _ = kernel.split(theta)
    T = model._description.basis(fresh)
    z = model._description.features(fresh)
    expected = np.zeros((2, T.shape[2]))
    for features, tensors, sign in zip(kernel.features, kernel.tensors, kernel.signs, strict=True):
        k = scalar.evaluate(z, features)
        for f in range(2):
            for i in range(len(positions)):
                block = (T[f].T * amplitudes) @ tensors[i]  # -> [c, c]
                expected[f] += sign * k[f, i] * block @ model.coefficients_[i] / len(kernel.signs)
    if model.property == "polarizability":
        expected = unpack(expected) + model.mean_ * np.eye(3)
    assert np.allclose(model.predict(fresh), expected, atol=1e-9)


def test_training_frames_are_reproduced(fitted):
    model, positions, values = fitted
    assert rmse(model, positions, values) < 0.01 * values.std()


def test_model_file_gives_the_same_predictions(fitted, tmp_path, dce):
    model = fitted[0]
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    fresh = shaken(dce, 3, seed=8)
    assert np.array_equal(loaded.predict(fresh), model.predict(fresh))
    assert loaded.score(fresh, model.predict(fresh)) == pytest.approx(1.0)


def test_given_hyperparameters_are_used_as_they_are(fitted, dce):
    model, positions, values = fitted
    again = CovariantRegression(
        molecule=dce, property=model.property, hyperparameters=model.hyperparameters_
    ).fit(positions, values)
    assert np.allclose(again.predict(positions), model.predict(positions), atol=1e-12)


def test_components_are_in_canonical_axes(fitted, dce):
    model = fitted[0]
    fresh = shaken(dce, 4, seed=9)
    rotations = canonical_axes("inertia", fresh, dce).rotations
    turned = to_axes(model.predict(fresh), rotations)
    first = model.predict_components(fresh)[:, 0]
    assert np.allclose(first, turned[:, 0] if turned.ndim == 2 else turned[:, 0, 0], atol=1e-12)


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
@pytest.mark.parametrize(("order", "tensors"), [(0, "bonds"), (2, "pairs"), (3, "bonds")])
def test_gradient_of_the_likelihood_is_the_derivative(property, order, tensors, dce):
    model = CovariantRegression(molecule=dce, property=property, order=order, tensors=tensors)
    model._set_molecule()
    positions = shaken(dce, 6)
    rng = np.random.default_rng(0)
    kernel = model._description.kernel(positions)
    y = rng.normal(size=(6, 3 if property == "dipole" else 6))
    theta = initial_parameters(model._description, 2)
    theta += 0.3 * rng.normal(size=len(theta))
    theta[-1] = np.log(1e-3)
    error = check_grad(
        lambda t: kernel.loss(t, y)[0], lambda t: kernel.loss(t, y)[1], theta, epsilon=1e-6
    )
    assert error < 1e-5


def test_likelihood_is_that_of_the_dense_gaussian_process(dce):
    model = CovariantRegression(molecule=dce)
    model._set_molecule()
    kernel = model._description.kernel(shaken(dce, 7))
    y = np.random.default_rng(1).normal(size=(7, 3))
    theta = initial_parameters(model._description, 2)
    theta[-1] = np.log(1e-3)
    K = kernel.matrix(theta)
    C = K + 1e-3 * np.trace(K) / 21 * np.eye(21)
    quadratic = y.reshape(-1) @ np.linalg.solve(C, y.reshape(-1))
    expected = 0.5 * np.log(quadratic / 21) + np.linalg.slogdet(C)[1] / 42
    assert kernel.loss(theta, y)[0] == pytest.approx(expected, rel=1e-12)


def test_additive_kernel_equals_sums_over_subsets():
    """Elementary symmetric polynomials against itertools, orders 1 to 3."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 3, 5))
    classes = np.array([0, 1, 1, 0, 2])
    kernel = AdditiveKernel(
        classes=classes,
        widths=np.array([0.5, 1.0, 2.0]),
        variances=np.array([1.0, 0.7, 1.3]),
        amplitudes=np.array([0.4, 0.3, 0.2, 0.1]),
        product_scale=0.6,
    )
    w, v = kernel.widths[classes], kernel.variances[classes]
    squares = (x[:, None] - y[None]) ** 2 * w  # -> [3, 3, 5]
    ones = v * np.exp(-0.5 * squares)
    expected = 0.4 * np.exp(-0.3 * squares.sum(axis=2))
    for order, amplitude in ((1, 0.3), (2, 0.2), (3, 0.1)):
        for subset in combinations(range(5), order):
            expected = expected + amplitude * ones[..., list(subset)].prod(axis=2)
    assert np.allclose(kernel.evaluate(x, y), expected, rtol=1e-12)


def test_packed_matrices_keep_scalar_products():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 4, 3, 3))
    a, b = a + a.swapaxes(1, 2), b + b.swapaxes(1, 2)
    assert np.allclose(np.sum(pack(a) * pack(b), axis=1), np.sum(a * b, axis=(1, 2)))
    assert np.allclose(unpack(pack(a)), a)


def test_classes_are_orbits(dce):
    group = find_group(dce)
    bonds = TensorBasis("dipole", "bonds", dce, group.permutations)
    assert bonds.classes.max() == 2  # CC, CCl, CH
    assert bonds(dce.reference).shape == (7, 3)
    assert TensorBasis("polarizability", "bonds", dce, group.permutations)(dce.reference).shape == (
        1 + 28,
        6,
    )
    kinds = group.permutations.min(axis=0).tolist()
    assert len(set(pair_classes(kinds, dce.bonds).tolist())) == 10


CHEAP = [("water", 0.003), ("hydrogen_peroxide", 0.02), ("ammonia", 0.01), ("methane", 0.2)]


@pytest.mark.parametrize(("name", "limit"), CHEAP)
def test_molecules_of_every_kind_are_learnt(name, limit):
    """Also where no canonical axes exists; relabelled, turned and mirrored test frames."""
    molecule = load_molecule(name)
    n_train = 40 if name == "methane" else 80  # methane has 24 elements
    train, test = shaken(molecule, n_train), shaken(molecule, 60, seed=1)
    images = find_group(molecule).act_on_positions(test)[-1]
    rotations = Rotation.random(len(images), random_state=5).as_matrix()
    test = np.einsum("fij,faj->fai", rotations, images)
    labels = [xtb_labels(molecule, x, "dipole") for x in (train, test)]
    model = CovariantRegression(molecule=molecule, n_search=30, max_iterations=30).fit(
        train, labels[0]
    )
    assert rmse(model, test, labels[1]) < limit * labels[1].std()


def test_polarizability_of_ammonia_is_learnt():
    molecule = load_molecule("ammonia")
    train, test = shaken(molecule, 60), shaken(molecule, 30, seed=1)
    labels = [xtb_labels(molecule, x, "polarizability") for x in (train, test)]
    model = CovariantRegression(molecule=molecule, property="polarizability", n_search=20)
    error = rmse(model.fit(train, labels[0]), test, labels[1])
    assert error < 0.05 * np.sqrt(np.mean((labels[1] - labels[1].mean(axis=0)) ** 2))


@pytest.mark.parametrize("formula", ["HCl", "CO2"])
def test_linear_molecules_are_learnt(formula):
    molecule = Molecule.from_atoms(g2(formula))
    train, test = shaken(molecule, 40), shaken(molecule, 40, seed=1)
    labels = [xtb_labels(molecule, x, "dipole") for x in (train, test)]
    model = CovariantRegression(molecule=molecule).fit(train, labels[0])
    assert rmse(model, test, labels[1]) < 0.02 * labels[1].std()


def test_the_likelihood_chooses_features(tmp_path):
    """The choice is in the file, and is that of the largest likelihood of the candidates."""
    molecule = load_molecule("water")
    positions = shaken(molecule, 40, amplitude=0.05)
    values = xtb_labels(molecule, positions, "dipole")
    settings = {"molecule": molecule, "max_iterations": 20}
    model = CovariantRegression(**settings, features="likelihood").fit(positions, values)
    losses = {}
    for features in CANDIDATES:
        other = CovariantRegression(**settings, features=features).fit(positions, values)
        losses[features] = other.hyperparameters_["loss"]
    features = min(losses, key=losses.get)
    assert model.hyperparameters_["features"] == features
    assert model.hyperparameters_["loss"] == pytest.approx(losses[features])
    model.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert np.array_equal(again.predict(positions), model.predict(positions))


def test_hyperparameters_of_another_molecule_are_refused():
    water, other = load_molecule("water"), Molecule.from_atoms(g2("H2CO"))
    positions = shaken(water, 12)
    values = positions.sum(axis=1) + 1.0
    model = CovariantRegression(molecule=water, max_iterations=2).fit(positions, values)
    given = {"molecule": other, "hyperparameters": model.hyperparameters_}
    others = shaken(other, 12)
    with pytest.raises(InputError, match=r"hyperparameters: found \d+ parameters theta, expected"):
        CovariantRegression(**given).fit(others, others.sum(axis=1) + 1.0)


def test_every_candidate_starts_with_its_own_parameters(monkeypatch):
    """A molecule with more classes of distances than of bends."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(np.tile([[1.2, 0.8, 0], [1.2, -0.8, 0.1]], (6, 1)), axis=0)
    chain = Molecule.from_atoms(Atoms("C11O", walk + 0.02 * rng.normal(size=(12, 3))))
    positions = shaken(chain, 6)
    lengths = {}

    def stand_in(frames, values, theta, stages, settings):
        lengths[frames.description.feature_classes.max() + 1] = len(theta)
        return SearchState(theta, 0.0, None, values)

    monkeypatch.setattr("rpr.models.covariant_choice.maximize_likelihood", stand_in)
    monkeypatch.setattr("rpr.models.covariant_choice.lengthen_scales", lambda state: state)
    describe = partial(CovariantDescription, chain, "dipole", "pairs")
    training = TrainingFrames.from_arrays(describe(CANDIDATES[0]), {"positions": positions})
    settings = SearchSettings(order=2, n_values=4, n_derivatives=0, iterations=1, seed=0)
    values, none = positions.sum(axis=1), np.zeros(0)
    choose_features(training, values, none, "likelihood", describe=describe, settings=settings)
    (few, short), (many, long) = sorted(lengths.items())
    assert long - short == 2 * (many - few)  # a width and a variance for each class


def test_the_smallest_lambda_can_be_set():
    """Labels without noise ask for a small lambda; those with noise keep away from it."""
    molecule = load_molecule("water")
    positions = shaken(molecule, 60)
    values = xtb_labels(molecule, positions, "dipole")
    found = []
    for floor in (None, 1e-11, LAMBDA_FLOOR):
        model = CovariantRegression(molecule=molecule, ridge_floor=floor)
        found.append(model.fit(positions, values).hyperparameters_["lambda"])
    assert found[0] < 1e-11
    assert found[1:] == [pytest.approx(1e-11), pytest.approx(LAMBDA_FLOOR)]
    noise = 1e-4 * np.random.default_rng(0).normal(size=values.shape)
    model = CovariantRegression(molecule=molecule).fit(positions, values + noise)
    assert model.hyperparameters_["lambda"] >= 0.999 * LAMBDA_FLOOR
    with pytest.raises(InputError, match=r"ridge_floor: found 0\.5"):
        CovariantRegression(molecule=molecule, ridge_floor=0.5).fit(positions, values)


def test_lambda_is_raised_until_the_matrix_is_positive_definite():
    class Stiff:
        def solve(self, theta, values, derivatives):
            if np.exp(theta[-1]) < 0.9e-10:
                raise ConvergenceError("not positive definite")
            return values, theta

    found = {"theta": [0.0, np.log(1e-12)], "lambda": 1e-12}
    _, theta = solve_raising_lambda(Stiff(), found, np.zeros(1), np.zeros(0), ceiling=LAMBDA_FLOOR)
    assert found["lambda"] == pytest.approx(1e-10)
    assert np.allclose(np.exp(theta[1:]), 1e-10)
    found = {"theta": [0.0, np.log(1e-12)], "lambda": 1e-12}
    with pytest.raises(ConvergenceError):
        solve_raising_lambda(Stiff(), found, np.zeros(1), np.zeros(0), ceiling=5e-12)


def test_internal_features_are_lengths_cosines_and_inverse_distances():
    """Of water, of two waters, of a ring of three and of one of four, by hand."""
    water = load_molecule("water")
    x = shaken(water, 2, amplitude=0.1)
    first, second = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    lengths = np.linalg.norm([first, second], axis=2)
    cosine = np.sum(first * second, axis=1) / lengths.prod(axis=0)
    r_eq = np.linalg.norm(water.reference[1] - water.reference[0])
    z = CovariantDescription(water, "dipole", "pairs", "internal").features(x)
    assert np.allclose(z, np.column_stack([*lengths / r_eq, -cosine]), atol=1e-6)

    step = np.array([4.0, 0.0, 0.0])
    pair = Atoms("OH2OH2", np.concatenate([water.reference, water.reference + step]))
    both = Molecule.from_atoms(pair)
    apart = np.concatenate([x[:1], x[1:] + 1.2 * step], axis=1)
    z = CovariantDescription(both, "dipole", "pairs", "internal").features(apart)[0]
    between = [0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0]  # pairs of atoms of different molecules
    r = pair_distances(apart)[0]
    rho = r / equilibrium_distances(both.reference, find_group(both).permutations)
    chosen = np.array(between, dtype=bool)
    assert np.allclose(z[chosen], 1 / rho[chosen])

    ring = Molecule.from_atoms(g2("cyclobutane"))
    steps = bond_steps(ring.n_atoms, ring.bonds)
    z = CovariantDescription(ring, "dipole", "pairs", "internal").features(ring.reference[None])[0]
    i, j = np.triu_indices(ring.n_atoms, k=1)
    across = (steps == 2) & (ring.numbers[i] == 6) & (ring.numbers[j] == 6)
    assert across.sum() == 2
    for a, b in zip(i[across], j[across], strict=True):
        cosines = []
        for k in set(range(4)) - {a, b}:
            u, v = ring.reference[[a, b]] - ring.reference[k]
            cosines.append(u @ v / np.linalg.norm(u) / np.linalg.norm(v))
        place = np.flatnonzero((i == a) & (j == b))[0]
        assert z[place] == pytest.approx(-np.mean(cosines), abs=1e-6)
    triangle = Molecule.from_atoms(g2("C3H6_D3h"))
    z = CovariantDescription(triangle, "dipole", "pairs", "internal")
    assert np.allclose(z.features(triangle.reference[None])[0, [0, 1]], 1.0, atol=1e-3)


def test_many_classes_are_joined_by_element_and_bonds():
    """A chain of twelve atoms without symmetry has 66 classes of pairs; by kinds there are less."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(np.tile([[1.2, 0.8, 0], [1.2, -0.8, 0.1]], (6, 1)), axis=0)
    chain = Molecule.from_atoms(Atoms("C11O", walk + 0.02 * rng.normal(size=(12, 3))))
    of_distances, of_internal = (
        CovariantDescription(chain, "dipole", "pairs", features).feature_classes
        for features in ("distances", "bends")
    )
    assert of_distances.max() + 1 == 66 > MOST_CLASSES
    i, j = np.triu_indices(12, k=1)
    ends = np.array([0, *[1] * 10, 2])  # kinds: the first carbon, the others, oxygen
    keys = {(b - a, *sorted((ends[a], ends[b]))) for a, b in zip(i, j, strict=True)}
    assert of_internal.max() + 1 == len(keys)
    small = Molecule.from_atoms(g2("CH3CH2OH"))
    classes = [
        CovariantDescription(small, "dipole", "pairs", features).feature_classes
        for features in ("distances", "bends")
    ]
    assert np.array_equal(*classes)


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_angles_are_learnt_from_fewer_frames_than_distances(property):
    """Wide motions of water: several times more accurate than with distances at the same lambda."""
    molecule = load_molecule("water")
    train, test = (shaken(molecule, 60, seed=k, amplitude=0.07) for k in (0, 1))
    labels = [xtb_labels(molecule, x, property) for x in (train, test)]
    errors = []
    for features in ("bends", "distances"):
        model = CovariantRegression(
            molecule=molecule, property=property, features=features, ridge_floor=1e-11
        )
        deviation = model.fit(train, labels[0]).predict(test) - labels[1]
        errors.append(np.median(np.abs(deviation)))
    assert errors[0] < errors[1] / 3


def test_a_matrix_that_is_not_positive_definite_is_refused():
    molecule = load_molecule("water")
    positions = np.repeat(molecule.reference[None], 30, axis=0)
    description = CovariantDescription(molecule, "dipole", "pairs", "distances")
    theta = initial_parameters(description, 2).tolist()
    given = {"theta": [*theta[:-1], np.log(1e-30)], "lambda": 1e-30}
    dipoles = np.random.default_rng(0).normal(size=(30, 3))  # as copies are learnt once
    with pytest.raises(ConvergenceError, match="not positive definite"):
        CovariantRegression(molecule=molecule, hyperparameters=given).fit(positions, dipoles)


@pytest.mark.parametrize("change", [{"tensors": "atoms"}, {"features": "bonds"}])
def test_unknown_names_are_refused(change, dce):
    positions = shaken(dce, 3)
    with pytest.raises(InputError, match="expected one of"):
        CovariantRegression(molecule=dce, **change).fit(positions, np.zeros((3, 3)))


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_errors_of_frames_left_out_are_those_of_models_without_them(property):
    molecule = load_molecule("water")
    x = shaken(molecule, 12, amplitude=0.1)
    y = np.random.default_rng(1).normal(size=(12, 3 if property == "dipole" else 6))
    description = CovariantDescription(molecule, property, "pairs", "bends")
    theta = initial_parameters(description, 2)
    theta[-1] = np.log(1e-4)
    c = y.shape[1]
    K = description.kernel(x).matrix(theta)
    C = K + 1e-4 * np.trace(K) / len(K) * np.eye(len(K))
    expected = []
    for i in range(12):
        own = np.arange(c) + c * i
        others = np.setdiff1d(np.arange(12 * c), own)
        solution = np.linalg.solve(C[np.ix_(others, others)], y.ravel()[others])
        expected.append(y[i] - K[np.ix_(own, others)] @ solution)
    assert np.allclose(description.kernel(x).left_out(theta, y), expected, atol=1e-8)


def test_density_has_its_gradient_and_leaves_common_factors_free():
    description = CovariantDescription(load_molecule("methanol"), "dipole", "pairs", "bends")
    rng = np.random.default_rng(0)
    theta = initial_parameters(description, 2)
    theta += rng.normal(size=len(theta))
    assert check_grad(
        lambda t: density(t, description, 1)[0], lambda t: density(t, description, 1)[1], theta
    ) == pytest.approx(0.0, abs=1e-5)
    n = description.feature_classes.max() + 1
    moved = theta.copy()
    moved[:n] += 2.0  # all widths
    moved[2 * n : 2 * n + 4] += rng.normal(size=4)  # amplitudes of orders, product scale
    moved[-1] -= 3.0  # lambda
    assert density(moved, description, 1)[0] == pytest.approx(density(theta, description, 1)[0])
    moved[0] += 1.0
    assert density(moved, description, 1)[0] != pytest.approx(density(theta, description, 1)[0])


def test_few_frames_leave_the_classes_alike():
    """With the density, parameters that 12 frames say nothing about stay near their mean."""
    molecule = Molecule.from_atoms(g2("CH3OH"))
    x = shaken(molecule, 12)
    y = xtb_labels(molecule, x, "dipole")
    model = CovariantRegression(molecule=molecule, max_iterations=40).fit(x, y)
    description = CovariantDescription(molecule, "dipole", "pairs", "bends")
    theta = np.array(model.hyperparameters_["theta"])
    n = description.feature_classes.max() + 1
    assert density(theta, description, 1)[0] < 0.5 * len(theta)
    assert np.abs(theta[:n] - theta[:n].mean()).max() < 4.0 * SPREAD


def test_lengths_grow_while_frames_left_out_gain():
    """A stand-in whose error falls with the widths down to a third of them, then by little."""

    class Falling:
        feature_classes, tensor_classes = np.array([0, 1, 1]), np.array([0])

        def left_out(self, theta, y):
            return np.full(y.shape, np.exp(2.0 * max(theta[0], -1.0)))

    def longer(theta):
        state = SearchState(np.array(theta), 7.0, Falling(), np.ones((2, 3)))
        found = lengthen_scales(state).hyperparameters()
        assert found["loss"] == 7.0  # where the search ended
        return found["theta"]

    others = [5.0] * 6  # two variances, product, its scale, a tensor, lambda
    found = longer([0.0, 0.3, *others])
    assert np.allclose(found, [-1.0, -0.7, *others])
    assert longer(found) == found


def test_every_parameter_has_one_place():
    layout = ParameterLayout(n_features=3, n_tensors=2, order=2, n_lambdas=2)
    places = [
        np.arange(len(layout))[place]
        for place in (layout.widths, layout.variances, slice(6, 7), layout.orders,
                      layout.product_scale, layout.tensors, layout.lambdas)
    ]  # fmt: skip
    assert np.array_equal(np.hstack(places), np.arange(14))
    assert layout.scalar == slice(0, 10)
    classes = np.array([0, 1, 2]), np.array([0, 1])
    assert ParameterLayout.of(np.zeros(14), *classes, n_lambdas=2) == layout
    with pytest.raises(InputError, match="theta: found 10 parameters, expected at least 11"):
        ParameterLayout.of(np.zeros(10), *classes)


def test_first_stage_has_as_many_values_as_parameters():
    settings = SearchSettings(order=2, n_values=400, n_derivatives=0, iterations=60, seed=0)
    assert search_stages(settings, (1000, 3), 40) == [(100, 60), (400, 20)]
    assert search_stages(settings, (200, 3), 40) == [(50, 60), (200, 20)]
    assert search_stages(settings, (200, 3), 282) == [(94, 60), (200, 20)]
    assert search_stages(settings, (60, 3), 282) == [(60, 60)]


def test_bends_are_smooth_where_an_angle_opens():
    """They are arcsin(0.9 u)/0.9 of u = -cos, and no bend has a kink at 180 degrees."""
    water = load_molecule("water")
    x = shaken(water, 3, amplitude=0.1)
    internal, bends = (
        CovariantDescription(water, "dipole", "pairs", features).features(x)
        for features in ("internal", "bends")
    )
    assert np.allclose(bends[:, :2], internal[:, :2])
    assert np.allclose(bends[:, 2], np.arcsin(0.9 * internal[:, 2]) / 0.9)
    bent = np.radians([-0.02, -0.01, 0.0, 0.01, 0.02])
    straight = np.zeros((5, 3, 3))
    straight[:, 1] = [1.0, 0.0, 0.0]
    straight[:, 2] = np.stack([-np.cos(bent), np.sin(bent), 0 * bent], axis=1)
    z = CovariantDescription(water, "dipole", "pairs", "bends").features(straight)[:, 2]
    assert np.abs(np.diff(z)).max() < 1e-6


def test_a_file_keeps_the_arguments(tmp_path):
    molecule = dichloroethane()
    positions = random_frames(molecule, 20, seed=0)
    given = {
        "n_search": 15,
        "max_iterations": 2,
        "n_search_derivatives": 3,
        "ridge_floor": 1e-9,
        "seed": 4,
        "tensors": "bonds",
        "order": 1,
        "features": "distances",
        "permutation_inversion": False,
    }
    model = CovariantRegression(molecule=molecule, **given)
    model.fit(positions, analytic_labels(positions, molecule)[0]).save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz").get_params()
    assert {name: again[name] for name in given} == given
