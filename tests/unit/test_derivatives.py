"""Derivatives as training data and as predictions: covariances, likelihood, rules, files."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule as g2
from ase.io import read
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.data.given_frames import take_frames
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import ConvergenceError, InputError
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.models.covariant import CovariantRegression
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_search import initial_parameters
from rpr.models.covariant_tensors import pack_values, unpack_values
from rpr.models.covariant_training import TrainingFrames
from rpr.models.derivatives import internal_directions, observe
from rpr.models.registry import load
from rpr.molecule.molecule import Molecule
from rpr.regression import observed_kernel
from rpr.regression.additive_expansion import Expansion
from rpr.regression.additive_kernel import AdditiveKernel

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
PROPERTIES = ("dipole", "polarizability")
DCE = dichloroethane()
WATER = Molecule.from_atoms(read(GEOMETRIES / "water.xyz"))
CASES = [("distances", "pairs", order) for order in range(4)]
CASES += [("inverse", "pairs", 2), ("inverse", "bonds", 3), ("exponential", "pairs", 3)]
CASES += [("internal", "pairs", 2), ("bends", "pairs", 2)]


def shaken(molecule, n_frames, *, seed=0, amplitude=0.05):
    rng = np.random.default_rng(seed)
    return molecule.reference + rng.normal(scale=amplitude, size=(n_frames, molecule.n_atoms, 3))


def tensors(positions, molecule, property):
    """A property that is no sum of kernels: bonds weighted by functions of their surroundings."""
    rank = 1 if property == "dipole" else 2
    result = np.zeros((len(positions), *(3,) * rank))
    for a, b in molecule.bonds:
        vectors = positions[:, b] - positions[:, a]
        middle = 0.5 * (positions[:, b] + positions[:, a])
        far = ((positions - middle[:, None]) ** 2).sum(axis=(1, 2))
        weight = np.exp(-0.05 * far) * np.sum(vectors**2, axis=1)
        if rank == 1:
            charges = np.array([ord(molecule.symbols[k][0]) for k in (a, b)])
            result += (weight * (charges[1] - charges[0]) / 20)[:, None] * vectors
        else:
            result += weight[:, None, None] * vectors[:, :, None] * vectors[:, None]
    return result


def differences(function, positions, step=2e-3):
    """d function / d R of each frame by five points, [n, n_atoms, 3, ...]."""
    results = []
    for a in range(positions.shape[1]):
        for x in range(3):
            move = np.zeros_like(positions[0])
            move[a, x] = step
            near = function(positions + move) - function(positions - move)
            far = function(positions + 2 * move) - function(positions - 2 * move)
            results.append((8 * near - far) / (12 * step))
    stacked = np.array(results).reshape(*positions.shape[1:], *results[0].shape)
    return np.moveaxis(stacked, 2, 0)


def labels(positions, molecule, property):
    def function(x):
        return tensors(x, molecule, property)

    return function(positions), differences(function, positions)


def as_labels(jacobian):
    """[n, k, A, x] -> [n, A, x, k]."""
    return np.moveaxis(jacobian, (-2, -1), (1, 2))


def given(property, *, molecule=DCE, order=2, **settings):
    """A model of fixed hyper-parameters."""
    described = CovariantDescription(
        molecule,
        property,
        settings.get("tensors", "pairs"),
        settings.get("features", "distances"),
    )
    theta = initial_parameters(described, order)
    theta[-1] = np.log(1e-7)
    found = {"theta": theta.tolist(), "lambda": 1e-7, "lambda_derivatives": 1e-7}
    return CovariantRegression(
        molecule=molecule, property=property, order=order, hyperparameters=found, **settings
    )


@pytest.fixture(scope="module", params=PROPERTIES)
def trained(request):
    """A model of frames with and without derivatives, and its data."""
    positions = shaken(DCE, 9, seed=1)
    values, derivatives = labels(positions, DCE, request.param)
    derivatives[[1, 4, 5]] = np.nan
    model = given(request.param).fit(positions, values, derivatives)
    return model, positions, values, derivatives


def rms(values):
    return float(np.sqrt(np.mean(values**2)))


@pytest.mark.parametrize("order", range(4))
def test_expansion_of_the_additive_kernel(order):
    """Slopes, curvatures and the gradient of both against differences of the kernel itself."""
    rng = np.random.default_rng(order)
    classes = np.array([0, 1, 1, 0, 2])
    theta = 0.4 * rng.normal(size=6 + order + 2)
    X, Y = 0.7 * rng.normal(size=(2, 3, 5))
    A, B, C = rng.normal(size=(3, 3)), rng.normal(size=(5, 3, 3)), rng.normal(size=(3, 3, 5, 5))

    def expand(t, x=X):
        return Expansion(AdditiveKernel.from_logarithms(classes, t), x, Y)

    def curvature(found):
        result = -np.einsum("pnm,pq->pqnm", found.diagonal, np.eye(5))
        for i, j, coefficient in found.couplings:
            result += coefficient * found.factors[i][:, None] * found.factors[j][None]
        return result

    def total(t):
        found = expand(t)
        second = np.einsum("nmpq,pqnm", C, curvature(found))
        return np.sum(A * found.value) + np.sum(B * found.slopes) - second

    found, h = expand(theta), 1e-5
    plain = AdditiveKernel.from_logarithms(classes, theta)
    assert np.allclose(found.value, plain.evaluate(X, Y), rtol=1e-12)
    moves = h * np.eye(5)
    slopes = [(plain.evaluate(X + d, Y) - plain.evaluate(X - d, Y)) / (2 * h) for d in moves]
    assert np.allclose(found.slopes, slopes, atol=1e-8)
    second = [(expand(theta, X + d).slopes - expand(theta, X - d).slopes) / (2 * h) for d in moves]
    assert np.allclose(curvature(found), second, atol=1e-8)
    gradient = [(total(theta + d) - total(theta - d)) / (2 * h) for d in h * np.eye(len(theta))]
    assert np.allclose(found.gradient(A, B, C), gradient, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("property", PROPERTIES)
@pytest.mark.parametrize(("features", "tensors", "order"), CASES)
def test_covariances_are_differences_of_the_kernel_of_values(property, features, tensors, order):
    """Any mixture of frames; also the likelihood's gradient and the packed solution."""
    described = CovariantDescription(WATER, property, tensors, features)
    positions = shaken(WATER, 4, seed=2, amplitude=0.15)
    directions = internal_directions(positions)[[0, 2]]
    training = TrainingFrames(described, positions, np.array([0, 2]), directions)
    kernel = training.kernel
    rng = np.random.default_rng(order)
    theta = initial_parameters(described, order, 2)
    theta += 0.3 * rng.normal(size=len(theta))
    theta[-2:] = np.log([1e-3, 1e-2])
    K = kernel.matrix(theta)

    h, c, m = 3e-4, 3 if property == "dipole" else 6, directions.shape[1]
    frames, rows = list(positions), []
    for i, moves in zip((0, 2), directions, strict=True):
        rows.append({i: 1.0})
        for move in moves:
            rows.append({len(frames): 0.5 / h, len(frames) + 1: -0.5 / h})
            frames += [positions[i] + h * move, positions[i] - h * move]
    rows += [{1: 1.0}, {3: 1.0}]
    L = np.zeros((len(rows), len(frames)))
    for r, row in enumerate(rows):
        L[r, list(row)] = list(row.values())
    V = described.kernel(np.array(frames)).matrix(theta[:-1]).reshape(len(L[0]), c, -1, c)
    expected = np.einsum("ri,icjd,sj->rcsd", L, V, L, optimize=True).reshape(K.shape)
    assert len(K) == c * (2 * (1 + m) + 2)
    assert np.abs(K - expected).max() < 3e-6 * np.abs(K).max()

    y = rng.normal(size=len(K))
    gradient = kernel.loss(theta, y)[1]
    steps = 1e-5 * np.eye(len(theta))
    numerical = [
        (kernel.loss(theta + d, y)[0] - kernel.loss(theta - d, y)[0]) / 2e-5 for d in steps
    ]
    assert np.allclose(gradient, numerical, atol=1e-6)

    of_derivatives = kernel.is_derivative()
    diagonal = np.diag(K)
    ridge = np.where(
        of_derivatives,
        1e-2 * diagonal[of_derivatives].mean(),
        1e-3 * diagonal[~of_derivatives].mean(),
    )
    dense = np.linalg.solve(K + np.diag(ridge), y)
    solved = kernel.factorized(theta).solve(y)
    assert np.allclose(solved, dense, atol=1e-8 * np.abs(dense).max())


