"""Files that appear whole or not at all, and where unfinished work is kept.

Unfinished work, such as the labelled frames of a shard or the checkpoint of a trajectory, is kept
in a file whose name ends with a fingerprint of everything that its numbers depend on.  Work of
other settings lies beside it: it is never mixed in, overwritten or refused, and it resumes when
the settings come back.  Delete such files when nobody needs them any more.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Temporary path beside `path` that replaces it when the block ends without an error.

    The temporary name is unique, so that two processes can write the same file, and keeps the
    suffix of `path`, by which some writers choose the format.  A symbolic link stays one: the file
    that it points to is replaced.

    Parameters
    ----------
    path
        Final path; its folder is created if missing.

    Yields
    ------
    Path
        Path of the temporary file.
    """
    path = Path(os.path.realpath(path))
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


def fingerprint(settings: Mapping[str, object], *arrays: np.ndarray) -> str:
    """SHA-256 of settings (JSON values) and arrays: equal if and only if they are the same."""
    text = json.dumps(settings, sort_keys=True, default=lambda number: number.item())
    digest = hashlib.sha256(text.encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype=float).tobytes())
    return digest.hexdigest()


def unfinished_path(path: str | os.PathLike, fingerprint: str) -> Path:
    """File of unfinished work: `path` with the first digits of the fingerprint at its end."""
    path = Path(path)
    return path.with_name(f"{path.name}.{fingerprint[:12]}")


def other_unfinished(path: str | os.PathLike, fingerprint: str) -> str:
    """Which unfinished work of other settings lies there, in words; empty if there is none."""
    own, path = unfinished_path(path, fingerprint).name, Path(path)
    names = sorted(p.name for p in path.parent.glob(f"{path.name}*") if ".state" not in p.name)
    found = [name for name in names if name != own]
    return f"{', '.join(found)}: made with other settings, and kept" if found else ""


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: str | os.PathLike, content: object) -> None:
    """Write `content` as indented JSON, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def read_failure(error: Exception) -> str:
    """Reason why a file could not be read, in one line, for a message."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    text = str(error) or type(error).__name__
    return text.splitlines()[0]


def write_arrays(path: str | os.PathLike, **arrays: np.ndarray) -> None:
    """Write named arrays as an npz file, atomically."""
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Named arrays of an npz file."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)
