"""Memory and threads that a computation may use.

The number of threads is the one that BLAS may use (``OMP_NUM_THREADS``, or
:func:`threadpoolctl.threadpool_limits`).  Several matrices of medium size are handled faster by one
thread each than one after another by all threads of BLAS, which spend their time waiting for each
other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np  # noqa: F401  (loads BLAS, so that its threads can be counted)
from threadpoolctl import threadpool_info, threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_bytes() -> int:
    """Memory that can be allocated without swapping, in bytes.

    This is the smaller of what the machine has free and what the memory limit of this process's
    control group leaves (batch systems and containers set one), or else the physical memory.
    """
    known = [n for n in (_machine(), _control_group()) if n is not None]
    if known:
        return max(min(known), 0)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _machine(path: str = "/proc/meminfo") -> int | None:
    for line in _lines(path):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _control_group(root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> int | None:
    names = [line.split("::", 1)[1].strip("/") for line in _lines(own) if line.startswith("0::")]
    folder = Path(root) / (names[0] if names else "")
    if not folder.is_dir():
        folder = Path(root)
    limit, used = (_lines(folder / f"memory.{name}") for name in ("max", "current"))
    if not limit or not used or limit[0] == "max":
        return None
    # The system gives back unused pages of files on demand.
    stat = dict(line.split() for line in _lines(folder / "memory.stat"))
    return int(limit[0]) - int(used[0]) + int(stat.get("inactive_file", 0))


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def available_threads() -> int:
    """Number of threads that BLAS may use at this moment, at least 1."""
    blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(1, max(blas, default=1))


def thread_map(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Results of `function` for each item, in order, computed by `available_threads` threads.

    Meanwhile BLAS is limited to one thread, so that a `thread_map` inside `function` runs serially.
    """
    items = list(items)
    workers = min(available_threads(), len(items))
    if workers <= 1:
        return [function(item) for item in items]
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
