"""What the covariant model chooses beside its parameters: features, order, smallest lambda."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rpr.errors import InputError
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_search import LAMBDA_CEILING, climb, search, stages_of, start
from rpr.models.covariant_training import TrainingFrames
from rpr.regression import ridge

_SAFETY = 100  # of the smallest lambda above the rounding of the kernel matrix

#: Features and order of the additive kernel that are taken without a choice.
USUAL = ("distances", 2)
#: Those between which the likelihood chooses for molecules of at most `MOST_ATOMS` atoms.
CHOICES = (USUAL, ("exponential", 2))
MOST_ATOMS = 5


def chosen(
    training: TrainingFrames,
    values: np.ndarray,
    derivatives: np.ndarray,
    *,
    describe: Callable[[str], CovariantDescription],
    features: str | None,
    order: int | None,
    floor: float | None,
    n_values: int,
    n_derivatives: int,
    iterations: int,
    seed: int,
) -> tuple[TrainingFrames, dict[str, Any]]:
    """Training frames in the features that are chosen, and all hyper-parameters.

    Parameters
    ----------
    training
        Training frames, described by `features` or by the usual ones.
    values, derivatives
        Packed values and derivatives, see `rpr.models.covariant_search.search`.
    describe
        Description of the molecule in given features.
    features, order
        What the user asks for, or None.
    floor
        Smallest lambda, or None for `ridge_floor`.
    n_values, n_derivatives, iterations, seed
        As for `rpr.models.covariant_search.search`.

    Raises
    ------
    InputError
        If the floor is not positive, or above the largest lambda of a search.
    """
    n_rows, n_pairs = values.size + derivatives.size, len(training.description.feature_classes)
    if floor is None:
        floor = ridge_floor(n_rows, n_pairs)
    elif not 0.0 < floor < LAMBDA_CEILING:
        raise InputError(
            f"ridge_floor: found {floor}, expected a number above 0 and below {LAMBDA_CEILING}"
        )
    free = order is None and features is None and not len(derivatives)
    if not free or training.positions.shape[1] > MOST_ATOMS:
        return training, search(
            training,
            values,
            derivatives,
            order=USUAL[1] if order is None else order,
            n_values=n_values,
            n_derivatives=n_derivatives,
            iterations=iterations,
            seed=seed,
            floor=floor,
        )
    described = {name: replace(training, description=describe(name)) for name in dict(CHOICES)}
    candidates = [(name, order, described[name]) for name, order in CHOICES]
    name, _, found = search_among(
        candidates, values, n_values=n_values, iterations=iterations, seed=seed, floor=floor
    )
    return described[name], found | {"features": name}


def ridge_floor(n_rows: int, n_pairs: int) -> float:
    """Smallest lambda that the rounding of a kernel matrix does not spoil.

    An element is a sum over the pairs of atoms and rounds to eps n_pairs of its size, so that the
    matrix is known within eps n_pairs n_rows of its mean diagonal.  A lambda 100 times as large
    keeps the matrix positive definite and its solution determined by the data:

        floor = min(100 eps n_pairs n_rows, 3e-9).

    Parameters
    ----------
    n_rows
        Number of observed numbers of all training frames.
    n_pairs
        Number of pairs of atoms.

    Returns
    -------
    float
        Relative to the mean diagonal of the kernel matrix.

    Examples
    --------
    >>> f"{ridge_floor(600, 3):.0e}"
    '4e-11'
    """
    return min(_SAFETY * np.finfo(float).eps * n_pairs * n_rows, ridge.LAMBDA_FLOOR)


def search_among(
    candidates: Sequence[tuple[str, int, TrainingFrames]],
    values: np.ndarray,
    *,
    n_values: int,
    iterations: int,
    seed: int,
    floor: float,
) -> tuple[str, int, dict[str, Any]]:
    """Features and order whose likelihood is largest, and the parameters that `search` finds.

    All candidates go through the first stage of the search, the best of them through the second.
    Likelihoods of the same values are comparable, whatever the features are.

    Parameters
    ----------
    candidates
        Features, order, and training frames so described.
    values, n_values, iterations, seed, floor
        As for `search`.

    Returns
    -------
    features : str
    order : int
    hyperparameters : dict
    """
    first, *later = stages_of(n_values, len(values), iterations)
    found = [
        climb(training, values, start(training.description, order), [first], seed, floor)
        for _, order, training in candidates
    ]
    best = int(np.argmin([result["loss"] for result in found]))
    features, order, training = candidates[best]
    result = found[best]
    if later:
        result = climb(training, values, np.array(result["theta"]), later, seed, floor)
    return features, order, result
