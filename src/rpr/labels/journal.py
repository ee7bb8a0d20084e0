"""Journal of a computation of many steps: what an engine computed, so that it resumes.

Optimisations and Hessians ask an engine for one frame after the other, and are deterministic: given
the same labels they ask for the same frames again.  A journal writes down each frame with its
labels.  When the computation is started anew after it was interrupted, frames that are in the
journal are not computed but read, until the first one that is missing; from there the engine
goes on with the guess that it had.  Frames whose labels are incomplete are not written down.

Each engine of the computation has a file of its own (:mod:`rpr.labels.record_file`), which belongs
to its settings, its number among the engines, and its first frame.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from rpr.files import fingerprint
from rpr.labels.record_file import RecordFile
from rpr.labels.results import ALL_PROPERTIES, PROPERTIES, Engine, Labels


class Journal:
    """Journal of all engines of one computation.

    Parameters
    ----------
    path
        Path of its files without the fingerprints.  It must not be an output of a workflow rule,
        because a killed job would lose it.
    log
        Called with a line of text if there is something to resume from.
    """

    def __init__(self, path: str | os.PathLike, log: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._log = log or (lambda line: None)
        self._n_engines = 0
        self._files: list[RecordFile] = []

    def kept(self, engine: Engine, settings: Mapping[str, object]) -> Engine:
        """The engine, which writes into the journal and reads from it what is there.

        Parameters
        ----------
        engine
            Engine of frames of one molecule.
        settings
            JSON values of everything that its labels depend on.
        """
        header = {**settings, "engine": self._n_engines}
        self._n_engines += 1
        return _JournalledEngine(engine, lambda first: self._open({**header, "first": first}))

    def close(self) -> None:
        """Delete the states of the engines, once the results of the computation are written.

        The frames stay: a workflow that was killed before it took note of the results asks for them
        once more, and then nothing has to be computed.
        """
        for file in self._files:
            file.close()
        self._files = []

    def _open(self, header: Mapping[str, object]) -> tuple[RecordFile, dict[str, dict]]:
        """File of an engine, and what is in it."""
        os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
        file = RecordFile(self._path, header)
        self._files.append(file)
        records = file.records()
        if records:
            self._log(f"resuming: frames known from an earlier run: {len(records)}")
        return file, records


class _JournalledEngine:
    """Engine that computes only what its file does not have.

    Parameters
    ----------
    engine
        The engine that computes.
    open_file
        Gives the file and its records, by the name of the first frame.
    """

    def __init__(
        self, engine: Engine, open_file: Callable[[str], tuple[RecordFile, dict[str, dict]]]
    ) -> None:
        self._engine = engine
        self._open = open_file
        self._file: RecordFile | None = None
        self._records: dict[str, dict] = {}
        self._last: str | None = None  # frame after which the state on disk applies
        self._previous: str | None = None  # frame before, unless the engine was reset
        self._n_resets = 0

    def compute(self, positions: np.ndarray, properties: Sequence[str] = PROPERTIES) -> Labels:
        """Labels of one frame, computed or read; as :meth:`rpr.labels.results.Engine.compute`."""
        asked = {"properties": sorted(properties), "resets": self._n_resets}
        frame = fingerprint(asked, positions)
        if self._file is None:
            self._file, self._records = self._open(frame)
            self._last = next(reversed(self._records), None)
        if frame in self._records:
            labels = _as_labels(self._records[frame]["labels"])
        else:
            labels = self._compute(self._file, frame, positions, properties)
        self._previous = frame
        return labels

    def _compute(
        self, file: RecordFile, frame: str, positions: np.ndarray, properties: Sequence[str]
    ) -> Labels:
        """Labels of a frame that is not in the file, which then has it."""
        if self._last is not None and self._previous == self._last:
            state = file.read_state(len(self._records))
            if state:
                self._engine.set_state(state)
        self._last = None
        labels = self._engine.compute(positions, properties)
        if not labels.flags and all(getattr(labels, name) is not None for name in properties):
            self._records[frame] = {"frame": frame, "labels": _as_json(labels)}
            file.append(self._records[frame], self._engine.get_state(), len(self._records))
        return labels

    def reset(self) -> None:
        """Forget the previous frames; the next one may be the last one with another guess."""
        self._n_resets += 1
        self._previous = None
        self._engine.reset()

    def get_state(self) -> dict[str, np.ndarray]:
        """Memory of previous frames, as arrays."""
        return self._engine.get_state()

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a state of `get_state`."""
        self._engine.set_state(state)


def _as_json(labels: Labels) -> dict[str, Any]:
    values = {field.name: getattr(labels, field.name) for field in fields(labels)}
    del values["timings"]
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}


def _as_labels(values: Mapping[str, Any]) -> Labels:
    arrays = {k: np.array(v) for k, v in values.items() if k in ALL_PROPERTIES[1:] and v}
    return Labels(**{**values, **arrays, "flags": tuple(values["flags"])})
