"""Cholesky factors of symmetric positive definite matrices, in the place of the matrix.

LAPACK works on matrices in Fortran order.  A symmetric matrix in C order is one if it is read as
its transpose, so that nothing is copied.  Larger systems take half the memory in
:mod:`rpr.regression.packed_cholesky`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack


@dataclass(frozen=True, eq=False)
class CholeskyFactor:
    """Factor L of C = L L^T.

    Attributes
    ----------
    lower : array, [n, n]
        L in Fortran order, with zeros above the diagonal.
    """

    lower: np.ndarray

    @classmethod
    def of(cls, C: np.ndarray) -> CholeskyFactor | None:
        """Factor of a symmetric matrix, or None if it is numerically not positive definite.

        Parameters
        ----------
        C : array, [n, n]
            Symmetric matrix in C order.  It is overwritten.
        """
        lower, info = lapack.dpotrf(C.T, lower=1, overwrite_a=1)
        return cls(lower) if info == 0 else None

    def solve(self, y: np.ndarray) -> np.ndarray:
        """C^-1 y for a right-hand side [n]."""
        solution, _ = lapack.dpotrs(self.lower, y, lower=1)
        return solution

    def log_determinant(self) -> float:
        """Natural logarithm of det C."""
        return 2.0 * float(np.log(np.diag(self.lower)).sum())

    def inverse(self) -> np.ndarray:
        """C^-1, [n, n], exactly symmetric and in C order.  It takes the place of the factor."""
        inverse, _ = lapack.dpotri(self.lower, lower=1, overwrite_c=1)
        upper = inverse.T  # in C order; zeros are below its diagonal
        upper.flat[:: len(upper) + 1] *= 0.5
        upper += upper.T.copy()
        return upper
