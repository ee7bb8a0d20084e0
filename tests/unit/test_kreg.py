"""KREG: derivatives, projection, symmetry, accuracy, storage."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from rpr.data.frame_set import FrameSet
from rpr.errors import ConditioningWarning, InputError
from rpr.models.estimator import determination
from rpr.models.kreg.contraction import ContractedPotential
from rpr.models.kreg.descriptor import RelativeDistances, symmetric_distances
from rpr.models.kreg.kernel import GradientKernel
from rpr.models.kreg.potential import KREG
from rpr.models.kreg.search import search_hyperparameters
from rpr.models.kreg.solver import check_training_memory
from rpr.models.kreg.symmetric_contraction import SignBasis
from rpr.models.kreg.targets import PotentialData
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_permutations
from rpr.regression.packed_cholesky import PackedMatrix
from rpr.run.dependencies import closure

#: The permutation-inversion group of 1,2-dichloroethane, as permutations of atoms.
DCE_GROUP = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [3, 2, 1, 0, 6, 7, 4, 5],
        [3, 2, 1, 0, 7, 6, 5, 4],
        [0, 1, 2, 3, 5, 4, 7, 6],
    ]
)


def dichloroethane(anti: bool = True) -> Molecule:
    c, s = np.cos(np.radians(70.0)), np.sin(np.radians(70.0))
    end = np.array(
        [
            [-0.76 - 1.80 * c, 1.80 * s, 0.0],
            [-0.76, 0.0, 0.0],
            [-0.76 - 0.37, -0.53, 0.88],
            [-0.76 - 0.37, -0.53, -0.88],
        ]
    )
    other = -end[[0, 1, 3, 2]]  # inversion, then H in the order of the first end
    if not anti:
        a = np.radians(120.0)
        turn = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        other = other @ turn.T
    positions = np.array([end[0], end[1], other[1], other[0], *end[2:], *other[2:]])
    return Molecule.from_atoms(
        Atoms("ClC2ClH4", positions=positions), anchors=(0, 3), dihedral=(0, 1, 2, 3)
    )


def water() -> Molecule:
    return Molecule.from_atoms(
        Atoms("OH2", positions=[[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    )


class MorsePairs:
    """sum over pairs of D (1 - exp(-a (r - r0)))^2: an analytic potential, with forces."""

    def __init__(self, molecule: Molecule):
        self.i, self.j = np.triu_indices(molecule.n_atoms, 1)
        self.r0 = np.linalg.norm(molecule.reference[self.i] - molecule.reference[self.j], axis=1)
        bonded = [(a, b) in molecule.bonds for a, b in zip(self.i, self.j, strict=True)]
        self.depth = np.where(bonded, 4.0, np.where(self.r0 < 2.9, 0.8, 0.15))

    def predict(self, positions):
        vectors = positions[:, self.i] - positions[:, self.j]
        r = np.linalg.norm(vectors, axis=2)
        decay = np.exp(-1.5 * (r - self.r0))
        energy = (self.depth * (1 - decay) ** 2).sum(axis=1)
        pair = (2 * 1.5 * self.depth * (1 - decay) * decay / r)[:, :, None] * vectors
        forces = np.zeros_like(positions)
        for k, (a, b) in enumerate(zip(self.i, self.j, strict=True)):
            forces[:, a] -= pair[:, k]
            forces[:, b] += pair[:, k]
        return energy, forces


def frames(molecule: Molecule, n: int, *, seed: int = 0, width: float = 0.06) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return molecule.reference + width * rng.standard_normal((n, molecule.n_atoms, 3))


def trained(molecule: Molecule, n: int, **settings) -> tuple[KREG, np.ndarray]:
    settings = {"sigma": 2.0, "lambda_energy": 1e-10, "lambda_forces": 1e-10} | settings
    positions = frames(molecule, n)
    model = KREG(molecule=molecule, **settings)
    return model.fit(positions, *MorsePairs(molecule).predict(positions)), positions


def slow_kreg(molecule, train, energy, forces, sigma, lambda_energy, lambda_forces):
    """KREG by its definition: all 1 + 3A observations, dense solve, plain sums."""
    i, j = np.triu_indices(molecule.n_atoms, 1)
    r_eq = np.linalg.norm(molecule.reference[i] - molecule.reference[j], axis=1)
    n, size = len(train), 3 * molecule.n_atoms

    def describe(p):
        d = p[i] - p[j]
        r = np.linalg.norm(d, axis=1)
        jacobian = np.zeros((len(i), molecule.n_atoms, 3))
        for k in range(len(i)):
            jacobian[k, i[k]] = -r_eq[k] * d[k] / r[k] ** 3
            jacobian[k, j[k]] = -jacobian[k, i[k]]
        return r_eq / r, jacobian.reshape(len(i), size)

    def block(one, two):
        (x, jx), (y, jy) = one, two
        d = (x - y) / sigma**2
        k = np.exp(-np.sum((x - y) ** 2) / (2 * sigma**2))
        second = np.eye(len(x)) / sigma**2 - np.outer(d, d)
        return k * np.block(
            [[np.ones((1, 1)), (d @ jy)[None]], [-(jx.T @ d)[:, None], jx.T @ second @ jy]]
        )

    data = [describe(p) for p in train]
    K = np.block([[block(a, b) for b in data] for a in data])
    ridge = np.tile(np.r_[lambda_energy, np.full(size, lambda_forces)], n)
    mean = energy.mean()
    y = np.column_stack([energy - mean, -forces.reshape(n, -1)]).ravel()
    coefficients = np.linalg.solve(K + np.diag(ridge), y)

    def predict(positions):
        rows = [np.hstack([block(describe(p), b) for b in data]) for p in positions]
        result = np.array(rows) @ coefficients  # -> [n_frames, 1 + 3A]
        return result[:, 0] + mean, -result[:, 1:].reshape(len(positions), -1, 3)

    return predict


@pytest.mark.parametrize("n", [1, 2, 3, 8, 13, 40])
def test_packed_matrix_solves_like_a_square_one(n, monkeypatch):
    monkeypatch.setattr("rpr.regression.packed_cholesky._BLOCK", 3)
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, n))
    square = a @ a.T + np.eye(n)
    matrix = PackedMatrix(n)
    for row in range(n):
        column, kept = matrix.kept(row)
        kept[:] = square[row, column : column + len(kept)]
    assert matrix.factorize()
    right = rng.standard_normal((n, 2))
    np.testing.assert_allclose(matrix.solve(right), np.linalg.solve(square, right), rtol=1e-9)
    for m in {1, (n + 1) // 2, max(1, n - 1), n}:
        leading = np.linalg.solve(square[:m, :m], right[:m, 0])
        np.testing.assert_allclose(matrix.solve_leading(right[:m, 0]), leading, rtol=1e-9)
    smallest = np.linalg.eigvalsh(square)[0]
    assert smallest * 0.999 < matrix.smallest_eigenvalue() < 3 * smallest


def test_packed_matrix_says_when_not_positive():
    for diagonal in ([1.0, -1.0, 1.0], [-1.0]):
        matrix = PackedMatrix(len(diagonal))
        for row in range(matrix.n):
            column, kept = matrix.kept(row)
            kept[:] = np.diag(diagonal)[row, column : column + len(kept)]
        assert not matrix.factorize()


def test_jacobian_and_cartesian_by_finite_differences():
    molecule = dichloroethane()
    distances = RelativeDistances.from_reference(molecule.reference)
    positions = frames(molecule, 1)
    x, slopes = distances.describe(positions)
    assert x.shape == (1, 28)
    jacobian = distances.jacobian(slopes)[0]
    h = 1e-5
    for k in range(24):
        shift = np.zeros(24)
        shift[k] = h
        plus, minus = (distances.describe(positions + s * shift.reshape(8, 3))[0] for s in (1, -1))
        np.testing.assert_allclose(jacobian[:, k], (plus - minus)[0] / (2 * h), atol=1e-9)
    gradient = np.random.default_rng(1).standard_normal((1, 28))
    np.testing.assert_allclose(
        distances.cartesian(slopes, gradient).ravel(), gradient[0] @ jacobian, atol=1e-12
    )


@pytest.mark.parametrize("symmetric", [False, True])
def test_kernel_blocks_by_finite_differences(symmetric):
    """First and mixed second derivatives of the (group-averaged) kernel along the directions."""
    molecule = dichloroethane()
    distances, pairs = symmetric_distances(molecule, DCE_GROUP if symmetric else None)
    positions, sigma = frames(molecule, 2), 0.7
    kernel, directions = GradientKernel.from_positions(positions, distances, pairs, sigma)

    def k(p, q):
        x, y = distances.describe(p[None])[0], distances.describe(q[None])[0]
        return np.mean([np.exp(-np.sum((x[:, g] - y) ** 2) / (2 * sigma**2)) for g in pairs])

    block = kernel.rows(0, 1, 2)
    assert block.shape == (19, 19)
    p, q = positions
    steps = [np.moveaxis(d.reshape(8, 3, 18), 2, 0) for d in directions]
    h, weights = 2e-3, {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}  # fourth order

    def derivative(f):
        return sum(w * f(s * h) for s, w in weights.items()) / h

    np.testing.assert_allclose(block[0, 0], k(p, q), rtol=1e-13)
    for a in (0, 7, 17):
        first = derivative(lambda t, a=a: k(p + t * steps[0][a], q))
        np.testing.assert_allclose(block[1 + a, 0], first, atol=1e-9)
        other = derivative(lambda t, a=a: k(p, q + t * steps[1][a]))
        np.testing.assert_allclose(block[0, 1 + a], other, atol=1e-9)
        for b in (0, 11):
            second = derivative(
                lambda t, a=a, b=b: derivative(
                    lambda u: k(p + t * steps[0][a], q + u * steps[1][b])
                )
            )
            np.testing.assert_allclose(block[1 + a, 1 + b], second, atol=1e-8)


def test_kernel_matrix_is_symmetric_positive_and_packed_rightly():
    molecule = dichloroethane()
    for n, group in itertools.product((1, 2, 5), (None, DCE_GROUP)):
        distances, pairs = symmetric_distances(molecule, group)
        kernel, _ = GradientKernel.from_positions(frames(molecule, n), distances, pairs, 1.0)
        full = np.vstack([kernel.rows(f, 0, n) for f in range(n)])
        np.testing.assert_allclose(full, full.T, atol=1e-13)
        assert np.linalg.eigvalsh(full)[0] > -1e-12
        vector = np.random.default_rng(0).standard_normal(kernel.size)
        np.testing.assert_allclose(kernel.multiply(vector), full @ vector, atol=1e-12)
        diagonal = np.linspace(0.1, 0.2, kernel.size)
        matrix = kernel.packed(diagonal)
        for row in range(kernel.size):
            column, kept = matrix.kept(row)
            expected = (full + np.diag(diagonal))[row, column : column + len(kept)]
            np.testing.assert_allclose(kept, expected, atol=1e-13)


@pytest.mark.parametrize("molecule", [dichloroethane(), water()], ids=["dichloroethane", "water"])
def test_projected_system_is_the_full_one(molecule):
    settings = {"sigma": 1.1, "lambda_energy": 3e-6, "lambda_forces": 1e-5}
    train, test = frames(molecule, 9), frames(molecule, 5, seed=1)
    energy, forces = MorsePairs(molecule).predict(train)
    # noise with a rigid part: the full system has it, the projected one must not need it
    forces = forces + 1e-3 * np.random.default_rng(2).standard_normal(forces.shape)
    reference = slow_kreg(molecule, train, energy, forces, *settings.values())(test)
    model = KREG(molecule=molecule, **settings).fit(train, energy, forces)
    for found, expected in zip(model.predict(test), reference, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_contracted_form_is_the_plain_sum():
    model, _ = trained(dichloroethane(), 30, sigma=1.0)
    contracted = model.contracted_
    x, _ = model.distances_.describe(frames(model.molecule, 150, seed=5))
    d = x[:, None] - contracted.centres
    kernel = np.exp(-(d**2).sum(axis=2) / (2 * contracted.sigma**2))
    terms = (
        contracted.weights + np.einsum("fjp,jp->fj", d, contracted.vectors) / contracted.sigma**2
    )
    energy, gradient = contracted.evaluate(x)
    assert isinstance(contracted, ContractedPotential)
    np.testing.assert_allclose(energy, (kernel * terms).sum(axis=1), rtol=0, atol=1e-10)
    plain = kernel @ contracted.vectors - np.einsum("fj,fjp->fp", kernel * terms, d)
    np.testing.assert_allclose(gradient, plain / contracted.sigma**2, rtol=0, atol=1e-10)


def test_coordinates_of_the_symmetry_give_the_sum_over_images():
    model, _ = trained(dichloroethane(), 30, sigma=1.0, permutations=DCE_GROUP)
    contracted = model.contracted_
    assert contracted._symmetric is not None
    written_out = replace(contracted, pair_permutations=None)
    x, _ = model.distances_.describe(frames(model.molecule, 150, seed=5))
    for found, expected in zip(contracted.evaluate(x), written_out.evaluate(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)  # of weights up to 1e5
    one = contracted.evaluate(x[:1])
    np.testing.assert_allclose(one[1], contracted.evaluate(x)[1][:1], rtol=0, atol=1e-8)


def test_other_groups_and_other_centres_are_written_out():
    ammonia_like = np.array(list(itertools.permutations(range(3))))
    assert SignBasis.of(ammonia_like) is None  # cyclic permutations are not their own inverses
    model, _ = trained(dichloroethane(), 5, sigma=1.0, permutations=DCE_GROUP)
    changed = replace(model.contracted_, centres=model.contracted_.centres + 1e-9)
    changed.centres[0, 0] += 1e-3
    assert replace(changed)._symmetric is None


@pytest.mark.parametrize("group", [None, DCE_GROUP], ids=["plain", "symmetric"])
def test_forces_are_minus_the_gradient(group):
    model, _ = trained(dichloroethane(), 20, sigma=1.0, permutations=group)
    positions = frames(model.molecule, 1, seed=3)
    _, forces = model.predict(positions)
    h = 1e-4
    steps = h * np.eye(24).reshape(24, 8, 3)
    plus, minus = (model.predict(positions + s * steps)[0] for s in (1, -1))
    np.testing.assert_allclose(forces.ravel(), -(plus - minus) / (2 * h), atol=2e-6)


def test_rotation_translation_and_reflection():
    model, _ = trained(dichloroethane(), 20)
    positions = frames(model.molecule, 4, seed=3)
    energy, forces = model.predict(positions)
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    turned_energy, turned_forces = model.predict(positions @ q.T + [1.0, -2.0, 0.5])
    np.testing.assert_allclose(turned_energy, energy, atol=1e-8)
    np.testing.assert_allclose(turned_forces, forces @ q.T, atol=1e-7)
    np.testing.assert_allclose(forces.sum(axis=1), 0.0, atol=1e-10)


def test_permutational_symmetry_is_exact_and_only_then():
    model, _ = trained(dichloroethane(), 12, permutations=DCE_GROUP)
    plain, _ = trained(dichloroethane(), 12)
    positions = frames(model.molecule, 3, seed=4)
    energy, forces = model.predict(positions)
    for permutation in DCE_GROUP[1:]:
        other_energy, other_forces = model.predict(positions[:, permutation])
        np.testing.assert_allclose(other_energy, energy, atol=1e-9)
        np.testing.assert_allclose(other_forces, forces[:, permutation], atol=1e-9)
        assert np.abs(plain.predict(positions[:, permutation])[0] - energy).max() > 1e-4


def test_symmetry_equals_training_on_permuted_copies():
    """Averaging the kernel over G and training on all images of the frames is one model.

    With |G| copies of each frame, each image of a coefficient is equal; the equations are those
    of the averaged kernel if the ridge terms are |G| times larger for the copies.
    """
    molecule = dichloroethane()
    train, test = frames(molecule, 6), frames(molecule, 4, seed=1)
    energy, forces = MorsePairs(molecule).predict(train)
    images = np.concatenate([train[:, g] for g in DCE_GROUP])
    image_forces = np.concatenate([forces[:, g] for g in DCE_GROUP])
    one = KREG(
        molecule=molecule,
        permutations=DCE_GROUP,
        sigma=1.0,
        lambda_energy=1e-6,
        lambda_forces=2e-6,
    ).fit(train, energy, forces)
    two = KREG(molecule=molecule, sigma=1.0, lambda_energy=4e-6, lambda_forces=8e-6)
    two.fit(images, np.tile(energy, 4), image_forces)
    for a, b in zip(one.predict(test), two.predict(test), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-8)


def test_learns_an_analytic_potential():
    """Four times the frames: errors fall tenfold; twice again: below 2 % of the spread."""
    molecule = dichloroethane()
    test = frames(molecule, 60, seed=9)
    energy, forces = MorsePairs(molecule).predict(test)
    errors = []
    for n in (15, 60, 120):
        predicted, predicted_forces = trained(molecule, n)[0].predict(test)
        errors.append(
            (np.std(predicted - energy), np.sqrt(np.mean((predicted_forces - forces) ** 2)))
        )
    errors = np.array(errors) / [np.std(energy), np.std(forces)]
    assert (errors[1] < errors[0] / 8).all()
    assert (errors[2] < errors[1] / 1.5).all()
    assert (errors[2] < [0.015, 0.02]).all()


def test_gradients_teach_more_than_energies():
    molecule = dichloroethane()
    test = frames(molecule, 40, seed=9)
    energy, _ = MorsePairs(molecule).predict(test)
    with_gradients, _ = trained(molecule, 40)
    without, _ = trained(molecule, 40, lambda_forces=1e6)
    errors = [np.std(m.predict(test)[0] - energy) for m in (with_gradients, without)]
    assert errors[0] < errors[1] / 10


def test_search_validates_and_beats_its_start():
    molecule = water()
    positions = frames(molecule, 60)
    data = PotentialData(positions, *MorsePairs(molecule).predict(positions))
    search = search_hyperparameters(data, {}, molecule=molecule, n_train=40)
    assert (search.n_train, search.n_validation) == (40, 12)
    best = min(search.trials, key=lambda t: t.loss)
    assert (best.sigma, best.lambda_energy, best.lambda_forces) == (
        search.sigma,
        search.lambda_energy,
        search.lambda_forces,
    )
    assert best.loss < 0.5 * search.trials[0].loss
    fixed = search_hyperparameters(data, {"sigma": 1.5}, molecule=molecule)
    assert {t.sigma for t in fixed.trials} == {1.5}


def test_search_holds_out_whole_groups():
    molecule = water()
    positions = frames(molecule, 40)
    data = PotentialData(positions, *MorsePairs(molecule).predict(positions))
    given = {"sigma": 2.0, "lambda_energy": 1e-8}
    groups = np.repeat(np.arange(4), 10)
    search = search_hyperparameters(data, given, molecule=molecule, groups=groups)
    assert (search.n_train, search.n_validation) == (30, 10)
    with pytest.raises(InputError, match="found one group"):
        search_hyperparameters(data, given, molecule=molecule, groups=np.zeros(40))


def test_fit_searches_what_is_not_given():
    molecule = water()
    positions = frames(molecule, 40)
    energy, forces = MorsePairs(molecule).predict(positions)
    data = FrameSet(molecule.symbols, positions, energy=energy, forces=forces)
    model = KREG(molecule=molecule, lambda_forces=1e-9).fit(data)
    assert model.lambda_forces_ == 1e-9
    assert model.sigma_ == model.search_.sigma
    assert model.search_.cpu_seconds > 0
    assert model.score(data) > 0.999999


@pytest.mark.parametrize("molecule", [dichloroethane(), water()], ids=["dichloroethane", "water"])
def test_one_frame_is_learned(molecule):
    positions = frames(molecule, 1)
    energy, forces = MorsePairs(molecule).predict(positions)
    model = KREG(molecule=molecule).fit(positions, energy, forces)
    found = model.predict(positions)
    np.testing.assert_allclose(found[0], energy, atol=1e-6)
    np.testing.assert_allclose(found[1], forces, atol=1e-5)


def test_two_atoms():
    molecule = Molecule.from_atoms(Atoms("HCl", positions=[[0, 0, 0], [0, 0, 1.28]]))
    positions = frames(molecule, 12)
    energy, forces = MorsePairs(molecule).predict(positions)
    model = KREG(molecule=molecule, sigma=1.0, lambda_energy=1e-10, lambda_forces=1e-10)
    model.fit(positions, energy, forces)
    np.testing.assert_allclose(model.predict(positions)[1], forces, atol=1e-3)


def test_duplicates_and_zero_lambda_warn_with_the_condition_number():
    molecule = water()
    positions = np.repeat(frames(molecule, 4), 3, axis=0)
    energy, forces = MorsePairs(molecule).predict(positions)
    model = KREG(molecule=molecule, sigma=1.0, lambda_energy=0.0, lambda_forces=0.0)
    with pytest.warns(ConditioningWarning, match=r"condition number of \d"):
        model.fit(positions, energy, forces)
    assert np.isfinite(model.solution_.condition)
    np.testing.assert_allclose(model.predict(positions)[0], energy, atol=1e-4)


def test_duplicates_with_a_ridge_term_do_not_warn(recwarn):
    molecule = water()
    positions = np.repeat(frames(molecule, 4), 3, axis=0)
    labels = MorsePairs(molecule).predict(positions)
    KREG(molecule=molecule, sigma=1.0, lambda_energy=1e-9, lambda_forces=1e-9).fit(
        positions, *labels
    )
    assert not [w for w in recwarn if issubclass(w.category, ConditioningWarning)]


def test_condition_number_is_right():
    model, positions = trained(water(), 20, sigma=0.8, lambda_energy=1e-7, lambda_forces=1e-7)
    distances, pairs = symmetric_distances(model.molecule, None)
    kernel, _ = GradientKernel.from_positions(positions, distances, pairs, 0.8)
    full = np.vstack([kernel.rows(f, 0, 20) for f in range(20)]) + 1e-7 * np.eye(kernel.size)
    assert 0.5 < model.solution_.condition / np.linalg.cond(full) < 1.5
    assert model.solution_.residual < 1e-9


def test_save_and_load(tmp_path):
    model, positions = trained(dichloroethane(), 8, permutations=DCE_GROUP)
    model.save(tmp_path / "kreg.npz")
    loaded = KREG.load(tmp_path / "kreg.npz")
    for a, b in zip(model.predict(positions), loaded.predict(positions), strict=True):
        np.testing.assert_array_equal(a, b)
    assert loaded.sigma_ == model.sigma_
    assert loaded.molecule.bonds == model.molecule.bonds
    assert loaded.training_checksum_ == model.training_checksum_
    loaded.save(tmp_path / "again.npz")


def test_score_has_a_mean_of_its_own_for_each_component():
    """A model that predicts the mean force of each component scores 0, however these differ."""
    molecule = dichloroethane()
    model, positions = trained(molecule, 10)
    forces = model.predict(positions)[1]
    assert np.ptp(forces.mean(axis=0)) > 0.1
    wrong = np.roll(forces, 1, axis=0)
    expected = 1 - np.sum((forces - wrong) ** 2) / np.sum((wrong - wrong.mean(axis=0)) ** 2)
    energy = np.zeros(len(positions))
    assert model.score(positions, energy, wrong) == pytest.approx(expected, rel=1e-12)
    assert model.score(positions, energy, forces) == 1.0
    constant = np.broadcast_to(forces.mean(axis=0), forces.shape)
    assert determination(constant, forces) == pytest.approx(0.0, abs=1e-12)


def test_an_edit_of_axes_or_dipole_models_does_not_retrain_a_potential():
    """Otherwise the test set, which its dynamics makes, would have to be labelled anew."""
    found = closure({"rpr.models.kreg.potential"})
    assert "rpr.models.estimator" in found
    assert not [name for name in found if name.startswith("rpr.axes")]
    assert not {"rpr.models.property_estimator", "rpr.models.registry"} & set(found)


def test_parameters():
    model = KREG(molecule=water(), sigma=1.0)
    assert model.get_params()["sigma"] == 1.0
    assert model.set_params(sigma=2.0).sigma == 2.0
    with pytest.raises(InputError, match="found 'sigm', expected one of molecule, permutations"):
        model.set_params(sigm=2.0)
    with pytest.raises(InputError, match="not fitted"):
        model.predict(frames(water(), 1))


def test_memory_error_says_what_fits():
    with pytest.raises(InputError, match="at most 1157 frames fit"):
        check_training_memory(2000, 19, 2_000_000_000)
    check_training_memory(1000, 19, 1_520_000_000)
    with pytest.raises(InputError, match="integers of LAPACK; at most 3449 frames fit"):
        check_training_memory(5000, 19, 10**12)
    molecule = dichloroethane()
    positions = frames(molecule, 60)
    model = KREG(molecule=molecule, max_memory_mb=1)
    with pytest.raises(InputError, match=r"60 frames needs .* MB"):
        model.fit(positions, *MorsePairs(molecule).predict(positions))


def test_wrong_input():
    molecule = dichloroethane()
    positions = frames(molecule, 4)
    energy, forces = MorsePairs(molecule).predict(positions)
    model = KREG(molecule=molecule, sigma=1.0, lambda_energy=1e-6, lambda_forces=1e-6)
    with pytest.raises(InputError, match="bohr"):
        model.fit(positions / 0.529177, energy, forces)
    with pytest.raises(InputError, match=r"forces: found shape \(3, 8, 3\)"):
        model.fit(positions, energy, forces[:3])
    with pytest.raises(InputError, match="energy: missing"):
        model.fit(positions)
    with pytest.raises(InputError, match="energy: not a finite number in frame 2"):
        model.fit(positions, np.where(np.arange(4) == 2, np.nan, energy), forces)
    together = positions.copy()
    together[1, 5] = together[1, 4]
    with pytest.raises(InputError, match="frame 1: atoms 4 and 5"):
        model.fit(together, energy, forces)
    with pytest.raises(InputError, match="frame 1: atoms 4 and 5"):
        model.fit(positions, energy, forces).predict(together)
    for name in ("sigma", "lambda_energy", "lambda_forces"):
        with pytest.raises(InputError, match=f"{name}: found -1"):
            KREG(molecule=molecule, **{name: -1.0}).fit(positions, energy, forces)


@pytest.mark.parametrize("bent", [0.0, 0.67])
def test_any_reference_gives_a_symmetric_potential(bent):
    """A gauche reference, and one that breaks the symmetry of its hydrogens on purpose."""
    gauche = dichloroethane(anti=False)
    reference = gauche.reference.copy()
    reference[5] += [0.0, 0.3 * bent, bent]
    molecule = replace(gauche, reference=reference)
    distances, _ = symmetric_distances(molecule, DCE_GROUP)
    orbits = distances.equilibrium[pair_permutations(DCE_GROUP)]
    np.testing.assert_allclose(orbits, np.broadcast_to(distances.equilibrium, orbits.shape))
    positions = frames(gauche, 12)
    labels = MorsePairs(gauche).predict(positions)
    model = KREG(molecule=molecule, permutations=DCE_GROUP, sigma=1.0).fit(positions, *labels)
    test = frames(gauche, 3, seed=1)
    expected = model.predict(test)
    for permutation in DCE_GROUP:
        energy, forces = model.predict(test[:, permutation])
        np.testing.assert_allclose(energy, expected[0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(forces, expected[1][:, permutation], rtol=0, atol=1e-8)


def test_a_symmetric_reference_keeps_its_distances():
    molecule = dichloroethane()
    plain, symmetric = (symmetric_distances(molecule, g)[0] for g in (None, DCE_GROUP))
    np.testing.assert_allclose(symmetric.equilibrium, plain.equilibrium, atol=1e-5)


def test_wrong_permutations():
    molecule = dichloroethane()
    positions = frames(molecule, 4)
    labels = MorsePairs(molecule).predict(positions)

    def fit(permutations):
        return KREG(molecule=molecule, permutations=permutations, sigma=1.0).fit(positions, *labels)

    with pytest.raises(InputError, match="no group"):
        fit(DCE_GROUP[1:3])
    with pytest.raises(InputError, match="found one atom"):
        symmetric_distances(Molecule.from_atoms(Atoms("He")), None)
    with pytest.raises(InputError, match="different elements"):
        fit(np.array([np.roll(np.arange(8), 1)]))
    with pytest.raises(InputError, match="no permutation"):
        fit(np.zeros((1, 8), dtype=int))
    with pytest.raises(InputError, match="expected integers"):
        fit(DCE_GROUP[:, :5])
    with pytest.raises(InputError, match="given twice"):
        fit(DCE_GROUP[[0, 0]])
