"""Search of the hyper-parameters of the covariant model by marginal likelihood.

The likelihood is multiplied by a prior density of the hyper-parameters
(:mod:`rpr.models.covariant_density`), and L-BFGS minimizes the negative logarithm of the product.

A few frames far from all others have the largest errors but hardly count in the likelihood, and
longer length scales than it finds are often several times more accurate there.  After a search on
values, all length scales therefore grow together step by step, as long as each step lowers the
leave-one-out error (root mean square over frames) by more than a third.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize

from rpr.errors import ConditioningWarning, InputError
from rpr.models.covariant_density import Loss, with_density
from rpr.models.covariant_description import CovariantDescription
from rpr.models.covariant_training import TrainingFrames
from rpr.regression import ridge
from rpr.regression.covariant_kernel import CovariantKernel
from rpr.regression.parameter_layout import ParameterLayout

LAMBDA_CEILING = 1e-2  # largest lambda of the search
LOWEST_LAMBDA = 1e-12  # smallest lambda of a search on values, if no floor is given
_NO_LIKELIHOOD = 1e6  # stands for infinity, which the line search could not use
_BOUNDS = (-12.0, 8.0)  # of the logarithms of all parameters but the lambdas
_LAMBDA_GAIN = 0.01  # least gain of log likelihood per value for a lambda below the usual floor
_SMALLEST_STAGE = 50  # frames in the first stage of a search, at least
_LENGTHENING = 0.5  # decrease of the log widths in one step, which makes lengths exp(1/4) longer
_MOST_STEPS = 4  # steps by which lengths grow, at most
_ERROR_RATIO = 2.0 / 3.0  # a step is taken if the leave-one-out error falls below this part of it


#: Names of settings as arguments of the model.
_ARGUMENTS = {
    "order": "order",
    "n_values": "n_search",
    "n_derivatives": "n_search_derivatives",
    "iterations": "max_iterations",
}


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a search for hyper-parameters.

    Attributes
    ----------
    order
        Order of the additive kernel.
    n_values
        Largest number of frames that are used, if there are no derivatives.
    n_derivatives
        Number of frames with derivatives that are used, if there are any.  Each one that is missing
        is replaced by as many values of other frames.
    iterations
        Iterations of L-BFGS.  For values they use a quarter of the frames, and a third as many
        iterations follow on all of them.
    seed
        Seed of the random choice of frames.
    floor
        Smallest lambda, relative to the mean diagonal of the kernel matrix.  None takes
        `rpr.regression.ridge.LAMBDA_FLOOR`, and for values down to `LOWEST_LAMBDA` where the
        likelihood asks for it.

    Raises
    ------
    InputError
        If a number is too small, or the floor not below the largest lambda of a search.
    """

    order: int
    n_values: int
    n_derivatives: int
    iterations: int
    seed: int
    floor: float | None = None

    def __post_init__(self) -> None:
        least = {"order": 0, "n_values": 1, "n_derivatives": 0, "iterations": 0}
        for name, smallest in least.items():
            if (found := getattr(self, name)) < smallest:
                raise InputError(f"{_ARGUMENTS[name]}: found {found}, expected {smallest} or more")
        if self.floor is not None and not 0.0 < self.floor < LAMBDA_CEILING:
            raise InputError(
                f"ridge_floor: found {self.floor}, expected a number above 0 and below "
                f"{LAMBDA_CEILING}"
            )


@dataclass(frozen=True, eq=False)
class SearchState:
    """Hyper-parameters that a search on values has reached, and the frames of its last stage.

    Attributes
    ----------
    theta : array, [n_parameters]
        Logarithms of all parameters, see `rpr.regression.parameter_layout`.
    attained_loss
        Negative logarithm of likelihood and prior density, per value, where the search ended.  It
        compares searches on the same values, and stays what it is when `lengthen_scales` changes
        theta.
    kernel
        Kernel of the frames of the last stage.
    y : array, [n_frames, n_components]
        Values of these frames, packed.
    """

    theta: np.ndarray
    attained_loss: float
    kernel: CovariantKernel
    y: np.ndarray

    def hyperparameters(self) -> dict[str, Any]:
        """Hyper-parameters in the form of `CovariantRegression.hyperparameters_`."""
        return {
            "theta": self.theta.tolist(),
            "lambda": float(np.exp(self.theta[-1])),
            "loss": self.attained_loss,
        }

    def leave_one_out_error(self, theta: np.ndarray) -> float:
        """Root-mean-square error of frames, each predicted from all others, at `theta`."""
        return float(np.sqrt(np.mean(self.kernel.left_out(theta, self.y) ** 2)))


def initial_parameters(
    description: CovariantDescription, order: int, n_lambdas: int = 1
) -> np.ndarray:
    """Parameters that a search starts from: length scales of 0.6 r_eq, and all classes alike."""
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
    settings: SearchSettings,
) -> dict[str, Any]:
    """Hyper-parameters of largest marginal likelihood of a random part of the training frames.

    Parameters
    ----------
    training
        Training frames.
    values : array, [n_frames, n_components]
        Their values, packed.
    derivatives : array, [n, n_directions, n_components]
        Derivatives of those frames that have them, packed.
    settings
        What the search does.

    Returns
    -------
    dict
        `hyperparameters_` of the model.
    """
    if len(derivatives):
        return _search_with_derivatives(training, values, derivatives, settings)
    theta = initial_parameters(training.description, settings.order)
    stages = search_stages(settings, values.shape, len(theta))
    found = maximize_likelihood(training, values, theta, stages, settings)
    return lengthen_scales(found).hyperparameters()


