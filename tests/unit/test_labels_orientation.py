"""The orientation of labels is proper, turns with the molecule and does not jump."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.labels.oriented_engine import molecular_orientation

DICHLOROETHANE = np.array([17, 6, 6, 17, 1, 1, 1, 1])


def random_positions(seed):
    return np.random.default_rng(seed).normal(size=(8, 3))


@pytest.mark.parametrize("seed", range(5))
def test_turns_with_the_molecule(seed):
    positions = random_positions(seed)
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    axes = molecular_orientation(positions, DICHLOROETHANE)
    turned = molecular_orientation(positions @ rotation.T + 1.0, DICHLOROETHANE)
    np.testing.assert_allclose(turned, axes @ rotation.T, atol=1e-12)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


def test_does_not_jump():
    positions = random_positions(0)
    moved = positions + 1e-6 * random_positions(1)
    change = molecular_orientation(moved, DICHLOROETHANE) - molecular_orientation(
        positions, DICHLOROETHANE
    )
    assert np.abs(change).max() < 1e-4


@pytest.mark.parametrize("n_atoms", [1, 2, 3])
def test_linear_molecules_and_atoms_have_some_frame(n_atoms):
    positions = np.outer(np.arange(n_atoms), [1.0, 2.0, 3.0])
    axes = molecular_orientation(positions, np.array([8, 6, 8])[:n_atoms])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
