"""Covariant regression of dipoles and polarizabilities, without canonical axes.

The property is written as a sum of tensors that turn with the molecule, each with an invariant
coefficient that is learnt:

    mu(X) = sum_p q_p(z) r_p,    alpha(X) = a(z) 1 + sum_p c_p(z) r_p r_p^T,

with r_p the vectors between the atoms of each pair (or of bonds only), and z = r/r_eq or r_eq/r
over all pairs.  The coefficients are Gaussian processes with the additive kernel of
:mod:`rpr.regression.additive_kernel`, which makes the property a process with the matrix-valued
kernel of :mod:`rpr.regression.covariant_kernel`, averaged over the permutation-inversion group.
As there are no canonical axes, nothing jumps anywhere, and linear molecules and spherical tops are
no exception.  The training system has 3 N (6 N) rows; a prediction costs one scalar kernel for each
training frame and element of the group.

Hyper-parameters (a width and a variance for each class of atom pairs, amplitudes of orders and of
classes of tensors, and lambda) maximize the marginal likelihood of a part of the training frames.
The search begins with a quarter of that part and continues with all of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from rpr.errors import ConditioningWarning, InputError
from rpr.models.covariant_tensors import TensorBasis, pack, unpack
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions, checked_values, training_checksum
from rpr.models.trained_process import TrainedProcess
from rpr.models.uncertainty import ProbabilisticEstimator, trajectories_of
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.regression import ridge
from rpr.regression.additive_kernel import pair_classes
from rpr.regression.covariant_kernel import CovariantKernel, predict
from rpr.regression.descriptors import pair_distances

_BLOCK = 1024  # frames described at once in a prediction
_NO_LIKELIHOOD = 1e6  # stands for infinity, which the line search could not use
_BOUNDS = (-12.0, 8.0)  # of the logarithms of all other parameters
_LAMBDA_CEILING = 1e-2  # largest lambda of the search
_SMALLEST_SEARCH = 50  # frames in the first part of the search
_N_SEARCH = {"dipole": 400, "polarizability": 250}  # default of n_search

#: Invariant features: distances relative to the reference geometry, or their inverse.
FEATURES = ("distances", "inverse")


class CovariantRegression(ProbabilisticEstimator):
    """Dipole or polarizability by a matrix-valued kernel that turns with the molecule.

    Parameters
    ----------
    molecule
        Its reference geometry and bonds give r_eq and the group.
    property
        ``"dipole"`` (e Angstrom) or ``"polarizability"`` (Angstrom^3).
    order
        Order of interaction of the additive kernel beside the product of all distances; 0 leaves
        the product, a Gaussian kernel with one width per class of pairs.
    tensors
        ``"pairs"`` or ``"bonds"``, see `rpr.models.covariant_tensors`.
    features
        ``"distances"`` r/r_eq or ``"inverse"`` r_eq/r, over all pairs of atoms.
    n_search
        Largest number of training frames whose marginal likelihood the search maximizes; None
        takes 400 for the dipole and 250 for the polarizability.
    max_iterations
        Iterations of the search (L-BFGS) on a quarter of these frames; a third as many follow on
        all of them.
    seed
        Seed of the random choice of these frames.
    hyperparameters
        `hyperparameters_` of a fitted model. If they are given, nothing is searched.

    Attributes
    ----------
    hyperparameters_ : dict
        ``theta``: logarithms of widths, variances, amplitudes, product scale, tensor amplitudes
        and lambda; ``lambda``; ``loss``: negative log marginal likelihood per value.
    group_ : PermutationInversionGroup
        Permutations and inversions that the model obeys.
    coefficients_ : array, [n_train, 3] or [n_train, 6]
        Solution of the training system.
    training_checksum_ : str
        SHA-256 of training positions and values.
    """

    KIND = "covariant"
    STORED = ("property", "order", "tensors", "features", "n_search", "max_iterations", "seed")

    def __init__(
        self,
        *,
        molecule: Molecule,
        property: str = "dipole",
        order: int = 2,
        tensors: str = "pairs",
        features: str = "distances",
        n_search: int | None = None,
        max_iterations: int = 60,
        seed: int = 0,
        hyperparameters: Mapping | None = None,
    ) -> None:
        super().__init__(molecule, property)
        self.order = order
        self.tensors = tensors
        self.features = features
        self.n_search = n_search
        self.max_iterations = max_iterations
        self.seed = seed
        self.hyperparameters = hyperparameters

    @property
    def axes_(self) -> str:
        """Axes of `predict_components`; the model itself needs none."""
        return "inertia"

    def fit(self, frames: Frames, values: np.ndarray | None = None) -> CovariantRegression:
        """Search hyper-parameters on some of the training frames, then fit all of them.

        Parameters
        ----------
        frames
            A `FrameSet`, a sequence of ASE atoms, or an array [n_frames, n_atoms, 3], Angstrom.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Property in the laboratory; the default is the one a `FrameSet` holds.

        Raises
        ------
        InputError
            For wrong shapes, other atoms than the molecule's, or unknown names.

        Warns
        -----
        ConditioningWarning
            If no kernel matrix of the search was positive definite.
        """
        positions = checked_positions(frames, self.molecule)
        values = checked_values(self.property, values, frames, len(positions))
        self._set_molecule()
        ridge.check_memory(len(positions), copies=3, rows_per_frame=len(self.components))
        self.mean_ = self._mean(values)
        y = self._pack(values)
        kernel = self._kernel(positions)
        self.hyperparameters_ = dict(self.hyperparameters or self._search(positions, y))
        self.coefficients_ = kernel.coefficients(self._theta(), y)
        self._store(positions, kernel)
        self._forget_uncertainty(trajectories_of(frames))
        self.training_checksum_ = training_checksum(positions, values)
        return self

    def predict(self, frames: Frames, *, covariance: bool = False) -> Any:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3].

        With ``covariance=True`` the result is a pair: these values, and what `predict_covariance`
        returns, [n_frames, 3, 3] or [n_frames, 6, 6].
        """
        values = self._values(frames)
        return (values, self.predict_covariance(frames)) if covariance else values

    def _values(self, frames: Frames) -> np.ndarray:
        self._require_fitted()
        positions = checked_positions(frames, self.molecule)
        packed = [
            predict(
                self._scalar,
                self._features(block),
                self._basis(block),
                self._centres,
                self._image_coefficients,
            )
            for block in np.array_split(positions, range(_BLOCK, len(positions), _BLOCK))
        ]
        values = np.concatenate(packed)
        if self.property == "dipole":
            return values
        return unpack(values) + self.mean_ * np.eye(3)

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | {
            "positions": self._positions,
            "coefficients": self.coefficients_,
            "mean": np.array(self.mean_),
        }

    def _restore_arrays(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        self.mean_ = float(arrays["mean"])
        self.coefficients_ = arrays["coefficients"]
        self._set_molecule()
        self._store(arrays["positions"], self._kernel(arrays["positions"]))
        self._restore_uncertainty(arrays, metadata)

    def _set_molecule(self) -> None:
        if self.features not in FEATURES:
            raise InputError(
                f"features: found {self.features!r}, expected one of {', '.join(FEATURES)}"
            )
        self.group_ = find_group(self.molecule)
        images = self.group_.act_on_positions(self.molecule.reference[None])[:, 0]
        self._r_eq = pair_distances(images).mean(axis=0)  # -> [n_pairs]
        kinds = self.group_.permutations.min(axis=0).tolist()
        self._pair_classes = pair_classes(self.molecule, kinds)
        self._basis = TensorBasis(
            self.property, self.tensors, self.molecule, self.group_.permutations
        )

    def _features(self, positions: np.ndarray) -> np.ndarray:
        relative = pair_distances(positions) / self._r_eq
        return relative if self.features == "distances" else 1.0 / relative

    def _mean(self, values: np.ndarray) -> float:
        """Mean of the isotropic part, which is the only constant that does not turn."""
        return 0.0 if values.ndim == 2 else float(np.trace(values, axis1=1, axis2=2).mean() / 3)

    def _pack(self, values: np.ndarray) -> np.ndarray:
        if values.ndim == 2:
            return values
        return pack(0.5 * (values + np.swapaxes(values, 1, 2)) - self.mean_ * np.eye(3))

    def _kernel(self, positions: np.ndarray) -> CovariantKernel:
        images = self.group_.act_on_positions(positions)  # -> [n_elements, n_frames, n_atoms, 3]
        n_elements, n_frames = images.shape[:2]
        flat = self._features(images.reshape(-1, *positions.shape[1:]))
        parities = self.group_.parities
        return CovariantKernel(
            features=flat.reshape(n_elements, n_frames, -1),
            tensors=self._basis(images),
            signs=parities if self.property == "dipole" else np.ones(n_elements),
            feature_classes=self._pair_classes,
            tensor_classes=self._basis.classes,
        )

    def _trained_process(self) -> TrainedProcess:
        return TrainedProcess(
            kernel=self._kernel(self._positions),
            theta=self._theta(),
            coefficients=self.coefficients_.reshape(-1),
            basis=self._basis,
            describe=self._features,
            group=self.group_,
        )

    def _theta(self) -> np.ndarray:
        return np.asarray(self.hyperparameters_["theta"], dtype=float)

    def _search(self, positions: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        """Parameters of largest marginal likelihood on at most `n_search` training frames."""
        n_search = min(self.n_search or _N_SEARCH[self.property], len(positions))
        order = np.random.default_rng(self.seed).permutation(len(positions))
        theta, n_quarter = self._start(), max(_SMALLEST_SEARCH, n_search // 4)
        if n_quarter < n_search:
            quarter = order[:n_quarter]
            theta, _ = self._maximize(positions[quarter], y[quarter], theta, self.max_iterations)
            iterations = max(1, self.max_iterations // 3)
        else:
            iterations = self.max_iterations
        chosen = order[:n_search]
        theta, loss = self._maximize(positions[chosen], y[chosen], theta, iterations)
        return {
            "theta": [float(x) for x in theta],
            "lambda": float(np.exp(theta[-1])),
            "loss": loss,
        }

    def _maximize(
        self, positions: np.ndarray, y: np.ndarray, start: np.ndarray, iterations: int
    ) -> tuple[np.ndarray, float]:
        """Climb the marginal likelihood of the given frames from the parameters `start`."""
        kernel = self._kernel(positions)
        bounds = [_BOUNDS] * (len(start) - 1)
        bounds.append((np.log(ridge.LAMBDA_FLOOR), np.log(_LAMBDA_CEILING)))

        def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = kernel.loss(theta, y)
            return (value, gradient) if np.isfinite(value) else (_NO_LIKELIHOOD, gradient)

        options = {"maxiter": iterations}
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        if found.fun >= _NO_LIKELIHOOD:
            warnings.warn(
                "the search for hyper-parameters found no positive definite kernel matrix; the "
                "training frames may be duplicates, or all values zero",
                ConditioningWarning,
                stacklevel=4,
            )
        return found.x, float(found.fun)

    def _start(self) -> np.ndarray:
        """Parameters that the search starts from: lengths of 0.6 r_eq, and all classes alike."""
        n_pairs, n_tensors = self._pair_classes.max() + 1, self._basis.classes.max() + 1
        return np.concatenate(
            [
                np.full(n_pairs, 1.0),
                np.full(n_pairs, 0.0),
                [0.0],
                np.full(self.order, -1.0),
                [-0.5],
                np.zeros(n_tensors),
                [np.log(1e-7)],
            ]
        )

    def _store(self, positions: np.ndarray, kernel: CovariantKernel) -> None:
        self._positions = positions
        self._scalar = kernel.split(self._theta())[0]
        self._centres = kernel.features.reshape(-1, kernel.features.shape[-1])
        self._image_coefficients = kernel.image_coefficients(self._theta(), self.coefficients_)
