"""What all estimators share: parameters by name, the model file, and the score.

This module knows neither axes nor properties, so that an edit of those does not retrain potentials.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from rpr.data.consistency.battery import check_labels
from rpr.data.frame_set import FrameSet
from rpr.data.given_frames import Frames, take_frames
from rpr.data.known_geometries import are_among, geometry_invariants
from rpr.data.training_range import TrainingRange, outside_text
from rpr.errors import ExtrapolationWarning, InputError, PlausibilityWarning
from rpr.models import model_file
from rpr.molecule.molecule import Molecule

__all__ = ["Estimator", "Frames", "determination"]

Model = TypeVar("Model", bound="Estimator")
_INVARIANTS = "training_invariants"  # name of the array in a file


class Estimator:
    """Base of all estimators: the constructor stores its keyword arguments under their names.

    A subclass provides `molecule`, `predicts`, `fit`, `predict`, `found_hyperparameters`, and for
    its file `KIND`, `_arrays`, `_metadata` and `_restore`. A fit sets ``training_checksum_`` last
    of all.
    """

    KIND: str  #: Kind of model that a saved file names.

    #: Whether `predict` takes ``derivatives=True``, for exact ones by the positions of the atoms.
    predicts_derivatives: bool = False

    #: Whether `predict` takes ``covariance=True``, and there is ``predict_covariance``.
    predicts_covariance: bool = False

    molecule: Molecule
    training_checksum_: str
    #: What a file says about the model beside what it computes with, in the types of JSON: level of
    #: theory, source and number of training frames, errors.  Set it before `save`; it may be empty.
    about: Mapping[str, Any] = MappingProxyType({})

    #: Geometries that the model was trained on; None in files written by earlier versions.
    training_range_: TrainingRange | None = None

    #: Numbers by which training frames are recognised, [n_frames, 2]; None in files written by
    #: earlier versions.
    training_invariants_: np.ndarray | None = None

    @property
    def predicts(self) -> tuple[str, ...]:
        """Quantities of a prediction, in its order; the first of them names the model.

        ``("energy", "forces")``, ``("dipole",)`` or ``("polarizability",)``.
        """
        raise NotImplementedError

    @property
    def is_handed(self) -> bool:
        """Whether mirror images are different to the model, so that it has to see both hands."""
        return False

    def fit(self, frames: Frames, *args: Any, **kwargs: Any) -> Any:
        """Train on frames and their labels, which the frames carry or the arguments give.

        Returns
        -------
        Estimator
            The model itself.
        """
        raise NotImplementedError

    def predict(self, frames: Frames, *args: Any, **kwargs: Any) -> Any:
        """What the model `predicts` of frames: an array, or a tuple of several arrays."""
        raise NotImplementedError

    def found_hyperparameters(self) -> dict[str, Any]:
        """Hyper-parameters in use, as arguments of the constructor.

        A model that is made with them searches nothing.
        """
        raise NotImplementedError

    def outside_training(self, frames: Frames) -> np.ndarray:
        """Which frames are outside the range of the training frames.

        Parameters
        ----------
        frames
            A `FrameSet`, ASE atoms, a file, or an array [n_frames, n_atoms, 3], Angstrom.

        Returns
        -------
        bool array, [n_frames]
            See `rpr.data.training_range`; all False for model files that do not know their range.
        """
        self._require_fitted()
        positions = take_frames(frames, self.molecule).positions
        if self.training_range_ is None:
            return np.zeros(len(positions), dtype=bool)
        return self.training_range_.outside(positions)

    def in_training(self, frames: Frames) -> np.ndarray:
        """Which frames are training frames of the model, turned, mirrored or renumbered or not.

        Errors on such frames say nothing about errors on others.

        Parameters
        ----------
        frames
            A `FrameSet`, ASE atoms, a file, or an array [n_frames, n_atoms, 3], Angstrom.

        Returns
        -------
        bool array, [n_frames]
            See `rpr.data.known_geometries`: positions need six decimals or more. All False for
            model files that do not know their training frames.
        """
        self._require_fitted()
        positions = take_frames(frames, self.molecule).positions
        if self.training_invariants_ is None:
            return np.zeros(len(positions), dtype=bool)
        found = geometry_invariants(positions, self.molecule.symbols)
        return are_among(found, self.training_invariants_)

    def _warn_outside(self, positions: np.ndarray) -> None:
        """Warn of frames outside the range of training, positions [n_frames, n_atoms, 3]."""
        if self.training_range_ is None:
            return
        if text := outside_text(self.training_range_.outside(positions)):
            warnings.warn(text, ExtrapolationWarning, stacklevel=3)

    def _note_training(
        self,
        frames: FrameSet,
        permutations: np.ndarray | None = None,
        learnt: np.ndarray | None = None,
    ) -> None:
        """Keep what recognises training frames, and warn of what is implausible about them.

        Parameters
        ----------
        frames
            Training frames as they were given, with the labels that are learnt, in the order of the
            molecule's atoms.
        permutations : int array, [n_elements, n_atoms]
            Permutations that make no difference to the model; None for none.
        learnt : array, [n_learnt, n_atoms, 3]
            Geometries that the model makes of the frames and learns, Angstrom; None for the same.
        """
        handed = self.is_handed
        self.training_range_ = TrainingRange.of(
            frames.positions if learnt is None else learnt,
            self.molecule,
            permutations=permutations,
            handed=handed,
        )
        self.training_invariants_ = geometry_invariants(frames.positions, self.molecule.symbols)
        for finding in check_labels(frames, self.molecule, frames.known, handed=handed):
            if finding.warns(handed=handed):
                warnings.warn(f"{finding.check}: {finding.text}", PlausibilityWarning, stacklevel=3)

    def check_molecule(self) -> None:
        """Refuse a molecule that the model cannot be used for.

        Raises
        ------
        NotApplicableError
            If the molecule lacks what the model needs; the message names a remedy.
        """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Arguments of the constructor by name (scikit-learn asks for `deep`)."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self: Model, **params: Any) -> Model:
        """Change arguments of the constructor, which takes effect at the next fit.

        Raises
        ------
        InputError
            If there is no parameter of that name.
        """
        known = self.parameter_names()
        for name, value in params.items():
            if name not in known:
                raise InputError(f"set_params: found {name!r}, expected one of {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator; nobody else calls this, or needs scikit-learn."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=False, multi_output=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(two_d_array=False, three_d_array=True),
        )

    def __repr__(self) -> str:
        formula = self.molecule.to_atoms().get_chemical_formula()
        fitted = "fitted" if self.is_fitted else "not fitted"
        return f"{type(self).__name__}: {' and '.join(self.predicts)} of {formula}, {fitted}"

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Names of the arguments of the constructor, including those it passes to its base."""
        names: dict[str, None] = {}
        for base in (base for base in cls.__mro__ if "__init__" in vars(base)):
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= {p.name: None for p in parameters if p.kind is p.KEYWORD_ONLY}
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
        return list(names)

    def save(self, path: str | os.PathLike) -> None:
        """Write the trained model to one ``.npz`` file.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        self._require_fitted()
        about = {"about": dict(self.about)} if self.about else {}
        arrays = self._arrays()
        if self.training_invariants_ is not None:
            arrays = arrays | {_INVARIANTS: self.training_invariants_}
        model_file.save_model(path, self.KIND, arrays, self._metadata() | about)

    @classmethod
    def load(cls: type[Model], path: str | os.PathLike) -> Model:
        """Read a model that `save` wrote.

        Raises
        ------
        InputError
            If the file is missing, damaged, or holds another kind of model.
        """
        stored = model_file.load_model(path, cls.KIND)
        with model_file.reading(path):
            model = cls._restore(stored.arrays, stored.metadata)
            model.about = dict(stored.metadata.get("about", {}))
            model.training_invariants_ = stored.arrays.get(_INVARIANTS)
            if stored.metadata.get("training_range"):
                model.training_range_ = TrainingRange.from_json(stored.metadata["training_range"])
        return model

    def _arrays(self) -> dict[str, np.ndarray]:
        """Arrays that the file holds, by name."""
        raise NotImplementedError

    def _metadata(self) -> dict[str, Any]:
        """Everything else that the file holds; a subclass adds to it."""
        metadata = {
            "molecule": model_file.molecule_to_json(self.molecule),
            "training_checksum": self.training_checksum_,
        }
        if self.training_range_ is not None:
            metadata["training_range"] = self.training_range_.to_json()
        return metadata

    @classmethod
    def _restore(
        cls: type[Model], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> Model:
        """Fitted model from the content of its file."""
        raise NotImplementedError

    @property
    def is_fitted(self) -> bool:
        """Whether the model was trained, or read from a file."""
        return hasattr(self, "training_checksum_")

    def _require_fitted(self) -> None:
        if not self.is_fitted:
            raise InputError(
                f"{type(self).__name__}: not fitted; call fit or load a saved model first"
            )


def determination(predicted: np.ndarray, values: np.ndarray) -> float:
    """Coefficient of determination, 1 - sum |p - v|^2 / sum |v - mean v|^2.

    Each component has a mean of its own, over the frames. If no value differs from its mean, the
    result is 1 for exact predictions and minus infinity otherwise.

    Parameters
    ----------
    predicted, values : array, [n_frames, ...]
        Predictions and what they should be.

    Examples
    --------
    >>> values = np.array([[0.0, 10.0], [1.0, 11.0]])
    >>> determination(values, values)
    1.0
    >>> determination(np.array([[0.5, 10.5], [0.5, 10.5]]), values)
    0.0
    """
    residual = float(np.sum((predicted - values) ** 2))
    spread = float(np.sum((values - values.mean(axis=0)) ** 2))
    if spread == 0.0:
        return 1.0 if residual == 0.0 else -np.inf
    return 1.0 - residual / spread
