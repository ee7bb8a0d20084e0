"""Rotate-predict-rotate with a kernel averaged over axis signs and permutation-inversion.

    K_c(x, x') = 1/|G| sum_g chi_c(g) k(x, g x')

with x the descriptor of canonical coordinates and G the product of the four proper choices of axis
signs and the permutation-inversion group of the molecule (16 elements for 1,2-dichloroethane).
The model needs no sign rule, is smooth where signs jump, knows the mirror image and the relabelled
copy of every training frame, and obeys the symmetry exactly. Averaging the predictions of a plain
model instead is useless: the axes of its training frames had signs of their own.

Means are subtracted from totally symmetric components only; others average to zero over the group.

Source of the plain model: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eqs. (1)-(5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rpr.axes.canonical import canonical_axes
from rpr.axes.characters import axes_group
from rpr.axes.components import to_components
from rpr.axes.rotation import to_axes
from rpr.errors import InputError
from rpr.models.estimator import (
    AxesEstimator,
    checked_positions,
    checked_values,
    training_checksum,
)
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import PermutationInversionGroup, find_group
from rpr.regression import ridge, search, symmetrized_kernel
from rpr.regression.descriptors import describe, pair_distances
from rpr.regression.kernels import distance

_SIGN_TOLERANCE = 1e-6
_KERNELS = {"dipole": "gaussian", "polarizability": "matern3"}


class SymmetrizedRPR(AxesEstimator):
    """Dipole or polarizability in a canonical axes with group-averaged kernels.

    Parameters
    ----------
    molecule
        Its reference geometry gives the group, see `rpr.molecule.permutation_inversion.find_group`.
    property
        ``"dipole"`` (e Angstrom) or ``"polarizability"`` (Angstrom^3).
    axes
        An inertia axes or ``"bond-axis"``; None takes bond-axis for a molecule with a dihedral and
        inertia otherwise. Sign rules make no difference.
    descriptor
        One of `rpr.regression.descriptors.DESCRIPTORS`.
    kernel
        One of `rpr.regression.kernels.KERNELS`; None takes gaussian for the dipole, matern3 for the
        polarizability.
    coordinate_weight
        Weight of coordinates against RE in the descriptor, 1/Angstrom; of several, the one with the
        lowest validation error is taken.
    sigmas, lambdas
        Grid of the search for each component; sigmas relative to the median distance. Default
        `rpr.regression.search.sigma_factors` and `rpr.regression.search.default_lambdas`.
    validation_fraction
        Part of the training frames that validates in the search.
    seed
        Of the random split into fitted and validated frames.
    hyperparameters
        ``{component: {"sigma": ..., "lambda": ...}}``: nothing is searched.

    Attributes
    ----------
    group_ : PermutationInversionGroup
    hyperparameters_ : dict
        Component -> sigma, lambda, validation_rmse (in the unit of the property).
    coefficients_ : array, [n_train, n_components]
    training_checksum_ : str
    """

    KIND = "symmetrized"
    STORED = (
        *("property", "axes", "descriptor", "kernel"),
        *("coordinate_weight", "validation_fraction", "seed"),
    )

    def __init__(
        self,
        *,
        molecule: Molecule,
        property: str = "dipole",
        axes: str | None = None,
        descriptor: str = "RExyz",
        kernel: str | None = None,
        coordinate_weight: float | Sequence[float] = 0.5,
        sigmas: Sequence[float] | None = None,
        lambdas: Sequence[float] | None = None,
        validation_fraction: float = 0.2,
        seed: int = 0,
        hyperparameters: Mapping | None = None,
    ):
        self.molecule = molecule
        self.property = property
        self.axes = axes
        self.descriptor = descriptor
        self.kernel = kernel
        self.coordinate_weight = coordinate_weight
        self.sigmas = sigmas
        self.lambdas = lambdas
        self.validation_fraction = validation_fraction
        self.seed = seed
        self.hyperparameters = hyperparameters

    @property
    def kernel_(self) -> str:
        """Name of the kernel in use."""
        return self.kernel or _KERNELS[self.property]

    @property
    def axes_(self) -> str:
        """Name of the axes in use."""
        return self.axes or ("bond-axis" if self.molecule.dihedral else "inertia")

    def fit(self, frames, values: np.ndarray | None = None) -> SymmetrizedRPR:
        """Search hyper-parameters on a part of the training frames, then fit all of them.

        Parameters
        ----------
        frames
            A `FrameSet`, a sequence of ASE atoms, or an array [n_frames, n_atoms, 3], Angstrom.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Property in the laboratory; default: the one a `FrameSet` holds.

        Raises
        ------
        InputError
            For unknown names, wrong shapes, other atoms than the molecule's, or a frame whose axes
            the group does not carry into themselves.
        """
        positions = checked_positions(frames, self.molecule)
        values = checked_values(self.property, values, frames, len(positions))
        ridge.check_memory(len(positions), copies=8)
        self._set_group(find_group(self.molecule))
        self._check_axes(positions)
        canonical, rotations = self._rotate(positions)
        self._check_descriptor(canonical)
        targets = to_components(to_axes(values, rotations))  # -> [n_frames, n_components]
        self.coordinate_weight_, choices = self._choose(canonical, targets)
        self._solve(canonical, targets, choices)
        self.training_checksum_ = training_checksum(positions, values)
        return self

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "canonical": self._canonical,
            "coefficients": self.coefficients_,
            "means": self.means_,
        }

    def _metadata(self) -> dict:
        chosen = {
            "axes": self.axes_,
            "kernel": self.kernel_,
            "coordinate_weight": self.coordinate_weight_,
        }
        return super()._metadata() | chosen

    def _restore_arrays(self, arrays: Mapping[str, np.ndarray], metadata: Mapping) -> None:
        self.coordinate_weight_ = metadata["coordinate_weight"]
        self._set_group(find_group(self.molecule))
        self._store(arrays["canonical"], arrays["coefficients"])
        self.means_ = arrays["means"]

    def _set_group(self, group: PermutationInversionGroup) -> None:
        self.group_ = group
        self._elements = axes_group(group)
        self._characters = self._elements.characters(self.property)
        # r_eq has to be the same for equal pairs, whatever the reference geometry.
        r_eq = pair_distances(self.molecule.reference[None])[0]
        images = pair_distances(group.act_on_positions(self.molecule.reference[None])[:, 0])
        self._r_eq_factor = images.mean(axis=0) / r_eq

    def _check_axes(self, positions: np.ndarray) -> None:
        """Refuse frames whose axes an element of the group does more to than change signs."""
        sample = positions[:20]
        axes = canonical_axes(self.axes_, sample, self.molecule)
        usable = ~axes.near_degenerate
        for image in self.group_.act_on_positions(sample):
            turned = canonical_axes(self.axes_, image, self.molecule).rotations
            change = np.einsum("fix,fjx->fij", turned, axes.rotations)[usable]
            if np.abs(np.abs(change) - np.eye(3)).max(initial=0.0) > _SIGN_TOLERANCE:
                raise InputError(
                    f"axes {self.axes_!r} cannot be symmetrised: exchanging equal atoms turns "
                    "its axes; use an inertia axes or 'bond-axis'"
                )

    def _check_descriptor(self, canonical: np.ndarray) -> None:
        """Refuse descriptors whose distances an element of the group changes."""
        if self.descriptor == "REsphCl":
            raise InputError(
                "descriptor 'REsphCl' cannot be symmetrised: its angle phi jumps where signs of "
                "axes change; use RExyzCl or RExyz"
            )
        sample = canonical[:5]
        weight = float(np.max(self.coordinate_weight))
        images = self._describe_images(sample, weight)
        expected = distance(self.kernel_, images[0])
        for image in images:
            change = np.abs(distance(self.kernel_, image) - expected).max()
            if change > _SIGN_TOLERANCE * max(1.0, expected.max()):
                raise InputError(
                    f"descriptor {self.descriptor!r} cannot be symmetrised: exchanging equal atoms "
                    "or changing signs of axes alters its distances; use RE, xyz or RExyz, or mark "
                    "all equal atoms"
                )

    def _describe(self, canonical: np.ndarray, weight: float) -> np.ndarray:
        X = describe(self.descriptor, canonical, self.molecule, coordinate_weight=weight)
        if self.descriptor.startswith("RE"):
            X[:, : len(self._r_eq_factor)] *= self._r_eq_factor
        return X

    def _describe_images(self, canonical: np.ndarray, weight: float) -> np.ndarray:
        images = self._elements.images(canonical)
        flat = self._describe(images.reshape(-1, *canonical.shape[1:]), weight)
        return flat.reshape(len(images), len(canonical), -1)

    def _means(self, targets: np.ndarray) -> np.ndarray:
        symmetric = (self._characters > 0).all(axis=1)
        return np.where(symmetric, targets.mean(axis=0), 0.0)

    def _choose(
        self, canonical: np.ndarray, targets: np.ndarray
    ) -> tuple[float, list[search.Choice]]:
        weights = np.atleast_1d(np.asarray(self.coordinate_weight, dtype=float))
        if self.hyperparameters is not None:
            given = [self.hyperparameters[name] for name in self.components]
            pairs = [search.Choice(p["sigma"], p["lambda"], np.nan) for p in given]
            return float(weights[0]), pairs
        scale = np.maximum(targets.std(axis=0), 1e-300)
        trials = []
        for weight in weights:
            choices = self._search(canonical, targets, float(weight))
            errors = np.array([choice.rmse for choice in choices]) / scale
            trials.append((float(np.sum(errors**2)), float(weight), choices))
        _, weight, choices = min(trials, key=lambda trial: trial[0])
        return weight, choices

    def _search(self, canonical, targets, weight) -> list[search.Choice]:
        """Sigma and lambda of lowest validation error for each component."""
        fitted, validated = search.validation_split(
            len(targets), self.validation_fraction, self.seed
        )
        X = self._describe(canonical, weight)
        images = self._describe_images(canonical[fitted], weight)
        rows, membership = symmetrized_kernel.distinct_characters(self._characters)
        factors = search.sigma_factors(self.kernel_) if self.sigmas is None else self.sigmas
        median = search.median_distance(distance(self.kernel_, X[fitted]))
        sigmas = median * np.asarray(factors, dtype=float)
        lambdas = search.default_lambdas() if self.lambdas is None else self.lambdas
        means = self._means(targets[fitted])
        y_fitted, y_validated = targets[fitted] - means, targets[validated] - means
        order = np.concatenate([fitted, validated])
        surface = np.empty((len(sigmas), len(lambdas), targets.shape[1]))
        for s, sigma in enumerate(sigmas):
            K = symmetrized_kernel.averaged_kernels(self.kernel_, X[order], images, rows, sigma)
            for row, matrix in enumerate(K):
                columns = np.flatnonzero(membership == row)
                surface[s][:, columns] = ridge.ridge_path(
                    _symmetric(matrix[: len(fitted)]),
                    matrix[len(fitted) :],
                    y_fitted[:, columns],
                    y_validated[:, columns],
                    lambdas,
                )
        return search.choose(surface, sigmas, lambdas)

    def _solve(self, canonical, targets, choices) -> None:
        X = self._describe(canonical, self.coordinate_weight_)
        images = self._describe_images(canonical, self.coordinate_weight_)
        self.means_ = self._means(targets)
        coefficients = np.empty_like(targets)
        for sigma in {choice.sigma for choice in choices}:
            columns = [c for c, choice in enumerate(choices) if choice.sigma == sigma]
            rows, membership = symmetrized_kernel.distinct_characters(self._characters[columns])
            K = symmetrized_kernel.averaged_kernels(self.kernel_, X, images, rows, sigma)
            for column, row in zip(columns, membership, strict=True):
                y = targets[:, column] - self.means_[column]
                coefficients[:, column] = ridge.solve_ridge(
                    _symmetric(K[row]), y, choices[column].lam
                )
        self.hyperparameters_ = {
            name: {"sigma": choice.sigma, "lambda": choice.lam, "validation_rmse": choice.rmse}
            for name, choice in zip(self.components, choices, strict=True)
        }
        self._store(canonical, coefficients)

    def _store(self, canonical: np.ndarray, coefficients: np.ndarray) -> None:
        self._canonical, self.coefficients_ = canonical, coefficients
        self._images = self._describe_images(canonical, self.coordinate_weight_)
        self._folded = symmetrized_kernel.image_coefficients(coefficients, self._characters)
        self._sigmas = np.array([self.hyperparameters_[c]["sigma"] for c in self.components])

    def _components(self, canonical: np.ndarray) -> np.ndarray:
        X = self._describe(canonical, self.coordinate_weight_)
        return self.means_ + symmetrized_kernel.predict(
            self.kernel_, X, self._images, self._folded, self._sigmas
        )


def _symmetric(K: np.ndarray) -> np.ndarray:
    return 0.5 * (K + K.T)
