"""Version of the numbers that the label engine computes."""

from __future__ import annotations

#: Raise this by hand in the commit that changes what the engine computes for given positions and a
#: given method, beyond its tolerances.  Rules that run quantum chemistry depend on this number and
#: on no source file, and unfinished labels of another number are set aside, so that comments and
#: refactoring never cost a label.  `tests/unit/test_label_version.py` pins the labels of two
#: small molecules: numbers cannot change unnoticed.
LABEL_VERSION = 1


def label_version(charge: int) -> int:
    """Version of the labels of a molecule of this charge, `LABEL_VERSION` if it is neutral.

    The labels of ions once changed alone, when their dipoles became those about the centre of mass.
    """
    return LABEL_VERSION + bool(charge)
