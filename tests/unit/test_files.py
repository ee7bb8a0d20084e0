"""Files appear whole or not at all."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rpr.files import atomic_path, read_arrays, sha256, write_arrays, write_json


def test_content_appears_at_the_end_and_no_temporary_file_stays(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt"
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_arrays_keep_the_name_of_their_file(tmp_path):
    write_arrays(tmp_path / "arrays.dat", a=np.arange(3))
    assert read_arrays(tmp_path / "arrays.dat")["a"].tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [tmp_path / "arrays.dat"]


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_writers_do_not_mix(tmp_path):
    path = tmp_path / "a.txt"

    def write(letter):
        for _ in range(50):
            with atomic_path(path) as temporary:
                temporary.write_text(letter * 10_000)

    whole = {"a" * 10_000, "b" * 10_000}
    path.write_text(min(whole))
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, letter) for letter in "ab"]
        while not all(writer.done() for writer in writers):
            assert path.read_text() in whole
        for writer in writers:
            writer.result()  # raises what a thread raised
    assert path.read_text() in whole
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_follow_the_umask(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    write_json(tmp_path / "a.json", {"b": 1, "a": [2]})
    assert (tmp_path / "a.json").stat().st_mode == plain.stat().st_mode
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [2], "b": 1}


def test_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "link.txt").symlink_to("data/target.txt")
    for text in ("new", "newer"):
        with atomic_path(tmp_path / "link.txt") as temporary:
            temporary.write_text(text)
        assert (tmp_path / "link.txt").is_symlink()
        assert (tmp_path / "data/target.txt").read_text() == text
