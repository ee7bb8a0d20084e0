"""One command at a time in a folder of unfinished work."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rpr.errors import InputError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Context in which no other command works in a folder; the lock goes with the process.

    Parameters
    ----------
    folder
        Folder of unfinished work, created if missing.

    Raises
    ------
    InputError
        If another command works there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    with open(path, "w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{folder}: another command works there; wait until it has ended, or name another "
                "output"
            ) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
