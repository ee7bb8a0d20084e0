"""LAPACK routines called without Python's global lock, which SciPy's own wrappers keep.

Several matrices can so be handled by several threads.  Matrices are in Fortran order and are
overwritten, as LAPACK does it.
"""

from __future__ import annotations

import ctypes

import numpy as np
from scipy.linalg import cython_lapack, lapack

_PANEL = 64  # block size that the workspaces are made for


def fortran_copy(symmetric: np.ndarray) -> np.ndarray:
    """Copy of a symmetric matrix in Fortran order; transposing it back is what saves time."""
    return np.array(symmetric.T if symmetric.flags.c_contiguous else symmetric, float, order="F")


def tridiagonalise(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dsytrd in place on the lower triangle of a symmetric matrix, [n, n].

    Returns
    -------
    (diagonal [n], off-diagonal [n - 1], tau [n - 1])
        Of the tridiagonal matrix, and the scales of the reflectors left in `matrix`.
    """
    n = len(matrix)
    diagonal, off_diagonal, tau = np.empty(n), np.empty(n - 1), np.empty(n - 1)
    work = np.empty(_PANEL * n)
    _call("dsytrd", "L", n, matrix, n, diagonal, off_diagonal, tau, work, len(work))
    return diagonal, off_diagonal, tau


def apply_reflectors(
    reflectors: np.ndarray, tau: np.ndarray, matrix: np.ndarray, *, side: str, transpose: bool
) -> None:
    """dormtr in place: multiply `matrix` by the Q of `tridiagonalise`.

    Parameters
    ----------
    reflectors, tau
        What `tridiagonalise` left.
    matrix : array, [n, m] or, from the right, [m, n]
        Becomes Q matrix, Q^T matrix, matrix Q or matrix Q^T.
    side
        ``"L"`` or ``"R"``, the side of `matrix` on which Q stands.
    transpose
        Multiply by Q^T.
    """
    rows, columns = matrix.shape
    work = np.empty(_PANEL * (max(rows, columns) + _PANEL + 1))
    order = len(reflectors)
    _call(
        "dormtr", side, "L", "T" if transpose else "N", rows, columns,
        reflectors, order, tau, matrix, rows, work, len(work),
    )  # fmt: skip


def cholesky(matrix: np.ndarray) -> bool:
    """dpotrf in place: lower factor in the lower triangle, the upper one is left as it was.

    Returns
    -------
    bool
        Whether the matrix is numerically positive definite.
    """
    n = len(matrix)
    return _call("dpotrf", "L", n, matrix, n) == 0


def _call(name: str, *arguments) -> int:
    """Call a routine with characters, integers and arrays; returns LAPACK's info."""
    info = ctypes.c_int(0)
    _ROUTINES[name](*(_pointer(a) for a in arguments), ctypes.byref(info))
    if info.value < 0:
        raise ValueError(f"{name}: argument {-info.value} is wrong")
    return info.value


def _pointer(argument):
    if isinstance(argument, str):
        return ctypes.byref(ctypes.c_char(argument.encode()))
    if isinstance(argument, np.ndarray):
        if argument.dtype != np.float64 or not argument.flags.f_contiguous:
            raise TypeError("LAPACK needs double precision arrays in Fortran order")
        return argument.ctypes
    return ctypes.byref(ctypes.c_int(argument))


def _routine(name: str, n_arguments: int):
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = cython_lapack.__pyx_capi__[name]
    address = get_pointer(capsule, get_name(capsule))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * n_arguments)(address)


_ROUTINES = {name: _routine(name, n) for name, n in (("dsytrd", 10), ("dormtr", 13), ("dpotrf", 5))}


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
        self._reflectors = fortran_copy(K)
        self.diagonal, self.off_diagonal, self._tau = tridiagonalise(self._reflectors)

    def rotate(self, B: np.ndarray) -> np.ndarray:
        """Q^T B, for B [n, m]."""
        return self._apply(B, side="L", transpose=True)

    def rotate_back(self, B: np.ndarray) -> np.ndarray:
        """Q B, for B [n, m]."""
        return self._apply(B, side="L", transpose=False)

    def rotate_right(self, A: np.ndarray) -> np.ndarray:
        """A Q, for A [m, n]."""
        return self._apply(A, side="R", transpose=False)

    def solve(self, lam: float, B: np.ndarray) -> np.ndarray:
        """(T + lambda I)^-1 B for B [n, m]; NaN where T + lambda I is not positive definite."""
        if len(self.diagonal) == 1:
            return B / (self.diagonal + lam)
        _, _, solution, info = lapack.dptsv(self.diagonal + lam, self.off_diagonal, B)
        return solution if info == 0 else np.full_like(B, np.nan)

    def _apply(self, B: np.ndarray, *, side: str, transpose: bool) -> np.ndarray:
        result = np.array(B, dtype=float, order="F")
        if result.size and len(self._tau):
            apply_reflectors(self._reflectors, self._tau, result, side=side, transpose=transpose)
        return result
