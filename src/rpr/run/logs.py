"""Where a script's words go: all into its log file, errors of the user in one clear message."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path

from rpr.errors import ConvergenceError, InputError


def start(path: str | os.PathLike) -> logging.Logger:
    """Send all that this process prints, logs and raises to the file `path`.

    Output of compiled libraries is caught too. An `InputError` or `ConvergenceError` that nobody
    handles is printed as one message; any other exception with its traceback.

    Parameters
    ----------
    path
        Log file, written anew; its folder is created if missing.

    Returns
    -------
    logging.Logger
        For progress: ``log.info("12 of 25 frames")``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    for standard in (sys.stdout, sys.stderr):
        standard.flush()
        os.dup2(stream, standard.fileno())
        standard.reconfigure(line_buffering=True)
    os.close(stream)
    sys.excepthook = _report
    logging.captureWarnings(True)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    return logging.getLogger("rpr")


def _report(kind: type[BaseException], error: BaseException, trace) -> None:
    if issubclass(kind, InputError | ConvergenceError):
        print(f"\nerror: {error}", file=sys.stderr)
        return
    traceback.print_exception(kind, error, trace, file=sys.stderr)
