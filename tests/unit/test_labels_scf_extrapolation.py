"""Guesses from previous frames: exact where the path is a line, absent where it is far."""

import numpy as np
import pytest

from rpr.labels.dft.scf_extrapolation import LARGEST_MISFIT, History


def space(t):
    """A two-dimensional space in six dimensions that turns smoothly with t."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 6, 2))
    return np.linalg.qr(a + t * b)[0]


def filled(times):
    history = History()
    for t in times:
        y = space(t)
        history.add(np.full((2, 3), t), y, np.array([y @ y.T] * 3))
    return history


def distance(y, z):
    return np.linalg.norm(y @ y.T - z @ z.T)


def test_without_frames_there_is_no_guess():
    assert History().orbitals(np.zeros((2, 3))) is None
    assert History().induced(np.zeros((2, 3))) is None


def test_the_guess_is_orthonormal_and_better_with_a_longer_history():
    errors = []
    for n in (1, 2, 3):
        guess = filled(np.arange(n) * 0.02).orbitals(np.full((2, 3), 0.02 * n))
        np.testing.assert_allclose(guess.T @ guess, np.eye(2), atol=1e-12)
        errors.append(distance(guess, space(0.02 * n)))
    assert errors[1] < errors[0] / 3


def test_a_frame_seen_before_gives_its_own_orbitals():
    history = filled([0.0, 0.01, 0.02])
    assert distance(history.orbitals(np.full((2, 3), 0.01)), space(0.01)) < 1e-3
    induced = history.induced(np.full((2, 3), 0.02))
    np.testing.assert_allclose(induced[0], space(0.02) @ space(0.02).T, atol=1e-3)


def test_far_frames_give_no_guess():
    far = filled([0.0]).orbitals(np.full((2, 3), 2 * LARGEST_MISFIT))
    assert far is None


def test_the_state_restores_the_history():
    history, other = filled([0.0, 0.01]), History()
    other.restore(history.state())
    where = np.full((2, 3), 0.02)
    np.testing.assert_array_equal(history.orbitals(where), other.orbitals(where))
    np.testing.assert_array_equal(history.induced(where), other.induced(where))
    history.clear()
    assert len(history) == 0
    assert history.state() == {}


def test_induced_operators_are_optional():
    history = History()
    history.add(np.zeros((2, 3)), space(0.0))
    assert history.induced(np.zeros((2, 3))) is None
    assert history.orbitals(np.zeros((2, 3))) == pytest.approx(space(0.0))
