"""Frames with derivatives are found by their geometries, in whatever order they are deposited."""

import numpy as np
import pytest

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.run.derivatives import take_derivatives
from rpr.studies.frame_list import frame_list

RNG = np.random.default_rng(0)
FRAMES = FrameSet(
    ("O", "H", "H"), RNG.normal(size=(6, 3, 3)), trajectory=np.arange(6), step=np.arange(6)
)
TEST = FrameSet(
    ("O", "H", "H"), RNG.normal(size=(4, 3, 3)), trajectory=np.arange(4), step=np.arange(4)
)


def deposited(order):
    both = np.concatenate([FRAMES.positions[[4, 1, 3]], TEST.positions[[2, 0]]])[order]
    return FrameSet(
        FRAMES.symbols,
        both,
        dipole_derivatives=np.repeat(both[:, :, :, None], 3, axis=3),
        trajectory=np.zeros(5),
        step=np.zeros(5),
    )


@pytest.mark.parametrize(
    ("order", "first"), [([0, 1, 2, 3, 4], (4, 1, 2)), ([4, 2, 0, 3, 1], (3, 4, 0))]
)
def test_first_frames_of_each_set(order, first):
    chosen = take_derivatives(deposited(order), FRAMES, TEST, n_frames=2, n_test_frames=1)
    expected = [*FRAMES.positions[list(first[:2])], TEST.positions[first[2]]]
    np.testing.assert_array_equal(chosen.positions, expected)
    np.testing.assert_array_equal(chosen.dipole_derivatives[..., 2], expected)
    assert len(take_derivatives(deposited(order), FRAMES, TEST, n_frames=3, n_test_frames=0)) == 3


def test_too_few_are_refused():
    words = "fewer_labels/n_test_frames: found 3, but 2 frames of the test set of this run have"
    with pytest.raises(InputError, match=words):
        take_derivatives(deposited(range(5)), FRAMES, TEST, n_frames=1, n_test_frames=3)


def test_list_of_frames_with_their_splits():
    splits = {"random": {"train": np.array([5, 0]), "test": np.array([2])}}
    table = frame_list(FRAMES, splits)
    assert list(table.columns) == ["frame", "trajectory", "step", "split_random"]
    assert table["split_random"].tolist() == ["train", "", "test", "", "", "train"]


def test_frames_with_derivatives_need_no_copies():
    own = FRAMES.subset(np.arange(6))
    own.dipole_derivatives = np.repeat(own.positions[:, :, :, None], 3, axis=3)
    chosen = take_derivatives(deposited(range(5)), own, TEST, n_frames=5, n_test_frames=2)
    expected = [*own.positions[:5], *TEST.positions[[2, 0]]]
    np.testing.assert_array_equal(chosen.positions, expected)
    with pytest.raises(InputError, match="found 7, but 6 labelled frames"):
        take_derivatives(deposited(range(5)), own, TEST, n_frames=7, n_test_frames=0)
