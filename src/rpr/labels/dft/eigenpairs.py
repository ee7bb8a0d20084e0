"""Eigenvalues and eigenvectors of symmetric matrices, by a second algorithm where one fails."""

import numpy as np
import scipy.linalg

from rpr.errors import ConvergenceError


def eigenpairs(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and orthonormal eigenvectors of a symmetric matrix, A V = V diag(a).

    The divide-and-conquer algorithm of LAPACK (``syevd``) gives up on rare matrices that are
    finite and well conditioned.  They are diagonalised by relatively robust representations
    (``syevr``).

    Parameters
    ----------
    matrix : array, [n, n]
        A; only the lower triangle is read.

    Returns
    -------
    values : array, [n]
        a, in ascending order.
    vectors : array, [n, n]
        V, one eigenvector in each column.

    Raises
    ------
    ConvergenceError
        If neither algorithm converges, or the matrix is not finite.
    """
    try:
        values, vectors = np.linalg.eigh(matrix)
    except np.linalg.LinAlgError:
        return _by_robust_representations(matrix)
    return values, vectors


def _by_robust_representations(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not np.isfinite(matrix).all():
        raise ConvergenceError("a matrix to be diagonalised is not finite")
    try:
        return scipy.linalg.eigh(matrix, driver="evr")
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(f"a matrix of {len(matrix)} rows: {error}") from None
