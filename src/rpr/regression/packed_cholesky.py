"""Symmetric positive definite systems in half the memory of a square array.

LAPACK's rectangular full packed format (RFP) keeps one triangle of an n x n matrix in n (n + 1) / 2
numbers and still factorizes with matrix-matrix products, at the speed of ``dpotrf``.

With n1 = ceil(n / 2), the format (TRANSR = 'N', UPLO = 'L') read as a C array keeps, of each row,
one run of columns: row r < n1 keeps columns r..n-1, row r >= n1 keeps columns n1..r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack, solve_triangular

#: Largest number of rows, as LAPACK counts the packed numbers in 32 bits.
LARGEST = 65535

_BLOCK = 256  # rows that are solved for together


class PackedMatrix:
    """Symmetric matrix in RFP format, written row by row, then factorized in place.

    Parameters
    ----------
    n
        Number of rows.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.half = (n + 1) // 2
        self.values = np.empty(n * (n + 1) // 2)
        even = 1 - n % 2
        # [half, n + even] in C order, which Fortran sees as [n + even, half].
        self._rows = self.values.reshape(self.half, n + even)
        self._upper_shift = even  # row r < half starts at column r + even
        self._lower_shift = 1 - even  # row half + i is in line i + 1 - even

    @staticmethod
    def bytes_needed(n: int) -> int:
        """Memory of the matrix, whose place its factor takes."""
        return 8 * (n * (n + 1) // 2)

    def kept(self, row: int) -> tuple[int, np.ndarray]:
        """First column that is kept of a row, and a view of the kept columns."""
        if row < self.half:
            start = row + self._upper_shift
            return row, self._rows[row, start : start + self.n - row]
        i = row - self.half
        return self.half, self._rows[i + self._lower_shift, : i + 1]

    def factorize(self) -> bool:
        """Replace the matrix by its Cholesky factor; False if it is not positive definite."""
        if self.n == 1:  # which some builds of LAPACK do not accept
            positive = bool(self.values[0] > 0)
            self.values[:] = np.sqrt(np.abs(self.values))
            return positive
        factor, info = lapack.dpftrf(self.n, self.values, transr="N", uplo="L", overwrite_a=1)
        if not np.shares_memory(factor, self.values):
            self.values[:] = factor
        return info == 0

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solution for right-hand sides [n] or [n, k], after `factorize`."""
        if self.n == 1:
            return right / self.values[0] ** 2
        columns = right.reshape(self.n, -1)
        solution, _ = lapack.dpftrs(self.n, self.values, columns, transr="N", uplo="L")
        return solution.reshape(right.shape)

    def solve_leading(self, right: np.ndarray) -> np.ndarray:
        """Solution of the first m equations in the first m unknowns, for `right` [m].

        The factor of a leading block of the matrix is the leading block of the factor.
        """
        m, half, x = len(right), self.half, right.astype(float)
        starts = sorted({*range(0, m, _BLOCK), *([half] if half < m else [])})
        blocks = list(zip(starts, [*starts[1:], m], strict=True))
        for s, e in blocks:
            for c0, c1 in ((0, min(s, half)), (half, s)):
                if c0 < c1:
                    x[s:e] -= self._lower(s, e, c0, c1) @ x[c0:c1]
            x[s:e] = solve_triangular(self._lower(s, e, s, e), x[s:e], lower=True)
        for s, e in reversed(blocks):
            x[s:e] = solve_triangular(self._lower(s, e, s, e), x[s:e], lower=True, trans=1)
            for c0, c1 in ((0, min(s, half)), (half, s)):
                if c0 < c1:
                    x[c0:c1] -= self._lower(s, e, c0, c1).T @ x[s:e]
        return x

    def _lower(self, r0: int, r1: int, c0: int, c1: int) -> np.ndarray:
        """View of rows r0..r1-1 and columns c0..c1-1 of L, all on one side of the half.

        Of a block on the diagonal the lower triangle is meant.
        """
        if c1 <= self.half:
            return self._rows[c0:c1, self._upper_shift + r0 : self._upper_shift + r1].T
        shift = self._lower_shift - self.half
        return self._rows[r0 + shift : r1 + shift, c0 - self.half : c1 - self.half]

    def forward(self, right: np.ndarray) -> np.ndarray:
        """L^-1 times `right` [n, k], after `factorize`, with L the lower Cholesky factor."""
        if self.n == 1:
            return right / self.values[0]
        solution = lapack.dtfsm(1.0, self.values, right, transr="N", side="L", uplo="L", trans="N")
        return np.asarray(solution)

    def inverse_factor(self) -> InverseFactor:
        """L^-1 of the lower Cholesky factor L, after `factorize`; it takes n^3 / 3 operations.

        It needs 6 n^2 bytes beside the factor, which stays as it is.
        """
        if self.n == 1:
            empty = np.zeros((0, 1))
            return InverseFactor(1.0 / self.values.reshape(1, 1), empty, np.zeros((0, 0)))
        h, even = self.half, self._upper_shift
        # Rows of the array are columns of L from the diagonal down.  What lies above the diagonals
        # in these copies belongs to the other triangle, and BLAS does not look at it.
        first = np.array(self._rows[:, even : even + h].T, order="F")
        below = np.array(self._rows[:, even + h : even + self.n].T, order="F")
        shift = self._lower_shift
        second = np.array(self._rows[shift : shift + self.n - h, : self.n - h], order="F")
        first, second = (lapack.dtrtri(a, lower=1, overwrite_c=1)[0] for a in (first, second))
        below = blas.dtrmm(-1.0, second, below, side=0, lower=1, overwrite_b=1)
        below = blas.dtrmm(1.0, first, below, side=1, lower=1, overwrite_b=1)
        return InverseFactor(first, below, second)

    def transposed_product(self, vector: np.ndarray) -> np.ndarray:
        """L^T times a vector [n], after `factorize`."""
        result = np.zeros(self.n)
        for row in range(self.n):
            start, kept = self.kept(row)
            if row < self.half:  # a column of L, from its diagonal down
                result[row] = kept @ vector[row:]
            else:  # the part of a row of L from column `start` on
                result[start : row + 1] += kept * vector[row]
        return result

    def smallest_eigenvalue(self, *, n_iterations: int = 4, seed: int = 0) -> float:
        """Smallest eigenvalue of the matrix, approached from above by inverse iteration."""
        vector = np.random.default_rng(seed).standard_normal(self.n)
        growth = 0.0
        for _ in range(n_iterations):
            vector = self.solve(vector / np.linalg.norm(vector))
            growth = float(np.linalg.norm(vector))
        return 1.0 / growth if growth else np.inf


@dataclass(frozen=True, eq=False)
class InverseFactor:
    """L^-1, with its rows and columns in two halves.

    Attributes
    ----------
    first : array, [half, half]
        Its first half of rows and columns, of which the lower triangle is meant.
    below : array, [n - half, half]
        The second half of rows of the first half of columns.
    second : array, [n - half, n - half]
        Its second half of rows and columns, of which the lower triangle is meant.
    """

    first: np.ndarray
    below: np.ndarray
    second: np.ndarray

    @staticmethod
    def bytes_needed(n: int) -> int:
        """Memory of L^-1 of a matrix of n rows."""
        return 6 * n * n

    def columns(self, chosen: np.ndarray) -> np.ndarray:
        """Columns of L^-1, [n, n_chosen]."""
        half = len(self.first)
        left, right = chosen < half, chosen >= half
        found = np.zeros((half + len(self.second), len(chosen)))
        rows = np.arange(len(found))[:, None]
        found[:half, left] = self.first[:, chosen[left]]
        found[half:, left] = self.below[:, chosen[left]]
        found[half:, right] = self.second[:, chosen[right] - half]
        found[rows < chosen] = 0.0
        return found
