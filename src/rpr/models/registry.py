"""The models that the studies compare, by name.

paper
    rotate-predict-rotate in the inertia frame, RExyzCl, as published
cured
    the same, with frames of negative dihedral inverted and like atoms exchanged
symmetrized
    kernel averaged over axis signs and the permutation-inversion group
covariant
    frame-free covariant kernel
laboratory
    no canonical frame: components are learnt as they stand in the laboratory
augmented
    no canonical frame, training frames turned at random

The ablations are the paper's model with one choice changed; what is changed is their name.
"""

from __future__ import annotations

import importlib
import os

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.augmented import AugmentedRegression
from rpr.models.covariant import CovariantRegression
from rpr.models.folded import CuredRPR
from rpr.models.model_file import load_model
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.models.symmetrized import SymmetrizedRPR
from rpr.molecule.molecule import Molecule

_CLASSES = {
    "paper": RotatePredictRotate,
    "cured": CuredRPR,
    "symmetrized": SymmetrizedRPR,
    "covariant": CovariantRegression,
    "laboratory": RotatePredictRotate,
    "augmented": AugmentedRegression,
}

_CHANGES = {
    "laboratory": {"frame": "laboratory"},
    "paper-raw-axes": {"frame": "inertia-raw"},
    "paper-RE": {"descriptor": "RE"},
    "paper-RE-raw-axes": {"frame": "inertia-raw", "descriptor": "RE"},
    "paper-kabsch": {"frame": "kabsch"},
    "paper-three-atom": {"frame": "three-atom"},
    "cured-kabsch": {"frame": "kabsch"},
}

#: Models of the comparison on the rotated set.
MODELS = tuple(_CLASSES)

#: Variants of a model with one choice changed.
ABLATIONS = tuple(name for name in _CHANGES if name not in _CLASSES)

#: The kernels that the paper found best.
PAPER_KERNELS = {"dipole": "matern2", "polarizability": "gaussian"}


def make_model(name: str, *, property: str, molecule: Molecule, seed: int = 0, **settings):
    """Unfitted estimator of one of :data:`MODELS` or :data:`ABLATIONS`.

    Parameters
    ----------
    name
        Name of the model.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.
    seed
        Seed of the validation split.
    **settings
        Arguments of the estimator that replace its defaults and those of the name. Without
        ``kernel``, the paper's models take the kernel of :data:`PAPER_KERNELS`.

    Returns
    -------
    object
        Estimator with ``fit(frames, values)``, ``predict(frames)`` and ``save(path)``.

    Raises
    ------
    InputError
        If there is no model of that name.
    """
    base = name.split("-")[0] if name in _CHANGES else name
    if base not in _CLASSES:
        known = ", ".join((*MODELS, *ABLATIONS))
        raise InputError(f"model: found {name!r}, expected one of {known}")
    options = _CHANGES.get(name, {}) | settings
    if issubclass(_CLASSES[base], RotatePredictRotate | AugmentedRegression):
        options = {"kernel": PAPER_KERNELS[property]} | options
    if _CLASSES[base] is CovariantRegression:
        options.pop("validation_fraction", None)  # its marginal likelihood needs no validation set
    return _CLASSES[base](property=property, molecule=molecule, seed=seed, **options)


def fit_model(
    name: str,
    frames: FrameSet,
    indices: np.ndarray,
    *,
    property: str,
    molecule: Molecule,
    seed: int = 0,
    **settings,
):
    """Model `name` fitted to the frames `indices`; arguments as for :func:`make_model`.

    Returns
    -------
    object
        The fitted estimator.
    """
    training = frames.subset(np.asarray(indices))
    model = make_model(name, property=property, molecule=molecule, seed=seed, **settings)
    return model.fit(training, getattr(training, property))


#: Estimator of each kind of file, as module:class; each class has a classmethod ``load(path)``.
KINDS = {
    "rotate-predict-rotate": "rpr.models.rotate_predict_rotate:RotatePredictRotate",
    "symmetrized": "rpr.models.symmetrized:SymmetrizedRPR",
    "covariant": "rpr.models.covariant:CovariantRegression",
    "cured": "rpr.models.folded:CuredRPR",
    "augmented": "rpr.models.augmented:AugmentedRegression",
    "kreg": "rpr.models.kreg.potential:KREG",
}


def load(path: str | os.PathLike):
    """Trained estimator from its file, whatever its kind.

    Raises
    ------
    InputError
        As `load_model`.
    """
    module, name = KINDS[_check_kind(load_model(path).kind, str(path))].split(":")
    return getattr(importlib.import_module(module), name).load(path)


def _check_kind(kind: str, where: str) -> str:
    if kind not in KINDS:
        raise InputError(f"{where}: found model kind {kind!r}, expected one of {', '.join(KINDS)}")
    return kind
