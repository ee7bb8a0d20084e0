"""Training on frames of unknown origin: part of them kept out for an honest error, then all."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.data.splits import n_groups_holding
from rpr.data.training_range import outside_text
from rpr.errors import ConvergenceError, ExtrapolationWarning, InputError
from rpr.models.estimator import Estimator
from rpr.models.prediction import predicted
from rpr.models.registry import REGISTRY, make_model
from rpr.models.uncertainty import MIN_TRAJECTORIES
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group, permutations_of
from rpr.regression.hold_out import hold_out
from rpr.units import REPORTED

#: Part of the frames that is kept out of training for validation.
KEPT_OUT = 0.2

#: Fewest frames that can be split into training and validation frames.
FEWEST_FRAMES = 5


@dataclass(frozen=True)
class Error:
    """Root-mean-square error of one quantity on frames kept out of training.

    Parameters
    ----------
    quantity
        ``dipole``, ``polarizability``, ``energy`` or ``forces``.
    rmse
        Over all components, in `unit`.
    spread
        Standard deviation of the labels over all components, in `unit`.
    unit
        As in `rpr.units.REPORTED`.
    """

    quantity: str
    rmse: float
    spread: float
    unit: str

    def __str__(self) -> str:
        relative = f" ({self.rmse / self.spread:.2%} of the spread)" if self.spread > 0 else ""
        return f"{self.quantity} {self.rmse:.3g} {self.unit}{relative}"


@dataclass(frozen=True, eq=False)
class Training:
    """A model and how it was trained.

    Attributes
    ----------
    model
        The fitted estimator.
    errors : tuple of Error
        Errors of a model trained on `n_validated` frames, on frames it was not trained on.
    kept_out
        What was kept out, in words; empty if nothing was.
    n_train, n_validated
        Frames that `model` was trained on, and that the model of `errors` was trained on.
    seconds
        Elapsed time of all fits.
    """

    model: Estimator
    errors: tuple[Error, ...]
    kept_out: str
    n_train: int
    n_validated: int
    seconds: float

    def error_text(self) -> str:
        """The errors in words, for people and for the file of the model."""
        if not self.errors:
            return ""
        errors = ", ".join(map(str, self.errors))
        return f"{errors} on {self.kept_out}, trained on {self.n_validated}"


def train(
    name: str,
    frames: FrameSet,
    *,
    property: str,
    molecule: Molecule,
    n_train: int | None = None,
    seed: int = 0,
    refit: bool = True,
    fit: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Training:
    """Measure the error of a model on frames kept out of its training, then fit all frames.

    A fifth of the frames is kept out: whole trajectories where the frames name at least
    `rpr.models.uncertainty.MIN_TRAJECTORIES`, as frames of one trajectory resemble each other;
    otherwise frames at random.  Hyper-parameters are searched on the other frames only, and the
    final fit takes them over.

    Parameters
    ----------
    name
        Name of a model in `rpr.models.registry`; energies take ``"kreg"``.
    frames
        Frames with labels of `property`; an energy needs forces, too.
    property
        ``"dipole"``, ``"polarizability"`` or ``"energy"``.
    molecule
        Molecule of the frames.
    n_train
        Number of frames to train on, drawn at random from those not kept out; None takes all.
    seed
        Seed of the choice of frames and of the search.
    refit
        Whether to fit all frames after the validation. With `n_train` nothing is fitted anew.
    fit
        Further arguments of ``fit``, such as ``derivatives=True``.
    **settings
        Arguments of the estimator.

    Returns
    -------
    Training

    Raises
    ------
    InputError
        If labels are missing, or there are fewer frames than asked for.
    ConvergenceError
        If the training system is singular.

    Warns
    -----
    ExtrapolationWarning
        If frames that were kept out are outside the range of those trained on.
    """
    start = time.monotonic()
    kept_out, words = _keep_out(frames, seed)
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~kept_out))
    if n_train is not None and n_train > len(rest):
        raise InputError(
            f"n_train: found {n_train}, expected at most {len(rest)} of {len(frames)} frames "
            f"({words} for validation); make it smaller or label more frames"
        )
    chosen = np.sort(rest[:n_train])
    make = maker(name, property, molecule, seed, **settings)
    model = _fit(make(), frames.subset(chosen), property, fit or {})
    errors = _errors(model, frames, np.flatnonzero(kept_out))
    n_final = len(chosen)
    if refit and n_train is None and kept_out.any():
        model = _fit(make(**model.found_hyperparameters()), frames, property, fit or {})
        n_final = len(frames)
    seconds = time.monotonic() - start
    return Training(model, errors, words, n_final, len(chosen), seconds)


def _keep_out(frames: FrameSet, seed: int) -> tuple[np.ndarray, str]:
    """Which frames are kept out, [n_frames], and in words."""
    n_frames, rng = len(frames), np.random.default_rng(seed)
    kept_out = np.zeros(n_frames, dtype=bool)
    if n_frames < FEWEST_FRAMES:
        return kept_out, "nothing"
    trajectory = np.zeros(0) if frames.trajectory is None else frames.trajectory
    names, sizes = np.unique(trajectory, return_counts=True)
    if MIN_TRAJECTORIES <= len(names) < n_frames:
        order = rng.permutation(len(names))
        n_held = min(n_groups_holding(round(KEPT_OUT * n_frames), sizes[order]), len(names) - 1)
        kept_out = np.isin(trajectory, names[order[:n_held]])
        trajectories = f"{n_held} trajector{'y' if n_held == 1 else 'ies'}"
        return kept_out, f"{kept_out.sum()} frames of {trajectories} kept out"
    _, held = hold_out(n_frames, KEPT_OUT, rng)
    kept_out[held] = True
    return kept_out, f"{len(held)} random frames kept out"


def maker(
    name: str, property: str, molecule: Molecule, seed: int = 0, **settings: Any
) -> Callable[..., Estimator]:
    """Function of hyper-parameters that makes an unfitted estimator.

    Parameters
    ----------
    name, property, molecule, seed, **settings
        As for `train`.

    Returns
    -------
    callable
        Its arguments replace those of the estimator, such as what ``found_hyperparameters`` of a
        fitted model returns.

    Raises
    ------
    InputError
        If there is no model of that name for the property.
    """
    if property != "energy":
        common = {"property": property, "molecule": molecule, "seed": seed, **settings}
        return lambda **found: make_model(name, **common, **found)
    if name != "kreg":
        raise InputError(f"model: found {name!r} for an energy, expected kreg")
    permutations = permutations_of(find_group(molecule))
    common = {"molecule": molecule, "permutations": permutations, "seed": seed, **settings}
    return lambda **found: REGISTRY["kreg"].estimator()(**{**common, **found})


def _fit(
    model: Estimator, frames: FrameSet, property: str, arguments: Mapping[str, Any]
) -> Estimator:
    model.check_molecule()
    try:
        return model.fit(frames, **arguments)
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            f"the training system of {len(frames)} frames has no solution ({error}); frames may be "
            f"repeated, or the {property} zero in all of them"
        ) from error


def _errors(model: Estimator, frames: FrameSet, kept_out: np.ndarray) -> tuple[Error, ...]:
    """Errors on the frames kept out; warns of those outside the range of training."""
    if not len(kept_out):
        return ()
    test = frames.subset(kept_out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExtrapolationWarning)  # as frames have other numbers there
        found = predicted(model, test)
    if text := outside_text(model.outside_training(test), kept_out):
        warnings.warn(f"frames kept out: {text}", ExtrapolationWarning, stacklevel=3)
    return tuple(_error(name, getattr(test, name), values) for name, values in found.items())


def _error(quantity: str, reference: np.ndarray, values: np.ndarray) -> Error:
    unit, size = REPORTED[quantity]
    rmse = float(np.sqrt(np.mean((values - reference) ** 2)))
    spread = float(np.sqrt(np.mean((reference - reference.mean(axis=0)) ** 2)))
    return Error(quantity, rmse / size, spread / size, unit)
