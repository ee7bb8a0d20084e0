"""Checkpoints: the state of a long computation, exact to the last bit, in one file."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rpr.files import atomic_path

_KEY = "fingerprint"


def fingerprint(settings: Mapping[str, object], *arrays: np.ndarray) -> str:
    """SHA-256 of settings (JSON values) and arrays: equal if and only if they are the same."""
    text = json.dumps(settings, sort_keys=True, default=lambda number: number.item())
    digest = hashlib.sha256(text.encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype=float).tobytes())
    return digest.hexdigest()


def save(path: str | os.PathLike, *, fingerprint: str, state: Mapping[str, np.ndarray]) -> None:
    """Write the state as ``.npz``; an older checkpoint is replaced in one step.

    A process that is killed here, or another one that writes the same checkpoint, leaves a whole
    file behind, never parts of two.
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **{_KEY: np.array(fingerprint)}, **state)


def load(path: str | os.PathLike, *, fingerprint: str) -> tuple[dict[str, np.ndarray] | None, str]:
    """Read a checkpoint if it can be used.

    Returns
    -------
    state : dict or None
        None if there is no checkpoint, it cannot be read or belongs to other settings: the
        computation then begins anew, as a checkpoint never holds more than time.
    reason : str
        Why there is no state, for the log; empty if there is one or no file.
    """
    if not Path(path).exists():
        return None, ""
    try:
        with np.load(path, allow_pickle=False) as content:
            state = {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        return None, f"{path} is not readable ({error})"
    if str(state.pop(_KEY, "")) != fingerprint:
        return None, f"{path} was written with other settings"
    return state, ""
