"""The best rotation of one geometry onto another, and the distance that is left."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.axes.rotation import random_rotations
from rpr.data.synthetic import dichloroethane, random_frames
from rpr.molecule.superposition import best_rotations, smallest_distance

FRAMES = random_frames(dichloroethane(), 10, seed=0)
CENTRED = FRAMES - FRAMES.mean(axis=1, keepdims=True)
ROTATIONS = random_rotations(10, np.random.default_rng(1))


def correlations(first, second):
    return np.swapaxes(second, -1, -2) @ first


@pytest.mark.parametrize("mirror", [False, True])
def test_a_rotation_is_found(mirror):
    turned = CENTRED @ np.swapaxes(ROTATIONS, 1, 2)
    found, sizes = best_rotations(correlations(CENTRED, turned), mirror=mirror)
    np.testing.assert_allclose(found, ROTATIONS, atol=1e-10)
    np.testing.assert_allclose(sizes.sum(axis=1), (CENTRED**2).sum(axis=(1, 2)))


def test_mirror_images_are_met_only_if_asked_for():
    matrices = correlations(CENTRED, -CENTRED)
    proper, sizes = best_rotations(matrices)
    np.testing.assert_allclose(np.linalg.det(proper), 1.0)
    np.testing.assert_allclose(
        sizes.sum(axis=1), np.trace(np.swapaxes(proper, 1, 2) @ matrices, axis1=1, axis2=2)
    )
    improper, _ = best_rotations(matrices, mirror=True)
    np.testing.assert_allclose(improper, -np.broadcast_to(np.eye(3), (10, 3, 3)), atol=1e-10)


def test_distance_is_that_of_scipy():
    found = smallest_distance(FRAMES[1:] + 3.0, FRAMES[0])
    for distance, frame in zip(found, CENTRED[1:], strict=True):
        left = Rotation.align_vectors(frame, CENTRED[0])[1]
        assert distance == pytest.approx(left / np.sqrt(8), abs=1e-7)
    turned = FRAMES @ np.swapaxes(ROTATIONS, 1, 2)
    np.testing.assert_allclose(smallest_distance(FRAMES, turned), 0.0, atol=1e-6)
    assert smallest_distance(np.empty((0, 8, 3)), FRAMES[0]).shape == (0,)
