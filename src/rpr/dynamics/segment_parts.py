"""Finished segments of unfinished thermal trajectories, from which an interrupted run resumes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from rpr.data.segments import Segments, read_segments, write_segments
from rpr.errors import InputError
from rpr.files import unfinished_path

#: Positions, velocities and random numbers of all trajectories after a segment.
State = dict[str, np.ndarray]


class SegmentParts:
    """Files of finished segments beside the final file, until all are there.

    Parameters
    ----------
    path
        The final file.
    fingerprint
        Of the settings, so that other ones find no parts of theirs here.
    """

    def __init__(self, path: str | os.PathLike, fingerprint: str) -> None:
        self.base = unfinished_path(path, fingerprint)

    def _path(self, number: int) -> Path:
        return self.base.with_name(f"{self.base.name}.{number}.npz")

    def finished(self, n_segments: int) -> list[Segments]:
        """Segments that are there, up to the first that is missing or cannot be read."""
        found: list[Segments] = []
        while len(found) < n_segments and self._path(len(found)).exists():
            try:
                found.append(read_segments(self._path(len(found))))
            except InputError:
                break
        return found

    def state(self, n_done: int) -> State:
        """State after the first `n_done` segments."""
        with np.load(self._path(n_done - 1), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if name.startswith("state_")}

    def write(self, number: int, segments: Segments, state: State) -> None:
        """Write segment `number` of all trajectories, and the state after it."""
        write_segments(self._path(number), segments, **state)

    def remove(self, n_segments: int) -> None:
        """Delete all parts."""
        for number in range(n_segments):
            self._path(number).unlink(missing_ok=True)
