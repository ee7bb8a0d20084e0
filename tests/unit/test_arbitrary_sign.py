"""Vectors of random sign are learnt through v v^T and read back up to the sign."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.axes.rotation import rotate_vectors
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.models.arbitrary_sign import ArbitrarySignRegression, error_up_to_sign
from rpr.models.covariant import CovariantRegression
from rpr.models.registry import load

MOLECULE = dichloroethane()
FRAMES = random_frames(MOLECULE, 130, seed=4)
DIPOLE, _ = analytic_labels(FRAMES, MOLECULE)
SIGNS = np.random.default_rng(0).choice([-1.0, 1.0], size=(130, 1))
TRAIN, TEST = slice(0, 100), slice(100, 130)
SETTINGS = {"molecule": MOLECULE, "n_search": 60}


@pytest.fixture(scope="module")
def model():
    return ArbitrarySignRegression(**SETTINGS).fit(FRAMES[TRAIN], (SIGNS * DIPOLE)[TRAIN])


def rms(predicted):
    return np.sqrt(np.mean(error_up_to_sign(DIPOLE[TEST], predicted) ** 2))


def test_random_signs_are_no_obstacle(model):
    direct = CovariantRegression(**SETTINGS).fit(FRAMES[TRAIN], (SIGNS * DIPOLE)[TRAIN])
    size = np.sqrt(np.mean(DIPOLE[TEST] ** 2) * 3)
    assert rms(model.predict(FRAMES[TEST])) < 0.05 * size
    assert rms(direct.predict(FRAMES[TEST])) > 0.5 * size


def test_signs_of_the_labels_do_not_matter(model):
    again = ArbitrarySignRegression(**SETTINGS, hyperparameters=model.hyperparameters_)
    again.fit(FRAMES[TRAIN], DIPOLE[TRAIN])
    assert again.training_checksum_ == model.training_checksum_
    np.testing.assert_allclose(again.predict(FRAMES[TEST]), model.predict(FRAMES[TEST]), rtol=1e-9)


def test_the_sign_turns_with_the_molecule(model):
    rotations = Rotation.random(30, rng=np.random.default_rng(1)).as_matrix()
    turned = model.predict(rotate_vectors(FRAMES[TEST], rotations))
    expected = rotate_vectors(model.predict(FRAMES[TEST]), rotations)
    np.testing.assert_allclose(turned, expected, atol=1e-6 * np.abs(expected).max())


def test_a_saved_model_predicts_the_same(model, tmp_path):
    model.save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert isinstance(again, ArbitrarySignRegression)
    np.testing.assert_array_equal(again.predict(FRAMES[TEST]), model.predict(FRAMES[TEST]))
    assert again.in_training(FRAMES).tolist() == [True] * 100 + [False] * 30
    stretched = 1.5 * FRAMES[:1]
    np.testing.assert_array_equal(again.outside_training(stretched), [True])
