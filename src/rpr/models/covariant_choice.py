"""Fit of the covariant model: choice of features, and a ridge that rounding does not forbid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rpr.errors import ConvergenceError, InputError
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_search import (
    SearchSettings,
    initial_parameters,
    layout_of,
    lengthen_scales,
    maximize_likelihood,
    search,
    search_stages,
)
from rpr.models.covariant_training import TrainingFrames
from rpr.regression.packed_cholesky import PackedMatrix

#: Features between which the likelihood chooses; the first are those of a fit of derivatives.
CANDIDATES = ("distances", "exponential", "bends")


def choose_features(
    training: TrainingFrames,
    values: np.ndarray,
    derivatives: np.ndarray,
    features: str,
    *,
    describe: Callable[[str], CovariantDescription],
    settings: SearchSettings,
) -> tuple[TrainingFrames, dict[str, Any]]:
    """Training frames in the features that are chosen, and all hyper-parameters.

    With features ``"likelihood"`` all of `CANDIDATES` go through the first stage of the search, and
    those of the largest likelihood (times the prior density of the parameters) through the second.
    Likelihoods of the same values are comparable, whatever the features are.

    Parameters
    ----------
    training
        Training frames, described by `features`, or by the first of `CANDIDATES`.
    values, derivatives
        Packed values and derivatives, see `rpr.models.covariant_search.search`.
    features
        Features, or ``"likelihood"``, which for a fit of derivatives takes those of `training`.
    describe
        Description of the molecule in given features.
    settings
        What the search does.
    """
    if features != "likelihood" or len(derivatives):
        return training, search(training, values, derivatives, settings)
    described = [replace(training, description=describe(name)) for name in CANDIDATES]
    starts = [initial_parameters(frames.description, settings.order) for frames in described]
    # the same frames for all, as many as the longest parameters ask for
    first, *later = search_stages(settings, values.shape, max(map(len, starts)))
    states = [
        maximize_likelihood(frames, values, theta, [first], settings)
        for frames, theta in zip(described, starts, strict=True)
    ]
    best = int(np.argmin([state.attained_loss for state in states]))
    state = states[best]
    if later:
        state = maximize_likelihood(described[best], values, state.theta, later, settings)
    found = lengthen_scales(state).hyperparameters()
    return described[best], found | {"features": CANDIDATES[best]}


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


def with_both_lambdas(found: Mapping[str, Any]) -> np.ndarray:
    """Logarithms of all parameters, the lambdas of values and of derivatives last.

    Hyper-parameters of a fit of values have no lambda of derivatives, and that of values is taken.
    """
    return np.append(found["theta"], np.log(found.get("lambda_derivatives", found["lambda"])))


def solve_raising_lambda(
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
            return training.solve(with_both_lambdas(found), values, derivatives)
        except ConvergenceError:
            if found["lambda"] >= ceiling:
                raise
            found["lambda"] = min(10.0 * found["lambda"], ceiling)
            found["theta"] = [*found["theta"][:-1], float(np.log(found["lambda"]))]
