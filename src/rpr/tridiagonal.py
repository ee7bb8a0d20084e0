"""Orthogonal reduction of a symmetric matrix to tridiagonal form.

LAPACK's dsytrd is called without Python's global lock (SciPy's own wrapper keeps it), so that
several matrices can be reduced by several threads.
"""

from __future__ import annotations

import ctypes

import numpy as np
from scipy.linalg import cython_lapack, lapack

_PANEL = 64  # block size that the workspaces are made for


class TridiagonalForm:
    """K = Q T Q^T with orthogonal Q and tridiagonal T.

    Parameters
    ----------
    K : array, [n, n]
        Symmetric.

    Attributes
    ----------
    diagonal : array, [n]
        Of T.
    off_diagonal : array, [n - 1]
        Of T.
    """

    def __init__(self, K: np.ndarray):
        reduced = np.array(K, dtype=float, order="F")
        self.diagonal, self.off_diagonal, self._tau = _reduce(reduced)
        # Q = diag(1, Q'), and the reflectors of Q' lie as those of a QR decomposition.
        self._reflectors = np.asfortranarray(reduced[1:, :-1])

    def rotate(self, B: np.ndarray) -> np.ndarray:
        """Q^T B, for B [n, m]."""
        return self._apply(B, "L", "T")

    def rotate_back(self, B: np.ndarray) -> np.ndarray:
        """Q B, for B [n, m]."""
        return self._apply(B, "L", "N")

    def rotate_right(self, A: np.ndarray) -> np.ndarray:
        """A Q, for A [m, n]."""
        return self._apply(A, "R", "N")

    def solve(self, lam: float, B: np.ndarray) -> np.ndarray:
        """(T + lambda I)^-1 B for B [n, m]; NaN where T + lambda I is not positive definite."""
        if len(self.diagonal) == 1:
            return B / (self.diagonal + lam)
        _, _, solution, info = lapack.dptsv(self.diagonal + lam, self.off_diagonal, B)
        return solution if info == 0 else np.full_like(B, np.nan)

    def _apply(self, B: np.ndarray, side: str, transpose: str) -> np.ndarray:
        B = np.array(B, dtype=float, order="F")
        if len(self._tau) == 0:
            return B
        rest = (slice(1, None),) if side == "L" else (slice(None), slice(1, None))
        B[rest], _, _ = lapack.dormqr(
            side,
            transpose,
            self._reflectors,
            self._tau,
            np.asfortranarray(B[rest]),
            _PANEL * (max(B.shape) + _PANEL + 1),
        )
        return B


def _reduce(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dsytrd in place on the lower triangle: diagonal, off-diagonal and scales of reflectors."""
    n = len(matrix)
    diagonal, off_diagonal, tau = np.empty(n), np.empty(max(n - 1, 0)), np.empty(max(n - 1, 0))
    work = np.empty(_PANEL * n)
    integer = ctypes.c_int
    _DSYTRD(
        ctypes.byref(ctypes.c_char(b"L")),
        ctypes.byref(integer(n)),
        matrix.ctypes,
        ctypes.byref(integer(n)),
        diagonal.ctypes,
        off_diagonal.ctypes,
        tau.ctypes,
        work.ctypes,
        ctypes.byref(integer(len(work))),
        ctypes.byref(integer(0)),
    )
    return diagonal, off_diagonal, tau


def _lapack_function(name: str, n_arguments: int):
    """Function of `scipy.linalg.cython_lapack` as ctypes function; releases the global lock."""
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = cython_lapack.__pyx_capi__[name]
    address = get_pointer(capsule, get_name(capsule))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * n_arguments)(address)


_DSYTRD = _lapack_function("dsytrd", 10)
