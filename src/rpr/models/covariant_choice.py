"""What the covariant model can choose beside its parameters: the features, and the lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rpr.errors import ConvergenceError, InputError
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_search import (
    LAMBDA_CEILING,
    climb,
    layout_of,
    search,
    stages_of,
    start,
    widened,
)
from rpr.models.covariant_training import TrainingFrames
from rpr.regression.packed_cholesky import PackedMatrix

#: Features between which the likelihood chooses; the first are those of a fit of derivatives.
CHOICES = ("distances", "exponential", "bends")


def chosen(
    training: TrainingFrames,
    values: np.ndarray,
    derivatives: np.ndarray,
    *,
    describe: Callable[[str], CovariantDescription],
    features: str,
    order: int,
    floor: float | None,
    n_values: int,
    n_derivatives: int,
    iterations: int,
    seed: int,
) -> tuple[TrainingFrames, dict[str, Any]]:
    """Training frames in the features that are chosen, and all hyper-parameters.

    With features ``"likelihood"`` all of `CHOICES` go through the first stage of the search, and
    those of the largest likelihood (times the density of the parameters) through the second.
    Likelihoods of the same values are comparable, whatever the features are.

    Parameters
    ----------
    training
        Training frames, described by `features`, or by the first of `CHOICES`.
    values, derivatives
        Packed values and derivatives, see `rpr.models.covariant_search.search`.
    describe
        Description of the molecule in given features.
    features, order
        Features, or ``"likelihood"``; order of the additive kernel.
    floor
        Smallest lambda, or None, see `rpr.models.covariant_search.search`.
    n_values, n_derivatives, iterations, seed
        As for `rpr.models.covariant_search.search`.

    Raises
    ------
    InputError
        If the floor is not positive, or above the largest lambda of a search.
    """
    if floor is not None and not 0.0 < floor < LAMBDA_CEILING:
        raise InputError(
            f"ridge_floor: found {floor}, expected a number above 0 and below {LAMBDA_CEILING}"
        )
    if features != "likelihood" or len(derivatives):
        return training, search(
            training,
            values,
            derivatives,
            order=order,
            n_values=n_values,
            n_derivatives=n_derivatives,
            iterations=iterations,
            seed=seed,
            floor=floor,
        )
    described = [replace(training, description=describe(name)) for name in CHOICES]
    begins = [start(frames.description, order) for frames in described]
    # the same frames for all, as many as the longest parameters ask for
    first, *later = stages_of(n_values, values.shape, iterations, max(map(len, begins)))
    tried = [
        climb(frames, values, begin, [first], seed, floor)
        for frames, begin in zip(described, begins, strict=True)
    ]
    best = int(np.argmin([climbed.found["loss"] for climbed in tried]))
    result = tried[best]
    if later:
        theta = np.array(result.found["theta"])
        result = climb(described[best], values, theta, later, seed, floor)
    return described[best], widened(result) | {"features": CHOICES[best]}


def check_given(found: Mapping[str, Any], description: CovariantDescription, order: int) -> None:
    """Refuse hyper-parameters of another molecule or of other settings.

    Raises
    ------
    InputError
        If there are more or fewer of them than this description and order have.
    """
    expected = len(layout_of(description, order))
    if len(found["theta"]) != expected:
        raise InputError(
            f"hyperparameters: found {len(found['theta'])} parameters theta, expected {expected} "
            "for this molecule, property, order, tensors and features; are they of another model?"
        )


def all_logarithms(found: Mapping[str, Any]) -> np.ndarray:
    """Logarithms of all parameters, the lambdas of values and of derivatives last."""
    return np.append(found["theta"], np.log(found.get("lambda_derivatives", found["lambda"])))


def solved(
    training: TrainingFrames,
    found: dict[str, Any],
    values: np.ndarray,
    derivatives: np.ndarray,
    *,
    ceiling: float,
) -> tuple[np.ndarray, np.ndarray, PackedMatrix | None]:
    """Coefficients of values and derivatives, and the factor, see `TrainingFrames.solve`.

    Rounding may forbid with all frames a lambda that was found with some of them.  It is then
    raised tenfold in the hyper-parameters `found`, again and again up to `ceiling`.

    Raises
    ------
    ConvergenceError
        If the matrix is not positive definite for any of these lambdas.
    """
    while True:
        try:
            return training.solve(all_logarithms(found), values, derivatives)
        except ConvergenceError:
            if found["lambda"] >= ceiling:
                raise
            found["lambda"] = min(10.0 * found["lambda"], ceiling)
            found["theta"] = [*found["theta"][:-1], float(np.log(found["lambda"]))]
