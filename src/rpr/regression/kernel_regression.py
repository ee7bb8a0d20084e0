"""Kernel ridge regression of several components on one descriptor.

    f_c(x) = mean_c + sum_i a_ic K_c(x, x_i),    (K_c + lambda_c I) a_c = y_c - mean_c

Each component has its own sigma and lambda, and its own kernel of a family.  All components share
one search, the distances, and, where they have the same kernel and sigma, one matrix.  The kernel
K_c is a plain one, or its average over a group (:mod:`rpr.regression.symmetrized_kernel`).  This is
the engine of the models in canonical axes; it knows nothing of molecules.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eq. (1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rpr.errors import InputError
from rpr.regression import kernels, ridge, search
from rpr.regression.resources import thread_map
from rpr.regression.symmetrized_kernel import image_coefficients
from rpr.regression.training_kernels import TrainingKernels

#: Frames fitted in the search for the kernels of a family; with more, these kernels are searched
#: once more, near the sigmas found.
_N_FAMILY = 400
#: Kernel elements evaluated at once in a prediction, so that they stay in the processor's cache.
_CHUNK_ELEMENTS = 1 << 17


class KernelRegression:
    """Search for hyper-parameters, fit and prediction.

    Parameters
    ----------
    kernel
        One of `rpr.regression.kernels.KERNELS`, or one of `rpr.regression.kernels.FAMILIES`, of
        which the search takes one kernel for each component.
    sigmas
        Length scales to try, in the unit of the distances, for all kernels or by kernel; the
        default is `rpr.regression.search.sigma_grids`.
    lambdas
        Regularization strengths to try; the default is `rpr.regression.search.default_lambdas`.
    validation_fraction
        Part of the training frames that the search validates on. The final fit uses all frames.
    seed
        Seed of the random split into fitted and validated frames.
    hyperparameters
        One pair (sigma, lambda) for each component, or (sigma, lambda, kernel) for one of a
        family. If they are given, nothing is searched.

    Attributes
    ----------
    choices_ : list of rpr.regression.search.Choice
        Sigma, lambda, validation error and kernel of each component. The error is NaN without a
        search.
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
        sigmas: Sequence[float] | np.ndarray | Mapping[str, np.ndarray] | None = None,
        lambdas: Sequence[float] | np.ndarray | None = None,
        validation_fraction: float = 0.2,
        seed: int = 0,
        hyperparameters: Sequence[tuple] | None = None,
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
        training = TrainingKernels(self.kernel, X, Y, characters)
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
        return self._choose(TrainingKernels(self.kernel, X, Y, characters), groups)

    def restore(
        self,
        X: np.ndarray,
        coefficients: np.ndarray,
        means: np.ndarray,
        characters: np.ndarray | None = None,
    ) -> KernelRegression:
        """Put back what an earlier fit found; `X` and `characters` are as for `fit`."""
        training = TrainingKernels(self.kernel, X, coefficients, characters)
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
        for (kernel, sigma), columns in self._shared_kernels():
            kernels.kernel_from_distance(kernel, distances, sigma, out=K)
            predicted[:, columns] = K @ self._weights[:, columns]
        return predicted + self.means_

    def _store(
        self, training: TrainingKernels, coefficients: np.ndarray, means: np.ndarray
    ) -> None:
        self.coefficients_, self.means_ = coefficients, means
        self.descriptors_ = training.images
        self._centres = training.images.reshape(-1, training.images.shape[2])
        self._weights = image_coefficients(coefficients, training.characters)

    def _choose(
        self, training: TrainingKernels, groups: np.ndarray | None = None
    ) -> list[search.Choice]:
        n_components = training.Y.shape[1]
        if self.hyperparameters is None:
            return self._search(training, groups)
        if len(self.hyperparameters) != n_components:
            raise InputError(
                f"hyperparameters: found {len(self.hyperparameters)} pairs (sigma, lambda), "
                f"expected one for each of {n_components} components"
            )
        return [self._given(*entry) for entry in self.hyperparameters]

    def _given(self, sigma: float, lam: float, kernel: str | None = None) -> search.Choice:
        name = kernel or self.kernel
        if name not in kernels.members(self.kernel):
            raise InputError(
                f"hyperparameters: found kernel {name!r}, expected one of "
                f"{', '.join(kernels.members(self.kernel))} for each component"
            )
        return search.Choice(float(sigma), float(lam), np.nan, name)

    def _search(self, training: TrainingKernels, groups: np.ndarray | None) -> list[search.Choice]:
        training.prepare()
        fitted, validated = search.validation_split(
            len(training.Y), self.validation_fraction, self.seed, groups
        )
        sigmas = self._sigmas(training.images[0])
        if len(sigmas) > 1 and len(fitted) > _N_FAMILY:
            some = np.random.default_rng(self.seed).permutation(fitted)[:_N_FAMILY]
            sigmas = search.near(sigmas, self._validate(training, some, validated, sigmas))
        return self._validate(training, fitted, validated, sigmas)

    def _validate(
        self,
        training: TrainingKernels,
        fitted: np.ndarray,
        validated: np.ndarray,
        sigmas: Mapping[str, Sequence[float] | np.ndarray],
    ) -> list[search.Choice]:
        both, n = np.concatenate([fitted, validated]), len(fitted)
        components = np.arange(training.Y.shape[1])

        def blocks(kernel: str, sigma: float) -> Iterator[search.Blocks]:
            for columns, K in training.kernels(kernel, sigma, components, both, fitted):
                yield columns, training.symmetric(K[:n]), K[n:]

        means = training.means(fitted)
        return search.search(
            blocks,
            training.Y[fitted] - means,
            training.Y[validated] - means,
            sigmas,
            search.default_lambdas() if self.lambdas is None else self.lambdas,
        )

    def _sigmas(self, X: np.ndarray) -> Mapping[str, Sequence[float] | np.ndarray]:
        """Length scales to try, by kernel."""
        if self.sigmas is None:
            return search.sigma_grids(self.kernel, X)
        if isinstance(self.sigmas, Mapping):
            return self.sigmas
        return dict.fromkeys(kernels.members(self.kernel), self.sigmas)

    def _solve(self, training: TrainingKernels, y: np.ndarray) -> np.ndarray:
        training.prepare()
        coefficients = np.empty_like(y)
        lams = np.array([choice.lam for choice in self.choices_])
        frames = np.arange(len(y))

        def solve(shared: tuple[tuple[str, float], np.ndarray]) -> None:
            kernel_and_sigma, components = shared
            for c, K in training.kernels(*kernel_and_sigma, components, frames, frames):
                coefficients[:, c] = ridge.solve_ridge(training.symmetric(K), y[:, c], lams[c])

        thread_map(solve, self._shared_kernels())
        return coefficients

    def _shared_kernels(self) -> list[tuple[tuple[str, float], np.ndarray]]:
        """Distinct kernels and sigmas with the components that use them."""
        pairs = [(choice.kernel, choice.sigma) for choice in self.choices_]
        return [
            (pair, np.array([c for c, other in enumerate(pairs) if other == pair]))
            for pair in sorted(set(pairs))
        ]
