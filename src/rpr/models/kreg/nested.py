"""Potentials of nested training sets from one factorization.

The matrix of a training set that begins a larger one is the leading block of the larger matrix, if
both have the same hyper-parameters, and so is its Cholesky factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rpr.data.validation_groups import validation_groups
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.models.kreg.potential import KREG
from rpr.models.kreg.solver import solve_nested
from rpr.models.kreg.targets import check_labels, to_targets


def fit_nested(
    frames: Frames,
    energy: np.ndarray | None,
    forces: np.ndarray | None,
    sizes: Sequence[int],
    **settings: Any,
) -> list[KREG]:
    """Potentials of the first frames, for several numbers of them, in the time of the largest.

    Hyper-parameters that are not given are searched once, on the smallest set.

    Parameters
    ----------
    frames, energy, forces
        As for `rpr.models.kreg.potential.KREG.fit`.
    sizes
        Numbers of training frames in ascending order.
    **settings
        Arguments of `rpr.models.kreg.potential.KREG`.

    Returns
    -------
    list of KREG
        Each equals that of a fit of its frames but for rounding.

    Raises
    ------
    InputError
        If there are fewer frames than asked for, or as `KREG.fit` does.

    Warns
    -----
    ConditioningWarning
        If the system of the largest set is so ill-conditioned that digits are lost; no smaller one
        is conditioned worse.
    """
    data = check_labels(settings["molecule"], frames, energy, forces)
    if not sizes or list(sizes) != sorted(sizes) or sizes[-1] > len(data):
        raise InputError(
            f"sizes: found {list(sizes)}, expected ascending numbers up to {len(data)}"
        )
    models = [KREG(**settings)]
    symbols = models[0].molecule.symbols
    groups = validation_groups(models[0].validation, frames, data.positions, symbols)
    nested = [data.part(slice(n)) for n in sizes]
    models[0]._set_hyperparameters(nested[0], groups[: sizes[0]])
    found = models[0].found_hyperparameters()
    models += [KREG(**settings | found) for _ in sizes[1:]]
    for model, own in zip(models[1:], nested[1:], strict=True):
        model._set_hyperparameters(own, groups)  # searches nothing
    models[-1]._check_memory(sizes[-1])
    kernel, directions = models[-1]._kernel(nested[-1].positions)
    solutions = solve_nested(
        kernel,
        [
            to_targets(own.energy - own.energy.mean(), own.forces, directions[: len(own)])
            for own in nested
        ],
        lambda_energy=found["lambda_energy"],
        lambda_forces=found["lambda_forces"],
    )
    for model, own, solution in zip(models, nested, solutions, strict=True):
        model.distances_ = models[-1].distances_
        model._take(own, kernel.first(len(own)), solution)
    return models