@pytest.mark.parametrize("property", PROPERTIES)
@pytest.mark.parametrize(("features", "tensors", "order"), CASES)
def test_predicted_derivatives_are_differences_of_predictions(property, features, tensors, order):
    positions = shaken(WATER, 8, seed=3)
    values, derivatives = labels(positions, WATER, property)
    derivatives[3:] = np.nan
    fresh = shaken(WATER, 3, seed=4)
    for observed in (None, derivatives):
        model = given(property, molecule=WATER, order=order, features=features, tensors=tensors)
        model.fit(positions, values, observed)
        predicted, jacobian = model.predict(fresh, derivatives=True)
        assert np.allclose(predicted, model.predict(fresh), atol=1e-10 * np.abs(predicted).max())
        error = as_labels(jacobian) - differences(model.predict, fresh)
        assert np.abs(error).max() < 1e-6 * np.abs(jacobian).max()


def test_predictions_equal_the_plain_product_with_all_coefficients(trained):
    """Contracted against covariances times coefficients, and these against their system."""
    model, positions, values, derivatives = trained
    fresh = shaken(DCE, 3, seed=5)
    coefficients = model._training.join(model.coefficients_, model.derivative_coefficients_)
    packed = (model._known_process().cross(fresh) @ coefficients).reshape(3, -1)
    assert np.allclose(unpack_values(packed, model.mean_), model.predict(fresh), atol=1e-9)
    given = take_frames(positions, model.molecule)
    observed = observe(derivatives, given, model.property, values, model.molecule.masses)
    y = model._training.join(pack_values(values, model.mean_), observed.values)
    kernel = model._training.kernel
    C, of_derivatives = kernel.matrix(model._theta()), kernel.is_derivative()
    diagonal = np.diag(C).copy()
    for group in (of_derivatives, ~of_derivatives):
        C[group, group] += 1e-7 * diagonal[group].mean()
    assert np.abs(C @ coefficients - y).max() < 1e-6 * np.abs(y).max()


