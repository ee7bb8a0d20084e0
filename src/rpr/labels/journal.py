"""Journal of a computation of many steps: what an engine computed, so that it resumes.

Optimisations and Hessians ask an engine for one frame after the other, and are deterministic: given
the same labels they ask for the same frames again.  A journal writes down each frame with its
labels.  When the computation is started anew after it was interrupted, frames that are in the
journal are not computed but read, until the first one that is missing; from there the engine
goes on with the guess that it had.

The file is text, one line for each frame, and belongs to the settings whose fingerprint its name
ends with (:mod:`rpr.files`).  A line that a kill cut short is dropped.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from rpr.files import fingerprint, read_arrays, unfinished_path, write_arrays
from rpr.labels.results import ALL_PROPERTIES, PROPERTIES, Engine, Labels

_COUNT = "count"


class Journal:
    """Journal of all engines of one computation.

    Parameters
    ----------
    path
        Path of its files without the fingerprint.  It must not be an output of a workflow rule,
        because a killed job would lose it.
    log
        Called with a line of text if there is something to resume from.
    """

    def __init__(self, path: str | os.PathLike, log: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._log = log or (lambda line: None)
        self._records: dict[str, _Record] = {}

    def kept(self, engine: Engine, settings: Mapping[str, object]) -> Engine:
        """The engine, which writes into the journal and reads from it what is there.

        Parameters
        ----------
        engine
            Engine of frames of one molecule.
        settings
            JSON values of everything that its labels depend on.
        """
        key = fingerprint(settings)
        if key not in self._records:
            record = self._records[key] = _Record(unfinished_path(self._path, key))
            if len(record):
                self._log(f"resuming: frames known from an earlier run: {len(record)}")
        return _JournalledEngine(engine, self._records[key])

    def close(self) -> None:
        """Delete the files that were used, once the results of the computation are written."""
        for record in self._records.values():
            record.delete()
        self._records = {}


class _Record:
    """Labels of one set of settings by frame, on disk, and the state of the engine after the last.

    The state is written before the line that it belongs to; one that a kill left without its line
    counts another number of lines, and is not used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state_path = path.with_name(f"{path.name}.state.npz")
        self._labels: dict[str, Labels] = {}
        text = path.read_text() if path.exists() else ""
        for line in text.splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError):
                entry = json.loads(line)
                self._labels[entry["frame"]] = _as_labels(entry["labels"])
        if text and not text.endswith("\n"):
            self._append("\n")
        self._state = self._read_state() if self._labels else {}

    def __len__(self) -> int:
        return len(self._labels)

    def get(self, frame: str) -> Labels | None:
        return self._labels.get(frame)

    def add(self, frame: str, labels: Labels, state: Mapping[str, np.ndarray]) -> None:
        self._labels[frame] = labels
        if state:
            write_arrays(self._state_path, **{_COUNT: np.array(len(self._labels))}, **state)
        self._append(json.dumps({"frame": frame, "labels": _as_json(labels)}) + "\n")

    def take_state(self) -> dict[str, np.ndarray]:
        """State of the engine after the last frame that was on disk; empty the second time."""
        state, self._state = self._state, {}
        return state

    def delete(self) -> None:
        for path in (self._path, self._state_path):
            path.unlink(missing_ok=True)

    def _read_state(self) -> dict[str, np.ndarray]:
        if not self._state_path.exists():
            return {}
        state = read_arrays(self._state_path)
        return state if int(state.pop(_COUNT)) == len(self._labels) else {}

    def _append(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path, "a") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())


class _JournalledEngine:
    """Engine that computes only what its record does not have."""

    def __init__(self, engine: Engine, record: _Record) -> None:
        self._engine = engine
        self._record = record
        self._n_resets = 0
        self._forgetful = False  # whether it was reset after its last frame

    def compute(self, positions: np.ndarray, properties: Sequence[str] = PROPERTIES) -> Labels:
        """Labels of one frame, computed or read; as :meth:`rpr.labels.results.Engine.compute`."""
        asked = {"properties": sorted(properties), "resets": self._n_resets}
        frame = fingerprint(asked, positions)
        labels = self._record.get(frame)
        if labels is None:
            state = self._record.take_state()
            if state and not self._forgetful:
                self._engine.set_state(state)
            labels = self._engine.compute(positions, properties)
            self._record.add(frame, labels, self._engine.get_state())
        self._forgetful = False
        return labels

    def reset(self) -> None:
        """Forget the previous frames; the next one may be the last one with another guess."""
        self._n_resets += 1
        self._forgetful = True
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


def _as_labels(values: dict[str, Any]) -> Labels:
    for name in ALL_PROPERTIES[1:]:
        if values[name] is not None:
            values[name] = np.array(values[name])
    return Labels(**{**values, "flags": tuple(values["flags"])})
