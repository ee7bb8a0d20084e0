"""Search of the hyper-parameters of the covariant model by marginal likelihood.

The likelihood is multiplied by a density of the parameters (:mod:`rpr.models.covariant_density`).
A few frames far from all others have the largest errors but hardly count in the likelihood, and
longer lengths than it finds are often several times more accurate there.  After a search of values,
lengths therefore grow step by step, as long as each step lowers the root-mean-square error of
frames that are left out one by one by more than a third.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize

from rpr.errors import ConditioningWarning
from rpr.models.covariant_density import Loss, with_density
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_training import TrainingFrames
from rpr.regression import ridge
from rpr.regression.covariant_kernel import CovariantKernel
from rpr.regression.parameter_layout import ParameterLayout

_NO_LIKELIHOOD = 1e6  # stands for infinity, which the line search could not use
_BOUNDS = (-12.0, 8.0)  # of the logarithms of all parameters but the lambdas
LAMBDA_CEILING = 1e-2  # largest lambda of the search
LOWEST_LAMBDA = 1e-12  # smallest lambda of the search of values, if none is given
_WORTH = 0.01  # gain of the likelihood per value for which lambda goes below `ridge.LAMBDA_FLOOR`
_SMALLEST_SEARCH = 50  # frames in the first part of the search
_WIDENING = 0.5  # by which the logarithms of all widths fall in one step: lengths times 1.28
_MOST_STEPS = 4  # of them
_LOWER = 2.0 / 3.0  # part of the error of before that a step has to reach


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where a search of values has come to.

    Attributes
    ----------
    found
        Hyper-parameters, the `hyperparameters_` of the model.
    kernel
        Kernel of the frames of the last stage.
    y : array, [n_frames, n_components]
        Values of these frames, packed.
    """

    found: dict[str, Any]
    kernel: CovariantKernel
    y: np.ndarray


def start(description: CovariantDescription, order: int, n_lambdas: int = 1) -> np.ndarray:
    """Parameters that a search starts from: lengths of 0.6 r_eq, and all classes alike."""
    layout = layout_of(description, order, n_lambdas)
    theta = np.zeros(len(layout))
    theta[layout.widths] = 1.0
    theta[layout.orders] = -1.0
    theta[layout.product_scale] = -0.5
    theta[layout.lambdas] = np.log([1e-7, 1e-6][:n_lambdas])
    return theta


def layout_of(description: CovariantDescription, order: int, n_lambdas: int = 1) -> ParameterLayout:
    """Places of the parameters of a model."""
    n_features = int(description.feature_classes.max()) + 1
    n_tensors = int(description.basis.classes.max()) + 1
    return ParameterLayout(n_features, n_tensors, order, n_lambdas)


def search(
    training: TrainingFrames,
    values: np.ndarray,
    derivatives: np.ndarray,
    *,
    order: int,
    n_values: int,
    n_derivatives: int,
    iterations: int,
    seed: int,
    floor: float | None = None,
) -> dict[str, Any]:
    """Parameters of largest marginal likelihood of a random part of the training frames.

    Parameters
    ----------
    training
        Training frames.
    values : array, [n_frames, n_components]
        Their values, packed.
    derivatives : array, [n, n_directions, n_components]
        Derivatives of those frames that have them, packed.
    order
        Order of the additive kernel.
    n_values
        Largest number of frames that are used, if there are no derivatives.
    n_derivatives
        Number of frames with derivatives that are used, if there are.  Each one that is missing is
        replaced by as many values of other frames.
    iterations
        Iterations.  For values they use a quarter of the frames, and a third as many iterations
        follow on all of them.
    seed
        Seed of the choice of frames.
    floor
        Smallest lambda, relative to the mean diagonal of the kernel matrix.  None takes
        `ridge.LAMBDA_FLOOR`, and for values `LOWEST_LAMBDA` where the likelihood asks for it.

    Returns
    -------
    dict
        `hyperparameters_` of the model.
    """
    if len(derivatives):
        floor = floor or ridge.LAMBDA_FLOOR
        return _of_derivatives(
            training, values, derivatives, order, n_derivatives, iterations, seed, floor
        )
    theta = start(training.description, order)
    stages = stages_of(n_values, values.shape, iterations, len(theta))
    return widened(climb(training, values, theta, stages, seed, floor))


