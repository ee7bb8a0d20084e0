"""Finished frames survive kills, torn lines and a second writer; stale ones are refused."""

import json

import numpy as np
import pytest

from rpr.errors import InputError
from rpr.labels.partial_file import PartialFile

HEADER = {
    "method": {"basis": "sto-3g"},
    "frames": "abc",
    "properties": ["energy"],
    "charge": 0,
    "plain": False,
    "label_version": "1",
    "pyscf": "2",
}
INDICES = [7, 3, 5]


def begin(path, header=HEADER):
    partial = PartialFile(path, header, INDICES)
    return partial, partial.read()


def add(partial, *frames):
    for frame in frames:
        count = INDICES.index(frame) + 1
        partial.append({"frame": frame, "energy": 0.1 * frame}, {"density": np.eye(2)}, count)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "0000.extxyz.partial"


def frames(path):
    return [record["frame"] for record in begin(path)[1]]


def test_finished_frames_and_the_state_after_them_come_back(path):
    partial, records = begin(path)
    assert records == []
    add(partial, 7, 3)
    partial, records = begin(path)
    assert records == [{"frame": 7, "energy": 0.1 * 7}, {"frame": 3, "energy": 0.1 * 3}]
    np.testing.assert_array_equal(partial.read_state(2)["density"], np.eye(2))
    assert partial.read_state(3) == {}


def test_a_torn_line_is_dropped_and_the_next_one_is_whole(path):
    partial, _ = begin(path)
    add(partial, 7, 3)
    path.write_bytes(path.read_bytes()[:-5])
    assert frames(path) == [7]
    add(partial, 3, 5)
    assert frames(path) == INDICES


def test_a_torn_header_begins_anew(path):
    path.write_text('{"method"')
    assert frames(path) == []


def test_two_writers_do_not_disturb_each_other(path):
    first, _ = begin(path)
    add(first, 7)
    second, records = begin(path)
    assert len(records) == 1
    add(first, 3)
    add(second, 3)
    add(first, 5)
    first.close()
    add(second, 5)
    second.close()
    assert frames(path) == INDICES
    assert list(path.parent.iterdir()) == [path]


def test_frames_after_a_gap_are_computed_again(path):
    partial, _ = begin(path)
    add(partial, 7, 5)
    assert frames(path) == [7]


@pytest.mark.parametrize("key", HEADER)
def test_an_unfinished_file_of_something_else_is_refused(path, key):
    partial, _ = begin(path)
    add(partial, 7)
    with pytest.raises(InputError, match=key):
        begin(path, {**HEADER, key: "other"})


def test_a_finished_file_of_something_else_gives_way(path):
    partial, _ = begin(path)
    add(partial, *INDICES)
    assert begin(path, {**HEADER, "label_version": "other"})[1] == []
    assert json.loads(path.read_text())["label_version"] == "other"
