"""Covariances of the covariant model, their calibration, and draws from its posterior."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from scipy.spatial.transform import Rotation

from rpr.axes.components import from_components, to_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.covariant_tensors import TensorBasis, pack
from rpr.models.model_file import save_model
from rpr.models.registry import load
from rpr.models.uncertainty import unpacked_covariance
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_permutations
from rpr.molecule.permutation_inversion import find_group
from rpr.regression.additive_kernel import AdditiveKernel
from rpr.regression.packed_cholesky import PackedMatrix
from rpr.regression.posterior import conditioned
from rpr.regression.prior_functions import FourierFeatures, PriorFeatures
from rpr.studies.calibration import scores, turned_covariance

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
MOLECULE = Molecule.from_atoms(read(GEOMETRIES / "hydrogen_peroxide.xyz"), dihedral=(0, 1, 2, 3))
GROUP = find_group(MOLECULE)
N_TRAIN = 36
FRAMES = random_frames(MOLECULE, N_TRAIN + 6, seed=4)
TRAIN, TEST = FRAMES[:N_TRAIN], FRAMES[N_TRAIN:]
TRAJECTORIES = np.arange(N_TRAIN) // 4
WITH_DERIVATIVES = 4
CASES = [("dipole", False), ("polarizability", False), ("dipole", True), ("polarizability", True)]


def labels(positions, property):
    return analytic_labels(positions, MOLECULE)[property == "polarizability"]


def derivatives(positions, property, step=1e-4):
    """Central differences of the labels for the first frames, NaN for the others."""
    shape = positions.shape + (3,) * (1 if property == "dipole" else 2)
    result = np.full(shape, np.nan)
    for a in range(MOLECULE.n_atoms):
        for x in range(3):
            moved = np.repeat(positions[None, :WITH_DERIVATIVES], 2, axis=0)
            moved[0, :, a, x] += step
            moved[1, :, a, x] -= step
            plus, minus = (labels(m, property) for m in moved)
            result[:WITH_DERIVATIVES, a, x] = (plus - minus) / (2 * step)
    return result


def training_set(property):
    return FrameSet(
        MOLECULE.symbols, TRAIN, trajectory=TRAJECTORIES, **{property: labels(TRAIN, property)}
    )


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request):
    property, with_derivatives = request.param
    known = derivatives(TRAIN, property) if with_derivatives else None
    settings = {"n_search": 20, "n_search_derivatives": 2, "max_iterations": 4}
    model = CovariantRegression(molecule=MOLECULE, property=property, **settings)
    return model.fit(training_set(property), derivatives=known)


def dense(model, positions):
    """Prior, cross covariance and C of the process, without any of the code under test."""
    process = model._trained_process()
    kernel, theta = process.training.kernel, process.theta
    rows = process.training.description.observations(positions)
    new = type(kernel)((rows,), kernel.signs, kernel.feature_classes, kernel.tensor_classes)
    C, groups = kernel.matrix(theta), kernel.is_derivative().astype(int)
    ridge = [lam * np.diag(C)[groups == k].mean() for k, lam in enumerate(np.exp(theta[-2:]))
             if (groups == k).any()]  # fmt: skip
    noise = np.array(ridge)[groups]
    return new.matrix(theta), kernel.cross(theta, rows), C + np.diag(noise), noise[groups == 0][0]


def latent(model, positions):
    """Covariance of the packed values of all frames together, of the scale 1."""
    prior, cross, C, _ = dense(model, positions)
    return prior - cross @ np.linalg.solve(C, cross.T)


def test_the_covariance_is_that_of_the_dense_gaussian_process(model):
    c = len(model.components)
    whole = latent(model, TEST).reshape(len(TEST), c, len(TEST), c)
    expected = whole[np.arange(len(TEST)), :, np.arange(len(TEST))]
    expected = model.calibration_.variance * expected
    if c == 6:
        expected = unpacked_covariance(expected)
    values, covariance = model.predict(TEST, covariance=True)
    assert np.array_equal(values, model.predict(TEST))
    assert np.abs(covariance - expected).max() < 1e-7 * np.abs(expected).max()


def test_covariance_and_derivatives_come_together(model):
    values, jacobian, covariance = model.predict(TEST[:2], derivatives=True, covariance=True)
    assert np.allclose(values, model.predict(TEST[:2]), rtol=1e-9, atol=1e-12)
    assert np.array_equal(jacobian, model.predict(TEST[:2], derivatives=True)[1])
    assert np.array_equal(covariance, model.predict_covariance(TEST[:2]))


def test_unpacked_covariance_is_that_of_the_elements():
    matrices = np.random.default_rng(0).normal(size=(500, 3, 3))
    matrices = matrices + matrices.swapaxes(1, 2)
    packed, elements = np.cov(pack(matrices).T), np.cov(to_components(matrices).T)
    assert np.allclose(unpacked_covariance(packed[None])[0], elements, atol=1e-12)


def symmetry_error(model):
    """Largest error of the covariances of turned, mirrored and permuted frames."""
    covariance = model.predict_covariance(TEST)
    rotations = Rotation.random(len(TEST), random_state=1).as_matrix()
    turned = model.predict_covariance(np.einsum("fij,faj->fai", rotations, TEST))
    errors = [np.abs(turned - turned_covariance(covariance, rotations)).max()]
    for image in GROUP.act_on_positions(TEST):  # an inversion changes the sign of a dipole twice
        errors.append(np.abs(model.predict_covariance(image) - covariance).max())
    return max(errors), np.abs(covariance).max()


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_the_covariance_turns_with_the_molecule_and_obeys_the_group(property):
    few = training_set(property).subset(np.arange(8))
    model = CovariantRegression(molecule=MOLECULE, property=property, max_iterations=3)
    error, size = symmetry_error(model.fit(few))
    assert error < 1e-8 * size


def test_it_does_so_within_rounding_of_the_prior(model):
    """Training reduces a variance to 1e-6 of the prior one, which is where digits are lost."""
    prior = model.calibration_.variance * np.abs(dense(model, TEST)[0]).max()
    assert symmetry_error(model)[0] < 1e-13 * prior


def test_a_planar_molecule_has_no_uncertainty_out_of_its_plane():
    water = Molecule.from_atoms(read(GEOMETRIES / "water.xyz"))
    frames = random_frames(water, 40, seed=1)
    train = FrameSet(
        water.symbols,
        frames[:30],
        dipole=analytic_labels(frames[:30], water)[0],
        trajectory=np.arange(30) // 3,
    )
    model = CovariantRegression(molecule=water, n_search=20, max_iterations=3).fit(train)
    assert 0.1 < model.calibration_.factor < 30.0
    values, covariance = model.predict(frames[30:], covariance=True)
    normals = np.cross(frames[30:, 1] - frames[30:, 0], frames[30:, 2] - frames[30:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    out = np.einsum("fc,fcd->fd", normals, covariance)
    assert np.abs(out).max() < 1e-9 * np.abs(covariance).max()
    found = scores(analytic_labels(frames[30:], water)[0], values, covariance)
    assert 0.01 < found["size"] < 30.0


def test_a_variance_that_rounding_leaves_is_not_negative():
    """Values that were observed almost exactly, in a plane, on scales that differ by 1e4."""
    rng = np.random.default_rng(0)
    axes = Rotation.random(20, random_state=0).as_matrix()
    prior = axes @ np.diag([30.0, 1e-3, 0.0]) @ axes.transpose(0, 2, 1)
    loads = axes @ np.diag([30.0, 1e-3, 0.0]) ** 0.5  # of two common unknowns
    observed = rng.normal(size=(50, 2))
    L = np.zeros((50, 3))
    L[:, :2] = observed
    C = L @ L.T + 1e-12 * np.eye(50)
    packed = PackedMatrix(50)
    for row in range(50):
        start, kept = packed.kept(row)
        kept[:] = C[row, start : start + len(kept)]
    assert packed.factorize()
    found = conditioned(prior, loads.reshape(60, 3) @ L.T, packed)
    variances = np.linalg.eigvalsh(found)
    assert (variances[:, 1:] > 1e-13).all()
    assert variances.max() < 1e-9
    assert np.abs(axes[:, :, 2, None].transpose(0, 2, 1) @ found).max() < 1e-24


def test_turned_covariance_is_that_of_turned_values():
    rng = np.random.default_rng(3)
    rotation = Rotation.random(random_state=2).as_matrix()
    for c in (3, 6):
        samples = rng.normal(size=(400, c)) @ rng.normal(size=(c, c))
        turned = to_components(to_axes(from_components(samples), np.repeat(rotation[None], 400, 0)))
        found = turned_covariance(np.cov(samples.T)[None], rotation[None])[0]
        assert np.allclose(found, np.cov(turned.T), atol=1e-12)


def test_held_out_residuals_are_those_of_training_without_the_trajectory(model):
    process = model._trained_process()
    c = len(model.components)
    _, _, C, noise = dense(model, TEST[:1])
    y = C @ process.coefficients
    frames, values = process._layout()
    expected = np.empty(N_TRAIN)
    for trajectory in np.unique(TRAJECTORIES):
        out = TRAJECTORIES[frames] == trajectory
        weights = np.linalg.solve(C[np.ix_(~out, ~out)], C[np.ix_(~out, out)])
        residual = y[out] - weights.T @ y[~out]
        S = C[np.ix_(out, out)] - C[np.ix_(out, ~out)] @ weights
        place = np.cumsum(out) - 1
        for frame in np.flatnonzero(trajectory == TRAJECTORIES):
            at = place[values[frame]]
            e = residual[at]
            latent_part = S[np.ix_(at, at)] - noise * np.eye(c)
            expected[frame] = e @ np.linalg.solve(latent_part, e) / c
    found = process.held_out_mahalanobis(TRAJECTORIES)
    assert np.allclose(found, expected, rtol=2e-3)  # differences of numbers 1e7 times as large
    calibration = model.calibration_
    assert calibration.variance == pytest.approx(expected.mean(), rel=1e-3)
    assert calibration.scale == pytest.approx(y @ process.coefficients / len(y), rel=1e-6)
    assert (calibration.held_out, calibration.n_groups) == ("trajectories", N_TRAIN // 4)


def test_the_file_holds_the_calibration_and_an_old_file_finds_it_again(model, tmp_path):
    path, old = tmp_path / "model.npz", tmp_path / "old.npz"
    model.save(path)
    loaded = load(path)
    assert loaded._calibration == model.calibration_
    assert np.array_equal(loaded.trajectories_, TRAJECTORIES)
    covariance = model.predict_covariance(TEST)
    assert np.allclose(loaded.predict_covariance(TEST), covariance, rtol=1e-9)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "trajectories"}
    header = json.loads(arrays.pop("metadata").tobytes())
    del header["model"]["calibration"]
    save_model(old, header["kind"], arrays, header["model"])
    again = load(old)
    assert again.calibration_.held_out == "frames"
    assert again.calibration_.n_groups == N_TRAIN
    ratio = again.calibration_.factor / model.calibration_.factor
    assert np.allclose(again.predict_covariance(TEST), ratio * covariance, rtol=1e-6)


def test_a_new_fit_forgets_the_calibration():
    model = CovariantRegression(molecule=MOLECULE, n_search=20, max_iterations=2)
    model.fit(training_set("dipole"))
    first = model.calibration_
    model.fit(training_set("dipole").subset(np.arange(20)))
    assert model.calibration_ != first
    with pytest.raises(InputError, match="not fitted"):
        CovariantRegression(molecule=MOLECULE).predict_covariance(TEST)


N_DRAWS = 300


@pytest.fixture(scope="module")
def draws(model):
    return model.draw(N_DRAWS, seed=1)


def test_draws_have_mean_and_covariance_of_the_posterior(model, draws):
    """All components of all test frames together, within the error of so many draws."""
    sampled = draws.predict(TEST) - model.predict(TEST)  # -> [n_draws, n_frames, ...]
    flat = sampled if model.property == "dipole" else pack(sampled)
    flat = flat.reshape(N_DRAWS, -1)
    expected = model.calibration_.variance * latent(model, TEST)
    expected = 0.5 * (expected + expected.T)
    values, vectors = np.linalg.eigh(expected)
    known = values > 1e-3 * values[-1]
    white = flat @ vectors[:, known] / np.sqrt(values[known])
    # Moments of standard normal numbers: error of a mean 1/sqrt(n), of a variance sqrt(2/n).
    assert np.abs(white.mean(axis=0)).max() < 4.5 / np.sqrt(N_DRAWS)
    covariance = white.T @ white / N_DRAWS
    off = covariance - np.eye(len(covariance))
    assert np.abs(np.diag(off)).max() < 4.5 * np.sqrt(2 / N_DRAWS)
    assert np.abs(off - np.diag(np.diag(off))).max() < 5 / np.sqrt(N_DRAWS)
    assert abs(np.trace(off)) < 4 * np.sqrt(2 * len(off) / N_DRAWS)


def test_every_draw_is_one_function_that_turns_with_the_molecule(model, draws):
    draw = draws[3]
    values = draw.predict(TEST)
    size = np.abs(values).max()
    assert np.abs(draws.predict(TEST)[3] - values).max() < 1e-8 * size
    assert np.abs(draw.predict(TEST[2:3]) - values[2:3]).max() < 1e-8 * size
    rotations = Rotation.random(len(TEST), random_state=1).as_matrix()
    turned = draw.predict(np.einsum("fij,faj->fai", rotations, TEST))
    assert np.abs(turned - to_axes(values, rotations)).max() < 1e-8 * size
    images = GROUP.act_on_positions(TEST), GROUP.act_on_tensors(values)
    for image, expected in zip(*images, strict=True):
        assert np.abs(draw.predict(image) - expected).max() < 1e-8 * size


def test_draws_go_by_seed_and_number(model):
    few, more, other = model.draw(2, seed=5), model.draw(3, seed=5), model.draw(2, seed=6)
    one = few.predict(TEST)
    # systems are solved for two and for three right-hand sides together, which rounds differently
    assert np.allclose(more.predict(TEST)[:2], one, rtol=1e-7, atol=1e-9)
    assert not np.allclose(other.predict(TEST), one, rtol=1e-6)
    assert np.array_equal(model.sample(TEST, 2, seed=5), one)
    assert len(few) == 2
    assert len(few[:1]) == 1
    with pytest.raises(InputError, match="at least one draw"):
        model.draw(0)
    with pytest.raises(IndexError):
        few[2]


def test_draws_are_made_again_from_their_coefficients_without_a_factor(model, monkeypatch):
    draws = model.draw(2, seed=5)
    monkeypatch.setattr("rpr.models.trained_process.TrainedProcess.factor", None)
    again = model.draw(2, seed=5, coefficients=draws.coefficients)
    assert np.array_equal(again.predict(TEST), draws.predict(TEST))
    with pytest.raises(InputError, match="coefficients: found shape"):
        model.draw(3, seed=5, coefficients=draws.coefficients)


def test_draws_that_do_not_fit_into_memory_are_refused(model, monkeypatch):
    monkeypatch.setattr("rpr.models.posterior_draws.available_bytes", lambda: 100_000)
    with pytest.raises(InputError, match="n: 100 draws need"):
        model.draw(100)


def test_draws_are_smooth_between_frames(model, draws):
    """A draw along a path: neighbours differ little, although frames are not drawn together."""
    path = TEST[0] + np.linspace(0, 1, 41)[:, None, None] * 0.02 * (TRAIN[0] - TEST[0])
    values = draws[0].predict(path).reshape(41, -1)
    second = np.abs(np.diff(values, n=2, axis=0)).max()
    assert second < 0.01 * np.abs(values[-1] - values[0]).max()


def additive(order):
    return AdditiveKernel(
        classes=np.array([0, 1, 1, 0, 2]),
        widths=np.array([0.5, 3.0, 12.0]),
        variances=np.array([1.0, 0.7, 1.3]),
        amplitudes=np.array([0.4, 0.3, 0.2, 0.1])[: order + 1],
        product_scale=0.6,
    )


@pytest.mark.parametrize("order", [0, 1, 2])
def test_prior_functions_span_the_kernel(order):
    kernel, Z = additive(order), np.random.default_rng(0).uniform(0.7, 1.3, size=(40, 5))
    functions = PriorFeatures(kernel, Z)(Z)
    rest = AdditiveKernel(
        kernel.classes, kernel.widths, kernel.variances,
        kernel.amplitudes * (np.arange(order + 1) > 0), kernel.product_scale,
    )  # fmt: skip
    assert np.abs(functions @ functions.T - rest.evaluate(Z, Z)).max() < 1e-9


def test_random_functions_have_the_rest_of_the_kernel_on_average():
    kernel, rng = additive(3), np.random.default_rng(1)
    Z = rng.uniform(0.7, 1.3, size=(12, 5))
    alone = AdditiveKernel(
        kernel.classes, kernel.widths, kernel.variances,
        kernel.amplitudes * np.array([1.0, 0.0, 0.0, 1.0]), kernel.product_scale,
    )  # fmt: skip
    expected = alone.evaluate(Z, Z)
    values = FourierFeatures.draw(kernel, 40_000, rng)(Z)
    assert np.abs(values @ values.T - expected).max() < 0.03 * expected.max()


def test_derivatives_and_permutations_of_prior_functions():
    kernel, rng = additive(3), np.random.default_rng(2)
    Z, dZ = rng.uniform(0.7, 1.3, size=(2, 7, 5))
    order = np.array([3, 2, 1, 0, 4])
    functions, step = PriorFeatures(kernel, Z), 1e-5
    for f in (functions, FourierFeatures.draw(kernel, 50, rng)):
        numeric = (f(Z + step * dZ) - f(Z - step * dZ)) / (2 * step)
        assert np.abs(f.along(Z, dZ) - numeric).max() < 1e-5 * np.abs(numeric).max()
    permuted = functions(Z)[:, functions.permuted(order)]
    assert np.allclose(permuted, functions(Z[:, order]), atol=1e-12)
    fourier = FourierFeatures.draw(kernel, 50, rng)
    assert np.allclose(fourier.permuted(order)(Z), fourier(Z[:, order]), atol=1e-12)


def test_paired_kernel_is_the_diagonal():
    X, Y = np.random.default_rng(4).uniform(0.7, 1.3, size=(2, 6, 5))
    for order in range(4):
        kernel = additive(order)
        assert np.allclose(kernel.paired(X, Y), np.diag(kernel.evaluate(X, Y)), rtol=1e-13)


@pytest.mark.parametrize("property", ["dipole", "polarizability"])
@pytest.mark.parametrize("tensors", ["pairs", "bonds"])
def test_tensors_and_features_of_images(property, tensors):
    molecule = dichloroethane()
    group, frames = find_group(molecule), random_frames(molecule, 4, seed=1)
    basis = TensorBasis(property, tensors, molecule, group.permutations)
    index, sign = basis.images(group.permutations, group.parities)
    images, plain = group.act_on_positions(frames), basis(frames)
    for image, i, s in zip(images, index, sign, strict=True):
        assert np.allclose(basis(image), s[:, None] * plain[:, i], atol=1e-12)
    first, second = np.triu_indices(molecule.n_atoms, k=1)
    orders = pair_permutations(group.permutations)
    distances = [np.linalg.norm(x[:, first] - x[:, second], axis=2) for x in (frames, *images)]
    for order, found in zip(orders, distances[1:], strict=True):
        assert np.allclose(distances[0][:, order], found)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_packed_factor_solves_forward_and_multiplies(n):
    rng = np.random.default_rng(n)
    A = rng.normal(size=(n, n))
    C = A @ A.T + n * np.eye(n)
    packed, L = PackedMatrix(n), np.linalg.cholesky(C)
    for row in range(n):
        start, kept = packed.kept(row)
        kept[:] = C[row, start : start + len(kept)]
    assert packed.factorize()
    right = rng.normal(size=(n, 3))
    assert np.allclose(packed.forward(right), np.linalg.solve(L, right))
    assert np.allclose(packed.transposed_product(right[:, 0]), L.T @ right[:, 0])
    chosen = np.unique([0, n // 2, n - 1])
    assert np.allclose(packed.inverse_factor().columns(chosen), np.linalg.inv(L)[:, chosen])


def test_held_out_mahalanobis_do_not_depend_on_the_memory(model, monkeypatch):
    process = model._trained_process()
    expected = process.held_out_mahalanobis(TRAJECTORIES)
    monkeypatch.setattr("rpr.regression.posterior.available_bytes", lambda: 0)
    assert np.allclose(process.held_out_mahalanobis(TRAJECTORIES), expected, rtol=1e-4)
