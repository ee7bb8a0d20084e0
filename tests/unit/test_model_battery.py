"""One battery for every model: it obeys the symmetries that the registry says, and no others."""

import inspect
import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.models.registry import (
    ABLATIONS,
    KINDS,
    MODELS,
    REGISTRY,
    SYMMETRIES,
    fit_model,
    load,
    make_model,
)
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.torsion import dihedral_angle

MOLECULE = dichloroethane()
GROUP = find_group(MOLECULE)
FRAMES = random_frames(MOLECULE, 64, seed=4)
TRAIN, TEST = FRAMES[:60], FRAMES[60:]
PROPERTIES = ("dipole", "polarizability")
CASES = [(name, p) for name in (*MODELS, *ABLATIONS) for p in PROPERTIES] + [("kreg", "forces")]
#: Largest relative change of a prediction through rounding, which coefficients amplify.
ROUNDING = 1e-6
#: Settings that make a search short.
QUICK = {
    "covariant": {"n_search": 20, "max_iterations": 3},
    "augmented": {"n_search": 40},
    "kreg": {"sigma": 2.0, "lambda_energy": 1e-8, "lambda_forces": 1e-8},
}
RNG = np.random.default_rng(7)
ROTATIONS = Rotation.random(len(TEST), rng=RNG).as_matrix()
SHIFTS = RNG.normal(scale=5.0, size=(len(TEST), 1, 3))


def training_frames() -> FrameSet:
    dipole, polarizability = analytic_labels(TRAIN, MOLECULE)
    i, j = np.array(MOLECULE.bonds).T
    bonds = TRAIN[:, i] - TRAIN[:, j]
    forces = np.zeros_like(TRAIN)
    for k, vectors in enumerate(np.moveaxis(bonds, 1, 0)):
        forces[:, i[k]] -= vectors
        forces[:, j[k]] += vectors
    return FrameSet(
        MOLECULE.symbols,
        TRAIN,
        dipole=dipole,
        polarizability=polarizability,
        energy=0.5 * (bonds**2).sum(axis=(1, 2)),
        forces=forces,
    )


@pytest.fixture(scope="module")
def fitted():
    known = {}

    def fit(name, quantity):
        if (name, quantity) not in known:
            settings = {"molecule": MOLECULE, **QUICK.get(name, {})}
            if name == "kreg":
                model = REGISTRY[name].estimator()(**settings)
            else:
                model = make_model(name, property=quantity, **settings)
            known[name, quantity] = model.fit(training_frames())
        return known[name, quantity]

    return fit


def predict(model, positions):
    """Tensors that turn with the molecule: dipoles, polarizabilities, or forces of each atom."""
    predicted = model.predict(positions)
    return predicted[1] if isinstance(predicted, tuple) else predicted


def turned(tensors, rotations):
    if tensors.shape[1:] == TEST.shape[1:]:  # forces
        return np.einsum("fij,faj->fai", rotations, tensors)
    return to_axes(tensors, rotations)


def images(name, tensors):
    """Pairs of geometries and tensors that an operation makes of the test frames."""
    if name == "translation":
        return [(TEST + SHIFTS, tensors)]
    if name == "rotation":
        return [(np.einsum("fij,faj->fai", ROTATIONS, TEST), turned(tensors, ROTATIONS))]
    kept = GROUP.inversions == (name == "inversion")
    positions, act = GROUP.act_on_positions(TEST), GROUP.act_on_tensors
    if tensors.shape[1:] == TEST.shape[1:]:
        act = GROUP.act_on_positions
    return list(zip(positions[kept], act(tensors)[kept], strict=True))


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@pytest.mark.parametrize(("name", "quantity"), CASES)
def test_a_model_obeys_and_breaks_what_the_registry_says(name, quantity, symmetry, fitted):
    model = fitted(name, quantity)
    expected = predict(model, TEST)
    error = (
        max(
            np.abs(predict(model, positions) - tensors).max()
            for positions, tensors in images(symmetry, expected)
        )
        / np.abs(expected).max()
    )
    if symmetry in REGISTRY[name].breaks:
        assert error > 1e-3
    else:
        assert error < ROUNDING


