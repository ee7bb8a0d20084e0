"""The error of the published model on rotated frames over that on random frames.

The paper says that this factor is about four.  It leaves open the order of the Matern kernel that
it optimises, the weight of coordinates in the descriptor, the origin of the axes, and whether the
scan of the dihedral covers one hand or both.  Each of them is changed here, one at a time, for both
readings of the scan.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024), Fig. 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from rpr.data.frame_set import FrameSet
from rpr.data.hands import mirrored_scan
from rpr.errors import InputError
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import SCANS
from rpr.studies.evaluation import INVARIANT, errors_on_test_sets, labels_of
from rpr.studies.metrics import mean_over_sets
from rpr.studies.tables import require
from rpr.studies.trials import training_and_tests

MODEL = "rotate-predict-rotate"
#: What the paper leaves open: name, and the arguments of the published model that change.
CHOICES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("as in this project", {}),
    *((f"kernel matern{n}", {"kernel": f"matern{n}"}) for n in (1, 2, 3, 4)),
    ("kernel gaussian", {"kernel": "gaussian"}),
    *((f"coordinate weight {w:g}", {"coordinate_weight": w}) for w in (0.25, 0.5, 2.0)),
    ("axes about the centre of charge", {"axes": "inertia-charge"}),
)

SPLIT_COLUMNS = [
    "scan", "choice", "component", "repeat", "in_distribution", "rotated", "factor", "factor_low",
    "factor_high", "unit", "n_train", "n_test", "n_rotated",
]  # fmt: skip
COLUMNS = ["scan", "choice", "component", "factor", "low", "high", "n_sets", "n_train", "n_test",
           "n_rotated"]  # fmt: skip


def factors(
    frames: FrameSet,
    rotated: FrameSet,
    *,
    molecule: Molecule,
    n_train: int,
    n_test: int,
    repeats: Iterable[int],
    choices: Sequence[tuple[str, Mapping[str, Any]]] = CHOICES,
) -> pd.DataFrame:
    """The factor for both readings of the scan, every choice, both properties and every split.

    Parameters
    ----------
    frames
        Labelled frames of trajectories.
    rotated
        The independent test set, which is taken as it is.
    molecule
        A molecule with a dihedral and a symmetry that changes its sign.
    n_train, n_test
        Sizes of the training set and of the test set of random frames.
    repeats
        Seeds of the splits.
    choices
        Name, and arguments of the published model that change.

    Returns
    -------
    DataFrame
        Columns ``SPLIT_COLUMNS``; errors in Debye or bohr^3.  The interval of a factor is that of
        its rotated frames alone, from resampling their trajectories.

    Raises
    ------
    InputError
        If the molecule has no such symmetry, or there are too few frames.
    """
    rows = []
    for scan in SCANS:
        read = mirrored_scan(frames, molecule, scan)
        for repeat in repeats:
            training, tests = training_and_tests(
                read, rotated, n_train=n_train, n_test=n_test, seed=repeat
            )
            tests = {name: tests[name] for name in ("in_distribution", "rotated")}
            for property in INVARIANT:
                options: dict[str, Any] = {"property": property, "molecule": molecule}
                options["seed"] = repeat
                for choice, settings in choices:
                    model = make_model(MODEL, **options, **settings)
                    model.fit(training, labels_of(training, property))
                    table = errors_on_test_sets(
                        model, tests, model_name=MODEL, n_train=n_train, **options
                    )
                    rows.append({"scan": scan, "choice": choice, **_factor(table, property)})
    return pd.DataFrame(rows).rename(columns={"seed": "repeat"})[SPLIT_COLUMNS]


def factor_span(splits: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean of the factor of each choice over the splits, with its 95 % interval.

    Parameters
    ----------
    splits
        What :func:`factors` returns.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; intervals contain the spread over training sets, by Student's t, and
        the choice of the rotated trajectories, which all sets share.
    """
    require(splits, SPLIT_COLUMNS, "factor_splits")
    rows = []
    for (scan, choice, component), group in splits.groupby(
        ["scan", "choice", "component"], sort=False
    ):
        parts = (group[key].to_numpy() for key in ("factor", "factor_low", "factor_high"))
        factor, low, high = mean_over_sets(*parts)
        sizes = group[["n_train", "n_test", "n_rotated"]].iloc[0].to_dict()
        found = {"factor": factor, "low": low, "high": high, "n_sets": len(group), **sizes}
        rows.append({"scan": scan, "choice": choice, "component": component, **found})
    return pd.DataFrame(rows, columns=COLUMNS)


def span(table: pd.DataFrame, component: str, scan: str) -> tuple[float, float, float, float]:
    """Smallest and largest factor over all choices, and the bounds of all their intervals.

    Parameters
    ----------
    table
        What :func:`factor_span` returns, or ``factor_span.csv``.
    component
        ``"mu_inv"`` or ``"alpha_inv"``.
    scan
        ``"both_hands"`` or ``"one_hand"``.

    Returns
    -------
    smallest, largest, low, high : float

    Raises
    ------
    InputError
        If the table has no such rows.
    """
    require(table, ("scan", "component", "factor", "low", "high"), "factor_span")
    rows = table[(table["component"] == component) & (table["scan"] == scan)]
    if rows.empty:
        raise InputError(f"factor_span: found no rows of {component} for the scan {scan}")
    factor = rows["factor"]
    return (
        float(factor.min()),
        float(factor.max()),
        float(rows["low"].min()),
        float(rows["high"].max()),
    )


def _factor(table: pd.DataFrame, property: str) -> dict[str, Any]:
    found = table[table["component"] == INVARIANT[property]].set_index("test_set")
    random, rotated = found.loc["in_distribution"], found.loc["rotated"]
    return {
        **{key: random[key] for key in ("component", "seed", "unit", "n_train", "n_test")},
        "n_rotated": rotated["n_test"],
        "in_distribution": random["rmse"],
        "rotated": rotated["rmse"],
        "factor": rotated["rmse"] / random["rmse"],
        "factor_low": rotated["rmse_low"] / random["rmse"],
        "factor_high": rotated["rmse_high"] / random["rmse"],
    }
