"""Settings of computations: frozen dataclasses, made from sections of a configuration, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from rpr.errors import InputError


@dataclass(frozen=True)
class Settings:
    """Base of settings; a subclass is a frozen dataclass, too, and adds its fields."""

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], **others: Any) -> Self:
        """Settings from those entries of a mapping that are fields; it may have further ones.

        Parameters
        ----------
        given
            Values by name, such as a section of a configuration.
        **others
            Fields that the mapping does not have, or has otherwise.
        """
        names = {field.name for field in fields(cls)}
        chosen = {name: value for name, value in given.items() if name in names}
        return cls(**{**chosen, **others})

    def _check_positive(self, *, or_zero: Collection[str] = ()) -> None:
        """Refuse numbers that are not positive; those of the names `or_zero` may be zero.

        Raises
        ------
        InputError
            Naming the field.
        """
        for field in fields(self):
            value, optional = getattr(self, field.name), field.name in or_zero
            if not (value >= 0 if optional else value > 0):
                expected = "zero or a positive number" if optional else "a positive number"
                raise InputError(f"{field.name}: found {value}, expected {expected}")
