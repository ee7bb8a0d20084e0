"""The partial file of a shard: one line per finished frame, safe against a kill at any moment.

It stays when the shard is finished: a workflow that was killed before it took note of the outputs
asks for the shard once more, and then nothing has to be computed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rpr.errors import InputError
from rpr.files import atomic_path

_MEANING = {
    "method": "another method",
    "frames": "other geometries or another selection of frames",
    "properties": "other properties",
    "charge": "another charge",
    "plain": "another program (plain PySCF or the label engine)",
    "label_version": "another version of the labels",
    "pyscf": "another version of PySCF",
}


class PartialFile:
    """Finished frames on disk.

    The first line is the header, every further line one frame as JSON.  A line that a kill cut
    short is dropped.  The state of the engine after line n lies in one of two files, in turn,
    written before the line: one of them always belongs to the last complete line.  Of two
    processes that label the same frames (one of them forgotten by a workflow that was killed)
    each appends its own lines; the first line of a frame counts.

    Parameters
    ----------
    path
        Of the partial file.
    header
        What the frames depend on; a file with another header is refused unless it is finished.
    indices
        The frames, in the order in which they are labelled.
    """

    def __init__(self, path: str | os.PathLike, header: dict, indices: Sequence[int]):
        self.path = Path(path)
        self._header = {**header, "n_frames": len(indices)}
        self._indices = indices

    def read(self) -> list[dict]:
        """Records of the first frames, without a gap; begins the file if there is none.

        Raises
        ------
        InputError
            If the file was written with another header, which is named, and is not finished.
        """
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        if len(lines) < 2 or self._is_obsolete(lines[0], len(lines) - 2):
            self._begin()
            return []
        if lines[-1]:
            self._append(b"\n")
        found: dict[int, dict] = {}
        for line in lines[1:-1]:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                record = json.loads(line)
                found.setdefault(record["frame"], record)
        return [found[k] for k in itertools.takewhile(found.__contains__, self._indices)]

    def append(self, record: dict, state: dict[str, np.ndarray], count: int) -> None:
        """Add a finished frame, the `count`-th line, with the engine's state after it."""
        with atomic_path(self._state_path(count)) as temporary, open(temporary, "wb") as stream:
            np.savez(stream, count=count, **{f"state_{k}": v for k, v in state.items()})
        self._append(json.dumps(record).encode() + b"\n")

    def read_state(self, count: int) -> dict[str, np.ndarray]:
        """State of the engine after `count` lines; empty if there is none."""
        path = self._state_path(count)
        if count == 0 or not path.exists():
            return {}
        with np.load(path) as content:
            if int(content["count"]) != count:
                return {}
            return {k[6:]: content[k] for k in content.files if k.startswith("state_")}

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

    def _is_obsolete(self, line: bytes, n_records: int) -> bool:
        """Whether a file with the first line `line` is finished, but of other frames."""
        try:
            found = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"{self.path}: found a first line that is no header of a partial file; "
                "delete the file to begin anew"
            ) from error
        for key, meaning in _MEANING.items():
            if found.get(key) == self._header[key]:
                continue
            if n_records >= found.get("n_frames", math.inf):
                return True
            raise InputError(
                f"{self.path}: the partial file belongs to {meaning} "
                f"(found {key} {found.get(key)}, expected {self._header[key]}); delete it to "
                "label these frames anew, or restore what it was begun with to go on with it"
            )
        return False

    def _state_path(self, count: int) -> Path:
        return self.path.with_name(f"{self.path.name}.state{count % 2}.npz")
