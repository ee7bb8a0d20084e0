"""Redirect the output of a script to its log, and print errors of the user as one message."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

from rpr.errors import ConvergenceError, ExtrapolationWarning, InputError


def start(path: str | os.PathLike) -> logging.Logger:
    """Send all that this process prints, logs and raises to the file `path`.

    This includes the output of compiled libraries. An `InputError` or `ConvergenceError` that is
    not handled is printed as one message, any other exception with its traceback.  Predictions
    outside the range of the training frames are not warned of, as studies make them on purpose.

    Parameters
    ----------
    path
        Log file, which is overwritten; its folder is created if missing.

    Returns
    -------
    logging.Logger
        Logger for progress, as in ``log.info("12 of 25 frames")``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    standard: Any
    for standard in (sys.stdout, sys.stderr):
        standard.flush()
        os.dup2(stream, standard.fileno())
        standard.reconfigure(line_buffering=True)
    os.close(stream)
    sys.excepthook = _report
    logging.captureWarnings(True)
    warnings.simplefilter("ignore", ExtrapolationWarning)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    return logging.getLogger("rpr")


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, InputError | ConvergenceError):
        print(f"\nerror: {error}", file=sys.stderr)
        return
    traceback.print_exception(kind, error, trace, file=sys.stderr)