def search_stages(
    settings: SearchSettings, shape: tuple[int, ...], n_parameters: int
) -> list[tuple[int, int]]:
    """Frames and iterations of each stage of a search on values.

    The first stage has a quarter of the frames, but at least as many values as there are
    parameters.

    Parameters
    ----------
    settings
        Largest number of frames, and iterations of the first stage.
    shape
        Frames and components of the values, [n_frames, n_components].
    n_parameters
        Number of parameters.
    """
    n_last, iterations = min(settings.n_values, shape[0]), settings.iterations
    n_first = max(_SMALLEST_STAGE, n_last // 4, -(-n_parameters // shape[1]))
    if n_first < n_last:
        return [(n_first, iterations), (n_last, max(1, iterations // 3))]
    return [(n_last, iterations)]


def maximize_likelihood(
    training: TrainingFrames,
    y: np.ndarray,
    theta: np.ndarray,
    stages: list[tuple[int, int]],
    settings: SearchSettings,
) -> SearchState:
    """Likelihood of values times prior density, maximized stage by stage.

    Parameters
    ----------
    training
        Training frames.
    y : array, [n_frames, n_components]
        Their values, packed.
    theta : array, [n_parameters]
        Logarithms of all parameters from which the first stage starts.
    stages
        Frames and iterations of each stage, at least one, see `search_stages`.
    settings
        Seed of the random order of the frames, of which each stage takes the first ones; floor.
    """
    order = np.random.default_rng(settings.seed).permutation(len(y))
    for n, iterations in stages:
        part = y[order[:n]]
        kernel = training.description.kernel(training.positions[order[:n]])
        loss = with_density(partial(kernel.loss, y=part), training.description, 1, part.size)
        floor = settings.floor or LOWEST_LAMBDA
        theta, value = minimize_loss(loss, theta, iterations, n_lambdas=1, floor=floor)
        if settings.floor is None:
            theta, value = _avoid_small_lambda(loss, theta, value)
    return SearchState(theta, value, kernel, part)


def _avoid_small_lambda(loss: Loss, theta: np.ndarray, value: float) -> tuple[np.ndarray, float]:
    """The usual floor in the place of a lambda below it that hardly raises the likelihood."""
    usual = np.append(theta[:-1], max(theta[-1], np.log(ridge.LAMBDA_FLOOR)))
    value_there = loss(usual)[0]
    return (usual, value_there) if value_there < value + _LAMBDA_GAIN else (theta, value)


def lengthen_scales(state: SearchState) -> SearchState:
    """The state with length scales as long as the leave-one-out error asks for.

    Its `attained_loss` is that of the given state: the likelihood of the new theta is smaller.
    """
    kernel, theta = state.kernel, state.theta
    widths = ParameterLayout.of(theta, kernel.feature_classes, kernel.tensor_classes).widths
    error = state.leave_one_out_error(theta)
    for _ in range(_MOST_STEPS):
        longer = theta.copy()
        longer[widths] -= _LENGTHENING
        error_there = state.leave_one_out_error(longer)
        if not error_there < _ERROR_RATIO * error:
            break
        theta, error = longer, error_there
    return replace(state, theta=theta)


def _search_with_derivatives(
    training: TrainingFrames,
    y: np.ndarray,
    derivatives: np.ndarray,
    settings: SearchSettings,
) -> dict[str, Any]:
    """`search` where some frames have derivatives; values and derivatives each have a lambda."""
    rng, n = np.random.default_rng(settings.seed), settings.n_derivatives
    places = rng.permutation(len(derivatives))[:n]
    others = rng.permutation(training.others)
    others = others[: (n - len(places)) * (1 + derivatives.shape[1])]
    chosen = np.concatenate([training.observed[places], others])
    part = TrainingFrames(
        training.description,
        training.positions[chosen],
        np.arange(len(places)),
        training.directions[places],
    )
    kernel, targets = part.kernel, part.join(y[chosen], derivatives[places])
    theta = initial_parameters(training.description, settings.order, n_lambdas=2)
    likelihood = partial(kernel.loss, y=targets)
    loss = with_density(likelihood, training.description, 2, targets.size)
    floor = settings.floor or ridge.LAMBDA_FLOOR
    theta, value = minimize_loss(loss, theta, settings.iterations, n_lambdas=2, floor=floor)
    return {
        "theta": theta[:-1].tolist(),
        "lambda": float(np.exp(theta[-2])),
        "lambda_derivatives": float(np.exp(theta[-1])),
        "loss": value,
    }


def minimize_loss(
    loss: Loss, theta: np.ndarray, iterations: int, *, n_lambdas: int, floor: float
) -> tuple[np.ndarray, float]:
    """Minimum of a loss within bounds, by L-BFGS from the parameters `theta`.

    Parameters
    ----------
    loss
        Function of theta that returns the loss, or infinity, and its gradient.
    theta : array, [n_parameters]
        Logarithms of all parameters, the lambdas last.
    iterations
        Largest number of iterations.
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
        If the loss was infinite everywhere: no kernel matrix was positive definite.
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
