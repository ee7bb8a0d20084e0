"""Errors and warnings that users meet."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class InputError(ValueError):
    """Input that the user can correct; names the argument, what was found and what was expected."""


class NotApplicableError(InputError):
    """A model, axes or a descriptor that a molecule cannot have; another molecule could.

    It is the only `InputError` that studies skip, as for a cell of a table that does not exist.
    """


class MissingPackageError(InputError, ImportError):
    """A package that is not installed, as only some parts of `rpr` need it."""


class ConvergenceError(RuntimeError):
    """A computation that did not reach its result; names the frame, trajectory or mode."""


class ConditioningWarning(UserWarning):
    """A linear system so ill-conditioned that its solution loses digits."""


class PlausibilityWarning(UserWarning):
    """Training frames or labels that are implausible, such as labels in another unit."""


class ExtrapolationWarning(UserWarning):
    """Frames outside of what a model was trained on."""


def require_package(name: str, *, extra: str) -> Any:
    """An optional package, imported.

    Parameters
    ----------
    name
        Name of the package.
    extra
        Extra of `rotate-predict-rotate` that installs it.

    Raises
    ------
    MissingPackageError
        If it is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"{name} is needed here and not installed ({error}); install it by pip install {name}, "
            f"or rotate-predict-rotate with its extra '{extra}'"
        ) from error