@pytest.mark.parametrize("name", [*MODELS, *ABLATIONS])
def test_frames_of_one_hand_are_told_to_models_that_break_inversion(name):
    """The folded models learn one hand only and know the other by their own element."""
    frames = training_frames()
    one_hand = frames.subset(dihedral_angle(frames.positions, MOLECULE.dihedral) > 0.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit_model(
            name,
            one_hand,
            np.arange(len(one_hand)),
            property="dipole",
            molecule=MOLECULE,
            **QUICK.get(name, {}),
        )
    told = any("one hand only" in str(warning.message) for warning in caught)
    assert told == model.is_handed or REGISTRY[name].scan == "both_hands"
    entry = REGISTRY[name]
    knows = "inversion" not in entry.breaks or "folded" in name or entry.scan == "both_hands"
    assert told != knows


def test_no_model_is_left_out():
    """What remains says why: labels of unknown sign have tests of their own."""
    assert set(REGISTRY) - {name for name, _ in CASES} == {"arbitrary-sign"}
    assert REGISTRY["arbitrary-sign"].equivariant_under == ("translation", "rotation")


@pytest.mark.parametrize("name", REGISTRY)
def test_a_model_declares_what_it_predicts(name):
    estimator = REGISTRY[name].estimator()
    taken = inspect.signature(estimator.predict).parameters
    assert estimator.predicts_derivatives == ("derivatives" in taken)
    assert estimator.predicts_covariance == ("covariance" in taken) == REGISTRY[name].covariances
    assert estimator.predicts_covariance == hasattr(estimator, "predict_covariance")


@pytest.mark.parametrize(("name", "quantity"), CASES)
def test_found_hyperparameters_make_the_same_model_without_a_search(name, quantity, fitted):
    model = fitted(name, quantity)
    assert model.predicts == (("energy", "forces") if name == "kreg" else (quantity,))
    assert repr(model).startswith(f"{type(model).__name__}: {' and '.join(model.predicts)} of")
    again = type(model)(**model.get_params() | model.found_hyperparameters())
    again.fit(training_frames())
    assert again.found_hyperparameters().keys() == model.found_hyperparameters().keys()
    expected = predict(model, TEST)
    error = np.abs(predict(again, TEST) - expected).max() / np.abs(expected).max()
    assert error < ROUNDING


@pytest.mark.parametrize("name", REGISTRY)
def test_symmetries_are_declared_by_their_names(name):
    assert set(REGISTRY[name].breaks) <= set(SYMMETRIES)


@pytest.mark.parametrize(("name", "quantity"), CASES)
def test_a_prediction_does_not_depend_on_other_frames(name, quantity, fitted):
    model = fitted(name, quantity)
    together = predict(model, TEST)
    alone = np.concatenate([predict(model, TEST[[k]]) for k in reversed(range(len(TEST)))])
    np.testing.assert_allclose(
        alone[::-1], together, rtol=0, atol=ROUNDING * np.abs(together).max()
    )


@pytest.mark.parametrize(("name", "quantity"), CASES)
def test_a_model_comes_back_from_its_file(name, quantity, fitted, tmp_path):
    model = fitted(name, quantity)
    model.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert type(again) is type(model)
    assert again.KIND in KINDS
    np.testing.assert_array_equal(predict(again, TEST), predict(model, TEST))
    for known in (model, again):
        assert known.in_training(GROUP.act_on_positions(TRAIN)[-1]).all()
        assert not known.in_training(TEST).any()


@pytest.mark.parametrize(("name", "quantity"), CASES)
def test_parameters_make_the_same_model(name, quantity, fitted):
    model = fitted(name, quantity)
    again = type(model)(**model.get_params())
    assert again.get_params().keys() == model.get_params().keys()
    np.testing.assert_array_equal(predict(again.fit(training_frames()), TEST), predict(model, TEST))


def test_a_potential_obeys_the_permutations_that_it_is_given():
    settings = {**QUICK["kreg"], "permutations": np.unique(GROUP.permutations, axis=0)}
    model = REGISTRY["kreg"].estimator()(molecule=MOLECULE, **settings).fit(training_frames())
    forces = predict(model, TEST)
    for symmetry in ("inversion", "permutation"):
        for positions, expected in images(symmetry, forces):
            np.testing.assert_allclose(predict(model, positions), expected, atol=ROUNDING)
