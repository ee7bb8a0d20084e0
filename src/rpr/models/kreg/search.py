"""Hyper-parameters of a potential by validation on frames held out of training."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rpr.errors import InputError
from rpr.models.kreg.targets import PotentialData
from rpr.models.kreg.trials import HyperparameterTrial, Trials
from rpr.molecule.molecule import Molecule
from rpr.regression.hold_out import hold_out

#: Smallest ridge terms tried: below, rounding errors of the factorization take over.
LAMBDA_FLOOR = 1e-11

#: Largest ridge terms tried.
LAMBDA_CEILING = 1e-3

#: With fewer frames, holding some out would tell nothing, and the values below are used.
FEWEST_FRAMES = 5
FEW_FRAMES_VALUES = {"sigma": 2.0, "lambda_energy": 1e-9, "lambda_forces": 1e-9}

#: Largest number of frames that the search trains on; the cost of a trial grows as its cube.
N_SEARCH = 250

#: Part of the frames, or of the groups of frames, that is held out.
VALIDATION_FRACTION = 0.2

#: Largest number of frames that a trial is validated on.
N_VALIDATION = 500

#: Start of the search, with sigma in units of the median distance between training frames.
START = {"sigma": 6.0, "lambda_energy": 1e-9, "lambda_forces": 1e-9}

#: A move must lower the loss to this part of it.  Smaller differences are chance, and not worth a
#: poorly conditioned system.
GAIN = 0.99

#: Factors by which a value is changed, coarse to fine.
STEPS = ({"sigma": 2.0, "lambda": 100.0}, {"sigma": 2.0**0.5, "lambda": 10.0})


@dataclass(frozen=True)
class PotentialSearch:
    """Outcome of a search and what it cost.

    Parameters
    ----------
    sigma, lambda_energy, lambda_forces
        The chosen values.
    trials
        Everything that was tried; each trial took one factorization.
    n_train, n_validation
        Numbers of frames trained on and validated on.
    cpu_seconds
        Processor time of the whole search in seconds.
    """

    sigma: float
    lambda_energy: float
    lambda_forces: float
    trials: tuple[HyperparameterTrial, ...]
    n_train: int
    n_validation: int
    cpu_seconds: float


def n_searched(n_frames: int) -> int:
    """Number of frames that the search trains on, of so many that it is given.

    Examples
    --------
    >>> n_searched(100), n_searched(400), n_searched(1000)
    (80, 250, 250)
    """
    return min(n_frames - max(1, round(VALIDATION_FRACTION * n_frames)), N_SEARCH)


def check_given(given: Mapping[str, float | None]) -> None:
    """Refuse a width that is not positive or ridge terms that are negative; None is allowed.

    Raises
    ------
    InputError
        Naming the hyper-parameter.
    """
    for name, value in given.items():
        if value is None:
            continue
        allowed = value > 0 if name == "sigma" else value >= 0
        if not (allowed and np.isfinite(value)):
            expected = "a positive number" if name == "sigma" else "zero or a positive number"
            raise InputError(f"{name}: found {value}, expected {expected}")


def search_hyperparameters(
    data: PotentialData,
    given: Mapping[str, float | None],
    *,
    molecule: Molecule,
    permutations: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    n_train: int = N_SEARCH,
    seed: int = 0,
) -> PotentialSearch:
    """Hyper-parameters with the least error on held-out frames.

    This is a compass search over the logarithms of sigma, lambda_energy and lambda_forces from a
    start that is scaled to the data.  Each value is multiplied and divided by a coarse factor until
    nothing improves, then by a finer one.  The loss is the geometric mean of the RMSE of energies
    and of forces.  Each trial is one training in closed form, whose cost grows as n_train^3, so
    that the search trains on a part of the frames.

    Parameters
    ----------
    data
        Frames to train on and to validate on, which `rpr.models.kreg.targets.check_labels` checked.
    given
        Values of sigma, lambda_energy and lambda_forces that are kept, see `check_given`; those
        that are None or missing are searched.
    molecule, permutations
        As for `rpr.models.kreg.potential.KREG`.
    groups : array, [n_frames]
        Trajectory of each frame. If it is given, whole trajectories are held out.
    n_train
        Largest number of frames that are trained on.
    seed
        Seed of the random choice of frames.

    Returns
    -------
    PotentialSearch
        With fewer than `FEWEST_FRAMES` frames it holds `FEW_FRAMES_VALUES` and no trials.

    Raises
    ------
    InputError
        If there is only one group.
    """
    begin = time.process_time()
    given = {name: given.get(name) for name in START}
    if len(data) < FEWEST_FRAMES:
        chosen = {k: FEW_FRAMES_VALUES[k] if v is None else v for k, v in given.items()}
        return PotentialSearch(**chosen, trials=(), n_train=0, n_validation=0, cpu_seconds=0.0)
    if groups is not None and len(np.unique(groups)) < 2:
        raise InputError("groups: found one group, expected at least two to hold one out")
    rng = np.random.default_rng(seed)
    train, held = hold_out(len(data), VALIDATION_FRACTION, rng, groups)
    train, held = train[:n_train], held[:N_VALIDATION]
    trials = Trials(molecule, permutations, data.part(train), data.part(held))
    best = _compass(trials, given)
    return PotentialSearch(
        best.sigma,
        best.lambda_energy,
        best.lambda_forces,
        tuple(trials.made.values()),
        len(train),
        len(held),
        time.process_time() - begin,
    )


def _compass(trials: Trials, given: Mapping[str, float | None]) -> HyperparameterTrial:
    start = dict(START, sigma=START["sigma"] * trials.median_distance())
    start = {k: start[k] if v is None else v for k, v in given.items()}
    free = [k for k, v in given.items() if v is None]
    best = trials.trial(**start)
    for steps in STEPS:
        improved = True
        while improved:
            improved = False
            for name in free:
                better = _line(trials, best, name, steps[name.split("_")[0]])
                improved |= better is not best
                best = better
    return best


def _line(
    trials: Trials, best: HyperparameterTrial, name: str, factor: float
) -> HyperparameterTrial:
    """Move along one hyper-parameter as long as the loss falls."""
    for step in (factor, 1.0 / factor):
        start = best
        while True:
            values = {k: getattr(best, k) for k in START}
            values[name] *= step
            if name != "sigma" and not LAMBDA_FLOOR <= values[name] <= LAMBDA_CEILING:
                break
            trial = trials.trial(**values)
            if not trial.loss < GAIN * best.loss:
                break
            best = trial
        if best is not start:
            break
    return best
