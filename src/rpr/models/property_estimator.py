"""What estimators of dipoles and polarizabilities share, and checks of what they are given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from rpr.axes.canonical import canonical_axes
from rpr.axes.components import RANK, component_names, to_components
from rpr.axes.rotation import to_axes
from rpr.data.frame_set import FrameSet
from rpr.data.given_frames import GivenFrames, take_frames
from rpr.errors import InputError, NotApplicableError
from rpr.models import model_file
from rpr.models.estimator import Estimator, Frames, determination
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import check_reference, check_stretch

UNITS = {"positions": "Angstrom", "dipole": "e Angstrom", "polarizability": "Angstrom^3"}

Model = TypeVar("Model", bound="PropertyEstimator")


class PropertyEstimator(Estimator):
    """Base of estimators of dipoles and polarizabilities.

    A subclass also provides `axes_`, `STORED` and `_restore_arrays`, and a fit sets
    `hyperparameters_`.
    """

    STORED: tuple[str, ...]  #: Arguments of the constructor that a saved file keeps.
    hyperparameters_: dict[str, Any]

    def __init__(self, molecule: Molecule, property: str) -> None:
        self.molecule = molecule
        self.property = property

    @property
    def predicts(self) -> tuple[str, ...]:
        """The property alone: ``("dipole",)`` or ``("polarizability",)``."""
        return (self.property,)

    def found_hyperparameters(self) -> dict[str, Any]:
        """Hyper-parameters in use, as arguments of the constructor.

        Returns
        -------
        dict
            ``{"hyperparameters": hyperparameters_}``.
        """
        return {"hyperparameters": self.hyperparameters_}

    @property
    def axes_(self) -> str:
        """Name of the canonical axes of `predict_components`."""
        raise NotImplementedError

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        raise NotImplementedError

    def _note_values(
        self, positions: np.ndarray, values: np.ndarray, learnt: np.ndarray | None = None
    ) -> None:
        """Keep the range of training frames, and warn of what is implausible about them.

        `positions` and `values` are those given, `learnt` the geometries made of them, if others.
        """
        group = getattr(self, "group_", None)
        frames = FrameSet(self.molecule.symbols, positions, **{self.property: values})
        self._note_training(frames, None if group is None else group.permutations, learnt)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, in the order of `predict_components`."""
        return component_names(self.property)

    def predict_components(self, frames: Frames) -> np.ndarray:
        """Components in the canonical axes of each frame, [n_frames, 3] or [n_frames, 6]."""
        positions = checked_positions(frames, self.molecule)
        predicted = self.predict(positions)
        rotations = canonical_axes(self.axes_, positions, self.molecule).rotations
        return to_components(to_axes(predicted, rotations))

    def score(self, frames: Frames, values: np.ndarray | None = None) -> float:
        """Coefficient of determination of all elements in the laboratory; see `determination`.

        Parameters
        ----------
        frames
            As for `predict`.
        values : array, [n_frames, 3] or [n_frames, 3, 3]
            The default is the property that the frames carry.
        """
        self._require_fitted()
        positions, values = training_data(self.property, frames, values, self.molecule)
        return determination(self.predict(positions), values)

    def _metadata(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.STORED},
            **super()._metadata(),
            "hyperparameters": self.hyperparameters_,
            "units": {key: UNITS[key] for key in ("positions", self.property)},
        }

    @classmethod
    def _restore(
        cls: type[Model], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> Model:
        known = [name for name in (*cls.STORED, "hyperparameters") if name in metadata]
        arguments = {name: metadata[name] for name in known}
        model = cls(molecule=model_file.molecule_from_json(metadata["molecule"]), **arguments)
        model.hyperparameters_ = dict(metadata["hyperparameters"])
        model._restore_arrays(arrays, metadata)
        model.training_checksum_ = metadata["training_checksum"]
        return model

    def _restore_arrays(
        self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
    ) -> None:
        """Put back what the fit found."""
        raise NotImplementedError

    property: str  # here, because the name hides the decorator from what follows


def checked_positions(frames: Frames, molecule: Molecule) -> np.ndarray:
    """Positions [n_frames, n_atoms, 3] of frames of `molecule`, in Angstrom, checked.

    Parameters
    ----------
    frames
        Frames in any form that `rpr.data.given_frames.take_frames` takes.
    molecule
        Positions come out in its order of atoms.

    Raises
    ------
    InputError
        If the atoms or the shape differ, a number is not finite, or bonds are so long or short that
        the positions cannot be in Angstrom.
    """
    return checked_frames(frames, molecule).positions


def checked_frames(frames: Frames, molecule: Molecule) -> GivenFrames:
    """Frames of `molecule` as for `checked_positions`, which know the order the user gave."""
    given = take_frames(frames, molecule)
    if not len(given.positions):
        raise InputError("frames: found none, expected at least one")
    check_reference(molecule.reference, molecule.bonds)
    check_stretch(given.positions, molecule.reference, molecule.bonds)
    return given


def training_data(
    property: str, frames: Frames, values: np.ndarray | None, molecule: Molecule
) -> tuple[np.ndarray, np.ndarray]:
    """Positions [n_frames, n_atoms, 3] of frames in Angstrom and their property, checked.

    Parameters
    ----------
    property
        ``"dipole"`` or ``"polarizability"``.
    frames
        As for `checked_positions`.
    values : array, [n_frames, 3] or [n_frames, 3, 3]
        The property of each frame, or None for what the frames carry.
    molecule
        As for `checked_positions`.

    Raises
    ------
    InputError
        As `checked_positions`, or if there are no values, their shape is wrong, or a number is not
        finite.
    """
    given = checked_frames(frames, molecule)
    return given.positions, checked_values(property, values, given)


def checked_values(property: str, values: np.ndarray | None, given: GivenFrames) -> np.ndarray:
    """Dipoles [n_frames, 3] or polarizabilities [n_frames, 3, 3] of frames, as `training_data`."""
    component_names(property)
    if values is None:
        values = given.label(property)
    if values is None:
        raise InputError(f"values: found none; give the {property} of each frame")
    n_frames, values = len(given.positions), np.asarray(values, dtype=float)
    expected = (n_frames, *(3,) * RANK[property])
    if values.shape == (n_frames, 9) and property == "polarizability":
        values = values.reshape(expected)
    if values.shape != expected:
        raise InputError(
            f"values: found shape {values.shape}, expected {expected}: one {property} per frame"
        )
    bad = ~np.isfinite(values.reshape(n_frames, -1)).all(axis=1)
    if bad.any():
        raise InputError(f"values: {property} of frame {int(np.argmax(bad))} is not finite")
    return values


def check_not_zero(property: str, molecule: Molecule, n_elements: int) -> None:
    """Refuse the dipole of two like atoms, which is zero in every geometry.

    Raises
    ------
    NotApplicableError
        If the molecule is such and its group, of `n_elements`, exchanges the atoms.
    """
    two_alike = len(set(molecule.symbols)) == 1 == molecule.n_atoms - 1
    if property == "dipole" and two_alike and n_elements > 1:
        raise NotApplicableError(
            f"molecule: {''.join(molecule.symbols)} has no dipole, as its two atoms are alike; "
            "there is nothing to learn"
        )


def check_some_value(property: str, values: np.ndarray) -> None:
    """Refuse values that are all zero, from which no scale of a kernel follows.

    Raises
    ------
    InputError
        If they are.
    """
    if not np.any(values):
        raise InputError(
            f"{property}: all values of the {len(values)} training frames are zero; there is "
            "nothing to learn"
        )


def training_checksum(
    positions: np.ndarray, values: np.ndarray, derivatives: np.ndarray | None = None
) -> str:
    """SHA-256 of the training frames, by which a model says what it was trained on."""
    digest = hashlib.sha256(np.ascontiguousarray(positions).tobytes())
    for labels in (values, derivatives):
        if labels is not None:
            digest.update(np.ascontiguousarray(labels).tobytes())
    return digest.hexdigest()
