"""The paper's claims, and the aims of this project, beside what a run measured.

No verdict is typed: each follows from the measured value, its 95 % interval and the expected
range by one of the rules in :data:`RULES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from rpr.components import COMPONENTS
from rpr.studies.covariance import LIMITS
from rpr.studies.evaluate import INVARIANT

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
RULES = {
    "range": "holds if the measured value is in the expected range; undecided if only its 95 % "
    "interval reaches the range; otherwise does not hold",
    "interval": "holds if the whole 95 % interval is in the expected range; undecided if part of "
    "it is, or if there is no interval and the value is; otherwise does not hold",
    "contains": "holds if the 95 % interval contains the expected value; undecided without an "
    "interval; otherwise does not hold",
    "probability": "holds from 0.95 on, does not hold up to 0.05, undecided between",
    "limit": "holds if the measured value is in the expected range; otherwise does not hold",
    "none": "a measured quantity without an expected range",
}


@dataclass(frozen=True)
class Measurement:
    """A number that a run measured, with its 95 % interval (NaN if unknown) and its origin."""

    value: float
    low: float = math.nan
    high: float = math.nan
    unit: str = "1"
    n_train: int | None = None
    n_test: int | None = None
    seed: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Claim:
    """A statement, the range in which it expects a number, and how that number is measured."""

    text: str
    source: str
    low: float
    high: float
    rule: str
    measure: Callable[[dict], Measurement | None]


def claims_table(
    *,
    benchmark: pd.DataFrame | None = None,
    learning_curve: pd.DataFrame | None = None,
    kreg: pd.DataFrame | None = None,
    test_set: pd.DataFrame | None = None,
    covariance: pd.DataFrame | None = None,
    frame_flips: pd.DataFrame | None = None,
    frame_accuracy: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every claim with what this run measured.

    Parameters
    ----------
    benchmark, learning_curve, kreg, test_set, covariance, frame_flips, frame_accuracy
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
        "covariance": covariance,
        "frame_flips": frame_flips,
        "frame_accuracy": frame_accuracy,
    }
    tables = {name: t for name, t in given.items() if t is not None and len(t)}
    table = pd.DataFrame([_row(claim, tables) for claim in CLAIMS], columns=COLUMNS)
    return table.astype(dict.fromkeys(("n_train", "n_test", "seed"), "Int64"))


def verdict(rule: str, low: float, high: float, measured: Measurement | None) -> str:
    """Verdict of one rule of :data:`RULES`."""
    if measured is None or math.isnan(measured.value):
        return "not measured"
    if rule == "none":
        return "measured"
    if rule == "probability":
        return _of_probability(measured.value)
    inside = low <= measured.value <= high
    if rule == "limit":
        return "holds" if inside else "does not hold"
    if math.isnan(measured.low):
        if rule == "range":
            return "holds" if inside else "does not hold"
        return "undecided" if inside or rule == "contains" else "does not hold"
    touches = measured.low <= high and measured.high >= low
    if rule == "contains":
        return "holds" if touches else "does not hold"
    certain = inside if rule == "range" else low <= measured.low and measured.high <= high
    return "holds" if certain else "undecided" if touches else "does not hold"


def _of_probability(value: float) -> str:
    return "holds" if value >= 0.95 else "does not hold" if value <= 0.05 else "undecided"


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


class _Missing(LookupError):
    """A table, or the rows of it that a claim needs, are not there."""


def _rows(tables: dict, name: str, **values) -> pd.DataFrame:
    if name not in tables:
        raise _Missing(name)
    table = tables[name]
    for column, value in values.items():
        table = table[table[column] == value]
    if table.empty:
        raise _Missing(name)
    return table


def _of_row(row: pd.Series, column: str = "rmse") -> Measurement:
    n_train, n_test, seed = (_integer(row.get(name)) for name in ("n_train", "n_test", "seed"))
    low, high = (row.get(f"{column}_{end}", math.nan) for end in ("low", "high"))
    return Measurement(row[column], low, high, row["unit"], n_train, n_test, seed)


def _integer(value) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _ratio(above: Measurement, below: Measurement, detail: str = "") -> Measurement:
    """Ratio of two errors; the intervals combine as those of independent logarithms."""
    if not above.value > 0.0 or not below.value > 0.0:
        raise _Missing("error")
    value = above.value / below.value
    spread = math.hypot(_log_width(above), _log_width(below))
    detail = detail or f"{above.value:.3g} / {below.value:.3g} {above.unit}"
    return Measurement(
        value,
        value * math.exp(-spread),
        value * math.exp(spread),
        "1",
        above.n_train,
        above.n_test,
        above.seed,
        detail,
    )


def _log_width(number: Measurement) -> float:
    if not number.low > 0.0 or math.isnan(number.high):
        return math.nan
    return 0.5 * math.log(number.high / number.low)


def _best(tables: dict, descriptor: str, component: str, frame: str) -> Measurement:
    rows = _rows(tables, "benchmark", descriptor=descriptor, component=component, frame=frame)
    return _of_row(rows.loc[rows["rmse"].idxmin()])


def _descriptor_factor(component: str, frame: str):
    def measure(tables):
        return _ratio(
            _best(tables, "RE", component, frame), _best(tables, "RExyzCl", component, frame)
        )

    return measure


def _sign_share(component: str):
    def measure(tables):
        raw = _descriptor_factor(component, "inertia-raw")(tables)
        rule = _descriptor_factor(component, "inertia")(tables)
        return _share(raw, rule, "factor {:.3g} with raw axes, {:.3g} with the sign rule")

    return measure


def _frame_share(frame: str):
    def measure(tables):
        factors = [_frame_factor(tables, name) for name in ("inertia-raw", frame)]
        return _share(*factors, "factor {:.3g} with raw axes, {:.3g} in the frame " + frame)

    return measure


def _frame_factor(tables, frame):
    keys = {"component": "mu_inv", "test_set": "in_distribution", "frame": frame}
    pair = (_rows(tables, "frame_accuracy", descriptor=d, **keys) for d in ("RE", "RExyzCl"))
    return _ratio(*(_of_row(rows.iloc[0]) for rows in pair))


def _share(before: Measurement, after: Measurement, detail: str) -> Measurement:
    """Part of a factor, on the logarithmic scale, that a change removes."""
    if before.value <= 1.0:
        raise _Missing("factor")
    value = 1.0 - math.log(after.value) / math.log(before.value)
    return Measurement(
        value,
        n_train=before.n_train,
        n_test=before.n_test,
        seed=before.seed,
        detail=detail.format(before.value, after.value),
    )


def _kernel_probability(kind: str, property: str):
    """Lowest probability, over the components, that a kernel of this kind is the best."""

    def measure(tables):
        rows = _rows(tables, "benchmark", descriptor="RExyzCl", frame="inertia")
        rows = rows[rows["component"].isin(COMPONENTS[property])]
        if rows.empty:
            raise _Missing(property)
        of_kind = rows[rows["kernel"].str.startswith(kind)]
        probability = of_kind.groupby("component", sort=False)["best_probability"].sum(min_count=1)
        lowest = rows.loc[rows.groupby("component", sort=False)["rmse"].idxmin()]
        detail = ", ".join(f"{r.component} {r.kernel}" for r in lowest.itertuples())
        value = float(probability.min()) if len(probability) else 0.0
        row = rows.iloc[0]
        return Measurement(
            value,
            n_train=int(row["n_train"]),
            n_test=int(row["n_test"]),
            seed=int(row["seed"]),
            detail=f"lowest RMSE: {detail}",
        )

    return measure


def _error(tables, model, component, test_set, sign="all"):
    rows = _rows(
        tables,
        "test_set",
        model=model,
        component=component,
        test_set=test_set,
        dihedral_sign=sign,
    )
    return _of_row(rows.iloc[0])


def _between(model, component, above, below):
    """Ratio of errors of one model on two (test set, sign)."""
    return lambda tables: _ratio(
        _error(tables, model, component, *above), _error(tables, model, component, *below)
    )


def _between_models(above, below, component, test_set="rotated"):
    return lambda tables: _ratio(
        _error(tables, above, component, test_set), _error(tables, below, component, test_set)
    )


def _handedness_share(component):
    def measure(tables):
        ratios = [
            _between(model, component, ("rotated",), ("in_distribution",))(tables)
            for model in ("paper", "cured")
        ]
        return _share(*ratios, "factor {:.3g} for the paper's model, {:.3g} cured")

    return measure


def _fewer_frames(component, part=0.3):
    """Error of the symmetrised model at a part of the frames over that of the cured at all."""

    def measure(tables):
        keys = {"component": component, "test_set": "rotated"}
        cured = _rows(tables, "learning_curve", model="cured", **keys)
        symmetrized = _rows(tables, "learning_curve", model="symmetrized", **keys)
        largest = int(cured["n_train"].max())
        sizes = np.unique(symmetrized["n_train"])
        fitting = sizes[sizes <= part * largest + 1e-9]
        if not len(fitting):
            raise _Missing("size")
        few = int(fitting.max())
        above = _over_seeds(symmetrized[symmetrized["n_train"] == few])
        below = _over_seeds(cured[cured["n_train"] == largest])
        return _ratio(
            above,
            below,
            f"symmetrized at {few} frames {above.value:.3g}, "
            f"cured at {largest} frames {below.value:.3g} {above.unit}",
        )

    return measure


def _over_seeds(rows: pd.DataFrame) -> Measurement:
    """Mean over random subsets with its 95 % interval (Student's t), on the logarithmic scale."""
    logs = np.log(rows["rmse"].to_numpy(dtype=float))
    mean = float(logs.mean())
    width = math.nan
    if len(logs) > 1:
        width = float(student.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs)))
    row = rows.iloc[0]
    return Measurement(
        math.exp(mean),
        math.exp(mean - width),
        math.exp(mean + width),
        row["unit"],
        int(row["n_train"]),
        _integer(row.get("n_test")),
        int(row["seed"]),
    )


