"""The claims of the paper and the aims of this project, beside what a run measured.

No verdict is typed: each follows from the measured value, its 95 % interval and the expected range
by one of the rules in :data:`rpr.report.verdicts.RULES`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from rpr.report import measurements as measure
from rpr.report.verdicts import Claim, Measurement, Tables, verdict
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

#: "About four times": within a third, on the logarithmic scale.
ABOUT_FOUR = (3.0, 16.0 / 3.0)
#: Equal errors: within a quarter.
EQUAL = (0.8, 1.25)


def claims_table(tables: Tables, *, papers_molecule: bool = True) -> pd.DataFrame:
    """Every claim with what this run measured.

    Parameters
    ----------
    tables
        Tables of the run by name: ``benchmark``, ``learning_curve``, ``kreg``, ``test_set``,
        ``comparison``, ``equivariance``, ``axes_flips``, ``axes_accuracy``.  A claim whose tables
        are missing or empty is ``not measured``.
    papers_molecule
        Whether the run is about 1,2-dichloroethane.  For another molecule, claims about it are left
        out, and so is what could not be measured; general claims and measurements stay.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``rule`` is a name from :data:`rpr.report.verdicts.RULES`, and the
        verdict is ``holds``, ``does not hold``, ``undecided``, ``measured`` (nothing is expected)
        or ``not measured``.
    """
    known = {name: table for name, table in tables.items() if len(table)}
    chosen = [c for c in CLAIMS if papers_molecule or c.general or c.rule == "none"]
    table = pd.DataFrame([_row(claim, known) for claim in chosen], columns=COLUMNS)
    if not papers_molecule:
        table = table[table["verdict"] != "not measured"].reset_index(drop=True)
    return table.astype(dict.fromkeys(("n_train", "n_test", "seed"), "Int64"))


def readable(claims: pd.DataFrame) -> pd.DataFrame:
    """The claims in the few columns that a reader needs; the CSV has all of them."""
    number = "{:.3g}".format
    measured = claims["measured"].map(number) + claims["unit"].map(
        lambda u: "" if u == "1" else f" {u}"
    )
    interval = claims["measured_low"].map(number) + " to " + claims["measured_high"].map(number)
    measured += (" (" + interval + ")").where(claims["measured_low"].notna(), "")
    low, high = claims["expected_low"], claims["expected_high"]
    expected = low.map(number) + " to " + high.map(number)
    expected = expected.mask(high == math.inf, "at least " + low.map(number))
    expected = expected.mask(low == high, low.map(number)).where(low.notna(), "")
    return pd.DataFrame(
        {
            "claim": claims["claim"],
            "source": claims["source"].map({PAPER: "the paper"}).fillna(claims["source"]),
            "measured (95 % interval)": measured.where(claims["measured"].notna(), ""),
            "expected": expected,
            "verdict": claims["verdict"],
        }
    )


def _row(claim: Claim, tables: Tables) -> dict[str, object]:
    try:
        measured = claim.measure(tables)
    except measure.NotMeasured:
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


def _claims() -> Iterator[Claim]:
    yield from _descriptor_claims()
    yield from _kernel_claims()
    for component in INVARIANT.values():
        yield from _error_claims(component)
    yield from _derivative_claims()
    yield from _equivariance_claims()
    yield Claim(
        "energy error of the plain KREG potential at negative dihedrals over that at positive ones",
        PROJECT,
        measure.kreg_hands("plain"),
    )
    yield Claim(
        "the symmetric KREG potential has equal energy errors for both signs of the dihedral",
        PROJECT,
        measure.kreg_hands("symmetric"),
        *EQUAL,
        "interval",
    )


def _descriptor_claims() -> Iterator[Claim]:
    for component in ("mu_y", "mu_z"):
        yield Claim(
            f"RExyzCl has 20 to 40 times lower RMSE than RE for {component}",
            PAPER,
            measure.descriptor_factor(component, "inertia"),
            20.0,
            40.0,
            "interval",
        )
        yield Claim(
            f"the same factor for {component} in an ablation: axes with the signs that LAPACK "
            "returns, frames turned at random",
            PROJECT,
            measure.descriptor_factor(component, "inertia-raw"),
        )
        yield Claim(
            f"part of the factor between RE and RExyzCl for {component} that the sign rule removes",
            PROJECT,
            measure.sign_share(component),
        )
    for axes in ("inertia", "three-atom"):
        yield Claim(
            f"part of the factor between RE and RExyzCl on the whole dipole that the axes "
            f"{axes} remove",
            PROJECT,
            measure.axes_share(axes),
        )


def _kernel_claims() -> Iterator[Claim]:
    better = {
        "dipole": "a Matern kernel has a lower error than the Gaussian one for every component of "
        "the dipole",
        "polarizability": "the Gaussian kernel has a lower error than a Matern kernel for every "
        "component of the polarizability",
    }
    for property, text in better.items():
        yield Claim(
            f"{text} (probability over test trajectories; n of the Matern kernel by validation)",
            PAPER,
            measure.matern_probability(property, gaussian=property == "polarizability"),
            0.95,
            1.0,
            "probability",
        )


def _equivariance_claims() -> Iterator[Claim]:
    for model in ("rotate-predict-rotate", "symmetrized", "covariant"):
        for property, limit in LIMITS.items():
            yield Claim(
                f"the {property} of the model {model} turns with the molecule to rounding",
                PAPER if model == "rotate-predict-rotate" else PROJECT,
                measure.deviation(model, property),
                0.0,
                limit,
                "interval",
                general=True,
            )


def _error_claims(component: str) -> Iterator[Claim]:
    published = "rotate-predict-rotate"
    rotated, inside = ("rotated",), ("in_distribution",)
    hands = ("rotated", "negative"), ("rotated", "positive")
    for reading in ("one hand", "both hands"):
        read = f"{published}-{reading.replace(' ', '-')}"
        yield Claim(
            f"RMSE on the rotated set is about four times that in distribution, {component}, "
            f"published model trained on {reading}",
            PAPER,
            measure.between_sets(read, component, rotated, inside),
            *ABOUT_FOUR,
            "interval",
        )
        yield Claim(
            f"error at negative over that at positive dihedrals, {component}, published model "
            f"trained on {reading}",
            PROJECT,
            measure.between_sets(read, component, *hands),
        )
    yield Claim(
        "part of the factor between the rotated set and random frames that folding removes, "
        f"{component}",
        PROJECT,
        measure.folding_share(component),
    )
    yield Claim(
        f"error on held-out trajectories over that of random frames, {component}, published model",
        PROJECT,
        measure.between_sets(published, component, ("held_out_trajectories",), inside),
    )
    yield Claim(
        f"the symmetrized model has equal errors for both signs of the dihedral, {component}",
        PROJECT,
        measure.between_sets("symmetrized", component, *hands),
        *EQUAL,
        "interval",
    )
    yield from _frugality_claims(component)


def _frugality_claims(component: str) -> Iterator[Claim]:
    factor = 2.5 if component == "mu_inv" else 2.0
    yield Claim(
        f"the symmetrized model has {factor:g} times lower RMSE than the folded one on the "
        f"rotated set, {component}",
        PROJECT,
        measure.between_models("folded", "symmetrized", component),
        factor,
        math.inf,
        "interval",
    )
    yield Claim(
        f"the symmetrized model is not worse than the folded one with three times as many frames, "
        f"{component}",
        PROJECT,
        measure.fewer_frames(component),
        0.0,
        1.0,
        "interval",
    )


def _derivative_claims() -> Iterator[Claim]:
    for test_set in ("held_out_trajectories", "rotated"):
        words = test_set.replace("_", " ")
        yield Claim(
            f"the covariant model with 100 frames with derivatives of the dipole is more accurate "
            f"than with 1000 without, mu_inv, {words}",
            PROJECT,
            measure.fewer_labels(test_set, 100, 1000),
            0.0,
            1.0,
            "interval",
        )
        yield Claim(
            f"the covariant model with 30 frames with derivatives of the dipole is more accurate "
            f"than the published model with 1000 frames, mu_inv, {words}",
            PROJECT,
            measure.derivatives_against_published(test_set, 30, 1000),
            0.0,
            1.0,
            "interval",
        )


CLAIMS = tuple(_claims())
