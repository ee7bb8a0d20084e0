"""Checkpoints: the state of a long computation, exact to the last bit, in one file.

A checkpoint belongs to the settings whose fingerprint its name ends with (:mod:`rpr.files`).
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rpr.errors import InputError
from rpr.files import atomic_path, other_unfinished, read_failure, unfinished_path

_KEY = "fingerprint"


def save(path: str | os.PathLike, *, fingerprint: str, state: Mapping[str, np.ndarray]) -> None:
    """Write the state as npz; an older checkpoint of the same settings is replaced in one step.

    A process that is killed here, or another one that writes the same checkpoint, leaves a whole
    file behind, never parts of two.
    """
    own = unfinished_path(path, fingerprint)
    with atomic_path(own) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **{_KEY: np.array(fingerprint)}, **state)  # type: ignore[arg-type]


def load(path: str | os.PathLike, *, fingerprint: str) -> tuple[dict[str, np.ndarray] | None, str]:
    """Read the checkpoint of these settings.

    Returns
    -------
    state : dict or None
        None if there is no checkpoint of these settings, or it cannot be read.
    reason : str
        Why there is no state, for the log; empty if there is one or no file at all.
    """
    own = unfinished_path(path, fingerprint)
    _adopt(Path(path), own, fingerprint)
    if not own.exists():
        return None, other_unfinished(path, fingerprint)
    try:
        return _read(own, fingerprint), ""
    except InputError as error:
        return None, str(error)


def _read(path: Path, fingerprint: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as content:
            state = {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not readable ({read_failure(error)})") from error
    if str(state.pop(_KEY, "")) != fingerprint:
        raise InputError(f"{path} was made with other settings")
    return state


def _adopt(path: Path, own: Path, fingerprint: str) -> None:
    """Rename a checkpoint of these settings that was written before names had a fingerprint."""
    if path.is_file() and not own.exists():
        with contextlib.suppress(InputError):
            _read(path, fingerprint)
            os.replace(path, own)
