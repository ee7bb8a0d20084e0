"""Orthogonal reduction of a symmetric matrix to tridiagonal form."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from rpr.unlocked_lapack import apply_reflectors, fortran_copy, tridiagonalise


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
