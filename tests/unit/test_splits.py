"""Splits: disjoint, seeded, nested, and whole trajectories held out."""

import numpy as np
import pytest

from rpr.data.splits import (
    random_order,
    random_split,
    read_split,
    trajectory_split,
    write_split,
)
from rpr.errors import InputError

TRAJECTORY = np.repeat(np.arange(70), 100)


def test_random_split_is_disjoint_and_complete():
    split = random_split(200, n_train=120, n_test=80, seed=0)
    assert np.array_equal(np.sort(np.concatenate([*split.values()])), np.arange(200))
    assert len(split["train"]) == 120


def test_random_split_is_random_and_seeded():
    one, same, other = (random_split(7000, n_train=1000, n_test=1000, seed=s) for s in (1, 1, 2))
    for name in ("train", "test"):
        assert np.array_equal(one[name], same[name])
        assert not np.array_equal(one[name], other[name])
        # The mean of 1000 of 7000 uniform indices: standard error 59.
        assert abs(one[name].mean() - 3499.5) < 300


def test_training_sets_of_one_seed_are_nested():
    small = random_split(1000, n_train=100, n_test=300, seed=4)
    large = random_split(1000, n_train=600, n_test=300, seed=4)
    assert np.array_equal(small["train"], large["train"][:100])
    assert np.array_equal(small["test"], large["test"])


@pytest.mark.parametrize("seed", range(5))
def test_no_trajectory_is_on_both_sides(seed):
    split = trajectory_split(TRAJECTORY, n_train=1000, n_test=1000, seed=seed)
    train, test = (set(TRAJECTORY[split[name]]) for name in ("train", "test"))
    assert not train & test
    assert len(test) == 10
    assert len(split["train"]) == len(split["test"]) == 1000
    assert len(set(split["train"])) == 1000


def test_no_more_trajectories_are_held_out_than_needed():
    split = trajectory_split(TRAJECTORY, n_train=5900, n_test=1001, seed=0)
    assert len(set(TRAJECTORY[split["test"]])) == 11
    assert len(split["train"]) == 5900


def test_trajectories_may_differ_in_length_and_have_any_number():
    trajectory = np.array([7] * 3 + [2] * 5 + [40] * 4)
    for seed in range(20):
        split = trajectory_split(trajectory, n_train=3, n_test=3, seed=seed)
        assert not set(trajectory[split["train"]]) & set(trajectory[split["test"]])


def test_random_order_is_a_shuffle_that_depends_on_the_seed():
    pool = np.arange(500, 800)
    order = random_order(pool, seed=3)
    assert np.array_equal(np.sort(order), pool)
    assert np.array_equal(random_order(5, seed=1), random_order(range(5), seed=1))
    assert not np.array_equal(order, random_order(pool, seed=4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: random_split(100, n_train=60, n_test=41, seed=0),
            r"n_train \+ n_test: found 60 \+ 41 = 101, expected at most 100",
        ),
        (lambda: random_split(100, n_train=0, n_test=4, seed=0), "n_train: found 0"),
        (lambda: random_split(100, n_train=4, n_test=-1, seed=0), "n_test: found -1"),
        (
            lambda: trajectory_split(TRAJECTORY, n_train=6000, n_test=1001, seed=0),
            "found 6000 and 1001, but 70 trajectories of 7000 frames leave 5900 to train on",
        ),
        (
            lambda: trajectory_split(np.zeros(50), n_train=10, n_test=10, seed=0),
            "but 1 trajectories of 50 frames leave 0",
        ),
        (
            lambda: trajectory_split(TRAJECTORY, n_train=1, n_test=8000, seed=0),
            "make them smaller or run more trajectories",
        ),
    ],
)
def test_sizes_beyond_the_data_are_input_errors(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_file_keeps_sets_and_order(tmp_path):
    split = random_split(50, n_train=20, n_test=10, seed=1)
    write_split(tmp_path / "split.csv", split)
    assert (tmp_path / "split.csv").read_text().startswith("frame,set\n")
    again = read_split(tmp_path / "split.csv", n_frames=50)
    assert list(again) == ["train", "test"]
    for name in split:
        assert np.array_equal(again[name], split[name])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not readable as a table"),
        ("frame,sett\n1,train\n", "found columns frame, sett, expected frame,set: 'set' is miss"),
        ("frame,set\n", "column frame holds something other|found no frames"),
        ("frame,set\n1,train\n1,test\n", "frame 1 is listed more than once"),
        ("frame,set\n-1,train\n", "found frame -1, expected 0 to 9"),
        ("frame,set\n10,train\n", "found frame 10, expected 0 to 9; the split belongs to other"),
        ("frame,set\n1.5,train\n", "column frame holds something other than frame indices"),
        ("frame,set\nx,train\n", "column frame holds something other than frame indices"),
    ],
)
def test_damaged_file_is_an_input_error(tmp_path, content, message):
    path = tmp_path / "split.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_split(path, n_frames=10)
    assert "split.csv" in str(caught.value)


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: not readable"):
        read_split(tmp_path / "none.csv")


def test_trajectories_of_unequal_length_are_chosen_to_fit():
    trajectory = np.repeat(np.arange(70), np.random.default_rng(1).integers(3, 15, size=70))
    n_test = len(trajectory) // 5
    n_train = len(trajectory) - n_test
    for seed in range(5):
        split = trajectory_split(trajectory, n_train=n_train, n_test=n_test, seed=seed)
        assert len(split["train"]) == n_train
        assert len(split["test"]) == n_test
        assert not set(trajectory[split["train"]]) & set(trajectory[split["test"]])
