"""The claims of the paper and the aims of this project, beside what a run measured.

No verdict is typed: each follows from the measured value, its 95 % interval and the expected range
by one of the rules in :data:`rpr.report.verdicts.RULES`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from rpr.report.measurements.rows import NotMeasured
from rpr.report.paper_claims import PAPER, claims_of_the_paper
from rpr.report.project_claims import claims_of_the_project
from rpr.report.verdicts import Claim, Measurement, Tables, verdict

COLUMNS = [
    "claim",
    "source",
    "expected_low",
    "expected_high",
    "measured",
    "unit",
    "n_train",
    "n_test",
    "n_sets",
    "seed",
    "rule",
    "verdict",
    "measured_low",
    "measured_high",
    "detail",
    "scope",
]

#: The paper's level of theory, as the method of the labels states it.
PAPERS_LEVEL = "b3lyp5/aug-cc-pvtz"

NOT_JUDGED = "not judged"


def claims_table(
    tables: Tables, *, papers_molecule: bool = True, level_of_theory: str = PAPERS_LEVEL
) -> pd.DataFrame:
    """Every claim with what this run measured.

    Parameters
    ----------
    tables
        Tables of the run by name: ``benchmark_pairs``, ``learning_curve``, ``kreg``, ``test_set``,
        ``comparison``, ``equivariance``, ``axes_accuracy``, ``spherical``, ``coverage``, ``cost``,
        ``fewer_labels``, ``rank_three``; and ``ways``, ``factor_span`` and ``arbitrary_signs`` of
        other targets.  A claim whose tables are missing or empty is ``not measured``.
    papers_molecule
        Whether the run is about 1,2-dichloroethane.  For another molecule, claims about it are left
        out, and so is what could not be measured; general claims and measurements stay.
    level_of_theory
        Level of the labels.  At another than the paper's, numbers of its claims are measured, but
        not judged.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``rule`` is a name from :data:`rpr.report.verdicts.RULES`, and the
        verdict is ``holds``, ``does not hold``, ``undecided``, ``measured`` (nothing is expected),
        ``not judged`` or ``not measured``.  ``n_sets`` is the number of training sets, and
        ``scope`` says which molecules a claim is about.
    """
    known = {name: table for name, table in tables.items() if len(table)}
    chosen = [c for c in CLAIMS if papers_molecule or c.general or c.rule == "none"]
    at_level = level_of_theory == PAPERS_LEVEL
    rows = [_row(claim, known, judged=_is_judged(claim, at_level)) for claim in chosen]
    table = pd.DataFrame(rows, columns=COLUMNS)
    if not papers_molecule:
        table = table[table["verdict"] != "not measured"].reset_index(drop=True)
    return table.astype(dict.fromkeys(("n_train", "n_test", "n_sets", "seed"), "Int64"))


def _is_judged(claim: Claim, papers_level: bool) -> bool:
    return papers_level or claim.general or claim.source != PAPER


def level_of_labels(record: Mapping) -> str:
    """Level of theory of the labels of a run, from the content of its ``provenance.json``.

    Where training and test frames have different levels, both are named.
    """
    levels = (part["level_of_theory"] for part in record["data"].values())
    return ", ".join(dict.fromkeys(levels))


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
            "frames": _frames(claims),
            "from": claims["detail"],
        }
    )


def _frames(claims: pd.DataFrame) -> pd.Series:
    """Numbers of training and of test frames, as far as they are known."""
    counts = claims[["n_train", "n_test"]].astype("Int64").astype("string").fillna("")
    return (counts["n_train"] + " / " + counts["n_test"]).str.removesuffix(" / ")


def _row(claim: Claim, tables: Tables, *, judged: bool) -> dict[str, object]:
    try:
        measured = claim.measure(tables)
    except NotMeasured:
        measured = None
    result = verdict(claim.rule, claim.low, claim.high, measured)
    number = measured or Measurement(math.nan)
    if not judged and result != "not measured":
        result = NOT_JUDGED
    return {
        "claim": claim.text,
        "source": claim.source,
        "expected_low": claim.low,
        "expected_high": claim.high,
        "measured": number.value,
        "unit": number.unit,
        "n_train": number.n_train,
        "n_test": number.n_test,
        "n_sets": number.n_sets,
        "seed": number.seed,
        "rule": claim.rule,
        "verdict": result,
        "measured_low": number.low,
        "measured_high": number.high,
        "detail": number.detail,
        "scope": "any molecule" if claim.general else "1,2-dichloroethane",
    }


CLAIMS = (*claims_of_the_paper(), *claims_of_the_project())
