"""Progress of long work on standard error, for people only: silent where it is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_INTERVAL = 0.2  # seconds between two lines


class Progress:
    """One line that is written over and over: what is done, how fast, and the time left.

    Use it as a context: ``with Progress("labelling", 500) as progress: progress.update(120)``.

    Parameters
    ----------
    what
        What is going on, in a word or two.
    total
        Number of frames, or of steps, in all; None where it is not known.
    done
        How many were done before, which count neither for the speed nor for the time left.
    unit
        What is counted.
    """

    def __init__(
        self, what: str, total: int | None = None, *, done: int = 0, unit: str = "frames"
    ) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = self._before = done
        self._start = self._last = time.monotonic()
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        self._write(self.text())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write("")

    def update(self, done: int) -> None:
        """Say that `done` of all are done."""
        self.done = done
        if time.monotonic() - self._last > _INTERVAL:
            self._last = time.monotonic()
            self._write(self.text())

    def advance(self, number: int = 1) -> None:
        """Say that `number` more are done."""
        self.update(self.done + number)

    def resumed(self, before: int, fresh: int) -> None:
        """Say that `before` were done before and `fresh` have been since."""
        self._before = before
        self.update(before + fresh)

    def text(self) -> str:
        """The line as it is now."""
        of = f" of {self.total}" if self.total is not None else ""
        text = f"{self.what}: {self.done}{of} {self.unit}"
        fresh, seconds = self.done - self._before, time.monotonic() - self._start
        if fresh and seconds > 0:
            rate = fresh / seconds
            text += f", {rate:.1f}/s" if rate >= 1 else f", {60 * rate:.1f}/min"
            if self.total is not None:
                text += f", {duration((self.total - self.done) / rate)} left"
        return text

    def _write(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()


def duration(seconds: float) -> str:
    """A time for people.

    Examples
    --------
    >>> duration(8.2), duration(200), duration(9000)
    ('8 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