def test_values_and_derivatives_of_training_frames_are_reproduced(trained):
    model, positions, values, derivatives = trained
    predicted, jacobian = model.predict(positions, derivatives=True)
    assert rms(predicted - values) < 1e-3 * values.std()
    known = ~np.isnan(derivatives[:, 0, 0].reshape(9, -1)[:, 0])
    assert rms(as_labels(jacobian)[known] - derivatives[known]) < 1e-2 * derivatives[known].std()


def test_derivatives_help(trained):
    model, positions, values, _ = trained
    fresh = shaken(DCE, 20, seed=6)
    expected = tensors(fresh, DCE, model.property)
    without = given(model.property).fit(positions, values)
    assert rms(model.predict(fresh) - expected) < 0.5 * rms(without.predict(fresh) - expected)


def test_predicted_derivatives_obey_translation_and_rotation(trained):
    model = trained[0]
    fresh = shaken(DCE, 4, seed=7)
    values, jacobian = model.predict(fresh, derivatives=True)
    scale = np.abs(jacobian).max()
    assert np.abs(jacobian.sum(axis=-2)).max() < 1e-12 * scale
    for w in np.eye(3):
        turned = np.einsum("n...ax,nax->n...", jacobian, np.cross(w, fresh))
        expected = np.cross(w, values)  # of the last index
        if values.ndim == 3:
            expected = expected + np.swapaxes(np.cross(w, np.swapaxes(values, 1, 2)), 1, 2)
        assert np.abs(turned - expected).max() < 1e-10 * scale


def test_predicted_derivatives_turn_and_obey_the_group(trained):
    model = trained[0]
    fresh = shaken(DCE, 3, seed=8)
    _, jacobian = model.predict(fresh, derivatives=True)
    scale = np.abs(jacobian).max()
    R = Rotation.random(random_state=1).as_matrix()
    _, turned = model.predict(fresh @ R.T + 3.0, derivatives=True)
    subscripts = "ki,xj,niaj->nkax" if model.property == "dipole" else "ki,lm,xj,nimaj->nklax"
    rotations = (R, R) if model.property == "dipole" else (R, R, R)
    expected = np.einsum(subscripts, *rotations, jacobian)
    assert np.abs(turned - expected).max() < 1e-7 * scale
    group = model.group_
    images = group.act_on_positions(fresh)
    rank = jacobian.ndim - 3
    for image, permutation, s in zip(images, group.permutations, group.parities, strict=True):
        _, found = model.predict(image, derivatives=True)
        expected = s ** (rank + 1) * np.take(jacobian, permutation, axis=-2)
        assert np.abs(found - expected).max() < 1e-7 * scale


