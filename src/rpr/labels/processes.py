"""Labels of many frames in several processes of one thread each, resumed after an interruption.

The frames are cut into shards of successive frames (:mod:`rpr.labels.shards`), whose finished
frames lie in a working folder.  Shards do not depend on the number of processes, so that work
resumes with any; they are smaller if there are few frames, so that several processes share them.
"""

from __future__ import annotations

import itertools
import logging
import math
import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from rpr.data.extxyz import read_frames
from rpr.data.failures import failure_reasons
from rpr.data.frame_set import FrameSet
from rpr.errors import ConvergenceError, InputError
from rpr.labels.method import Method
from rpr.labels.shards import label_shard

SHARD_SIZE = 50  #: most frames of a shard
SMALLEST_SHARD = 10  #: frames are compared with the one before, so that a shard needs some
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_WAIT = 0.5  # seconds between looks at whether the processes still live


@dataclass(frozen=True)
class Task:
    """What is computed for every frame.

    Parameters
    ----------
    method
        Level of theory.
    properties
        Names of labels, as for `rpr.labels.shards.label_shard`.
    charge
        Total charge.
    max_memory_mb
        Memory of each process in MB; None for no bound.
    """

    method: Method
    properties: tuple[str, ...]
    charge: int = 0
    max_memory_mb: float | None = None


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labels of those frames that could be labelled, and why others could not.

    Attributes
    ----------
    labels : dict
        By index of the frame, the labels of each frame by name.
    failures : dict
        By index of the frame, the reason why it has no labels.
    """

    labels: dict[int, dict[str, np.ndarray]]
    failures: dict[int, str]


def label_in_processes(
    sets: Sequence[FrameSet],
    task: Task,
    *,
    folder: str | os.PathLike,
    n_processes: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Labelled:
    """Label frames in several processes.

    Parameters
    ----------
    sets
        The frames, as sets of successive frames with the same atoms in the same order.
    task
        What is computed.
    folder
        Working folder. It keeps what is finished, and the same call resumes from it.
    n_processes
        Number of processes, each of one thread.
    on_progress
        Called with the number of frames that were found finished, and of those finished since.

    Returns
    -------
    Labelled
        Frames are counted through all `sets`.

    Raises
    ------
    InputError
        If the method does not apply to the molecule.
    ConvergenceError
        If a process died, which a lack of memory may cause, or no frame could be labelled.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shards = list(_cut(sets))
    with _workers(shards, task, folder, min(n_processes, len(shards))) as (processes, messages):
        _watch(processes, messages, len(shards), _Progress(on_progress))
    return _collect(shards, task, folder)


