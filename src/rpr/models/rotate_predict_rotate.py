"""Rotate, predict, rotate: dipole or polarizability by way of canonical axes.

Every geometry is rotated into axes fixed in the molecule, each Cartesian component of the property
is predicted there by kernel ridge regression, and the result is rotated back:

    mu(X) = R(X)^T mu_c(R(X) (X - o)),    alpha(X) = R(X)^T alpha_c(R(X) (X - o)) R(X).

Rotating the molecule changes R and nothing else, so that the prediction turns with it, provided
that the axes are a function of the geometry.  The targets of every component are centred: their
mean over the training frames, in the canonical axes, is subtracted before the fit and added to
predictions.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eqs. (1)-(5) and Fig. 1.  The paper does
not say whether it centres targets, nor how it weights coordinates against RE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from rpr.axes.canonical import canonical_axes, check_axes
from rpr.axes.components import from_components, to_components
from rpr.axes.rotation import to_axes, to_axes_positions, to_laboratory
from rpr.errors import NotApplicableError
from rpr.models.estimator import Frames
from rpr.models.hyperparameters import as_mapping, given_hyperparameters, given_weights
from rpr.models.property_estimator import PropertyEstimator, checked_positions, training_checksum
from rpr.models.validation import grouped_training_data
from rpr.molecule.molecule import Molecule
from rpr.regression import search
from rpr.regression.descriptors import describe
from rpr.regression.kernel_regression import KernelRegression

_BLOCK = 16384  # frames rotated and described at once in a prediction


class RotatePredictRotate(PropertyEstimator):
    """Dipole or polarizability, one kernel ridge regression per component in canonical axes.

    Parameters
    ----------
    molecule
        Atoms and their order, reference geometry, anchors and dihedral.
    property
        ``"dipole"`` (e Angstrom) or ``"polarizability"`` (Angstrom^3).
    axes
        One of `rpr.axes.canonical.AXES`; None takes inertia.
    descriptor
        One of `rpr.regression.descriptors.DESCRIPTORS`; None takes the paper's RExyzCl for a
        molecule with anchors, and RExyz otherwise.
    kernel
        One of `rpr.regression.kernels.KERNELS`, or one of `rpr.regression.kernels.FAMILIES`, of
        which validation takes one for each component; None takes the family matern.
    coordinate_weight
        Weight of coordinates against RE in the descriptor, 1/Angstrom. Of a sequence, the weight
        with the lowest validation error is taken; None is the weight that
        `rpr.regression.descriptors.COORDINATE_WEIGHTS` has for the descriptor.
    sigmas
        Length scales to try for each component, relative to the median distance between the
        training frames; the default is `rpr.regression.search.sigma_factors`.
    lambdas
        Regularization strengths to try; the default is `rpr.regression.search.default_lambdas`.
    validation_fraction
        Part of the training frames that the search validates on.
    validation
        ``"frames"`` validates on frames drawn at random, ``"trajectories"`` on whole trajectories,
        which the training frames have to name.
    seed
        Seed of the random split of the training frames into fitted and validated ones.
    hyperparameters
        ``{component: {"sigma": ..., "lambda": ..., "kernel": ...}}``, such as `hyperparameters_` of
        a fitted model, or one such entry for all components; the kernel is needed for families
        only. If they are given, nothing is searched.

    Attributes
    ----------
    regression_ : KernelRegression
        The regression in the canonical axes.
    hyperparameters_ : dict
        Component -> sigma, lambda, validation_rmse (in the unit of the property), kernel.
    coordinate_weight_ : float
        The weight in use.
    training_checksum_ : str
        SHA-256 of training positions and values.

    Examples
    --------
    >>> import numpy as np
    >>> from ase.build import molecule
    >>> from rpr import Molecule, RotatePredictRotate
    >>> water = molecule("H2O")
    >>> rng = np.random.default_rng(0)
    >>> frames = water.positions + rng.normal(scale=0.05, size=(50, 3, 3))
    >>> dipoles = np.einsum("a,fai->fi", [-0.8, 0.4, 0.4], frames)
    >>> model = RotatePredictRotate(
    ...     molecule=Molecule.from_atoms(water, anchors=(1, 2)), axes="eckart", descriptor="xyz"
    ... )
    >>> model.fit(frames, dipoles).score(frames, dipoles) > 0.999
    True
    """

    KIND = "rotate-predict-rotate"
    STORED: tuple[str, ...] = (
        *("property", "axes", "descriptor", "kernel"),
        *("coordinate_weight", "validation_fraction", "validation", "seed"),
    )

    def __init__(
        self,
        *,
        molecule: Molecule,
        property: str = "dipole",
        axes: str | None = "inertia",
        descriptor: str | None = None,
        kernel: str | None = None,
        coordinate_weight: float | Sequence[float] | None = None,
        sigmas: Sequence[float] | None = None,
        lambdas: Sequence[float] | None = None,
        validation_fraction: float = 0.2,
        validation: str = "frames",
        seed: int = 0,
        hyperparameters: Mapping | Sequence[float] | None = None,
    ) -> None:
        super().__init__(molecule, property)
        self.axes = axes
        self.descriptor: Any = descriptor
        self.kernel: Any = kernel
        self.coordinate_weight = coordinate_weight
        self.sigmas = sigmas
        self.lambdas = lambdas
        self.validation_fraction = validation_fraction
        self.validation = validation
        self.seed = seed
        self.hyperparameters = hyperparameters

    @property
    def is_handed(self) -> bool:
        """Yes: a mirror image has other coordinates in canonical axes."""
        return True

    @property
    def axes_(self) -> str:
        """Name of the axes in use."""
        return self.axes or "inertia"

    @property
    def kernel_(self) -> str:
        """Name of the kernel in use, or of its family."""
        return self.kernel or "matern"

    @property
    def descriptor_(self) -> str:
        """Name of the descriptor in use."""
        return self.descriptor or ("RExyzCl" if self.molecule.anchors else "RExyz")

    def check_molecule(self) -> None:
        """Refuse a molecule without these axes, or without the atoms that the descriptor needs."""
        try:
            check_axes(self.axes_, self.molecule)
        except NotApplicableError as error:
            raise NotApplicableError(
                f"{error}, or the model 'covariant', which needs no axes"
            ) from error
        describe(self.descriptor_, self.molecule.reference[None], self.molecule)

    def fit(self, frames: Frames, values: np.ndarray | None = None) -> Self:
        """Search hyper-parameters on a part of the training frames, then fit all of them.

        Parameters
        ----------
        frames
            A `FrameSet`, ASE atoms, a file, or an array [n_frames, n_atoms, 3], Angstrom.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Property of each frame in the laboratory; the default is what the frames carry.

        Raises
        ------
        InputError
            For unknown names, wrong shapes, other atoms than the molecule's, positions that cannot
            be in Angstrom, numbers that are not finite, or a validation on trajectories of frames
            that name fewer than two.

        Warns
        -----
        ConditioningWarning
            If the linear system is ill-conditioned.
        """
        validation = self.validation if self.hyperparameters is None else "frames"
        positions, values, groups = grouped_training_data(
            self.property, frames, values, self.molecule, validation
        )
        given = positions, values
        positions, values, source = self._training_frames(positions, values)
        self._prepare(positions)
        canonical, rotations = self._rotate(positions)
        targets = to_components(to_axes(values, rotations))  # -> [n_frames, n_components]
        self.coordinate_weight_, choices = self._choose(canonical, targets, groups[source])
        regression = KernelRegression(
            kernel=self.kernel_, hyperparameters=[(c.sigma, c.lam, c.kernel) for c in choices]
        )
        images = self._images(canonical, self.coordinate_weight_)
        self.regression_ = regression.fit(images, targets, self._characters())
        self.hyperparameters_ = as_mapping(choices, self.components)
        self._note_values(*given, learnt=positions)
        self.training_checksum_ = training_checksum(positions, values)
        return self

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        self._require_fitted()
        positions = checked_positions(frames, self.molecule)
        self._warn_outside(positions)
        predicted = []
        for start in range(0, len(positions), _BLOCK):
            canonical, rotations = self._rotate(positions[start : start + _BLOCK])
            X = self._describe(canonical, self.coordinate_weight_)
            predicted.append(to_laboratory(from_components(self.regression_.predict(X)), rotations))
        return np.concatenate(predicted)

    # What a subclass with another kernel or other training frames replaces.

    def _training_frames(
        self, positions: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions and values that are learnt, and the given frame that each comes from."""
        return positions, values, np.arange(len(positions))

    def _prepare(self, positions: np.ndarray) -> None:
        """Check the training positions, and set what depends on the molecule alone."""

    def _describe(self, canonical: np.ndarray, weight: float) -> np.ndarray:
        """Descriptors [n_frames, n_features] of canonical coordinates."""
        return describe(self.descriptor_, canonical, self.molecule, coordinate_weight=weight)

    def _images(self, canonical: np.ndarray, weight: float) -> np.ndarray:
        """Descriptors of training frames in the form that `KernelRegression.fit` takes."""
        return self._describe(canonical, weight)

    def _characters(self) -> np.ndarray | None:
        """Signs of the components under the group that the kernel is averaged over."""
        return None

    def _sigmas(self, X: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
        """Length scales to try, by kernel, for training frames with descriptors `X`."""
        return search.sigma_grids(self.kernel_, X, self.sigmas)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "descriptors": self.regression_.descriptors_[0],
            "coefficients": self.regression_.coefficients_,
            "means": self.regression_.means_,
        }

    def _metadata(self) -> dict[str, Any]:
        chosen = {"kernel": self.kernel_, "coordinate_weight": self.coordinate_weight_}
        return super()._metadata() | chosen

    def _restore_arrays(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        self.coordinate_weight_ = metadata["coordinate_weight"]
        self._restore_regression(arrays, arrays["descriptors"])

    def _restore_regression(self, arrays: Mapping[str, np.ndarray], images: np.ndarray) -> None:
        regression = KernelRegression(
            kernel=self.kernel_,
            hyperparameters=given_hyperparameters(self.hyperparameters, self.components),
        )
        coefficients, means = arrays["coefficients"], arrays["means"]
        self.regression_ = regression.restore(images, coefficients, means, self._characters())

    def _rotate(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Canonical coordinates [n_frames, n_atoms, 3] and rotations [n_frames, 3, 3]."""
        axes = canonical_axes(self.axes_, positions, self.molecule)
        return to_axes_positions(positions, axes), axes.rotations

    def _choose(
        self, canonical: np.ndarray, targets: np.ndarray, groups: np.ndarray
    ) -> tuple[float, list[search.Choice]]:
        """Coordinate weight and hyper-parameters with the lowest validation error.

        Frames of equal `groups` [n_frames] are validated together.
        """
        given = given_hyperparameters(self.hyperparameters, self.components)
        known = given is not None
        trials = []
        for weight in given_weights(self.coordinate_weight, self.descriptor_, one=known):
            images = self._images(canonical, weight)
            regression = KernelRegression(
                kernel=self.kernel_,
                sigmas=self._sigmas(images if images.ndim == 2 else images[0], groups),
                lambdas=self.lambdas,
                validation_fraction=self.validation_fraction,
                seed=self.seed,
                hyperparameters=given,
            )
            choices = regression.choose(images, targets, self._characters(), groups)
            trials.append((search.relative_error(choices, targets), weight, choices))
        _, weight, choices = min(trials, key=lambda trial: trial[0])
        return weight, choices
