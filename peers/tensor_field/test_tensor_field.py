"""The Clebsch-Gordan coefficients that the network multiplies tensors with, and its symmetry."""

import e3nn_jax as e3nn
import jax
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tensor_field import Network

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(3)
TRIPLES = [
    (a, b, c) for a in range(3) for b in range(3) for c in range(abs(a - b), min(a + b, 2) + 1)
]


def harmonics(degree, vectors):
    vectors = e3nn.IrrepsArray("1o", vectors)
    found = e3nn.spherical_harmonics([degree], vectors, normalize=True, normalization="norm")
    return np.asarray(found.array)


def representation(degree, rotation):
    """D with Y(R x) = D Y(x), from values of Y at random points."""
    points = RNG.normal(size=(50, 3))
    found = np.linalg.lstsq(
        harmonics(degree, points), harmonics(degree, points @ rotation.T), rcond=None
    )
    return found[0].T


@pytest.mark.parametrize("triple", TRIPLES)
def test_clebsch_gordan_coefficients_turn_products_into_tensors(triple):
    """sum C_ijk D_ii' D_jj' D_kk' = C_i'j'k' for every rotation."""
    coefficients = np.asarray(e3nn.clebsch_gordan(*triple))
    for rotation in Rotation.random(5, rng=RNG).as_matrix():
        matrices = [representation(degree, rotation) for degree in triple]
        turned = np.einsum("ijk,ia,jb,kc->abc", coefficients, *matrices)
        np.testing.assert_allclose(turned, coefficients, atol=1e-12)
    overlap = np.einsum("ijk,ijl->kl", coefficients, coefficients)
    np.testing.assert_allclose(overlap, overlap[0, 0] * np.eye(len(overlap)), atol=1e-12)
    assert overlap[0, 0] > 0.1


@pytest.fixture(scope="module")
def network():
    made = Network(np.array([17, 6, 6, 17, 1, 1, 1, 1]))
    parameters = jax.tree.map(lambda p: np.asarray(p, dtype=float), made.initial(0))
    return lambda x: np.asarray(made(parameters, x))


def test_the_network_follows_rotation_inversion_translation_and_permutation(network):
    x = RNG.normal(scale=1.5, size=(4, 8, 3))
    expected = network(x)
    assert np.abs(expected).max() > 1e-2
    rotation = Rotation.random(rng=RNG).as_matrix()
    cases = {
        "rotation": (x @ rotation.T, expected @ rotation.T),
        "inversion": (-x, -expected),
        "translation": (x + np.array([1.0, -2.0, 3.0]), expected),
        "permutation": (x[:, [3, 2, 1, 0, 6, 7, 4, 5]], expected),
    }
    for name, (moved, answer) in cases.items():
        np.testing.assert_allclose(network(moved), answer, atol=1e-10, err_msg=name)
    wrong = x[:, [1, 0, 2, 3, 4, 5, 6, 7]]  # chlorine and carbon
    assert np.abs(network(wrong) - expected).max() > 1e-3
