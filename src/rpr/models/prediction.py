"""Predictions of several models on the same frames, under the names of the quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms

from rpr.errors import InputError


def models_by_property(models: Mapping[str, Any]) -> dict[str, Any]:
    """Fitted models by what they predict: ``energy``, ``dipole`` or ``polarizability``.

    Parameters
    ----------
    models
        Fitted models by the names of their files.

    Raises
    ------
    InputError
        If two of them predict the same, or their molecules differ in their atoms.
    """
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, model in models.items():
        property = predicts(model)
        if property in found:
            raise InputError(f"{name}: predicts the {property}, as {names[property]}; name one")
        first = next(iter(found.values()), model)
        if sorted(model.molecule.symbols) != sorted(first.molecule.symbols):
            raise InputError(
                f"{name}: a model of {' '.join(model.molecule.symbols)}, expected "
                f"{' '.join(first.molecule.symbols)}, as {next(iter(names.values()))}"
            )
        found[property], names[property] = model, name
    return found


def predicts(model: Any) -> str:
    """What a model predicts; a potential counts as ``energy``."""
    return str(getattr(model, "property", "energy"))


def predict_quantities(models: Mapping[str, Any], frames: Sequence[Atoms]) -> dict[str, np.ndarray]:
    """All that models predict for the same frames.

    Parameters
    ----------
    models
        Fitted models by what they predict, as from `models_by_property`.
    frames
        Frames of their molecule.

    Returns
    -------
    dict
        ``energy`` [n_frames] in eV, ``forces`` [n_frames, n_atoms, 3] in eV/Angstrom, ``dipole``
        [n_frames, 3] in e Angstrom, ``polarizability`` [n_frames, 3, 3] in Angstrom^3.

    Raises
    ------
    InputError
        If the frames are not of the molecule of a model.
    """
    found: dict[str, np.ndarray] = {}
    for property, model in models.items():
        if property == "energy":
            found["energy"], found["forces"] = model.predict(frames)
        else:
            found[property] = model.predict(frames)
    return found
