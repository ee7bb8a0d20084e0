"""Kernel matrices between training frames, plain or averaged, from distances that are shared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rpr.errors import InputError
from rpr.regression import kernels, ridge
from rpr.regression.resources import available_threads
from rpr.regression.symmetrized_kernel import averaged_kernels, distinct_characters


class TrainingKernels:
    """Training frames and the kernel matrices between them.

    Parameters
    ----------
    kernel
        A kernel or a family, which decides what a distance is.
    X, Y, characters
        As for `rpr.regression.kernel_regression.KernelRegression.fit`.
    """

    def __init__(
        self, kernel: str, X: np.ndarray, Y: np.ndarray, characters: np.ndarray | None
    ) -> None:
        X, self.Y = np.asarray(X, dtype=float), np.asarray(Y, dtype=float)
        self.kernel, self.images = kernel, X if X.ndim == 3 else X[None]
        n_elements, n_train = self.images.shape[:2]
        if self.Y.ndim != 2 or len(self.Y) != n_train or not n_train:
            raise InputError(
                f"Y: found shape {self.Y.shape}, expected [{n_train}, n_components] with at least "
                "one row"
            )
        ones = np.ones((self.Y.shape[1], n_elements))
        self.characters = ones if characters is None else characters
        self._plain: np.ndarray | None = None  # distances without images

    def prepare(self) -> None:
        """Compute the distances that all sigmas share, if the memory holds all that follows."""
        n_rows = len(distinct_characters(self.characters)[0])
        ridge.check_memory(len(self.Y), copies=2 + available_threads() * (1 + n_rows))
        if len(self.images) == 1 and self._plain is None:
            self._plain = kernels.distance(self.kernel, self.images[0])

    def means(self, frames: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Means of the components that no element changes; the others average to zero."""
        unchanged = (self.characters > 0).all(axis=1)
        return np.where(unchanged, self.Y[frames].mean(axis=0), 0.0)

    def kernels(
        self,
        kernel: str,
        sigma: float,
        components: np.ndarray,
        rows: np.ndarray,
        columns: np.ndarray,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Components that share a kernel matrix, and the matrix between `rows` and `columns`."""
        characters, membership = distinct_characters(self.characters[components])
        distances = self._distances(rows, columns)
        for k, K in enumerate(averaged_kernels(kernel, distances, characters, sigma)):
            yield components[membership == k], K

    def symmetric(self, K: np.ndarray) -> np.ndarray:
        """The matrix without the asymmetry of an average, in which images differ by rounding."""
        return K if len(self.images) == 1 else 0.5 * (K + K.T)

    def _distances(self, rows: np.ndarray, columns: np.ndarray) -> Iterable[np.ndarray]:
        if self._plain is not None:
            return [self._plain[np.ix_(rows, columns)]]
        # Distances to all images might not fit into memory, so each sigma computes them again.
        X = self.images[0][rows]
        return (kernels.distance(self.kernel, X, image[columns]) for image in self.images)
