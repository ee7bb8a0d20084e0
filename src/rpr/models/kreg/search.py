"""Hyper-parameters of a potential by validation on frames held out of training."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from rpr.errors import InputError
from rpr.models.kreg.targets import check_labels
from rpr.models.kreg.trials import HyperparameterTrial, Trials
from rpr.molecule.molecule import Molecule

#: Smallest ridge terms tried: below, rounding errors of the factorization take over.
LAMBDA_FLOOR = 1e-11

#: Largest ridge terms tried.
LAMBDA_CEILING = 1e-3

#: With fewer frames, holding some out would tell nothing, and the values below are used.
FEWEST_FRAMES = 5
FEW_FRAMES_VALUES = {"sigma": 2.0, "lambda_energy": 1e-9, "lambda_forces": 1e-9}

#: Largest number of frames that the search trains on; the cost of a trial grows as its cube.
N_SEARCH = 250

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


def n_searched(n_frames: int, *, validation_fraction: float = 0.2) -> int:
    """Number of frames that the search trains on, of so many that it is given.

    Examples
    --------
    >>> n_searched(100), n_searched(400), n_searched(1000)
    (80, 250, 250)
    """
    return min(n_frames - max(1, round(validation_fraction * n_frames)), N_SEARCH)


def check_given(given: dict[str, float | None]) -> None:
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
    positions: np.ndarray,
    energy: np.ndarray,
    forces: np.ndarray,
    *,
    molecule: Molecule,
    permutations: np.ndarray | None = None,
    sigma: float | None = None,
    lambda_energy: float | None = None,
    lambda_forces: float | None = None,
    groups: np.ndarray | None = None,
    validation_fraction: float = 0.2,
    n_train: int = N_SEARCH,
    n_validation: int = 500,
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
    positions : array, [n_frames, n_atoms, 3]
        Positions in Angstrom, or a `FrameSet`, or ASE atoms.
    energy : array, [n_frames]
        Energies in eV.
    forces : array, [n_frames, n_atoms, 3]
        Forces in eV/Angstrom.
    molecule, permutations
        As for `rpr.models.kreg.potential.KREG`.
    sigma, lambda_energy, lambda_forces
        Values that are given are kept; those that are None are searched.
    groups : array of int, [n_frames]
        Trajectory of each frame. If it is given, whole trajectories are held out.
    validation_fraction
        Part of the frames, or of the groups, that is held out.
    n_train, n_validation
        Largest numbers of frames that are trained on and validated on.
    seed
        Seed of the split.

    Returns
    -------
    PotentialSearch
        With fewer than `FEWEST_FRAMES` frames it holds `FEW_FRAMES_VALUES` and no trials.

    Raises
    ------
    InputError
        If frames and labels do not fit, or a given value is not positive.
    """
    begin = time.process_time()
    positions, energy, forces = check_labels(molecule, positions, energy, forces)
    given = {"sigma": sigma, "lambda_energy": lambda_energy, "lambda_forces": lambda_forces}
    check_given(given)
    if len(positions) < FEWEST_FRAMES:
        chosen = {k: FEW_FRAMES_VALUES[k] if v is None else v for k, v in given.items()}
        return PotentialSearch(**chosen, trials=(), n_train=0, n_validation=0, cpu_seconds=0.0)
    train, validation = _split(len(positions), groups, validation_fraction, seed)
    train, validation = train[:n_train], validation[:n_validation]
    trials = Trials(
        molecule,
        permutations,
        *(v[train] for v in (positions, energy, forces)),
        *(v[validation] for v in (positions, energy, forces)),
    )
    best = _compass(trials, given)
    return PotentialSearch(
        best.sigma,
        best.lambda_energy,
        best.lambda_forces,
        tuple(trials.made.values()),
        len(train),
        len(validation),
        time.process_time() - begin,
    )


def _compass(trials: Trials, given: dict[str, float | None]) -> HyperparameterTrial:
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


def _split(
    n_frames: int, groups: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation frames in random order."""
    rng = np.random.default_rng(seed)
    if groups is None:
        order = rng.permutation(n_frames)
        n_held = max(1, round(fraction * n_frames))
        return order[n_held:], order[:n_held]
    groups = np.asarray(groups)
    if groups.shape != (n_frames,):
        raise InputError(f"groups: found shape {groups.shape}, expected ({n_frames},)")
    names = rng.permutation(np.unique(groups))
    if len(names) < 2:
        raise InputError("groups: found one group, expected at least two to hold one out")
    held = np.isin(groups, names[: min(len(names) - 1, max(1, round(fraction * len(names))))])
    order = rng.permutation(n_frames)
    return order[~held[order]], order[held[order]]
