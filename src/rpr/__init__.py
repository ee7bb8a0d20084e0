"""Rotate-predict-rotate: dipoles and polarizabilities by kernel ridge regression.

The main names are importable from here; each is loaded when it is first used::

    import rpr

    frames = rpr.read_frames("frames.extxyz")
    model = rpr.RotatePredictRotate(molecule=molecule).fit(frames, frames.dipole)
    model.predict(other_frames)
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from rpr.version import __version__

_HOME = {
    "Molecule": "rpr.molecule.molecule",
    "find_molecule": "rpr.data.molecule_of_frames",
    "FrameSet": "rpr.data.frame_set",
    "concatenate": "rpr.data.frame_set",
    "frames_from_atoms": "rpr.data.from_atoms",
    "check_frames": "rpr.data.consistency.battery",
    "read_frames": "rpr.data.extxyz",
    "write_frames": "rpr.data.extxyz",
    "RotatePredictRotate": "rpr.models.rotate_predict_rotate",
    "SymmetrizedRPR": "rpr.models.symmetrized",
    "CovariantRegression": "rpr.models.covariant",
    "FoldedRPR": "rpr.models.folded",
    "AugmentedRegression": "rpr.models.augmented",
    "CopiesRPR": "rpr.models.copies",
    "ArbitrarySignRegression": "rpr.models.arbitrary_sign",
    "KREG": "rpr.models.kreg.potential",
    "Calculator": "rpr.models.calculator",
    "KREGCalculator": "rpr.models.calculator",
    "load": "rpr.models.registry",
    "Method": "rpr.labels.method",
    "LabelCalculator": "rpr.labels.calculator",
    "label_frames": "rpr.labels.label_frames",
    "InputError": "rpr.errors",
    "ConvergenceError": "rpr.errors",
    "ConditioningWarning": "rpr.errors",
    "PlausibilityWarning": "rpr.errors",
    "ExtrapolationWarning": "rpr.errors",
}
_PARTS = (
    "axes",
    "data",
    "dynamics",
    "labels",
    "models",
    "molecule",
    "regression",
    "spectra",
    "units",
)
__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> _Any:
    if name in _HOME:
        return getattr(_import_module(_HOME[name]), name)
    if name in _PARTS:
        return _import_module(f"rpr.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_PARTS, *__all__])
