"""KREG potential: learning curve and scatter data of energies and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, product
from typing import Any

import numpy as np
import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.kreg.nested import fit_nested
from rpr.models.kreg.potential import KREG
from rpr.models.kreg.search import n_searched
from rpr.molecule.molecule import Molecule
from rpr.studies import metrics
from rpr.studies.evaluation import dihedral_sign, frame_origin, masks_by_sign
from rpr.studies.learning_curve import training_sets
from rpr.units import REPORTED

COLUMNS = [
    "n_train", "repeat", "test_set", "quantity", "rmse", "mae", "unit", "n_test", "dihedral_sign",
    "potential", "max_error", "rmse_low", "rmse_high",
]  # fmt: skip

SCATTER_COLUMNS = [
    "test_set", "quantity", "frame", "dihedral_sign", "reference", "prediction", "unit",
    "n_train", "seed",
]  # fmt: skip

_UNITS = {"energy": "energy", "gradient": "forces"}


def kreg_learning_curve(
    frames: FrameSet,
    candidates: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    molecule: Molecule,
    sizes: Sequence[int],
    repeats: Sequence[int],
    first: np.ndarray | None = None,
    trained: KREG | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Errors of KREG potentials fitted to subsets of the frames, energies and gradients.

    The sets are those of :func:`rpr.studies.learning_curve.training_sets`; hyper-parameters of a
    size are searched in the first repeat and kept for the others.  The search trains on a limited
    number of frames, and the sizes that reach this number share one search, and in each repeat the
    factorization of the largest of them (:mod:`rpr.models.kreg.nested`).

    Parameters
    ----------
    frames
        Frames with energies and forces.
    candidates
        Indices of the frames that may be trained on.
    test_sets
        Frames with energies and forces, by name.
    molecule
        Molecule of the frames.
    sizes
        Numbers of training frames; those that exceed the number of candidates are left out.
    repeats
        Seeds of random orders of the candidates; smaller training sets begin larger ones.
    first
        Candidates that the first repeat begins with, such as the training frames of a split; the
        default are all.
    trained
        A potential of the frames `first` that was trained before, which then is not fitted again.
    **settings
        Arguments of :class:`rpr.models.kreg.potential.KREG`: permutations of atoms under which the
        potential is symmetric, hyper-parameters, and what their search validates on.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``, as :func:`kreg_errors`.
    """
    tables = []
    known: dict[int, dict[str, float]] = {}  # hyper-parameters, by the size of the search
    first = candidates if first is None else first
    nested = groupby(
        training_sets(candidates, sizes, repeats, first),
        key=lambda part: (part[0], n_searched(part[1])),
    )
    about = "plain" if settings.get("permutations") is None else "symmetric"
    for (repeat, searched), parts in nested:
        sets = {size: frames.subset(chosen) for _, size, chosen in parts}
        models = {len(first): trained} if trained is not None and repeat == repeats[0] else {}
        chosen = settings | known.get(searched, {})
        models |= _fit_missing(sets, models, molecule=molecule, **chosen)
        smallest = models[min(sets)]  # of those that share the search
        known.setdefault(searched, smallest.found_hyperparameters())
        for size, (name, test) in product(sets, test_sets.items()):
            keys = {"test_set": name, "n_train": size, "repeat": repeat, "potential": about}
            tables.append(kreg_errors(models[size], test, **keys))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _fit_missing(
    sets: Mapping[int, FrameSet], known: Mapping[int, KREG], **settings: Any
) -> dict[int, KREG]:
    """Potentials of the training sets, nested and in ascending order, that are not known."""
    missing = [size for size in sets if size not in known]
    if not missing:
        return {}
    fitted = fit_kreg(sets[missing[-1]], missing, **settings)
    return dict(zip(missing, fitted, strict=True))


def fit_kreg(
    frames: FrameSet, sizes: Sequence[int], *, molecule: Molecule, **settings: Any
) -> list[KREG]:
    """KREG potentials of the first frames, for numbers of them in ascending order.

    Hyper-parameters that `settings` of KREG do not give are searched on the smallest set.
    """
    return fit_nested(frames, *_labels(frames), sizes, molecule=molecule, **settings)