def test_training_data_may_be_turned_and_relabelled(trained):
    model, positions, values, derivatives = trained
    R = Rotation.random(random_state=2).as_matrix()
    permutation, s = model.group_.permutations[-1], model.group_.parities[-1]
    moved = s * (positions @ R.T)[:, permutation]
    if model.property == "dipole":
        values = s * values @ R.T
        turned = np.einsum("xj,ki,naji->naxk", R, R, derivatives)[:, permutation]
    else:
        values = R @ values @ R.T
        turned = s * np.einsum("xj,ki,lm,najim->naxkl", R, R, R, derivatives)[:, permutation]
    again = given(model.property).fit(moved, values, turned)
    fresh = shaken(DCE, 5, seed=9)
    expected = model.predict(fresh)
    assert np.abs(again.predict(fresh) - expected).max() < 1e-6 * np.abs(expected).max()


def test_labels_of_an_engine_are_learnt():
    """The order of indices and the unit are those of the labels."""
    positions = shaken(WATER, 30)
    method = Method.from_config({"code": "tblite", "functional": "gfn2-xtb"})
    engine = make_engine(method, WATER.symbols)
    found = [engine.compute(x, ("dipole", "dipole_derivatives")) for x in positions]
    dipole = np.array([label.dipole for label in found])
    derivatives = np.array([label.dipole_derivatives for label in found])
    model = CovariantRegression(molecule=WATER, max_iterations=20)
    model.fit(positions[:10], dipole[:10], derivatives[:10])
    predicted, jacobian = model.predict(positions[10:], derivatives=True)
    assert rms(predicted - dipole[10:]) < 2e-3 * dipole.std()
    assert rms(as_labels(jacobian) - derivatives[10:]) < 2e-2 * derivatives.std()


