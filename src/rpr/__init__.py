"""Rotate-predict-rotate: dipoles and polarizabilities by kernel ridge regression.

The main names are here, each loaded when first used::

    import rpr

    frames = rpr.read_frames("frames.extxyz")
    model = rpr.RotatePredictRotate(molecule=molecule).fit(frames, frames.dipole)
    model.predict(other_frames)
"""

from importlib import import_module

_HOME = {
    "Molecule": "rpr.molecule",
    "FrameSet": "rpr.datasets",
    "read_frames": "rpr.datasets",
    "write_frames": "rpr.datasets",
    "RotatePredictRotate": "rpr.rotate_predict_rotate",
    "SymmetrizedRPR": "rpr.symmetrized",
    "CovariantRegression": "rpr.covariant",
    "CuredRPR": "rpr.handedness",
    "AugmentedRegression": "rpr.augmented",
    "KREG": "rpr.potential",
    "KREGCalculator": "rpr.potential_dynamics",
    "load": "rpr.model_file",
    "InputError": "rpr.errors",
    "ConvergenceError": "rpr.errors",
    "ConditioningWarning": "rpr.errors",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
