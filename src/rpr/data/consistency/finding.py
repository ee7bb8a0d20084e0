"""What a check of frames found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

OK, NOTE, IMPLAUSIBLE, NOT_TESTED = "ok", "note", "implausible", "not tested"

#: Models whose training a note may concern: all, or those to which mirror images are different.
ALL_MODELS, HANDED_MODELS = "all models", "handed models"


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Parameters
    ----------
    check
        What was checked, in a few words.
    verdict
        ``ok``, ``note`` (plausible, but worth knowing), ``implausible`` or ``not tested``.
    text
        What was measured, and what may be wrong.
    labels
        Names of the labels that are implausible; empty if it is the geometries.
    contradiction
        Whether the labels contradict the geometries or each other, so that no model can learn them.
    concerns
        Models whose training a note concerns, `ALL_MODELS` or `HANDED_MODELS`; empty for none.
    """

    check: str
    verdict: str
    text: str
    labels: tuple[str, ...] = ()
    contradiction: bool = False
    concerns: str = ""

    @property
    def is_implausible(self) -> bool:
        """Whether something is implausible."""
        return self.verdict == IMPLAUSIBLE

    def warns(self, *, handed: bool) -> bool:
        """Whether it is worth a warning before a model is trained.

        Parameters
        ----------
        handed
            Whether mirror images are different to the model (``Estimator.is_handed``).

        Examples
        --------
        >>> found = Finding("hands", NOTE, "one hand only", concerns=HANDED_MODELS)
        >>> found.warns(handed=True), found.warns(handed=False)
        (True, False)
        """
        if self.verdict != NOTE:
            return self.is_implausible
        return self.concerns == ALL_MODELS or (handed and self.concerns == HANDED_MODELS)


def some(frames: Sequence[int] | np.ndarray, *, most: int = 5) -> str:
    """Numbers of frames in words, the first few of many.

    Examples
    --------
    >>> some([3]), some(range(9))
    ('frame 3', '9 frames (0, 1, 2, 3, 4, ...)')
    """
    found = [int(k) for k in frames]
    if len(found) == 1:
        return f"frame {found[0]}"
    listed = ", ".join(map(str, found[:most])) + (", ..." if len(found) > most else "")
    return f"{len(found)} frames ({listed})"


def in_unit(quantity: str, unit: str) -> str:
    """How to name the unit of a quantity, on the command line and in Python.

    Examples
    --------
    >>> in_unit("dipole", "debye")
    "--dipole-unit debye, units={'dipole': 'debye'}"
    """
    return f"--{quantity}-unit {unit}, units={{{quantity!r}: {unit!r}}}"
