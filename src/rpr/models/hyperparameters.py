"""Hyper-parameters of regressions of components in canonical axes, as users give and read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rpr.errors import InputError
from rpr.regression.descriptors import COORDINATE_WEIGHTS
from rpr.regression.search import Choice

#: Sigma, lambda, and the kernel where it is one of a family.
Given = tuple[float, float] | tuple[float, float, str]


def as_mapping(choices: Sequence[Choice], components: Sequence[str]) -> dict[str, Any]:
    """Sigma, lambda, validation_rmse and kernel of each component, by its name.

    Examples
    --------
    >>> as_mapping([Choice(2.0, 1e-6, 0.25, "matern3")], ["mu_x"])
    {'mu_x': {'sigma': 2.0, 'lambda': 1e-06, 'validation_rmse': 0.25, 'kernel': 'matern3'}}
    """
    return {
        name: {"sigma": c.sigma, "lambda": c.lam, "validation_rmse": c.rmse, "kernel": c.kernel}
        for name, c in zip(components, choices, strict=True)
    }


def given_hyperparameters(given: Any, components: Sequence[str]) -> list[Given] | None:
    """Hyper-parameters that a user gave, as tuples in the order of the components.

    Parameters
    ----------
    given
        What :func:`as_mapping` returns, one of its entries or a pair (sigma, lambda) for all
        components, or None.
    components
        Names of the components.

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> given_hyperparameters({"sigma": 2, "lambda": 1}, ["mu_x", "mu_y"])
    [(2.0, 1.0), (2.0, 1.0)]
    """
    if given is None:
        return None
    try:
        entries: list[Any] = [given] * len(components)
        if isinstance(given, Mapping) and "sigma" not in given:
            entries = [given[name] for name in components]
        return [_entry(e) for e in entries]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"hyperparameters: found {given!r}, expected {{'sigma': ..., 'lambda': ...}}, or "
            f"one such entry for each of {', '.join(components)}"
        ) from error


def given_weights(
    given: float | Sequence[float] | None, descriptor: str, *, one: bool = False
) -> tuple[float, ...]:
    """Weights of coordinates against RE to choose among, 1/Angstrom.

    Parameters
    ----------
    given
        One weight, several, or None for that of `COORDINATE_WEIGHTS`.
    descriptor
        Name of the descriptor.
    one
        Whether there must be one, because other hyper-parameters are given.

    Raises
    ------
    InputError
        If a weight is not positive, there is none, or there are several where one is needed.

    Examples
    --------
    >>> given_weights(None, "RE"), given_weights([1, 2], "RE")
    ((1.0,), (1.0, 2.0))
    """
    if given is None:
        given = COORDINATE_WEIGHTS.get(descriptor, 1.0)
    weights = np.atleast_1d(np.asarray(given, dtype=float))
    if not weights.size or not (weights > 0.0).all():
        raise InputError(
            f"coordinate_weight: found {given!r}, expected a positive number, or several"
        )
    if one and len(weights) > 1:
        raise InputError(
            "coordinate_weight: found several and given hyperparameters, so nothing is "
            "searched; give one weight"
        )
    return tuple(weights.tolist())


def _entry(entry: Any) -> Given:
    if isinstance(entry, Mapping):
        pair = float(entry["sigma"]), float(entry["lambda"])
        return (*pair, str(entry["kernel"])) if entry.get("kernel") else pair
    sigma, lam = entry
    return float(sigma), float(lam)
