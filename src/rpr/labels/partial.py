"""The partial file of a shard: one line per finished frame, safe against a kill at any moment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from rpr.errors import InputError
from rpr.files import atomic_path

_MEANING = {
    "method": "another method",
    "frames": "other geometries or another selection of frames",
    "properties": "other properties",
    "charge": "another charge",
    "code": "another version of the label code",
    "pyscf": "another version of PySCF",
}


class PartialFile:
    """Finished frames on disk.

    The first line is the header, every further line one frame as JSON.  A line that a kill cut
    short is dropped.  The state of the engine after line n lies in one of two files, in turn,
    written before the line: one of them always belongs to the last complete line.

    Parameters
    ----------
    path
        Of the partial file.
    header
        What the frames depend on; a file with another header is refused.
    """

    def __init__(self, path: str | os.PathLike, header: dict):
        self.path = Path(path)
        self._header = header

    def read(self) -> list[dict]:
        """Records on disk; begins the file if there is none.

        Raises
        ------
        InputError
            If the file was written with another header, which is named.
        """
        if not self.path.exists():
            self._begin()
            return []
        lines = self.path.read_bytes().split(b"\n")
        complete, torn = lines[:-1], lines[-1]
        if not complete:
            self._begin()
            return []
        self._check(complete[0])
        if torn:
            os.truncate(self.path, self.path.stat().st_size - len(torn))
        return [json.loads(line) for line in complete[1:]]

    def append(self, record: dict, state: dict[str, np.ndarray], count: int) -> None:
        """Add a finished frame, the `count`-th line, with the engine's state after it."""
        with atomic_path(self._state_path(count)) as temporary, open(temporary, "wb") as stream:
            np.savez(stream, count=count, **{f"state_{k}": v for k, v in state.items()})
        with open(self.path, "ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def read_state(self, count: int) -> dict[str, np.ndarray]:
        """State of the engine after `count` lines; empty if there is none."""
        path = self._state_path(count)
        if count == 0 or not path.exists():
            return {}
        with np.load(path) as content:
            if int(content["count"]) != count:
                return {}
            return {k[6:]: content[k] for k in content.files if k.startswith("state_")}

    def remove(self) -> None:
        """Delete the file and its states."""
        for path in (self.path, self._state_path(0), self._state_path(1)):
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        with atomic_path(self.path) as temporary:
            temporary.write_text(json.dumps(self._header) + "\n")

    def _check(self, line: bytes) -> None:
        try:
            found = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"{self.path}: found a first line that is no header of a partial file; "
                "delete the file to begin anew"
            ) from error
        for key, meaning in _MEANING.items():
            if found.get(key) != self._header[key]:
                raise InputError(
                    f"{self.path}: the partial file belongs to {meaning} "
                    f"(found {key} {found.get(key)}, expected {self._header[key]}); delete it to "
                    "label these frames anew, or restore what it was begun with to go on with it"
                )

    def _state_path(self, count: int) -> Path:
        return self.path.with_name(f"{self.path.name}.state{count % 2}.npz")
