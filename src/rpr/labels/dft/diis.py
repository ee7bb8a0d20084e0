"""Extrapolation of Fock matrices (DIIS)."""

from __future__ import annotations

from collections import deque

import numpy as np
import scipy.linalg

LENGTH = 8  #: number of Fock matrices that are combined


class DIIS:
    """Extrapolation of Fock matrices by their commutators with the density.

    P. Pulay, J. Comput. Chem. 3, 556 (1982).  Matrices are in the orthogonalised basis; densities
    are given by their orbitals y, [n_ao, n_occupied].
    """

    def __init__(self, length: int = LENGTH) -> None:
        self._focks: deque[np.ndarray] = deque(maxlen=length)
        self._orbitals: deque[np.ndarray] = deque(maxlen=length)

    def extrapolate(self, fock: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Add a Fock matrix with its orbitals, and return the combination of least error."""
        self._focks.append(fock)
        self._orbitals.append(y)
        n = len(self._focks)
        errors = np.array(
            [commutator(f, y).ravel() for f, y in zip(self._focks, self._orbitals, strict=True)]
        )
        gram = np.zeros((n + 1, n + 1))
        gram[:n, :n] = errors @ errors.T
        scale = 1 / np.sqrt(gram.diagonal()[:n].clip(1e-300))
        gram[:n, :n] *= scale[:, None] * scale
        gram[n, :n] = gram[:n, n] = scale
        target = np.zeros(n + 1)
        target[n] = 1
        coefficients = scipy.linalg.lstsq(gram, target, cond=1e-12)[0][:n] * scale
        return np.tensordot(coefficients, np.array(self._focks), axes=1)

    def shift(self, change: np.ndarray) -> None:
        """Add a constant matrix to every Fock matrix so far."""
        for fock in self._focks:
            fock += change


def commutator(fock: np.ndarray, y: np.ndarray) -> np.ndarray:
    """F P - P F with the projector P = y y^T, in the orthogonalised basis."""
    product = (fock @ y) @ y.T
    return product - product.T