def test_model_file_gives_the_same_predictions(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    fresh = shaken(DCE, 3, seed=10)
    first, second = (m.predict(fresh, derivatives=True) for m in (model, loaded))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    first, second = (m._known_process().cross(fresh) for m in (model, loaded))
    assert np.array_equal(first, second)
    assert loaded.n_search_derivatives == model.n_search_derivatives


def test_files_of_earlier_versions_load(tmp_path):
    """Models without derivatives have no array and no setting of them."""
    positions = shaken(WATER, 5)
    model = given("dipole", molecule=WATER).fit(positions, tensors(positions, WATER, "dipole"))
    assert model._arrays().keys() == {"positions", "coefficients", "mean"}
    metadata = {k: v for k, v in model._metadata().items() if k != "n_search_derivatives"}
    again = CovariantRegression._restore(model._arrays(), metadata)
    assert np.array_equal(again.predict(positions), model.predict(positions))


def test_search_with_derivatives_finds_the_function():
    """Few frames with derivatives, more with values; hyper-parameters by likelihood."""
    train, test = random_frames(DCE, 24, seed=1), random_frames(DCE, 40, seed=2)
    values = analytic_labels(train, DCE)[0]
    derivatives = differences(lambda x: analytic_labels(x, DCE)[0], train)
    derivatives[6:] = np.nan
    frames = FrameSet(DCE.symbols, train, dipole=values, dipole_derivatives=derivatives)
    settings = {"molecule": DCE, "n_search_derivatives": 6, "max_iterations": 12}
    model = CovariantRegression(**settings).fit(frames, derivatives=True)
    without = CovariantRegression(**settings).fit(frames)
    expected = analytic_labels(test, DCE)[0]
    errors = [rms(m.predict(test) - expected) for m in (model, without)]
    assert errors[0] < 0.6 * errors[1]
    assert set(model.hyperparameters_) == {"theta", "lambda", "lambda_derivatives", "loss"}
    assert model.training_checksum_ != without.training_checksum_


@pytest.mark.parametrize("formula", ["HCl", "CO2"])
def test_linear_molecules(formula):
    molecule = Molecule.from_atoms(g2(formula))
    positions = shaken(molecule, 6)
    positions[0] = molecule.reference  # exactly linear: one more internal direction
    n_atoms = molecule.n_atoms
    directions = internal_directions(positions)
    assert directions.shape[1] == 3 * n_atoms - 5
    assert np.allclose(
        directions[0].reshape(-1, 3 * n_atoms) @ directions[0].reshape(-1, 3 * n_atoms).T,
        np.eye(3 * n_atoms - 5),
    )
    values, derivatives = labels(positions, molecule, "dipole")
    model = given("dipole", molecule=molecule).fit(positions, values, derivatives)
    _, jacobian = model.predict(positions, derivatives=True)
    assert np.abs(as_labels(jacobian) - derivatives).max() < 1e-3 * np.abs(derivatives).max()


def test_internal_directions_keep_centre_and_orientation():
    positions = shaken(DCE, 3)
    directions = internal_directions(positions)
    assert directions.shape == (3, 18, 8, 3)
    flat = directions.reshape(3, 18, -1)
    assert np.allclose(flat @ np.swapaxes(flat, 1, 2), np.eye(18))
    assert np.abs(directions.sum(axis=2)).max() < 1e-12
    torque = np.cross(positions[:, None], directions).sum(axis=2)
    assert np.abs(torque).max() < 1e-12


def test_derivatives_of_ions_are_moved_to_the_centre_of_mass():
    positions = shaken(WATER, 4)
    values, derivatives = labels(positions, WATER, "dipole")
    shares = WATER.masses / WATER.masses.sum()
    fixed = derivatives + shares[:, None, None] * np.eye(3)  # about a fixed point, as labels are
    model = given("dipole", molecule=WATER).fit(positions, values, derivatives)
    ion = given("dipole", molecule=WATER).fit(positions, values, fixed)
    expected, jacobian = model.predict(positions, derivatives=True)
    found, moved = ion.predict(positions, derivatives=True)
    assert np.abs(found - expected).max() < 1e-8
    assert np.abs(moved - jacobian).max() < 1e-8
    other = values + np.einsum("a,nax->nx", np.array([0.6, 0.2, 0.2]) - shares, positions)
    with pytest.raises(InputError, match="dipole of an ion must be that about its centre of mass"):
        given("dipole", molecule=WATER).fit(positions, other, fixed)


BROKEN = {
    r"shape \(4, 3, 3\), expected": lambda d: d[:, :, :, 0],
    "frame 2 are not finite": lambda d: np.where(
        np.arange(4)[:, None, None, None] == 2, [1, np.nan, 1], d
    ),
    "exchange their last two indices": lambda d: np.swapaxes(d, 2, 3),
    "contradict its dipole": lambda d: 2.5 * d,
    "sum over the atoms": lambda d: d + np.diag([0, 0, 1.0]),
}


@pytest.mark.parametrize("message", BROKEN)
def test_wrong_derivatives_are_refused(message):
    positions = shaken(WATER, 4)
    values, derivatives = labels(positions, WATER, "dipole")
    with pytest.raises(InputError, match=message):
        given("dipole", molecule=WATER).fit(positions, values, BROKEN[message](derivatives))


def test_frames_without_derivatives_are_refused_where_they_are_asked_for():
    positions = shaken(WATER, 4)
    frames = FrameSet(WATER.symbols, positions, dipole=tensors(positions, WATER, "dipole"))
    with pytest.raises(InputError, match="hold no derivatives of the dipole"):
        given("dipole", molecule=WATER).fit(frames, derivatives=True)


def test_no_derivative_at_all_is_a_fit_of_values():
    positions = shaken(WATER, 4)
    values, derivatives = labels(positions, WATER, "dipole")
    model = given("dipole", molecule=WATER)
    plain = model.fit(positions, values).predict(positions)
    again = model.fit(positions, values, np.full_like(derivatives, np.nan))
    assert np.array_equal(again.predict(positions), plain)


def test_duplicate_frames_without_ridge_are_refused():
    positions = np.repeat(shaken(WATER, 1), 3, axis=0)
    values, derivatives = labels(positions, WATER, "dipole")
    model = given("dipole", molecule=WATER)
    model.hyperparameters |= {"lambda": 1e-300, "lambda_derivatives": 1e-300}
    model.hyperparameters["theta"][-1] = np.log(1e-300)
    with pytest.raises(ConvergenceError, match="remove duplicate frames"):
        model.fit(positions, values, derivatives)


def test_memory_is_checked(monkeypatch):
    settings = {"per_frame": 57, "n_components": 3, "images": 200}
    monkeypatch.setattr(observed_kernel, "available_bytes", lambda: int(3e9))
    observed_kernel.check_memory(300, 100, **settings)
    with pytest.raises(InputError, match=r"at most \d+ frames with derivatives fit"):
        observed_kernel.check_memory(600, 100, **settings)