def label_here(
    sets: Sequence[FrameSet],
    task: Task,
    *,
    folder: str | os.PathLike,
    on_progress: Callable[[int, int], None] | None = None,
) -> Labelled:
    """Label frames in this process, with the threads that it has.

    Parameters, what is returned and the errors are those of :func:`label_in_processes`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shards = list(_cut(sets))
    progress = _Progress(on_progress)
    for number, (_, frames) in enumerate(shards):
        _label(number, frames, task, folder, partial(progress, number))
    return _collect(shards, task, folder)


class _Progress:
    """Sums the frames of all shards that were found finished, and those finished since."""

    def __init__(self, on_progress: Callable[[int, int], None] | None) -> None:
        self._on_progress = on_progress or (lambda resumed, fresh: None)
        self._resumed: dict[int, int] = {}
        self._done: dict[int, int] = {}

    def __call__(self, number: int, done: int) -> None:
        """Take note of the number of finished frames of a shard."""
        self._resumed.setdefault(number, done)
        self._done[number] = done
        resumed = sum(self._resumed.values())
        self._on_progress(resumed, sum(self._done.values()) - resumed)


def _cut(sets: Sequence[FrameSet]) -> Iterator[tuple[int, FrameSet]]:
    """Shards with the index of their first frame."""
    first = 0
    for frames in sets:
        size = min(SHARD_SIZE, max(SMALLEST_SHARD, math.ceil(len(frames) / 4)))
        for start in range(0, len(frames), size):
            chosen = np.arange(start, min(start + size, len(frames)))
            yield first + start, frames.subset(chosen)
        first += len(frames)


@contextmanager
def _workers(
    shards: Sequence[tuple[int, FrameSet]], task: Task, folder: Path, n_processes: int
) -> Iterator[tuple[list[Any], Any]]:
    """Context with running processes and the queue of their messages; they end with it."""
    context = multiprocessing.get_context("spawn")
    waiting, messages = context.Queue(), context.Queue()
    for number, (_, frames) in enumerate(shards):
        waiting.put((number, frames))
    for _ in range(n_processes):
        waiting.put(None)
    arguments = (waiting, messages, task, folder, os.getpid())
    processes = [
        context.Process(target=_work, args=arguments, daemon=True) for _ in range(n_processes)
    ]
    with _one_thread(), _interrupts_wait():
        for process in processes:
            process.start()
    try:
        yield processes, messages
    finally:
        for process in processes:
            process.terminate()  # what is finished is on disk
            process.join()
        waiting.cancel_join_thread()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Context in which new processes are told to use one thread."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Context in which SIGINT waits, and new processes are never interrupted by it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(processes: Sequence[Any], messages: Any, n_shards: int, progress: _Progress) -> None:
    """Wait until all shards are finished, and tell how far they are."""
    finished = 0
    while finished < n_shards:
        try:
            kind, number, content = messages.get(timeout=_WAIT)
        except queue.Empty:
            dead = [p.exitcode for p in processes if p.exitcode not in (None, 0)]
            if dead or all(p.exitcode == 0 for p in processes):
                raise ConvergenceError(
                    f"a process that labels frames died (exit code {dead[:1] or 0}), perhaps for "
                    "lack of memory; resume with fewer processes or more memory"
                ) from None
            continue
        if kind == "error":
            raise InputError(content)
        if kind == "finished":
            finished += 1
            continue
        progress(number, content)


def _work(waiting: Any, messages: Any, task: Task, folder: Path, parent: int) -> None:
    """Label shards until none is left; the body of a process, which the parent ends."""
    for number, frames in iter(waiting.get, None):

        def tell(done: int, number: int = number) -> None:
            if os.getppid() != parent:
                raise SystemExit(1)
            messages.put(("done", number, done))

        try:
            _label(number, frames, task, folder, tell)
        except (InputError, OSError) as error:
            messages.put(("error", number, str(error)))
            return
        messages.put(("finished", number, None))


def _label(
    number: int, frames: FrameSet, task: Task, folder: Path, on_frame: Callable[[int], None]
) -> None:
    """Label a shard, whose files lie in the folder."""
    with suppress(ConvergenceError):  # not one frame: the table of failures says why
        label_shard(
            frames,
            range(len(frames)),
            task.method,
            task.properties,
            partial_path=folder / f"{number:05d}.partial",
            output_path=_output(folder, number),
            failures_path=_failures(folder, number),
            max_memory_mb=task.max_memory_mb,
            charge=task.charge,
            log=_silent_logger(),
            on_frame=on_frame,
        )


@cache
def _silent_logger() -> logging.Logger:
    silent = logging.getLogger("rpr.labels.silent")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    return silent


def _collect(shards: Sequence[tuple[int, FrameSet]], task: Task, folder: Path) -> Labelled:
    """Labels and failures of all shards, in the order of the frames."""
    names = tuple(dict.fromkeys(("energy", *task.properties)))
    labels: dict[int, dict[str, np.ndarray]] = {}
    failures: dict[int, str] = {}
    for number, (first, frames) in enumerate(shards):
        reasons = failure_reasons(_failures(folder, number))
        failures |= {first + k: reason for k, reason in reasons.items()}
        good = [k for k in range(len(frames)) if k not in reasons]
        if good:
            found = read_frames(_output(folder, number), symbols=frames.symbols)
            for row, k in enumerate(good):
                labels[first + k] = {name: getattr(found, name)[row] for name in names}
    if not labels:
        first, reason = next(iter(failures.items()))
        raise ConvergenceError(
            f"none of {len(failures)} frames could be labelled; frame {first}: {reason}"
        )
    return Labelled(labels, failures)


def _output(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.extxyz"


def _failures(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}_failures.csv"


def successive_sets(frames: Sequence[tuple[tuple[str, ...], np.ndarray]]) -> list[FrameSet]:
    """Sets of successive frames with the same atoms, from symbols and positions of each frame.

    Examples
    --------
    >>> frames = [(("H",), np.zeros((1, 3))), (("H",), np.ones((1, 3))), (("He",), np.ones((1, 3)))]
    >>> [len(found) for found in successive_sets(frames)]
    [2, 1]
    """
    return [
        FrameSet(symbols, np.array([positions for _, positions in group]))
        for symbols, group in itertools.groupby(frames, key=lambda frame: frame[0])
    ]
