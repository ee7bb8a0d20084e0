"""Covariant regression of dipoles and polarizabilities, without canonical axes.

The property is written as a sum of tensors that turn with the molecule, each with an invariant
coefficient that is learnt:

    mu(X) = sum_p q_p(z) r_p,    alpha(X) = a(z) 1 + sum_p c_p(z) r_p r_p^T,

with r_p the vectors between the atoms of each pair (or of bonds only), and z one feature of each
pair: a bond length, the bend of an angle, a distance (:mod:`rpr.models.covariant_features`).  The
coefficients are Gaussian processes with the additive kernel of
:mod:`rpr.regression.additive_kernel`, which makes the property a process with the matrix-valued
kernel of :mod:`rpr.regression.covariant_kernel`, averaged over the permutation-inversion group.
As there are no canonical axes, nothing jumps anywhere, and linear molecules and spherical tops are
no exception.  The training system has 3 N (6 N) rows; a prediction costs one scalar kernel for each
training frame and element of the group.  Derivatives of the property by the positions of the atoms
are training data like the values (:mod:`rpr.regression.kernel_derivatives`), and are predicted too.

Hyper-parameters (a width and a variance for each class of atom pairs, amplitudes of orders and of
classes of tensors, and a lambda for values and one for derivatives) maximize the marginal
likelihood of a part of the training frames (:mod:`rpr.models.covariant_search`), times a prior
density that keeps parameters of a kind alike (:mod:`rpr.models.covariant_density`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

import numpy as np

from rpr.data.known_geometries import first_of_each
from rpr.models.covariant_choice import (
    CANDIDATES,
    check_given,
    choose_features,
    solve_raising_lambda,
    with_both_lambdas,
)
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_prediction import evaluate, evaluate_with_jacobian
from rpr.models.covariant_search import SearchSettings
from rpr.models.covariant_tensors import isotropic_mean, pack_values, unpack_values
from rpr.models.covariant_training import TrainingFrames
from rpr.models.derivatives import observe
from rpr.models.estimator import Frames
from rpr.models.property_estimator import (
    check_not_zero,
    check_some_value,
    checked_frames,
    checked_values,
    training_checksum,
)
from rpr.models.repeated_frames import frames_to_learn
from rpr.models.trained_process import TrainedProcess
from rpr.models.uncertainty import ProbabilisticEstimator, trajectories_of
from rpr.molecule.molecule import Molecule
from rpr.regression import ridge

_BLOCK = 1024  # frames described at once in a prediction
_N_SEARCH = {"dipole": 400, "polarizability": 250}  # default of n_search
_LATER = ("n_search_derivatives", "ridge_floor")  # missing in files written by earlier versions
_N_SEARCH_DERIVATIVES = {"dipole": 12, "polarizability": 6}


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
        ``"bends"``, ``"internal"``, ``"distances"``, ``"inverse"`` or ``"exponential"`` of all
        pairs, see `rpr.models.covariant_features`; or ``"likelihood"``, which chooses between some
        of them for a fit of values alone.
    permutation_inversion
        Whether the kernel is averaged over the permutation-inversion group of the molecule. Without
        it like atoms are told apart by their index; hyper-parameters are as many.
    n_search
        Largest number of training frames whose marginal likelihood the search maximizes; None
        takes 400 for the dipole and 250 for the polarizability.
    n_search_derivatives
        Largest number of training frames with derivatives that the search uses; None takes 12 for
        the dipole and 6 for the polarizability.
    max_iterations
        Iterations of the search (L-BFGS) on a quarter of the `n_search` frames, or as many as have
        a value for each parameter; a third as many follow on all of them.  With derivatives all
        iterations use the same frames.
    seed
        Seed of the random choice of these frames.
    hyperparameters
        `hyperparameters_` of a fitted model. If they are given, nothing is searched; without
        ``lambda_derivatives`` among them, derivatives have the lambda of values.
    ridge_floor
        Smallest lambda of the search, relative to the mean diagonal of the kernel matrix.  Lower
        ones fit labels without noise more closely, and predictions round more.  None takes 3e-9,
        or, for values without derivatives, down to 1e-12 where it raises the logarithm of the
        likelihood by more than 0.01 for each value.

    Attributes
    ----------
    hyperparameters_ : dict
        ``theta``: logarithms of widths, variances, amplitudes, product scale, tensor amplitudes
        and lambda; ``lambda``; ``loss``: negative logarithm of the likelihood and of the prior
        density of the parameters, per observed number, where the search ended (length scales may
        have grown since, see `rpr.models.covariant_search`); ``lambda_derivatives`` of a fit of
        derivatives; ``features``, if they were chosen.
    group_ : PermutationInversionGroup
        Permutations and inversions that the model obeys.
    coefficients_ : array, [n_train, 3] or [n_train, 6]
        Solution of the training system, the part of the values.
    derivative_coefficients_ : array, [n, n_directions, 3] or [n, n_directions, 6]
        The part of the n frames with derivatives, along their internal directions.
    training_checksum_ : str
        SHA-256 of training positions, values and derivatives.
    """

    KIND = "covariant"
    predicts_derivatives = True
    _description: CovariantDescription
    STORED = (
        *("property", "order", "tensors", "features", "permutation_inversion"),
        *("n_search", "max_iterations", "seed"),
    )

    def __init__(
        self,
        *,
        molecule: Molecule,
        property: str = "dipole",
        order: int = 2,
        tensors: str = "pairs",
        features: str = "bends",
        permutation_inversion: bool = True,
        n_search: int | None = None,
        n_search_derivatives: int | None = None,
        max_iterations: int = 60,
        seed: int = 0,
        hyperparameters: Mapping | None = None,
        ridge_floor: float | None = None,
    ) -> None:
        super().__init__(molecule, property)
        self.order = order
        self.tensors = tensors
        self.features = features
        self.permutation_inversion = permutation_inversion
        self.n_search = n_search
        self.n_search_derivatives = n_search_derivatives
        self.max_iterations = max_iterations
        self.seed = seed
        self.hyperparameters = hyperparameters
        self.ridge_floor = ridge_floor

    @property
    def axes_(self) -> str:
        """Axes of `predict_components`; the model itself needs none."""
        return "inertia"

    def fit(
        self,
        frames: Frames,
        values: np.ndarray | None = None,
        derivatives: np.ndarray | bool | None = None,
    ) -> CovariantRegression:
        """Search hyper-parameters on some of the training frames, then fit all of them.

        Of frames that are one geometry, mirrored and renumbered or not, one is learnt, unless the
        lengths or the eigenvalues of their labels differ.

        Parameters
        ----------
        frames
            A `FrameSet`, ASE atoms, a file, or an array [n_frames, n_atoms, 3], Angstrom.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Property in the laboratory; the default is what the frames carry.
        derivatives : array, [n_frames, n_atoms, 3, 3] or [n_frames, n_atoms, 3, 3, 3], or True
            Derivatives of the property by the positions of the atoms: element (A, x, k) is that of
            mu_k by R_Ax in e, element (A, x, k, l) that of alpha_kl in Angstrom^2; NaN for frames
            without.  True takes those that the frames carry; the default uses none.

        Raises
        ------
        InputError
            For wrong shapes, other atoms, unknown names, values that are all zero, derivatives
            that contradict translation or rotation, or hyper-parameters of another model.
        ConvergenceError
            If the matrix of values and derivatives is not positive definite.

        Warns
        -----
        ConditioningWarning
            If no kernel matrix of the search was positive definite.
        """
        given = checked_frames(frames, self.molecule)
        positions, values = given.positions, checked_values(self.property, values, given)
        self._set_molecule(self.hyperparameters)
        check_some_value(self.property, values)
        if self.hyperparameters:
            check_given(self.hyperparameters, self._description, self.order)
        observed = observe(derivatives, given, self.property, values, self.molecule.masses)
        kept = self._frames_to_learn(positions, values, observed.frames)
        learnt = observed.of_frames(kept)
        self.mean_ = isotropic_mean(values[kept])
        y = pack_values(values[kept], self.mean_)
        self._training = TrainingFrames(
            self._description, positions[kept], learnt.frames, learnt.directions
        )
        self._training.check_memory(y.shape[1])
        self.hyperparameters_ = dict(self.hyperparameters or self._search(y, learnt.values))
        solution = solve_raising_lambda(
            self._training,
            self.hyperparameters_,
            y,
            learnt.values,
            ceiling=0.0 if self.hyperparameters else ridge.LAMBDA_FLOOR,
        )
        self.coefficients_, self.derivative_coefficients_, self._factor = solution
        self._contract()
        trajectories = trajectories_of(given.frames)
        self._forget_uncertainty(None if trajectories is None else trajectories[kept])
        self._note_values(positions, values)
        self.training_checksum_ = training_checksum(positions, values, observed.values)
        return self

    def _frames_to_learn(
        self, positions: np.ndarray, values: np.ndarray, with_derivatives: np.ndarray
    ) -> np.ndarray:
        """Indices of the frames without copies; mirror images are copies to this model."""
        first = first_of_each(
            positions,
            self.molecule.symbols,
            permutations=self.group_.permutations,
            mirrored=True,
        )
        preferred = np.isin(np.arange(len(positions)), with_derivatives)
        return frames_to_learn(first, values, preferred)

    def _search(self, y: np.ndarray, derivatives: np.ndarray) -> dict[str, Any]:
        settings = SearchSettings(
            order=self.order,
            n_values=self.n_search or _N_SEARCH[self.property],
            n_derivatives=self.n_search_derivatives or _N_SEARCH_DERIVATIVES[self.property],
            iterations=self.max_iterations,
            seed=self.seed,
            floor=self.ridge_floor,
        )
        self._training, found = choose_features(
            self._training,
            y,
            derivatives,
            self.features,
            describe=self._describe,
            settings=settings,
        )
        self._description = self._training.description
        return found

    @overload
    def predict(
        self, frames: Frames, *, derivatives: Literal[False] = ..., covariance: Literal[False] = ...
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, frames: Frames, *, derivatives: bool = ..., covariance: bool = ...
    ) -> Any: ...

    def predict(
        self, frames: Frames, *, derivatives: bool = False, covariance: bool = False
    ) -> np.ndarray | tuple[np.ndarray, ...]:
        """Property in the laboratory, its derivatives, and the covariance of its components.

        Parameters
        ----------
        frames
            As for `fit`.
        derivatives
            Whether the exact derivatives by the positions of the atoms are returned too.
        covariance
            Whether the covariance of the predicted components is returned too.

        Returns
        -------
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Dipole (e Angstrom) or polarizability (Angstrom^3).
        jacobian : array, [n_frames, 3, n_atoms, 3] or [n_frames, 3, 3, n_atoms, 3]
            Only with `derivatives`: element (k, A, x) is d mu_k / d R_Ax in e, element (k, l, A, x)
            is d alpha_kl / d R_Ax in Angstrom^2. Atoms are in the order of those given.
        covariance : array, [n_frames, 3, 3] or [n_frames, 6, 6]
            Only with `covariance`: see `predict_covariance`.
        """
        self._require_fitted()
        given = checked_frames(frames, self.molecule)
        self._warn_outside(given.positions)
        blocks = np.array_split(given.positions, range(_BLOCK, len(given.positions), _BLOCK))
        fitted = self._description, self._contracted
        found: tuple[np.ndarray, ...]
        if derivatives:
            pairs = [evaluate_with_jacobian(*fitted, block) for block in blocks]
            values, jacobians = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
            found = unpack_values(values, self.mean_), given.in_given_order(jacobians, axis=-2)
        else:
            packed = np.concatenate([evaluate(*fitted, block) for block in blocks])
            found = (unpack_values(packed, self.mean_),)
        if covariance:
            found = (*found, self.predict_covariance(given.positions))
        return found if len(found) > 1 else found[0]

    def _trained_process(self) -> TrainedProcess:
        coefficients = self._training.join(self.coefficients_, self.derivative_coefficients_)
        return TrainedProcess(self._training, self._theta(), coefficients, self._factor)

    def _metadata(self) -> dict[str, Any]:
        later = {name: getattr(self, name) for name in _LATER}
        return {**super()._metadata(), **later}

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = super()._arrays() | self._training.arrays()
        arrays |= {"coefficients": self.coefficients_, "mean": np.array(self.mean_)}
        if len(self.derivative_coefficients_):
            arrays["derivative_coefficients"] = self.derivative_coefficients_
        return arrays

    def _restore_arrays(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        for name in _LATER:
            setattr(self, name, metadata.get(name))
        self.mean_ = float(arrays["mean"])
        self.coefficients_ = arrays["coefficients"]
        self._set_molecule(self.hyperparameters_)
        self._training = TrainingFrames.from_arrays(self._description, arrays)
        none = np.zeros((0, 0, len(self.components)))
        self.derivative_coefficients_ = arrays.get("derivative_coefficients", none)
        self._factor = None
        self._contract()
        self._restore_uncertainty(arrays, metadata)

    def _describe(self, features: str) -> CovariantDescription:
        return CovariantDescription(
            self.molecule,
            self.property,
            self.tensors,
            features,
            permutation_inversion=self.permutation_inversion,
        )

    def _set_molecule(self, found: Mapping[str, Any] | None = None) -> None:
        """Describe the molecule in the features of `found` hyper-parameters, or the given ones."""
        given = CANDIDATES[0] if self.features == "likelihood" else self.features
        self._description = self._describe((found or {}).get("features", given))
        self.group_ = self._description.group
        check_not_zero(self.property, self.molecule, len(self.group_))

    def _theta(self) -> np.ndarray:
        return with_both_lambdas(self.hyperparameters_)

    def _contract(self) -> None:
        self._contracted = self._training.contract(
            self._theta(), self.coefficients_, self.derivative_coefficients_
        )