def stages_of(
    n_search: int, shape: tuple[int, ...], iterations: int, n_parameters: int
) -> list[tuple[int, int]]:
    """Frames and iterations of each stage of a search.

    The first stage has a quarter of the frames, but at least as many values as there are
    parameters.

    Parameters
    ----------
    n_search
        Largest number of frames.
    shape
        Frames and components of the values, [n_frames, n_components].
    iterations
        Iterations of the first stage.
    n_parameters
        Number of parameters.
    """
    n_search = min(n_search, shape[0])
    n_first = max(_SMALLEST_SEARCH, n_search // 4, -(-n_parameters // shape[1]))
    if n_first < n_search:
        return [(n_first, iterations), (n_search, max(1, iterations // 3))]
    return [(n_search, iterations)]


def climb(
    training: TrainingFrames,
    y: np.ndarray,
    theta: np.ndarray,
    stages: list[tuple[int, int]],
    seed: int,
    floor: float | None,
) -> Climbed:
    """Hyper-parameters after the stages of a search; see `search` for the arguments."""
    chosen = np.random.default_rng(seed).permutation(len(y))
    for n, steps in stages:
        part = y[chosen[:n]]
        kernel = training.description.kernel(training.positions[chosen[:n]])
        loss = with_density(partial(kernel.loss, y=part), training.description, 1, part.size)
        theta, value = maximize(loss, theta, steps, 1, floor or LOWEST_LAMBDA)
        if floor is None:
            theta, value = _steadied(loss, theta, value)
    found = {"theta": theta.tolist(), "lambda": float(np.exp(theta[-1])), "loss": value}
    return Climbed(found, kernel, part)


def _steadied(loss: Loss, theta: np.ndarray, value: float) -> tuple[np.ndarray, float]:
    """The usual smallest lambda instead of a smaller one that hardly raises the likelihood."""
    larger = np.append(theta[:-1], max(theta[-1], np.log(ridge.LAMBDA_FLOOR)))
    then = loss(larger)[0]
    return (larger, then) if then < value + _WORTH else (theta, value)


def widened(climbed: Climbed) -> dict[str, Any]:
    """Hyper-parameters with lengths as long as frames that are left out ask for."""
    theta = np.array(climbed.found["theta"])
    kernel = climbed.kernel
    widths = ParameterLayout.of(theta, kernel.feature_classes, kernel.tensor_classes).widths
    error = _left_out(climbed, theta)
    for _ in range(_MOST_STEPS):
        wider = theta.copy()
        wider[widths] -= _WIDENING
        then = _left_out(climbed, wider)
        if not then < _LOWER * error:
            break
        theta, error = wider, then
    return climbed.found | {"theta": theta.tolist()}


def _left_out(climbed: Climbed, theta: np.ndarray) -> float:
    """Root-mean-square error of frames that are left out one by one."""
    return float(np.sqrt(np.mean(climbed.kernel.left_out(theta, climbed.y) ** 2)))


def _of_derivatives(
    training: TrainingFrames,
    y: np.ndarray,
    derivatives: np.ndarray,
    order: int,
    n_search: int,
    iterations: int,
    seed: int,
    floor: float,
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    places = rng.permutation(len(derivatives))[:n_search]
    others = rng.permutation(training.others)
    others = others[: (n_search - len(places)) * (1 + derivatives.shape[1])]
    chosen = np.concatenate([training.observed[places], others])
    part = TrainingFrames(
        training.description,
        training.positions[chosen],
        np.arange(len(places)),
        training.directions[places],
    )
    kernel, targets = part.kernel, part.join(y[chosen], derivatives[places])
    first = start(training.description, order, n_lambdas=2)
    likelihood = partial(kernel.loss, y=targets)
    loss = with_density(likelihood, training.description, 2, targets.size)
    theta, value = maximize(loss, first, iterations, 2, floor)
    return {
        "theta": theta[:-1].tolist(),
        "lambda": float(np.exp(theta[-2])),
        "lambda_derivatives": float(np.exp(theta[-1])),
        "loss": value,
    }


def maximize(
    loss: Loss,
    theta: np.ndarray,
    iterations: int,
    n_lambdas: int,
    floor: float = ridge.LAMBDA_FLOOR,
) -> tuple[np.ndarray, float]:
    """Climb a marginal likelihood from the parameters `theta`.

    Parameters
    ----------
    loss
        Negative logarithm of the likelihood and its gradient.
    theta : array, [n_parameters]
        Logarithms of all parameters, the lambdas last.
    iterations
        Largest number of iterations of L-BFGS.
    n_lambdas
        Number of lambdas.
    floor
        Smallest lambda.

    Returns
    -------
    theta : array, [n_parameters]
    loss : float

    Warns
    -----
    ConditioningWarning
        If no kernel matrix of the search was positive definite.
    """
    bounds = [_BOUNDS] * (len(theta) - n_lambdas)
    bounds += [(np.log(floor), np.log(LAMBDA_CEILING))] * n_lambdas

    def finite(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss(parameters)
        return (value, gradient) if np.isfinite(value) else (_NO_LIKELIHOOD, gradient)

    options = {"maxiter": iterations}
    found = minimize(finite, theta, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    if found.fun >= _NO_LIKELIHOOD:
        warnings.warn(
            "the search for hyper-parameters found no positive definite kernel matrix; the "
            "training frames may be duplicates, or all values zero",
            ConditioningWarning,
            stacklevel=5,
        )
    return found.x, float(found.fun)
