"""Finished frames survive kills, torn lines, a second writer and a change of settings."""

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
    partial.path.write_bytes(partial.path.read_bytes()[:-5])
    assert frames(path) == [7]
    add(partial, 3, 5)
    assert frames(path) == INDICES


def test_a_torn_header_begins_anew(path):
    partial, _ = begin(path)
    partial.path.write_text('{"method"')
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
    assert list(path.parent.iterdir()) == [first.path]


def test_frames_after_a_gap_are_computed_again(path):
    partial, _ = begin(path)
    add(partial, 7, 5)
    assert frames(path) == [7]


@pytest.mark.parametrize("key", HEADER)
def test_work_of_other_settings_is_kept_and_comes_back_with_them(path, key):
    partial, _ = begin(path)
    add(partial, 7)
    other, records = begin(path, {**HEADER, key: "other"})
    assert records == []
    assert f"{partial.path.name}: made with other settings, and kept" in other.others
    add(other, 7, 3)
    assert frames(path) == [7]
    np.testing.assert_array_equal(partial.read_state(1)["density"], np.eye(2))


def test_a_file_whose_name_has_no_fingerprint_yet_is_taken_over(path):
    partial, _ = begin(path)
    add(partial, 7, 3)
    for file in list(path.parent.iterdir()):
        file.rename(path.parent / file.name.replace(partial.path.name, path.name))
    assert begin(path, {**HEADER, "charge": 1})[1] == []
    assert path.exists()
    partial, records = begin(path)
    assert [record["frame"] for record in records] == [7, 3]
    np.testing.assert_array_equal(partial.read_state(2)["density"], np.eye(2))
    assert not path.exists()


def test_a_damaged_first_line_is_refused(path):
    partial, _ = begin(path)
    add(partial, 7)
    partial.path.write_bytes(b"x" + partial.path.read_bytes())
    with pytest.raises(InputError, match=r"first line.*delete the file"):
        begin(path)
