"""Models of the ablation, and the choice of their kernel, which is the same for all cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import NotApplicableError
from rpr.models.copies import CopiesRPR
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.models.symmetrized import SymmetrizedRPR
from rpr.regression import descriptors, search

#: Kernels among which validation chooses: the Matern kernels of the paper, and their limit.
KERNELS = ("matern1", "matern2", "matern3", "matern4", "gaussian")
#: Weights of coordinates beside RE among which validation chooses, 1/Angstrom.
COORDINATE_WEIGHTS = (0.25, 0.5, 1.0, 2.0)

#: Symmetry -> estimator, and its settings.
ESTIMATORS: Mapping[str, tuple[type[RotatePredictRotate], Mapping[str, Any]]] = {
    "none": (RotatePredictRotate, {}),
    "axis signs": (SymmetrizedRPR, {"permutation_inversion": False}),
    "copies": (CopiesRPR, {}),
    "averaged": (SymmetrizedRPR, {"axis_signs": False}),
    "both": (SymmetrizedRPR, {}),
}


def fit_by_validation(
    make: Callable[..., Any],
    training: FrameSet,
    values: np.ndarray,
    *,
    kernels: Sequence[str] = KERNELS,
    n_search: int,
    seed: int,
) -> Any:
    """Fit a model whose kernel, sigma and lambda come from validation inside the training frames.

    Every kernel is searched with the same random part of the training frames, and the one with the
    lowest validated axes-independent error is taken; then the weight of coordinates is chosen among
    `COORDINATE_WEIGHTS` in the same way.  Sigma and lambda are searched once more with all training
    frames, at the sigmas that the components had and at their neighbours.

    Parameters
    ----------
    make
        Returns an unfitted `rpr.models.rotate_predict_rotate.RotatePredictRotate` from the
        arguments ``kernel``, ``sigmas`` and ``coordinate_weight``.
    training
        Training frames.
    values : array, [n_frames, 3] or [n_frames, 3, 3]
        Their labels.
    kernels
        Kernels to try.
    n_search
        Number of training frames of the search for the kernel, for fits and validation together.
    seed
        Seed of their choice.

    Raises
    ------
    NotApplicableError
        If the model does not exist for this molecule.
    """
    part = np.random.default_rng(seed).permutation(len(training))[:n_search]
    some, of_some = training.subset(part), values[part]
    best = min((make(kernel=k).fit(some, of_some) for k in kernels), key=validation_error)
    chosen = {"kernel": best.kernel_, "coordinate_weight": best.coordinate_weight_}
    if best.descriptor_ in descriptors.COORDINATE_WEIGHTS:
        others = [w for w in COORDINATE_WEIGHTS if w != best.coordinate_weight_]
        models = [make(**chosen | {"coordinate_weight": w}).fit(some, of_some) for w in others]
        best = min([best, *models], key=validation_error)
        chosen["coordinate_weight"] = best.coordinate_weight_
    return make(**chosen, sigmas=_sigmas_around(best)).fit(training, values)


def fit_copies(
    training: FrameSet,
    values: np.ndarray,
    *,
    kernels: Sequence[str] = KERNELS,
    n_search: int,
    seed: int,
    **settings: Any,
) -> CopiesRPR:
    """Fit a plain kernel on exact permutation-inversion copies, as `fit_by_validation` does.

    Where the kernel averaged over the group exists, it makes the same predictions as a plain one on
    the copies if its lambda is smaller by the order of the group, so that the search takes it: it
    costs the order of the group less in memory and its square less in time.

    Parameters
    ----------
    training, values, kernels, n_search, seed
        As for :func:`fit_by_validation`.
    **settings
        Arguments of `rpr.models.copies.CopiesRPR`.
    """
    options: dict[str, Any] = {"kernels": kernels, "n_search": n_search, "seed": seed}
    settings = {**settings, "seed": seed}
    try:
        average = partial(SymmetrizedRPR, axis_signs=False, **settings)
        averaged = fit_by_validation(average, training, values, **options)
    except NotApplicableError:
        return fit_by_validation(partial(CopiesRPR, **settings), training, values, **options)
    order = len(averaged.group_)
    chosen = {
        name: {**found, "lambda": order * found["lambda"]}
        for name, found in averaged.hyperparameters_.items()
    }
    settings["coordinate_weight"] = averaged.coordinate_weight_
    model = CopiesRPR(kernel=averaged.kernel_, hyperparameters=chosen, **settings)
    return model.fit(training, values)


def _sigmas_around(model: RotatePredictRotate) -> np.ndarray:
    """Sigmas of the components and their neighbours on the grid, in medians of the distance."""
    factors = search.sigma_factors(model.kernel_)
    grid = search.sigma_grid(model.kernel_, model.regression_.descriptors_[0])
    sigmas = np.array([found["sigma"] for found in model.hyperparameters_.values()])
    places = np.abs(np.log(sigmas[:, None] / grid)).argmin(axis=1)
    around = np.unique(places[:, None] + np.arange(-1, 2))
    return factors[around[(around >= 0) & (around < len(factors))]]


def validation_error(model: RotatePredictRotate) -> float:
    """Validated axes-independent error of a fitted model, up to a constant factor."""
    total = 0.0
    for name, found in model.hyperparameters_.items():
        letters = name.split("_")[1]
        # An off-diagonal component of a symmetric tensor stands for two elements.
        total += (1.0 if len(set(letters)) == 1 else 2.0) * found["validation_rmse"] ** 2
    return float(np.sqrt(total))
