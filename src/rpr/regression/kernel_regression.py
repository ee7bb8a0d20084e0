"""Kernel ridge regression of several components on one descriptor.

    f_c(x) = mean_c + sum_i a_ic K_c(x, x_i),    (K_c + lambda_c I) a_c = y_c - mean_c

Each component has its own sigma and lambda.  All components share one search and, where they have
the same sigma, one kernel.  The kernel K_c is a plain one, or its average over a group
(:mod:`rpr.regression.symmetrized_kernel`).  This is the engine of the models in canonical axes; it
knows nothing of molecules.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eq. (1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rpr.errors import InputError
from rpr.regression import kernels, ridge, search
from rpr.regression.resources import available_threads, thread_map
from rpr.regression.symmetrized_kernel import (
    averaged_kernels,
    distinct_characters,
    image_coefficients,
)

#: Kernel elements evaluated at once in a prediction, so that they stay in the processor's cache.
_CHUNK_ELEMENTS = 1 << 17


class KernelRegression:
    """Search for hyper-parameters, fit and prediction.

    Parameters
    ----------
    kernel
        One of `rpr.regression.kernels.KERNELS`.
    sigmas
        Length scales to try, in the unit of the distances; the default is
        `rpr.regression.search.sigma_grid`.
    lambdas
        Regularization strengths to try; the default is `rpr.regression.search.default_lambdas`.
    validation_fraction
        Part of the training frames that the search validates on. The final fit uses all frames.
    seed
        Seed of the random split into fitted and validated frames.
    hyperparameters
        One pair (sigma, lambda) for each component. If they are given, nothing is searched.

    Attributes
    ----------
    choices_ : list of rpr.regression.search.Choice
        Sigma, lambda and validation error of each component. The error is NaN without a search.
    coefficients_ : array, [n_train, n_components]
        The a_ic.
    means_ : array, [n_components]
        Means of the training targets; zero for components that change sign under the group.
    descriptors_ : array, [n_elements, n_train, n_features]
        Training frames and their images.
    """

    def __init__(
        self,
        *,
        kernel: str = "matern2",
        sigmas: Sequence[float] | np.ndarray | None = None,
        lambdas: Sequence[float] | np.ndarray | None = None,
        validation_fraction: float = 0.2,
        seed: int = 0,
        hyperparameters: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        self.kernel = kernel
        self.sigmas = sigmas
        self.lambdas = lambdas
        self.validation_fraction = validation_fraction
        self.seed = seed
        self.hyperparameters = hyperparameters

    def fit(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        characters: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> KernelRegression:
        """Search the hyper-parameters and fit all frames.

        Parameters
        ----------
        X : array, [n_train, n_features] or [n_elements, n_train, n_features]
            Descriptors of the training frames or, for an averaged kernel, of their images under
            each element of the group, the identity first.
        Y : array, [n_train, n_components]
            Targets.
        characters : array, [n_components, n_elements]
            Signs with which the elements multiply the components; needed with images only.
        groups : array, [n_train]
            Frames of equal entries are validated together, see
            `rpr.regression.search.validation_split`.

        Raises
        ------
        InputError
            If shapes do not fit or memory does not hold the kernel matrix.

        Warns
        -----
        ConditioningWarning
            As `rpr.regression.ridge.solve_ridge`.
        """
        training = _Training(self.kernel, X, Y, characters)
        self.choices_ = self._choose(training, groups)
        means = training.means()
        self._store(training, self._solve(training, training.Y - means), means)
        return self

    def choose(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        characters: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> list[search.Choice]:
        """Hyper-parameters that `fit` would take, either given or found by the search."""
        return self._choose(_Training(self.kernel, X, Y, characters), groups)

    def restore(
        self,
        X: np.ndarray,
        coefficients: np.ndarray,
        means: np.ndarray,
        characters: np.ndarray | None = None,
    ) -> KernelRegression:
        """Put back what an earlier fit found; `X` and `characters` are as for `fit`."""
        training = _Training(self.kernel, X, coefficients, characters)
        self.choices_ = self._choose(training)
        self._store(training, coefficients, means)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Components [n, n_components] at descriptors [n, n_features]."""
        X = np.asarray(X, dtype=float)
        predicted = np.empty((len(X), len(self.means_)))
        size = max(1, _CHUNK_ELEMENTS // len(self._centres))
        chunks = [slice(start, start + size) for start in range(0, len(X), size)]

        def fill(chunk: slice) -> None:
            predicted[chunk] = self._predict_chunk(X[chunk])

        thread_map(fill, chunks)
        return predicted

    def _predict_chunk(self, X: np.ndarray) -> np.ndarray:
        distances = kernels.distance(self.kernel, X, self._centres)
        K = np.empty_like(distances)
        predicted = np.empty((len(X), len(self.means_)))
        for sigma, columns in self._shared_sigmas():
            kernels.kernel_from_distance(self.kernel, distances, sigma, out=K)
            predicted[:, columns] = K @ self._weights[:, columns]
        return predicted + self.means_

    def _store(self, training: _Training, coefficients: np.ndarray, means: np.ndarray) -> None:
        self.coefficients_, self.means_ = coefficients, means
        self.descriptors_ = training.images
        self._centres = training.images.reshape(-1, training.images.shape[2])
        self._weights = image_coefficients(coefficients, training.characters)

    def _choose(self, training: _Training, groups: np.ndarray | None = None) -> list[search.Choice]:
        n_components = training.Y.shape[1]
        if self.hyperparameters is None:
            return self._search(training, groups)
        if len(self.hyperparameters) != n_components:
            raise InputError(
                f"hyperparameters: found {len(self.hyperparameters)} pairs (sigma, lambda), "
                f"expected one for each of {n_components} components"
            )
        return [search.Choice(float(s), float(lam), np.nan) for s, lam in self.hyperparameters]

    def _search(self, training: _Training, groups: np.ndarray | None) -> list[search.Choice]:
        training.prepare()
        fitted, validated = search.validation_split(
            len(training.Y), self.validation_fraction, self.seed, groups
        )
        both, n = np.concatenate([fitted, validated]), len(fitted)
        components = np.arange(training.Y.shape[1])

        def blocks(sigma: float) -> Iterator[search.Blocks]:
            for columns, K in training.kernels(sigma, components, both, fitted):
                yield columns, training.symmetric(K[:n]), K[n:]

        X, means = training.images[0], training.means(fitted)
        return search.search(
            blocks,
            training.Y[fitted] - means,
            training.Y[validated] - means,
            search.sigma_grid(self.kernel, X) if self.sigmas is None else self.sigmas,
            search.default_lambdas() if self.lambdas is None else self.lambdas,
        )

    def _solve(self, training: _Training, y: np.ndarray) -> np.ndarray:
        training.prepare()
        coefficients = np.empty_like(y)
        lams = np.array([choice.lam for choice in self.choices_])
        frames = np.arange(len(y))

        def solve(group: tuple[float, np.ndarray]) -> None:
            sigma, components = group
            for c, K in training.kernels(sigma, components, frames, frames):
                coefficients[:, c] = ridge.solve_ridge(training.symmetric(K), y[:, c], lams[c])

        thread_map(solve, self._shared_sigmas())
        return coefficients

    def _shared_sigmas(self) -> list[tuple[float, np.ndarray]]:
        """Distinct sigmas with the components that use them."""
        sigmas = np.array([choice.sigma for choice in self.choices_])
        return [(float(sigma), np.flatnonzero(sigmas == sigma)) for sigma in np.unique(sigmas)]


class _Training:
    """Training frames and the kernel matrices between them; arguments as for `fit`."""

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
        self, sigma: float, components: np.ndarray, rows: np.ndarray, columns: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Components that share a kernel matrix, and the matrix between `rows` and `columns`."""
        characters, membership = distinct_characters(self.characters[components])
        distances = self._distances(rows, columns)
        for k, K in enumerate(averaged_kernels(self.kernel, distances, characters, sigma)):
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
