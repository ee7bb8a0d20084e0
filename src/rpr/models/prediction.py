"""Predictions of several models on the same frames, under the names of the quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms

from rpr.errors import InputError
from rpr.models.estimator import Estimator, Frames


def models_by_property(models: Mapping[str, Estimator]) -> dict[str, Estimator]:
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
    found: dict[str, Estimator] = {}
    names: dict[str, str] = {}
    for name, model in models.items():
        property = model.predicts[0]
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


def predict_quantities(
    models: Mapping[str, Estimator],
    frames: Sequence[Atoms],
    *,
    derivatives: bool = False,
    covariance: bool = False,
) -> dict[str, np.ndarray]:
    """All that models predict for the same frames.

    Parameters
    ----------
    models
        Fitted models by what they predict, as from `models_by_property`.
    frames
        Frames of their molecule; atoms in another order are matched by their bonds.
    derivatives
        Whether to add derivatives of dipole and polarizability by the positions of the atoms.
    covariance
        Whether to add the covariances of dipole and polarizability.

    Returns
    -------
    dict
        ``energy`` [n_frames] in eV, ``forces`` [n_frames, n_atoms, 3] in eV/Angstrom, ``dipole``
        [n_frames, 3] in e Angstrom, ``polarizability`` [n_frames, 3, 3] in Angstrom^3;
        ``dipole_derivatives`` [n_frames, n_atoms, 3, 3], element (A, x, k) being d mu_k / d R_Ax in
        e, and ``polarizability_derivatives`` [n_frames, n_atoms, 3, 3, 3], element (A, x, k, l)
        being d alpha_kl / d R_Ax in Angstrom^2; ``dipole_covariance`` [n_frames, 3, 3] of x, y, z
        in e^2 Angstrom^2, and ``polarizability_covariance`` [n_frames, 6, 6] of xx, xy, xz, yy, yz,
        zz in Angstrom^6.

    Raises
    ------
    InputError
        If the frames are not of the molecule of a model, or a model of a dipole or a polarizability
        has no derivatives or covariances.
    """
    found: dict[str, np.ndarray] = {}
    for property, model in models.items():
        if property == "energy":
            found |= predicted(model, frames)
            continue
        asked = {"derivatives": derivatives, "covariance": covariance}
        asked = {name: True for name, wanted in asked.items() if wanted}
        _check_abilities(property, model, asked)
        values = model.predict(frames, **asked)
        found[property], *further = values if asked else (values,)
        if derivatives:
            jacobian = np.moveaxis(further.pop(0), (-2, -1), (1, 2))
            found[f"{property}_derivatives"] = jacobian
        if covariance:
            found[f"{property}_covariance"] = further.pop(0)
    return found


def predicted(model: Estimator, frames: Frames) -> dict[str, np.ndarray]:
    """What one model predicts of frames, under the names of the quantities.

    Parameters
    ----------
    model
        A fitted model.
    frames
        As for its ``predict``.

    Returns
    -------
    dict
        The quantities that it `predicts`, with shapes and units as for `predict_quantities`.
    """
    values = model.predict(frames)
    return dict(zip(model.predicts, values if len(model.predicts) > 1 else (values,), strict=True))


def _check_abilities(property: str, model: Estimator, asked: Mapping[str, bool]) -> None:
    """Refuse what a model cannot predict."""
    able = {"derivatives": model.predicts_derivatives, "covariance": model.predicts_covariance}
    for name in asked:
        if not able[name]:
            raise InputError(
                f"{property}: a model of kind {model.KIND} predicts no {name}; train one with "
                "model covariant"
            )
