"""Kernel ridge regression of several components on one descriptor.

Each component has its own sigma and lambda, but all share one search and, where they share a
sigma, one kernel.  This is the engine of the estimators; it knows nothing of molecules or frames.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eq. (1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpr.errors import InputError
from rpr.regression import kernels, ridge, search
from rpr.regression.resources import thread_map

#: Kernel elements evaluated at once in a prediction: small enough for the processor's cache.
_CHUNK_ELEMENTS = 1 << 17


class KernelRegression:
    """f_c(x) = mean_c + sum_i a_ic k(x, x_i; sigma_c), with (K + lambda_c I) a_c = y_c - mean_c.

    Parameters
    ----------
    kernel
        One of `rpr.regression.kernels.KERNELS`.
    sigmas
        Length scales tried, relative to the median distance of the training frames; default
        `rpr.regression.search.sigma_factors`.
    lambdas
        Regularisation strengths tried; default `rpr.regression.search.default_lambdas`.
    validation_fraction
        Part of the training frames that validates in the search; the final fit uses all frames.
    seed
        Of the random split into fitted and validated frames.
    hyperparameters
        Sequence of (sigma, lambda), one per component; given these, nothing is searched.
    centre
        Subtract the mean of the training targets, per component, and add it to predictions.

    Attributes
    ----------
    choices_ : list of rpr.regression.search.Choice
        Sigma, lambda and validation error (NaN if nothing was searched) per component.
    coefficients_ : array, [n_train, n_components]
    means_ : array, [n_components]
    descriptors_ : array, [n_train, n_features]
    """

    def __init__(
        self,
        *,
        kernel: str = "matern2",
        sigmas: Sequence[float] | None = None,
        lambdas: Sequence[float] | None = None,
        validation_fraction: float = 0.2,
        seed: int = 0,
        hyperparameters: Sequence[tuple[float, float]] | None = None,
        centre: bool = True,
    ):
        self.kernel = kernel
        self.sigmas = sigmas
        self.lambdas = lambdas
        self.validation_fraction = validation_fraction
        self.seed = seed
        self.hyperparameters = hyperparameters
        self.centre = centre

    def fit(self, X: np.ndarray, Y: np.ndarray) -> KernelRegression:
        """Search the hyper-parameters and fit all frames.

        Parameters
        ----------
        X : array, [n_train, n_features]
        Y : array, [n_train, n_components]

        Raises
        ------
        InputError
            If shapes do not fit or memory does not hold the kernel matrix.

        Warns
        -----
        ConditioningWarning
            As `rpr.regression.ridge.solve`.
        """
        X, Y = _checked(X, Y)
        ridge.check_memory(len(X))
        distances = kernels.distance(self.kernel, X)
        self.choices_ = self._choose(distances, Y)
        self.descriptors_ = X
        self.means_ = Y.mean(axis=0) if self.centre else np.zeros(Y.shape[1])
        self.coefficients_ = self._solve(distances, Y - self.means_)
        return self

    def choose(self, X: np.ndarray, Y: np.ndarray) -> list[search.Choice]:
        """Hyper-parameters that `fit` would take: given, or found by the search."""
        X, Y = _checked(X, Y)
        if self.hyperparameters is not None:
            return self._given(Y)
        ridge.check_memory(len(X))
        return self._choose(kernels.distance(self.kernel, X), Y)

    @classmethod
    def restore(
        cls,
        *,
        kernel: str,
        hyperparameters: Sequence[tuple[float, float]],
        descriptors: np.ndarray,
        coefficients: np.ndarray,
        means: np.ndarray,
    ) -> KernelRegression:
        """A fitted regression from its stored parts."""
        model = cls(kernel=kernel, hyperparameters=hyperparameters)
        model.choices_ = model._given(coefficients)
        model.descriptors_, model.coefficients_, model.means_ = descriptors, coefficients, means
        return model

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Components for descriptors [n, n_features], [n, n_components]."""
        X = np.asarray(X, dtype=float)
        predicted = np.empty((len(X), len(self.means_)))
        size = max(1, _CHUNK_ELEMENTS // len(self.descriptors_))
        chunks = [slice(start, start + size) for start in range(0, len(X), size)]

        def fill(chunk: slice) -> None:
            predicted[chunk] = self._predict_chunk(X[chunk])

        thread_map(fill, chunks)
        return predicted

    def _predict_chunk(self, X: np.ndarray) -> np.ndarray:
        distances = kernels.distance(self.kernel, X, self.descriptors_)
        K = np.empty_like(distances)
        predicted = np.empty((len(X), len(self.means_)))
        for sigma, columns in _shared_sigmas(self.choices_):
            kernels.kernel_from_distance(self.kernel, distances, sigma, out=K)
            predicted[:, columns] = K @ self.coefficients_[:, columns]
        return predicted + self.means_

    def _choose(self, distances: np.ndarray, Y: np.ndarray) -> list[search.Choice]:
        return self._search(distances, Y) if self.hyperparameters is None else self._given(Y)

    def _given(self, Y: np.ndarray) -> list[search.Choice]:
        if len(self.hyperparameters) != Y.shape[1]:
            raise InputError(
                f"hyperparameters: found {len(self.hyperparameters)} pairs (sigma, lambda), "
                f"expected one for each of {Y.shape[1]} components"
            )
        return [search.Choice(float(s), float(lam), np.nan) for s, lam in self.hyperparameters]

    def _search(self, distances: np.ndarray, Y: np.ndarray) -> list[search.Choice]:
        fitted, validated = search.validation_split(len(Y), self.validation_fraction, self.seed)
        d_fitted = distances[np.ix_(fitted, fitted)]
        d_validated = distances[np.ix_(validated, fitted)]
        mean = Y[fitted].mean(axis=0) if self.centre else 0.0

        def blocks(sigma: float) -> tuple[np.ndarray, np.ndarray]:
            return (
                kernels.kernel_from_distance(self.kernel, d_fitted, sigma),
                kernels.kernel_from_distance(self.kernel, d_validated, sigma),
            )

        factors = search.sigma_factors(self.kernel) if self.sigmas is None else self.sigmas
        sigmas = search.median_distance(distances) * np.asarray(factors, dtype=float)
        lambdas = search.default_lambdas() if self.lambdas is None else self.lambdas
        return search.search(blocks, Y[fitted] - mean, Y[validated] - mean, sigmas, lambdas)

    def _solve(self, distances: np.ndarray, y: np.ndarray) -> np.ndarray:
        coefficients = np.empty_like(y)
        lams = np.array([choice.lam for choice in self.choices_])

        def solve(group: tuple[float, list[int]]) -> None:
            sigma, columns = group
            K = kernels.kernel_from_distance(self.kernel, distances, sigma)
            coefficients[:, columns] = ridge.solve_ridge(K, y[:, columns], lams[columns])

        thread_map(solve, _shared_sigmas(self.choices_))
        return coefficients


def _checked(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    X, Y = np.asarray(X, dtype=float), np.asarray(Y, dtype=float)
    if Y.ndim != 2 or len(X) != len(Y) or not len(X):
        raise InputError(
            f"Y: found shape {Y.shape}, expected [{len(X)}, n_components] with at least one row"
        )
    return X, Y


def _shared_sigmas(choices: Sequence[search.Choice]) -> list[tuple[float, list[int]]]:
    """Distinct sigmas with the components that use them."""
    groups: dict[float, list[int]] = {}
    for column, choice in enumerate(choices):
        groups.setdefault(choice.sigma, []).append(column)
    return list(groups.items())
