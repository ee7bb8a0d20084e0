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
    positions, energy, forces = check_labels(settings["molecule"], frames, energy, forces)
    if not sizes or list(sizes) != sorted(sizes) or sizes[-1] > len(positions):
        raise InputError(
            f"sizes: found {list(sizes)}, expected ascending numbers up to {len(positions)}"
        )
    models = [KREG(**settings)]
    groups = validation_groups(models[0].validation, frames, len(positions))
    known = [(positions[:n], energy[:n], forces[:n]) for n in sizes]
    models[0]._set_hyperparameters(*known[0], groups[: sizes[0]])
    found = models[0].found_hyperparameters()
    models += [KREG(**settings | found) for _ in sizes[1:]]
    for model, frames_of_it in zip(models[1:], known[1:], strict=True):
        model._set_hyperparameters(*frames_of_it, groups)  # searches nothing
    models[-1]._check_memory(sizes[-1])
    kernel, directions = models[-1]._kernel(known[-1][0])
    solutions = solve_nested(
        kernel,
        [to_targets(e - e.mean(), f, directions[: len(e)]) for _, e, f in known],
        lambda_energy=found["lambda_energy"],
        lambda_forces=found["lambda_forces"],
    )
    for model, own, solution in zip(models, known, solutions, strict=True):
        model.distances_ = models[-1].distances_
        model._take(*own, kernel.first(len(own[0])), solution)
    return models
