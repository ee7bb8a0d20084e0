"""Threads: results in order, from as many threads as allowed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from threadpoolctl import threadpool_limits

from rpr.regression.resources import available_threads, thread_map


@pytest.mark.parametrize("threads", [1, 2])
def test_results_come_in_order_from_as_many_threads_as_allowed(threads, monkeypatch):
    """Items wait for each other in groups, which fewer threads could not end."""
    together = threading.Barrier(threads, timeout=60)
    asked = []

    def executor(workers):
        asked.append(workers)
        return ThreadPoolExecutor(workers)

    monkeypatch.setattr("rpr.regression.resources.ThreadPoolExecutor", executor)

    def square(k):
        together.wait()
        return k * k, available_threads()

    with threadpool_limits(threads, user_api="blas"):
        squares, inner = zip(*thread_map(square, range(6)), strict=True)
    assert squares == (0, 1, 4, 9, 16, 25)
    assert set(inner) == {1}
    assert asked == ([threads] if threads > 1 else [])


def test_an_error_inside_reaches_the_caller():
    with threadpool_limits(2, user_api="blas"), pytest.raises(ZeroDivisionError):
        thread_map(lambda k: 1 / k, [1, 0, 2])