def _deviation(model, property):
    def measure(tables):
        row = _rows(tables, "covariance", model=model, property=property).iloc[0]
        number = _of_row(row, "max_error")
        detail = f"median {row['median_error']:.1e}, {int(row['n_rotations'])} rotations"
        return Measurement(
            number.value,
            unit=number.unit,
            n_train=number.n_train,
            n_test=_integer(row.get("n_frames")),
            seed=number.seed,
            detail=detail,
        )

    return measure


def _kreg_hands(potential):
    """Energy error at negative over that at positive dihedrals, at the largest size."""

    def measure(tables):
        if "kreg" not in tables or "dihedral_sign" not in tables["kreg"]:
            raise _Missing("kreg")
        keys = {"quantity": "energy", "test_set": "rotated", "potential": potential}
        rows = _rows(tables, "kreg", **keys)
        rows = rows[rows["n_train"] == rows["n_train"].max()]
        signs = [rows[rows["dihedral_sign"] == s] for s in ("negative", "positive")]
        if any(sign.empty for sign in signs):
            raise _Missing("sign")
        return _ratio(*(_of_row(sign.sort_values("seed").iloc[0]) for sign in signs))

    return measure


def _claims() -> Iterable[Claim]:
    frames = {"inertia-raw": "axes as LAPACK returns them", "inertia": "the default sign rule"}
    for frame, words in frames.items():
        for component in ("mu_y", "mu_z"):
            yield Claim(
                f"RExyzCl has 20 to 40 times lower RMSE than RE for {component} ({words})",
                PAPER,
                20.0,
                40.0,
                "range",
                _descriptor_factor(component, frame),
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
    for frame in ("inertia", "three-atom"):
        yield Claim(
            f"part of the factor between RE and RExyzCl on the whole dipole that the frame "
            f"{frame} removes",
            PROJECT,
            math.nan,
            math.nan,
            "none",
            _frame_share(frame),
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
    for model in ("paper", "symmetrized", "covariant"):
        for property, limit in LIMITS.items():
            yield Claim(
                f"the {property} of the model {model} turns with the molecule to rounding",
                PAPER if model == "paper" else PROJECT,
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
        _between("paper", component, rotated, inside),
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
        _between("paper", component, ("held_out_trajectories",), inside),
    )
    yield Claim(
        f"the paper's model is at least twice as wrong at negative dihedrals, {component}",
        PROJECT,
        2.0,
        math.inf,
        "interval",
        _between("paper", component, *hands),
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
        f"the symmetrized model has {factor:g} times lower RMSE than the cured one on the "
        f"rotated set, {component}",
        PROJECT,
        factor,
        math.inf,
        "range",
        _between_models("cured", "symmetrized", component),
    )
    yield Claim(
        f"the symmetrized model with 30 % of the frames is not worse than the cured one with "
        f"all, {component}",
        PROJECT,
        0.0,
        1.0,
        "range",
        _fewer_frames(component),
    )


CLAIMS = tuple(_claims())
