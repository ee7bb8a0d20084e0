"""Errors and warnings that users meet."""

from __future__ import annotations


class InputError(ValueError):
    """Input that the user can correct; names the argument, what was found and what was expected."""


class ConvergenceError(RuntimeError):
    """A computation that did not reach its result; names the frame, trajectory or mode."""


class ConditioningWarning(UserWarning):
    """A linear system so ill-conditioned that its solution loses digits."""
