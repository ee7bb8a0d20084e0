"""Pairs of atoms: order, distances, images under permutations, symmetric r_eq, classes."""

from itertools import combinations, permutations

import numpy as np
import pytest

from rpr.data.synthetic import dichloroethane, random_frames
from rpr.errors import InputError
from rpr.molecule.pairs import (
    bond_steps,
    equilibrium_distances,
    nonzero_pair_distances,
    pair_classes,
    pair_distances,
    pair_indices,
    pair_permutations,
)
from rpr.molecule.permutation_inversion import find_group

MOLECULE = dichloroethane()
FRAMES = random_frames(MOLECULE, 6, seed=0)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_order_of_pairs(n):
    assert list(zip(*pair_indices(n), strict=True)) == list(combinations(range(n), 2))


def test_distances_of_frames_and_of_one_geometry():
    expected = [[np.linalg.norm(x[i] - x[j]) for i, j in combinations(range(8), 2)] for x in FRAMES]
    np.testing.assert_allclose(pair_distances(FRAMES), expected, rtol=1e-15)
    np.testing.assert_array_equal(pair_distances(FRAMES[2]), pair_distances(FRAMES)[2])
    np.testing.assert_array_equal(nonzero_pair_distances(FRAMES), pair_distances(FRAMES))
    assert pair_distances(np.zeros((3, 1, 3))).shape == (3, 0)


def test_atoms_at_one_place_are_refused():
    contracted = FRAMES.copy()
    contracted[4, 5] = contracted[4, 2]
    with pytest.raises(InputError, match="atoms 2 and 5 of frame 4"):
        nonzero_pair_distances(contracted)


def test_images_of_all_pairs_and_of_bonds():
    """Distances of a permuted geometry are the permuted distances."""
    group = find_group(MOLECULE).permutations
    for permutation, pairs in zip(group, pair_permutations(group), strict=True):
        np.testing.assert_array_equal(
            pair_distances(FRAMES[:, permutation]), pair_distances(FRAMES)[:, pairs]
        )
    for permutation, images in zip(group, pair_permutations(group, MOLECULE.bonds), strict=True):
        for (i, j), image in zip(MOLECULE.bonds, images, strict=True):
            assert {permutation[i], permutation[j]} == set(MOLECULE.bonds[image])


def test_equilibrium_distances_are_the_mean_over_the_group():
    every = np.array(list(permutations(range(3))))
    triangle = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    np.testing.assert_allclose(equilibrium_distances(triangle, every), 4.0)
    np.testing.assert_allclose(equilibrium_distances(triangle, every[:1]), [3.0, 4.0, 5.0])
    exchanged = np.array([[0, 1, 2], [0, 2, 1]])
    np.testing.assert_allclose(equilibrium_distances(triangle, exchanged), [3.5, 3.5, 5.0])


def test_steps_and_classes():
    """Two waters: bonds, the angle, and pairs of atoms that no bond connects."""
    bonds = [(0, 1), (0, 2), (3, 4), (3, 5)]
    steps = bond_steps(6, bonds)
    assert steps[:3].tolist() == [1, 1, np.inf]
    assert np.isinf(steps).sum() == 9
    classes = pair_classes("OHHOHH", bonds)
    assert classes.max() == 4  # O-H, H-H, and H...H, H...O, O...O
    assert (np.bincount(classes) == [4, 2, 4, 4, 1]).all()
