"""The claims of the paper and the aims of this project."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from rpr.report.measurements import (
    _axes_share,
    _between,
    _between_models,
    _descriptor_factor,
    _deviation,
    _fewer_frames,
    _handedness_share,
    _kernel_probability,
    _kreg_hands,
    _Missing,
    _sign_share,
)
from rpr.report.verdicts import Claim, Measurement, verdict
from rpr.studies.equivariance import LIMITS
from rpr.studies.evaluation import INVARIANT

COLUMNS = [
    "claim",
    "source",
    "expected_low",
    "expected_high",
    "measured",
    "unit",
    "n_train",
    "n_test",
    "seed",
    "rule",
    "verdict",
    "measured_low",
    "measured_high",
    "detail",
]

PAPER = "J. Chem. Phys. 161, 174104 (2024)"
PROJECT = "this project"


def claims_table(
    *,
    benchmark: pd.DataFrame | None = None,
    learning_curve: pd.DataFrame | None = None,
    kreg: pd.DataFrame | None = None,
    test_set: pd.DataFrame | None = None,
    equivariance: pd.DataFrame | None = None,
    axes_flips: pd.DataFrame | None = None,
    axes_accuracy: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every claim with what this run measured.

    Parameters
    ----------
    benchmark, learning_curve, kreg, test_set, equivariance, axes_flips, axes_accuracy
        Tables of the run; a claim whose tables are missing or empty is ``not measured``.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``rule`` is a name from :data:`RULES`. Verdicts are
        ``holds``, ``does not hold``, ``undecided``,
        ``measured`` (no range is expected) and ``not measured``.
    """
    given = {
        "benchmark": benchmark,
        "learning_curve": learning_curve,
        "kreg": kreg,
        "test_set": test_set,
        "equivariance": equivariance,
        "axes_flips": axes_flips,
        "axes_accuracy": axes_accuracy,
    }
    tables = {name: t for name, t in given.items() if t is not None and len(t)}
    table = pd.DataFrame([_row(claim, tables) for claim in CLAIMS], columns=COLUMNS)
    return table.astype(dict.fromkeys(("n_train", "n_test", "seed"), "Int64"))


def _row(claim: Claim, tables: dict) -> dict:
    try:
        measured = claim.measure(tables)
    except _Missing:
        measured = None
    result = verdict(claim.rule, claim.low, claim.high, measured)
    number = measured or Measurement(math.nan)
    return {
        "claim": claim.text,
        "source": claim.source,
        "expected_low": claim.low,
        "expected_high": claim.high,
        "measured": number.value,
        "unit": number.unit,
        "n_train": number.n_train,
        "n_test": number.n_test,
        "seed": number.seed,
        "rule": claim.rule,
        "verdict": result,
        "measured_low": number.low,
        "measured_high": number.high,
        "detail": number.detail,
    }


def _claims() -> Iterable[Claim]:
    choices = {"inertia-raw": "axes as LAPACK returns them", "inertia": "the default sign rule"}
    for axes, words in choices.items():
        for component in ("mu_y", "mu_z"):
            yield Claim(
                f"RExyzCl has 20 to 40 times lower RMSE than RE for {component} ({words})",
                PAPER,
                20.0,
                40.0,
                "range",
                _descriptor_factor(component, axes),
            )
    for component in ("mu_y", "mu_z"):
        yield Claim(
            f"part of that factor that the sign rule removes, {component}",
            PROJECT,
            math.nan,
            math.nan,
            "none",
            _sign_share(component),
        )
    for axes in ("inertia", "three-atom"):
        yield Claim(
            f"part of the factor between RE and RExyzCl on the whole dipole that the axes "
            f"{axes} remove",
            PROJECT,
            math.nan,
            math.nan,
            "none",
            _axes_share(axes),
        )
    yield Claim(
        "a Matern kernel is best for every dipole component (probability over trajectories)",
        PAPER,
        0.95,
        1.0,
        "probability",
        _kernel_probability("matern", "dipole"),
    )
    yield Claim(
        "the Gaussian kernel is best for every polarizability component "
        "(probability over trajectories)",
        PAPER,
        0.95,
        1.0,
        "probability",
        _kernel_probability("gaussian", "polarizability"),
    )
    for component in INVARIANT.values():
        yield from _invariant_claims(component)
    for model in ("rotate-predict-rotate", "symmetrized", "covariant"):
        for property, limit in LIMITS.items():
            yield Claim(
                f"the {property} of the model {model} turns with the molecule to rounding",
                PAPER if model == "rotate-predict-rotate" else PROJECT,
                0.0,
                limit,
                "limit",
                _deviation(model, property),
            )
    yield Claim(
        "the plain KREG potential is at least twice as wrong in energy at negative dihedrals",
        PROJECT,
        2.0,
        math.inf,
        "interval",
        _kreg_hands("plain"),
    )
    yield Claim(
        "the symmetric KREG potential has equal energy errors for both signs of the dihedral",
        PROJECT,
        1.0,
        1.0,
        "contains",
        _kreg_hands("symmetric"),
    )


def _invariant_claims(component: str) -> Iterable[Claim]:
    rotated, inside = ("rotated",), ("in_distribution",)
    hands = ("rotated", "negative"), ("rotated", "positive")
    yield Claim(
        f"RMSE on the rotated set is about four times that in distribution, {component}, "
        "paper's model",
        PAPER,
        2.0,
        8.0,
        "range",
        _between("rotate-predict-rotate", component, rotated, inside),
    )
    yield Claim(
        f"part of that factor that is handedness (removed by the cure), {component}",
        PROJECT,
        math.nan,
        math.nan,
        "none",
        _handedness_share(component),
    )
    yield Claim(
        f"error on held-out trajectories over that of a random split, {component}, paper's model",
        PROJECT,
        math.nan,
        math.nan,
        "none",
        _between("rotate-predict-rotate", component, ("held_out_trajectories",), inside),
    )
    yield Claim(
        f"the paper's model is at least twice as wrong at negative dihedrals, {component}",
        PROJECT,
        2.0,
        math.inf,
        "interval",
        _between("rotate-predict-rotate", component, *hands),
    )
    yield Claim(
        f"the symmetrized model has equal errors for both signs of the dihedral, {component}",
        PROJECT,
        1.0,
        1.0,
        "contains",
        _between("symmetrized", component, *hands),
    )
    factor = 2.5 if component == "mu_inv" else 2.0
    yield Claim(
        f"the symmetrized model has {factor:g} times lower RMSE than the folded one on the "
        f"rotated set, {component}",
        PROJECT,
        factor,
        math.inf,
        "range",
        _between_models("folded", "symmetrized", component),
    )
    yield Claim(
        f"the symmetrized model with 30 % of the frames is not worse than the folded one with "
        f"all, {component}",
        PROJECT,
        0.0,
        1.0,
        "range",
        _fewer_frames(component),
    )


CLAIMS = tuple(_claims())
