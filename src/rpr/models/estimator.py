"""What all estimators share: parameters by name, score, file, and checks of what is given."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Mapping

import numpy as np

from rpr.axes.canonical import canonical_axes, check_axes
from rpr.axes.components import RANK, component_names, from_components
from rpr.axes.rotation import to_axes_positions, to_laboratory
from rpr.data.frame_set import FrameSet, as_positions
from rpr.errors import InputError
from rpr.models import model_file
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import _STRETCH_RANGE, _check_reference, _remedy

UNITS = {"positions": "Angstrom", "dipole": "e Angstrom", "polarizability": "Angstrom^3"}


class Estimator:
    """Base of estimators: the constructor stores its keyword arguments under their names.

    A subclass has ``property`` and ``predict(frames)`` in the laboratory, and for its file `KIND`,
    `STORED`, `_arrays` and `_restore_arrays`. A fit leaves ``hyperparameters_`` and, last of all,
    ``training_checksum_``.
    """

    KIND: str  #: Kind of model that a saved file names.
    STORED: tuple[str, ...]  #: Arguments of the constructor that a saved file keeps.

    def check_molecule(self) -> None:
        """Refuse a molecule that the model cannot be used for.

        Raises
        ------
        InputError
            If the molecule lacks what the model needs; names a remedy.
        """

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, in the order of `predict_components`."""
        return component_names(self.property)

    def get_params(self, deep: bool = True) -> dict:
        """Arguments of the constructor by name (`deep` is there for scikit-learn)."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self, **params) -> Estimator:
        """Change arguments of the constructor; takes effect at the next fit.

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

    def score(self, frames, values: np.ndarray | None = None) -> float:
        """Coefficient of determination over all elements, in the laboratory.

        1 - sum |prediction - value|^2 / sum |value - mean value|^2; 1 is perfect.  If no value
        differs from the mean, 1 for exact predictions and minus infinity otherwise.

        Parameters
        ----------
        frames
            As for `predict`.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            Default: the property that a `FrameSet` holds.
        """
        predicted = self.predict(frames)
        values = checked_values(self.property, values, frames, len(predicted))
        residual = float(np.sum((predicted - values) ** 2))
        spread = float(np.sum((values - values.mean(axis=0)) ** 2))
        if spread == 0.0:
            return 1.0 if residual == 0.0 else -np.inf
        return 1.0 - residual / spread

    def save(self, path: str | os.PathLike) -> None:
        """Write the trained model to one ``.npz`` file.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        self._require_fitted()
        model_file.save_model(path, self.KIND, self._arrays(), self._metadata())

    @classmethod
    def load(cls, path: str | os.PathLike) -> Estimator:
        """Read a model that `save` wrote.

        Raises
        ------
        InputError
            If the file is missing, damaged, or holds another kind of model.
        """
        stored = model_file.load_model(path, cls.KIND)
        with model_file.reading(path):
            return cls._restore(stored.arrays, stored.metadata)

    def _arrays(self) -> dict[str, np.ndarray]:
        """What the fit found, by name."""
        raise NotImplementedError

    def _restore_arrays(self, arrays: Mapping[str, np.ndarray], metadata: Mapping) -> None:
        """Set what the fit found."""
        raise NotImplementedError

    def _metadata(self) -> dict:
        return {
            **{name: getattr(self, name) for name in self.STORED},
            "molecule": model_file.molecule_to_json(self.molecule),
            "hyperparameters": self.hyperparameters_,
            "training_checksum": self.training_checksum_,
            "units": {key: UNITS[key] for key in ("positions", self.property)},
        }

    @classmethod
    def _restore(cls, arrays: Mapping[str, np.ndarray], metadata: Mapping) -> Estimator:
        model = cls(
            molecule=model_file.molecule_from_json(metadata["molecule"]),
            hyperparameters=metadata["hyperparameters"],
            **{name: metadata[name] for name in cls.STORED},
        )
        model.hyperparameters_ = dict(metadata["hyperparameters"])
        model._restore_arrays(arrays, metadata)
        model.training_checksum_ = metadata["training_checksum"]
        return model

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Names of the arguments of the constructor."""
        parameters = inspect.signature(cls.__init__).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def _require_fitted(self) -> None:
        if not hasattr(self, "training_checksum_"):
            raise InputError(
                f"{type(self).__name__}: not fitted; call fit(frames, values) or load a saved model"
            )