def kreg_errors(
    model: KREG,
    frames: FrameSet,
    *,
    test_set: str,
    n_train: int,
    repeat: int,
    potential: str = "plain",
) -> pd.DataFrame:
    """Errors of one potential on one set of frames, for all frames and by sign of the dihedral.

    Parameters
    ----------
    model
        Fitted potential.
    frames
        Frames with energies and forces.
    test_set, n_train, repeat, potential
        Names and numbers that are written into the rows.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; energy in kcal/mol, gradient (all its components) in
        kcal/mol/Angstrom. ``rmse_low`` and ``rmse_high`` bound the 95 % interval of a bootstrap
        over trajectories.
    """
    values = _values(model, frames)
    origin = frame_origin(frames)
    rows = []
    for sign, chosen in masks_by_sign(origin["dihedral"]):
        for quantity, (reference, prediction) in values.items():
            summary = metrics.summary(reference[chosen], prediction[chosen])
            del summary["r2"]
            squared = (prediction - reference)[chosen].reshape(chosen.sum(), -1) ** 2
            low, high = metrics.rmse_interval(squared.mean(axis=1), origin["trajectory"][chosen])
            rows.append(
                {
                    "n_train": n_train,
                    "repeat": repeat,
                    "test_set": test_set,
                    "quantity": quantity,
                    **summary,
                    "unit": REPORTED[_UNITS[quantity]][0],
                    "n_test": int(chosen.sum()),
                    "dihedral_sign": sign,
                    "potential": potential,
                    "rmse_low": low,
                    "rmse_high": high,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def kreg_scatter(
    model: KREG,
    test_sets: Mapping[str, FrameSet],
    *,
    n_train: int,
    seed: int = 0,
    max_points: int = 6000,
) -> pd.DataFrame:
    """Reference and predicted energies and gradient components.

    Energies are relative to the lowest reference energy of all sets.

    Parameters
    ----------
    model
        Fitted potential.
    test_sets
        Frames with energies and forces, by name.
    n_train, seed
        Numbers that are written into the rows; the seed also draws the gradient components.
    max_points
        Largest number of gradient components of each set, which are drawn at random.

    Returns
    -------
    DataFrame
        Columns ``SCATTER_COLUMNS``; kcal/mol and kcal/mol/Angstrom.
    """
    rng = np.random.default_rng(seed)
    size = REPORTED["energy"][1]
    lowest = min((_labels(f)[0].min() for f in test_sets.values() if len(f)), default=0.0) / size
    tables = []
    for name, frames in test_sets.items():
        signs = dihedral_sign(frame_origin(frames)["dihedral"])
        for quantity, (reference, prediction) in _values(model, frames).items():
            shift = lowest if quantity == "energy" else 0.0
            n_each = reference.size // max(len(frames), 1)
            kept = np.arange(reference.size)
            if reference.size > max_points:
                kept = np.sort(rng.choice(reference.size, max_points, replace=False))
            frame = kept // max(n_each, 1)
            tables.append(
                pd.DataFrame(
                    {
                        "test_set": name,
                        "quantity": quantity,
                        "frame": frame,
                        "dihedral_sign": signs[frame],
                        "reference": reference.ravel()[kept] - shift,
                        "prediction": prediction.ravel()[kept] - shift,
                        "unit": REPORTED[_UNITS[quantity]][0],
                        "n_train": n_train,
                        "seed": seed,
                    },
                    columns=SCATTER_COLUMNS,
                )
            )
    return pd.concat(tables, ignore_index=True)


def _values(model: KREG, frames: FrameSet) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Reference and prediction of energy and gradient, in reported units."""
    (energy, forces), (predicted, predicted_forces) = _labels(frames), model.predict(frames)
    kcal, kcal_angstrom = REPORTED["energy"][1], REPORTED["forces"][1]
    return {
        "energy": (energy / kcal, predicted / kcal),
        "gradient": (-forces / kcal_angstrom, -predicted_forces / kcal_angstrom),
    }


def _labels(frames: FrameSet) -> tuple[np.ndarray, np.ndarray]:
    """Energies and forces of frames, refused if either is missing."""
    if frames.energy is None or frames.forces is None:
        missing = "energy" if frames.energy is None else "forces"
        raise InputError(
            f"frames: found no {missing}, expected energies and forces for a potential"
        )
    return frames.energy, frames.forces
