"""A wrong state that converged betrays itself by a jump of the energy."""

import numpy as np
import pytest

from rpr.labels.results import Labels
from rpr.labels.state_check import Neighbour, compute_checked, jump

NEAR = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.01]])
HERE = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.03]])
STIFFNESS = 30.0


def right(positions, offset=0.0, forces=True):
    """Labels of a spring."""
    stretch = positions[1, 2] - positions[0, 2] - 1.0
    force = np.array([[0, 0, STIFFNESS * stretch], [0, 0, -STIFFNESS * stretch]])
    return Labels(STIFFNESS * stretch**2 / 2 + offset, force if forces else None, orbital_gap=5.0)


def neighbour(forces=True):
    labels = right(NEAR)
    return Neighbour(NEAR, labels.energy, labels.forces if forces else None)


class Engine:
    """An engine that is trapped in another state until it is reset."""

    def __init__(self, offset, after_reset):
        self.offset, self.after_reset = offset, after_reset

    def compute(self, positions, properties):
        return right(positions, self.offset)

    def reset(self):
        self.offset = self.after_reset


def test_work_of_the_forces_is_no_jump():
    assert jump(neighbour(), HERE, right(HERE)) == 0


@pytest.mark.parametrize("offset", [0.1, -0.1])
def test_a_jump_is_measured(offset):
    assert jump(neighbour(), HERE, right(HERE, offset)) == pytest.approx(offset, abs=1e-6)


def test_without_forces_only_large_jumps_show():
    assert jump(neighbour(False), HERE, right(HERE, 1.0, forces=False)) == 0
    assert jump(neighbour(False), HERE, right(HERE, 6.0, forces=False)) > 5


def test_a_wrong_state_is_left_for_the_lower_one():
    labels, remaining = compute_checked(Engine(2.0, 0.0), HERE, ("energy",), neighbour())
    assert remaining == 0
    assert labels.energy == pytest.approx(right(HERE).energy)
    assert labels.flags == ()


def test_a_jump_that_stays_is_flagged():
    labels, remaining = compute_checked(Engine(2.0, 2.0), HERE, ("energy",), neighbour())
    assert remaining == pytest.approx(2.0, abs=1e-6)
    assert "energy lies 2.000 eV above" in labels.flags[0]


@pytest.mark.parametrize(("after", "flagged"), [(6.0, False), (5.0, True)])
def test_independent_frames_may_be_high_if_two_guesses_agree(after, flagged):
    engine = Engine(6.0, after)
    labels, remaining = compute_checked(engine, HERE, ("energy",), neighbour(forces=False))
    assert bool(remaining) == bool(labels.flags) == flagged


def test_a_low_independent_frame_is_held_against_the_one_before():
    engine = Engine(-6.0, -6.0)
    labels, remaining = compute_checked(engine, HERE, ("energy",), neighbour(forces=False))
    assert remaining == pytest.approx(-6.0, abs=0.1)
    assert labels.flags == ()


def test_a_jump_down_is_held_against_the_frame_before():
    labels, remaining = compute_checked(Engine(-2.0, -2.0), HERE, ("energy",), neighbour())
    assert remaining == pytest.approx(-2.0, abs=1e-6)
    assert labels.flags == ()


def test_a_state_without_a_gap_is_flagged():
    class Gapless(Engine):
        def compute(self, positions, properties):
            labels = right(positions)
            labels.orbital_gap = -0.1
            return labels

    assert "gap" in compute_checked(Gapless(0, 0), HERE, ("energy",), None)[0].flags[0]
