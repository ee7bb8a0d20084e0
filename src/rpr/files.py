"""Files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Temporary path beside `path` that replaces it when the block ends without an error.

    The temporary name is unique and keeps the suffix of `path`, so that writers which choose the
    format by suffix work, and two processes that write the same file do not mix.

    Parameters
    ----------
    path
        Final path; its folder is created if missing.

    Yields
    ------
    Path
        Where to write.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: str | os.PathLike, content: object) -> None:
    """Write `content` as indented JSON, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def read_failure(error: Exception) -> str:
    """Why a file could not be read, in one line, for a message."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    text = str(error) or type(error).__name__
    return text.splitlines()[0]


def write_arrays(path: str | os.PathLike, **arrays: np.ndarray) -> None:
    """Write named arrays as npz, atomically."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Named arrays of an npz file."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)
