"""Rotate, predict, rotate: dipole or polarizability by way of a canonical axes.

Every geometry is rotated into a frame fixed in the molecule, each Cartesian component of the
property is predicted there by kernel ridge regression, and the result is rotated back:

    mu(X) = R(X)^T mu_c(R(X) (X - o)),    alpha(X) = R(X)^T alpha_c(R(X) (X - o)) R(X).

Rotating the molecule changes R and nothing else, so that the prediction turns with it, as far as
the frame is a function of the geometry.  The targets of every component are centred: the mean over
the training frames, in the canonical axes, is subtracted before the fit and added afterwards.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), eqs. (1)-(5) and Fig. 1; whether it
centres targets, and how it weights coordinates against RE, the paper does not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

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
from rpr.regression import search
from rpr.regression.descriptors import describe
from rpr.regression.kernel_regression import KernelRegression


class RotatePredictRotate(AxesEstimator):
    """Dipole or polarizability, one kernel ridge regression per component in a canonical axes.

    Parameters
    ----------
    molecule
        Atoms and their order, reference geometry, anchors, dihedral.
    property
        ``"dipole"`` (e Angstrom) or ``"polarizability"`` (Angstrom^3).
    axes
        One of `rpr.axes.canonical.AXES`.
    descriptor
        One of `rpr.regression.descriptors.DESCRIPTORS`.
    kernel
        One of `rpr.regression.kernels.KERNELS`.
    coordinate_weight
        Weight of coordinates against RE in the descriptor, 1/Angstrom; of a sequence, the weight
        of lowest validation error is taken.
    sigmas, lambdas
        Grid of the search for each component, sigmas relative to the median distance of the
        training frames; default `sigma_factors` and `default_lambdas` of
        :mod:`rpr.regression.search`.
    validation_fraction
        Part of the training frames that validates in the search.
    seed
        Of the random split of the training frames into fitted and validated ones.
    hyperparameters
        ``{component: {"sigma": ..., "lambda": ...}}`` or one such pair for all components: nothing
        is searched.  A fitted model's `hyperparameters_` can be given.

    Attributes
    ----------
    regression_ : KernelRegression
        In the canonical axes.
    hyperparameters_ : dict
        Component -> sigma, lambda, validation_rmse (in the unit of the property).
    coordinate_weight_ : float
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
    BLOCK = 16384
    STORED = (
        *("property", "axes", "descriptor", "kernel"),
        *("coordinate_weight", "validation_fraction", "seed"),
    )

    def __init__(
        self,
        *,
        molecule: Molecule,
        property: str = "dipole",
        axes: str = "inertia",
        descriptor: str = "RExyzCl",
        kernel: str = "matern2",
        coordinate_weight: float | Sequence[float] = 0.5,
        sigmas: Sequence[float] | None = None,
        lambdas: Sequence[float] | None = None,
        validation_fraction: float = 0.2,
        seed: int = 0,
        hyperparameters: Mapping | Sequence[float] | None = None,
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
    def axes_(self) -> str:
        """Name of the axes in use."""
        return self.axes

    def fit(self, frames, values: np.ndarray | None = None) -> RotatePredictRotate:
        """Search hyper-parameters on a part of the training frames, then fit all of them.

        Parameters
        ----------
        frames
            A `FrameSet`, a sequence of ASE atoms, or an array [n_frames, n_atoms, 3], Angstrom.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Property of each frame in the laboratory; default: the one a `FrameSet` holds.

        Raises
        ------
        InputError
            For unknown names, wrong shapes, other atoms than the molecule's, positions that cannot
            be in Angstrom, numbers that are not finite.

        Warns
        -----
        ConditioningWarning
            If the linear system is ill-conditioned.
        """
        positions = checked_positions(frames, self.molecule)
        values = checked_values(self.property, values, frames, len(positions))
        canonical, rotations = self._rotate(positions)
        targets = to_components(to_axes(values, rotations))  # -> [n_frames, n_components]
        self.coordinate_weight_, choices = self._choose_weight(canonical, targets)
        regression = self._regression([(c.sigma, c.lam) for c in choices])
        self.regression_ = regression.fit(self._describe(canonical), targets)
        self.hyperparameters_ = {
            name: {"sigma": c.sigma, "lambda": c.lam, "validation_rmse": c.rmse}
            for name, c in zip(self.components, choices, strict=True)
        }
        self.training_checksum_ = training_checksum(positions, values)
        return self

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "descriptors": self.regression_.descriptors_,
            "coefficients": self.regression_.coefficients_,
            "means": self.regression_.means_,
        }

    def _metadata(self) -> dict:
        return super()._metadata() | {"coordinate_weight": self.coordinate_weight_}

    def _restore_arrays(self, arrays: Mapping[str, np.ndarray], metadata: Mapping) -> None:
        self.coordinate_weight_ = metadata["coordinate_weight"]
        self.regression_ = KernelRegression.restore(
            kernel=self.kernel,
            hyperparameters=self._pairs(),
            **{name: arrays[name] for name in ("descriptors", "coefficients", "means")},
        )

    def _components(self, canonical: np.ndarray) -> np.ndarray:
        return self.regression_.predict(self._describe(canonical))

    def _describe(self, canonical: np.ndarray, weight: float | None = None) -> np.ndarray:
        weight = self.coordinate_weight_ if weight is None else weight
        return describe(self.descriptor, canonical, self.molecule, coordinate_weight=weight)

    def _choose_weight(
        self, canonical: np.ndarray, targets: np.ndarray
    ) -> tuple[float, list[search.Choice]]:
        """Weight of lowest validation error, relative to the spread of each component."""
        regression = self._regression(self._pairs())
        scale = targets.std(axis=0)
        scale[scale == 0.0] = 1.0
        trials = []
        for weight in np.atleast_1d(np.asarray(self.coordinate_weight, dtype=float)):
            choices = regression.choose(self._describe(canonical, float(weight)), targets)
            error = np.sum((np.array([c.rmse for c in choices]) / scale) ** 2)
            trials.append((float(error), float(weight), choices))
        if len(trials) > 1 and self.hyperparameters is not None:
            raise InputError(
                "coordinate_weight: found several and given hyperparameters, so nothing is "
                "searched; give one weight"
            )
        _, weight, choices = min(trials, key=lambda trial: trial[0])
        return weight, choices

    def _regression(self, pairs: Sequence[tuple[float, float]] | None) -> KernelRegression:
        return KernelRegression(
            kernel=self.kernel,
            sigmas=self.sigmas,
            lambdas=self.lambdas,
            validation_fraction=self.validation_fraction,
            seed=self.seed,
            hyperparameters=pairs,
        )

    def _pairs(self) -> list[tuple[float, float]] | None:
        """Given hyper-parameters as (sigma, lambda) per component."""
        given = self.hyperparameters
        if given is None:
            return None
        per_component = isinstance(given, Mapping) and "sigma" not in given
        try:
            entries = [given[name] if per_component else given for name in self.components]
            pairs = [
                (e["sigma"], e["lambda"]) if isinstance(e, Mapping) else tuple(e) for e in entries
            ]
            return [(float(sigma), float(lam)) for sigma, lam in pairs]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"hyperparameters: found {given!r}, expected {{'sigma': ..., 'lambda': ...}}, or "
                f"one such entry for each of {', '.join(self.components)}"
            ) from error
