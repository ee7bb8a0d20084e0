"""What models reach on a deposit, as a page beside its frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from rpr.report import style
from rpr.report.summaries import TEST_SETS
from rpr.studies.evaluation import INVARIANT
from rpr.studies.tables import spread_columns, to_markdown

#: Descriptors and kernels of the table of components.
DESCRIPTORS, KERNELS = ("RE", "RExyzCl"), ("gaussian", "matern2")

#: Axes with settled signs, and with those that LAPACK returns.
_AXES = {"inertia": "", "inertia-raw": "raw axes: "}
_SIGNS = {"all": "", "positive": ", dihedral >= 0", "negative": ", dihedral < 0"}


def models_page(
    test_set: pd.DataFrame,
    benchmark: pd.DataFrame | None,
    kreg: pd.DataFrame,
    *,
    molecule: str,
    level: str,
    run: str,
) -> str:
    """Page of errors with their sizes and 95 % intervals, as Markdown.

    Parameters
    ----------
    test_set
        Table ``test_set.csv``.
    benchmark
        Table ``benchmark.csv``, if the run has one.
    kreg
        Table ``kreg.csv``.
    molecule, level, run
        Names of the molecule, of the level of theory and of the run.

    Returns
    -------
    str
    """
    n_train = ", ".join(str(n) for n in sorted(set(test_set["n_train"])))
    parts = [
        f"# What models reach: {molecule} at {level}",
        f"Written by the target `deposit_tables` from the tables of the run `{run}`: {n_train} "
        "training frames. Brackets are 95 % intervals: of the axes-independent errors over whole "
        "trajectories or chains of the test frames, of the components as in the table `benchmark`. "
        "Numbers of test frames are in the heads of the columns.",
    ]
    for property, component in INVARIANT.items():
        unit = test_set.loc[test_set["component"] == component, "unit"].iloc[0]
        parts += [
            f"## Axes-independent error of the {property} ({unit})",
            to_markdown(invariant_errors(test_set, component)),
        ]
    if benchmark is not None:
        parts += [
            "## Components of the published model, in distribution",
            f"RMSE in D and bohr^3 in inertia axes, {_numbers(benchmark, 'n_train')} training and "
            f"{_numbers(benchmark, 'n_test')} test frames. *Raw axes* have the signs that LAPACK "
            "returns.",
            *(to_markdown(component_errors(benchmark, p)) for p in ("mu", "alpha")),
        ]
    parts += [
        "## Energies of the KREG potential (kcal/mol)",
        "Means over random training sets of the largest size; brackets are the smallest and the "
        "largest error of a set.",
        to_markdown(kreg_errors(kreg)),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def invariant_errors(test_set: pd.DataFrame, component: str) -> pd.DataFrame:
    """Axes-independent errors of all models, a row for each, a column for each test set and sign.

    Parameters
    ----------
    test_set
        Table ``test_set.csv``.
    component
        ``mu_inv`` or ``alpha_inv``.

    Returns
    -------
    DataFrame
        Texts such as ``0.0012 [0.0010, 0.0014]``.
    """
    rows = test_set[test_set["component"] == component]
    columns = []
    for name in spread_columns(rows["test_set"], TEST_SETS):
        split = name in ("rotated", "thermal") and (rows["dihedral_sign"] != "all").any()
        columns += [(name, sign) for sign in (_SIGNS if split else ("all",))]
    table = {"model": spread_columns(rows["model"], tuple(style.MODELS))}
    for name, sign in columns:
        chosen = rows[(rows["test_set"] == name) & (rows["dihedral_sign"] == sign)]
        head = f"{style.TEST_SETS.get(name, name)}{_SIGNS[sign]} ({_numbers(chosen, 'n_test')})"
        texts = dict(zip(chosen["model"], _with_intervals(chosen), strict=True))
        table[head] = [texts.get(model, "") for model in table["model"]]
    return pd.DataFrame(table)


def component_errors(benchmark: pd.DataFrame, property: str) -> pd.DataFrame:
    """Errors of the components of a property, ``mu`` or ``alpha``, by descriptor and kernel."""
    known = benchmark["component"].str.startswith(f"{property}_") & benchmark["axes"].isin(_AXES)
    rows = benchmark[known & benchmark["descriptor"].isin(DESCRIPTORS)]
    rows = rows[rows["kernel"].isin(KERNELS)].assign(text=lambda r: list(_with_intervals(r)))
    lines = []
    for axes, prefix in _AXES.items():
        for descriptor in DESCRIPTORS:
            for kernel in KERNELS:
                chosen = rows[
                    (rows["axes"] == axes)
                    & (rows["descriptor"] == descriptor)
                    & (rows["kernel"] == kernel)
                ]
                if len(chosen):
                    cells = dict(zip(chosen["component"], chosen["text"], strict=True))
                    lines.append({"model": f"{prefix}{descriptor}, {kernel}", **cells})
    return pd.DataFrame(lines)


def kreg_errors(kreg: pd.DataFrame) -> pd.DataFrame:
    """Errors of energies at the largest training set, by potential and test set."""
    rows = kreg[(kreg["quantity"] == "energy") & (kreg["dihedral_sign"] == "all")]
    rows = rows[rows["n_train"] == rows["n_train"].max()]
    lines = []
    for keys, group in rows.groupby(["potential", "test_set", "n_train", "n_test"], sort=False):
        error = group["rmse"]
        text = _digits(error.iloc[0])
        if len(error) > 1:
            text = _text(error.mean(), error.min(), error.max())
        lines.append([*keys, len(group), text])
    columns = ["potential", "test set", "training frames", "test frames", "sets", "RMSE"]
    return pd.DataFrame(lines, columns=columns)


def _numbers(table: pd.DataFrame, column: str) -> str:
    return ", ".join(str(n) for n in sorted(set(table[column])))


def _with_intervals(rows: pd.DataFrame) -> Iterable[str]:
    bounds: Sequence[str] = ("rmse", "rmse_low", "rmse_high")
    return (_text(*values) for values in rows[list(bounds)].itertuples(index=False))


def _text(value: float, low: float, high: float) -> str:
    return f"{_digits(value)} [{_digits(low)}, {_digits(high)}]"


def _digits(value: float) -> str:
    """Two significant digits, without an exponent.

    Examples
    --------
    >>> _digits(0.00116), _digits(1.049), _digits(14.2)
    ('0.0012', '1.0', '14')
    """
    decimals = max(0, 1 - int(f"{value:.1e}".partition("e")[2]))
    return f"{value:.{decimals}f}"
