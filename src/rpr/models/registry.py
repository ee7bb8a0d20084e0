"""The registry of models: every model that the project knows, in one table.

The workflow, the file format, the documentation, the figures and the battery of invariance tests
read it.  An entry says which class and which settings a name stands for, and which symmetries the
model breaks.  Classes are imported when they are used, so that an edit of one model concerns no
other.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.data.hands import mirrored_scan
from rpr.errors import InputError
from rpr.models.estimator import Estimator
from rpr.models.model_file import load_model
from rpr.molecule.molecule import Molecule

#: Operations on a molecule that its properties follow exactly: those of
#: :mod:`rpr.studies.operations`, where inversions and permutations are elements of its group.
SYMMETRIES = ("translation", "rotation", "inversion", "permutation")


@dataclass(frozen=True)
class Entry:
    """A model by name.

    Parameters
    ----------
    summary
        What the model is, in one line.
    home
        Its estimator as ``module:class``.
    settings
        Arguments of the estimator that the name stands for.
    by_property
        Further arguments, by property.
    needs
        What the model needs of a molecule, in words; ``check_molecule`` of the estimator decides.
    breaks
        Those of `SYMMETRIES` that predictions do not follow exactly, each with the reason; they
        follow all others (`equivariant_under`).
    scan
        Training and test frames are read as those of this scan of the dihedral
        (:func:`rpr.data.hands.mirrored_scan`); if empty, as they are.
    covariances
        Whether the model predicts covariances, by ``predict(frames, covariance=True)``.
    file
        Whether the name is itself a ``KIND`` of model file; the others are saved as their class.
    """

    summary: str
    home: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    by_property: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: str = "nothing"
    breaks: Mapping[str, str] = field(default_factory=dict)
    covariances: bool = False
    file: bool = True
    scan: str = ""

    @property
    def module(self) -> str:
        """Full name of the module of the estimator."""
        return self.home.partition(":")[0]

    @property
    def equivariant_under(self) -> tuple[str, ...]:
        """Those of `SYMMETRIES` that predictions follow exactly."""
        return tuple(name for name in SYMMETRIES if name not in self.breaks)

    def estimator(self) -> type[Estimator]:
        """The class of the estimator, imported now."""
        module, _, name = self.home.partition(":")
        return getattr(importlib.import_module(module), name)

    def frames(self, frames: FrameSet, molecule: Molecule) -> FrameSet:
        """Frames of the dynamics as this model learns from them, or is tested on them."""
        return mirrored_scan(frames, molecule, self.scan) if self.scan else frames


#: Arguments that `make_model` leaves out for estimators that do not have them, such as one that
#: maximizes a likelihood.
_OF_SOME = {"validation_fraction", "validation", "coordinate_weight"}
_PUBLISHED = "rpr.models.rotate_predict_rotate:RotatePredictRotate"
_FOLDED = "rpr.models.folded:FoldedRPR"
#: The kernels that the paper found best; n of the Matern kernel is chosen for each component.
_KERNELS = {"dipole": {"kernel": "matern"}, "polarizability": {"kernel": "gaussian"}}
_AXES = "an anchor; inertia axes: three atoms or more, not in line, no spherical top"
_MIRRORED = f"{_AXES}; a dihedral, and a symmetry that changes its sign"


def _of_group(reason: str) -> Mapping[str, str]:
    return {"inversion": reason, "permutation": reason}


_NUMBERED = _of_group("like atoms are told apart by their index")
_RAW = {
    **_NUMBERED, "rotation": "LAPACK chooses the signs of axes, which depend on the orientation"
}  # fmt: skip
_LABORATORY = {**_NUMBERED, "rotation": "components refer to the axes of the laboratory"}
_ONE_MIRROR = _of_group("folding uses one element of the group")


def _published(
    summary: str,
    breaks: Mapping[str, str] = _NUMBERED,
    needs: str = _AXES,
    scan: str = "",
    **settings: Any,
) -> Entry:
    return Entry(summary, _PUBLISHED, settings, _KERNELS, needs, breaks, file=False, scan=scan)


#: Models that are compared with each other, in the order of tables and figures.
_COMPARED = {
    "rotate-predict-rotate": Entry(
        "the published model: RExyzCl in the inertia axes",
        _PUBLISHED,
        by_property=_KERNELS,
        needs=_AXES,
        breaks=_NUMBERED,
    ),
    "folded": Entry(
        "the published model, with frames of negative dihedral mirrored onto positive ones",
        _FOLDED,
        by_property=_KERNELS,
        needs=_MIRRORED,
        breaks=_ONE_MIRROR,
    ),
    "copies": Entry(
        "the paper's method on exact permutation-inversion copies of the frames",
        "rpr.models.copies:CopiesRPR",
        by_property=_KERNELS,
        needs="a dihedral, or else inertia axes",
    ),
    "symmetrized": Entry(
        "kernel averaged over axis signs and the permutation-inversion group",
        "rpr.models.symmetrized:SymmetrizedRPR",
        needs="canonical axes of which exchanging like atoms changes only the signs",
    ),
    "covariant": Entry(
        "covariant kernel without canonical axes",
        "rpr.models.covariant:CovariantRegression",
        needs="two atoms or more",
        covariances=True,
    ),
    "laboratory": _published(
        "no canonical axes: laboratory components", _LABORATORY, "an anchor", axes="laboratory"
    ),
    "augmented": Entry(
        "no canonical axes: training frames and copies of them turned at random",
        "rpr.models.augmented:AugmentedRegression",
        by_property=_KERNELS,
        breaks=_LABORATORY,
    ),
}
#: The published model with one choice changed; each is named after that choice.
_ABLATIONS = {
    "rotate-predict-rotate-raw-axes": _published(
        "axes as LAPACK returns them", _RAW, axes="inertia-raw"
    ),
    "rotate-predict-rotate-RE": _published("descriptor RE", descriptor="RE"),
    "rotate-predict-rotate-RE-raw-axes": _published(
        "descriptor RE, axes as LAPACK returns them", _RAW, axes="inertia-raw", descriptor="RE"
    ),
    "rotate-predict-rotate-one-hand": _published(
        "trajectories mirrored, so that all start at positive dihedrals",
        needs=_MIRRORED,
        scan="one_hand",
    ),
    "rotate-predict-rotate-both-hands": _published(
        "dihedrals of both signs: every second trajectory mirrored, if all have one",
        needs=_MIRRORED,
        scan="both_hands",
    ),
    "rotate-predict-rotate-kabsch": _published("axes of superposition", axes="kabsch"),
    "rotate-predict-rotate-three-atom": _published("axes of three atoms", axes="three-atom"),
    "folded-kabsch": Entry(
        "folded, axes of superposition",
        _FOLDED,
        settings={"axes": "kabsch"},
        by_property=_KERNELS,
        needs=_AXES,
        breaks=_ONE_MIRROR,
        file=False,
    ),
}
#: Models of labels of another kind, which are not compared with these.
_FURTHER = {
    "arbitrary-sign": Entry(
        "vectors known up to their sign, such as transition dipoles, learnt through v v^T",
        "rpr.models.arbitrary_sign:ArbitrarySignRegression",
        needs="two atoms or more",
        breaks=_of_group("the sign refers to the numbers of the atoms"),
    ),
}
_POTENTIALS = {
    "kreg": Entry(
        "a potential on energies and gradients",
        "rpr.models.kreg.potential:KREG",
        needs="two atoms or more",
        breaks=_of_group("the kernel is averaged over given permutations only"),
    ),
}

REGISTRY: Mapping[str, Entry] = MappingProxyType(_COMPARED | _ABLATIONS | _FURTHER | _POTENTIALS)
MODELS = tuple(_COMPARED)  #: Names of the models that are compared.
ABLATIONS = tuple(_ABLATIONS)  #: Names of the published model with one choice changed.
KINDS = tuple(name for name, entry in REGISTRY.items() if entry.file)  #: Kinds of model files.


def find(name: str) -> Entry:
    """The entry of a model of dipoles or polarizabilities.

    Raises
    ------
    InputError
        If there is none of that name; the message lists the names.
    """
    known = (*MODELS, *ABLATIONS, *_FURTHER)
    if name not in known:
        raise InputError(f"model: found {name!r}, expected one of {', '.join(known)}")
    return REGISTRY[name]


def make_model(
    name: str, *, property: str, molecule: Molecule, seed: int = 0, **settings: Any
) -> Any:
    """Unfitted estimator of a model of dipoles or polarizabilities.

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
        Arguments of the estimator, which replace its defaults and the settings of the name.

    Returns
    -------
    PropertyEstimator
        The class depends on the name.

    Raises
    ------
    InputError
        If there is no model of that name.
    """
    entry = find(name)
    estimator = entry.estimator()
    options = {**entry.by_property.get(property, {}), **entry.settings, **settings}
    options |= {"property": property, "molecule": molecule, "seed": seed}
    for name in _OF_SOME.difference(estimator.parameter_names()):
        options.pop(name, None)
    return estimator(**options)


def fit_model(
    name: str,
    frames: FrameSet,
    indices: np.ndarray,
    *,
    property: str,
    molecule: Molecule,
    seed: int = 0,
    **settings: Any,
) -> Any:
    """Model `name` fitted to the frames `indices`, read as its entry says.

    Other arguments are as for :func:`make_model`.
    """
    training = find(name).frames(frames, molecule).subset(np.asarray(indices))
    model = make_model(name, property=property, molecule=molecule, seed=seed, **settings)
    return model.fit(training, getattr(training, property))


def load(path: str | os.PathLike) -> Estimator:
    """Trained estimator from its file, whatever its kind.

    Raises
    ------
    InputError
        If the file cannot be read, or its kind is not in the registry.
    """
    kind = load_model(path).kind
    if kind not in KINDS:
        raise InputError(f"{path}: found model kind {kind!r}, expected one of {', '.join(KINDS)}")
    return REGISTRY[kind].estimator().load(path)
