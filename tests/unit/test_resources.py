"""Threads: results in order, never more threads than allowed."""

import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rpr.regression.lapack import cholesky, tridiagonalise
from rpr.regression.resources import available_threads, thread_map


@pytest.mark.parametrize("threads", [1, 2])
def test_results_come_in_order_from_as_many_threads_as_allowed(threads):
    def slow_square(k):
        time.sleep(0.002 * (5 - k))
        return k * k, threading.get_ident(), available_threads()

    with threadpool_limits(threads, user_api="blas"):
        squares, names, inner = zip(*thread_map(slow_square, range(5)), strict=True)
    assert squares == (0, 1, 4, 9, 16)
    assert len(set(names)) == threads
    assert set(inner) == {1}


def test_an_error_inside_reaches_the_caller():
    with threadpool_limits(2, user_api="blas"), pytest.raises(ZeroDivisionError):
        thread_map(lambda k: 1 / k, [1, 0, 2])


def test_global_lock_is_free_during_a_reduction():
    matrix = np.random.default_rng(0).normal(size=(1200, 1200))
    symmetric = np.asfortranarray(matrix + matrix.T)
    shares = [longest_pause(lambda: tridiagonalise(symmetric.copy(order="F"))) for _ in range(5)]
    assert min(shares) < 0.4  # a held lock stops this thread all the time; SciPy's wrapper: 0.6-1


def longest_pause(function):
    """Longest time that this thread stands still while another runs `function`, as a part."""
    work = threading.Thread(target=function)
    start = last = time.perf_counter()
    work.start()
    longest = 0.0
    while work.is_alive():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest / (last - start)


def test_cholesky_reports_indefinite_matrices():
    assert cholesky(np.asfortranarray(np.eye(3)))
    assert not cholesky(np.asfortranarray(-np.eye(3)))
    with pytest.raises(TypeError, match="Fortran"):
        cholesky(np.arange(4.0).reshape(2, 2))
