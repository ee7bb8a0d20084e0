"""Finished frames on disk: one line of JSON for each, safe against a kill at any moment.

The first line is the header, everything that the frames depend on; the name of the file ends with
its fingerprint (:mod:`rpr.files`).  A line that a kill cut short is dropped.  The state of the
engine after line n lies in one of two files, in turn, written before the line: one of them always
belongs to the last complete line.  Of two processes that compute the same frames (one of them
forgotten by a workflow that was killed) each appends its own lines; the first line of a frame
counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rpr.errors import InputError
from rpr.files import (
    atomic_path,
    fingerprint,
    other_unfinished,
    read_arrays,
    unfinished_path,
    write_arrays,
)

_COUNT, _STATE = "count", "state_"


class RecordFile:
    """Records of finished frames; the module says how they are kept.

    Parameters
    ----------
    path
        Path of the file without the fingerprint.
    header
        JSON values of everything that the records depend on.

    Attributes
    ----------
    path : Path
        Path with the fingerprint of the header.
    others : str
        Which files of other settings lie beside it, in words; empty if there are none.
    """

    def __init__(self, path: str | os.PathLike, header: Mapping[str, object]) -> None:
        self._header = dict(header)
        key = fingerprint(self._header)
        self.path = unfinished_path(path, key)
        self._adopt(Path(path))
        self.others = other_unfinished(path, key)

    def records(self) -> dict[Any, dict]:
        """Records by their ``frame``, in the order of the file, which is begun if there is none.

        Raises
        ------
        InputError
            If the first line of the file is not its header.
        """
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        if len(lines) < 2:
            self._begin()
            return {}
        if _parsed(lines[0]) != self._header:
            raise InputError(
                f"{self.path}: found a first line that is not the header of these frames; delete "
                "the file to start again"
            )
        if lines[-1]:
            self._append(b"\n")
        found: dict[Any, dict] = {}
        for line in lines[1:-1]:
            with contextlib.suppress(KeyError, TypeError):
                record = _parsed(line)
                found.setdefault(record["frame"], record)
        return found

    def append(self, record: dict, state: Mapping[str, np.ndarray], count: int) -> None:
        """Add a finished frame, the `count`-th line, with the engine's state after it."""
        arrays = {_COUNT: np.array(count), **{f"{_STATE}{k}": v for k, v in state.items()}}
        write_arrays(self._state_path(count), **arrays)
        self._append(json.dumps(record).encode() + b"\n")

    def read_state(self, count: int) -> dict[str, np.ndarray]:
        """State of the engine after `count` lines; empty if there is none that is readable."""
        path = self._state_path(count)
        if count == 0 or not path.exists():
            return {}
        try:
            content = read_arrays(path)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):  # the guess is lost, no more
            return {}
        if int(content.get(_COUNT, -1)) != count:
            return {}
        return {k.removeprefix(_STATE): v for k, v in content.items() if k.startswith(_STATE)}

    def close(self) -> None:
        """Delete the states; the finished frames stay."""
        for count in (0, 1):
            self._state_path(count).unlink(missing_ok=True)

    def _begin(self) -> None:
        with atomic_path(self.path) as temporary:
            temporary.write_text(json.dumps(self._header) + "\n")

    def _append(self, line: bytes) -> None:
        with open(self.path, "ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())

    def _adopt(self, path: Path) -> None:
        """Rename a file of these settings that was begun before names had a fingerprint."""
        if self.path.exists() or not path.is_file():
            return
        with open(path, "rb") as stream:
            header = _parsed(stream.readline())
        if header == self._header:
            for state in path.parent.glob(f"{path.name}.state?.npz"):
                os.replace(
                    state, self.path.with_name(self.path.name + state.name[len(path.name) :])
                )
            os.replace(path, self.path)

    def _state_path(self, count: int) -> Path:
        return self.path.with_name(f"{self.path.name}.state{count % 2}.npz")


def _parsed(line: bytes) -> Any:
    """A line as JSON; None if it is none."""
    with contextlib.suppress(ValueError):
        return json.loads(line)
    return None