def checked_positions(frames, molecule: Molecule) -> np.ndarray:
    """Positions of frames of `molecule`, in Angstrom, checked.

    Parameters
    ----------
    frames
        A `FrameSet`, ASE atoms (one or a sequence), or an array [n_frames, n_atoms, 3].
    molecule
        Whose atoms, in its order, the frames must have.

    Returns
    -------
    array, [n_frames, n_atoms, 3]

    Raises
    ------
    InputError
        If atoms, their order or the shape differ, a number is not finite, or bonds are so long or
        short that the positions cannot be in Angstrom.
    """
    positions = as_positions(frames, molecule.symbols)
    if not len(positions):
        raise InputError("frames: found none, expected at least one")
    _check_reference(molecule)
    i, j = np.array(molecule.bonds, dtype=int).reshape(-1, 2).T
    if not i.size:
        return positions
    expected = np.linalg.norm(molecule.reference[i] - molecule.reference[j], axis=1)
    stretch = np.linalg.norm(positions[:, i] - positions[:, j], axis=2) / expected
    low, high = _STRETCH_RANGE
    wrong = (stretch < low) | (stretch > high)
    if wrong.any():
        frame, bond = (int(k) for k in np.argwhere(wrong)[0])
        raise InputError(
            f"frames: bond {i[bond]}-{j[bond]} of frame {frame} is "
            f"{stretch[frame, bond] * expected[bond]:.3g} long, in the reference "
            f"{expected[bond]:.3g} Angstrom; {_remedy(float(np.median(stretch)))}"
        )
    return positions


def checked_values(property: str, values, frames, n_frames: int) -> np.ndarray:
    """Dipoles [n_frames, 3] or polarizabilities [n_frames, 3, 3] for frames, checked.

    Parameters
    ----------
    property
        ``"dipole"`` or ``"polarizability"``.
    values
        None: those that `frames`, a `FrameSet`, holds.
    frames
        What the user gave as frames.
    n_frames
        Their number.

    Raises
    ------
    InputError
        If there are none, the shape is wrong, or a number is not finite.
    """
    component_names(property)
    if values is None and isinstance(frames, FrameSet):
        values = getattr(frames, property)
    if values is None:
        raise InputError(f"values: found none; give the {property} of each frame")
    values = np.asarray(values, dtype=float)
    expected = (n_frames, *(3,) * RANK[property])
    if values.shape != expected:
        raise InputError(
            f"values: found shape {values.shape}, expected {expected}: one {property} per frame"
        )
    bad = ~np.isfinite(values.reshape(n_frames, -1)).all(axis=1)
    if bad.any():
        raise InputError(f"values: {property} of frame {int(np.argmax(bad))} is not finite")
    return values


def training_checksum(positions: np.ndarray, values: np.ndarray) -> str:
    """SHA-256 over the training frames, so that a model says what it was trained on."""
    digest = hashlib.sha256(np.ascontiguousarray(positions).tobytes())
    digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


class AxesEstimator(Estimator):
    """Base of estimators that predict the components of the property in canonical axes.

    A subclass has ``axes_``, the name of the axes, and `_components`.
    """

    BLOCK = 4096  #: Frames rotated and described at once in a prediction.

    def check_molecule(self) -> None:
        """Refuse a molecule without these axes (:func:`rpr.axes.canonical.check_axes`)."""
        check_axes(self.axes_, self.molecule)

    def predict(self, frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        return self._predict(frames, laboratory=True)

    def predict_components(self, frames) -> np.ndarray:
        """Components in each frame's own canonical axes, [n_frames, 3] or [n_frames, 6]."""
        return self._predict(frames, laboratory=False)

    def _components(self, canonical: np.ndarray) -> np.ndarray:
        """Components [n_frames, n_components] at canonical coordinates."""
        raise NotImplementedError

    def _predict(self, frames, *, laboratory: bool) -> np.ndarray:
        self._require_fitted()
        positions = checked_positions(frames, self.molecule)
        predicted = []
        for start in range(0, len(positions), self.BLOCK):
            canonical, rotations = self._rotate(positions[start : start + self.BLOCK])
            values = self._components(canonical)
            predicted.append(
                to_laboratory(from_components(values), rotations) if laboratory else values
            )
        return np.concatenate(predicted)

    def _rotate(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Canonical coordinates [n_frames, n_atoms, 3] and rotations [n_frames, 3, 3]."""
        frames = canonical_axes(self.axes_, positions, self.molecule)
        return to_axes_positions(positions, frames), frames.rotations
