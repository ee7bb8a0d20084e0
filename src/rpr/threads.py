"""Work shared between threads without asking for more cores than the user gave.

The number of threads is the one BLAS may use (``OMP_NUM_THREADS``, or
:func:`threadpoolctl.threadpool_limits`).  Many medium-sized matrices are handled faster one per
thread, each with single-threaded BLAS, than one after another with threaded BLAS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np  # noqa: F401  (loads BLAS, so that its threads can be counted)
from threadpoolctl import threadpool_info, threadpool_limits


def available_threads() -> int:
    """Number of threads BLAS may use at this moment; at least 1."""
    blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(1, max(blas, default=1))


def thread_map(function: Callable, items: Iterable) -> list:
    """Results of `function` for each item, in order, computed by `available_threads` threads.

    BLAS is limited to one thread meanwhile, so a `thread_map` inside `function` runs serially.
    """
    items = list(items)
    workers = min(available_threads(), len(items))
    if workers <= 1:
        return [function(item) for item in items]
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
