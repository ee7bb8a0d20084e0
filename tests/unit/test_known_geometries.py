"""Copies of geometries are found, learnt once, validated together and told."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.data.known_geometries import are_among, first_of_each, geometry_invariants
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.data.validation_groups import validation_groups
from rpr.errors import InputError, PlausibilityWarning
from rpr.models.covariant import CovariantRegression
from rpr.models.derivatives import ObservedDerivatives
from rpr.models.repeated_frames import frames_to_learn
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.permutation_inversion import find_group

MOLECULE = dichloroethane()
GROUP = find_group(MOLECULE)
FRAMES = random_frames(MOLECULE, 30, seed=3)
DIPOLE, _ = analytic_labels(FRAMES, MOLECULE)
ROTATION = Rotation.random(random_state=5).as_matrix()


def test_invariants_do_not_change_and_differ_between_frames():
    known = geometry_invariants(FRAMES, MOLECULE.symbols)
    for image in GROUP.act_on_positions(FRAMES @ ROTATION.T + 0.3):
        found = geometry_invariants(image.round(8), MOLECULE.symbols)
        np.testing.assert_allclose(found, known, rtol=1e-7)
        assert are_among(found, known).all()
    assert not are_among(known[:15], known[15:]).any()


def test_copies_are_those_that_the_arguments_allow():
    turned, mirrored = FRAMES[:2] @ ROTATION.T, -FRAMES[2:4]
    renumbered = FRAMES[4:6][:, GROUP.permutations[-1]]
    joined = np.concatenate([FRAMES, turned, mirrored, renumbered])
    new = np.arange(30)
    alone = first_of_each(joined, MOLECULE.symbols)
    assert alone.tolist() == [*new, 0, 1, 32, 33, 34, 35]
    hands = first_of_each(joined, MOLECULE.symbols, mirrored=True)
    assert hands.tolist() == [*new, 0, 1, 2, 3, 34, 35]
    permutations = GROUP.permutations
    every = first_of_each(joined, MOLECULE.symbols, permutations=permutations, mirrored=True)
    assert every.tolist() == [*new, 0, 1, 2, 3, 4, 5]


def test_many_copies_of_one_geometry_take_no_time():
    """One comparison for each copy, not for each pair of them."""
    same = np.repeat(FRAMES[:1], 20000, axis=0) @ ROTATION.T
    assert not first_of_each(same, MOLECULE.symbols).any()


def test_copies_with_other_labels_are_all_learnt():
    first = np.array([0, 0, 2, 2])
    values = np.array([[1.0, 0, 0], [0, 1.0, 0], [2.0, 0, 0], [0, 2.1, 0]])
    nothing = np.zeros(4, dtype=bool)
    assert frames_to_learn(first, values, nothing).tolist() == [0, 2, 3]


def test_derivatives_follow_the_frames_that_are_kept():
    observed = ObservedDerivatives(np.array([1, 4]), np.arange(2), np.arange(2))
    found = observed.of_frames(np.array([0, 2, 4]))
    assert found.frames.tolist() == [2]
    assert found.values.tolist() == [1]


@pytest.mark.filterwarnings("ignore::rpr.errors.PlausibilityWarning")
def test_a_process_learns_each_geometry_once():
    """Turned and mirrored copies change neither predictions nor uncertainties."""
    settings = {"molecule": MOLECULE, "max_iterations": 5}
    x, mu, new = FRAMES[:20], DIPOLE[:20], FRAMES[20:]
    expected = CovariantRegression(**settings).fit(x, mu).predict(new, covariance=True)
    copies = np.concatenate([x, x[:5] @ ROTATION.T, -x[5:10]])
    values = np.concatenate([mu, mu[:5] @ ROTATION.T, -mu[5:10]])
    model = CovariantRegression(**settings).fit(copies, values)
    for found, wanted in zip(model.predict(new, covariance=True), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert model.calibration_.n_groups == 20


def test_a_fitted_model_does_not_follow_the_arrays_of_the_user():
    x, mu = FRAMES[:20].copy(), DIPOLE[:20].copy()
    model = CovariantRegression(molecule=MOLECULE, max_iterations=5).fit(x, mu)
    expected = model.predict(FRAMES[20:], covariance=True)
    x *= 2.0
    mu *= 2.0
    for found, wanted in zip(model.predict(FRAMES[20:], covariance=True), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_every_fit_tells_of_copies_and_of_labels_that_differ():
    given = {"molecule": MOLECULE, "kernel": "matern2", "hyperparameters": (1.0, 1e-6)}
    x, mu = np.concatenate([FRAMES, FRAMES[:4]]), np.concatenate([DIPOLE, DIPOLE[:4]])
    with pytest.warns(PlausibilityWarning, match="4 of 34 frames are copies of others"):
        RotatePredictRotate(**given).fit(x, mu)
    mu[-1] *= 3.0
    with pytest.warns(PlausibilityWarning, match="dipole differs between copies of one geometry"):
        RotatePredictRotate(**given).fit(x, mu)


def test_copies_are_validated_with_their_frame():
    x = np.concatenate([FRAMES[:3], -FRAMES[1:2]])
    assert validation_groups("frames", x, x, MOLECULE.symbols).tolist() == [0, 1, 2, 1]
    frames = FrameSet(MOLECULE.symbols, x, trajectory=np.array([0, 0, 1, 2]))
    assert validation_groups("trajectories", frames, x, MOLECULE.symbols).tolist() == [0, 0, 1, 0]
    copies = FrameSet(
        MOLECULE.symbols, np.concatenate([x[:3], -x[:3]]), trajectory=[0] * 3 + [1] * 3
    )
    with pytest.raises(InputError, match="found 1 trajectories, expected two or more that are no"):
        validation_groups("trajectories", copies, copies.positions, MOLECULE.symbols)


def test_one_geometry_has_no_calibrated_uncertainty():
    model = CovariantRegression(molecule=MOLECULE, max_iterations=0)
    with pytest.warns(PlausibilityWarning, match="same geometry"):
        model.fit(np.repeat(FRAMES[:1], 2, axis=0), np.repeat(DIPOLE[:1], 2, axis=0))
    with pytest.raises(InputError, match="learnt one geometry"):
        model.predict(FRAMES, covariance=True)
