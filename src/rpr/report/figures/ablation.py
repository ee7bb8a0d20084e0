"""What axes, descriptor and symmetry each are worth, one step at a time."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.report.summaries import means_over_sets
from rpr.studies.evaluation import INVARIANT

#: Steps from the published model to the covariant one: name, and the cell or model of the table.
STEPS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "inertia axes, RExyzCl, plain kernel",
        {"axes": "inertia", "descriptor": "RExyzCl", "symmetry": "none"},
    ),
    (
        "+ permutation-inversion copies",
        {"axes": "inertia", "descriptor": "RExyzCl", "symmetry": "copies"},
    ),
    (
        "+ axes along the central bond",
        {"axes": "bond-axis", "descriptor": "RExyzCl", "symmetry": "copies"},
    ),
    (
        "+ coordinates of all atoms (RExyz)",
        {"axes": "bond-axis", "descriptor": "RExyz", "symmetry": "copies"},
    ),
    (
        "averaged kernel instead of copies",
        {"axes": "bond-axis", "descriptor": "RExyz", "symmetry": "averaged"},
    ),
    ("covariant kernel, order 0", {"model": "covariant, order 0"}),
    ("covariant kernel", {"model": "covariant"}),
)
_LOOKS = {
    "in_distribution": (style.SKY, "s"),
    "held_out_trajectories": (style.ORANGE, "^"),
    "rotated": (style.BLUE, "o"),
}
_KEYS = ["model", "axes", "descriptor", "symmetry", "kernel", "component", "test_set"]


def data(ablation: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean of each cell over the splits, with the 95 % interval of Student's t."""
    table = ablation.fillna(dict.fromkeys(_KEYS, ""))
    grouped = table.groupby(_KEYS, sort=False)
    first = grouped[["unit", "n_train", "n_test"]].first()
    return means_over_sets(grouped).join(first).reset_index()


@style.styled
def draw(ablation: pd.DataFrame) -> Figure:
    """Errors along the steps from the published model to the covariant one.

    Parameters
    ----------
    ablation
        Tables of :func:`rpr.studies.ablation.ablation` of both properties.

    Returns
    -------
    Figure
        One panel for each property, a row for each step, a marker for each test set.
    """
    table = data(ablation)
    if table.empty:
        return style.statement("no ablation")
    figure = style.new_figure(style.PAGE, 2.9)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, (property, component) in zip(panels, "ab", INVARIANT.items(), strict=True):
        drawing.title(axes, letter, property)
        _panel(axes, table[table["component"] == component])
    panels[0].set_yticks(range(len(STEPS)), [name for name, _ in STEPS])
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    if table.empty:
        drawing.note(axes)
        return
    for k, (test_set, (colour, marker)) in enumerate(_LOOKS.items()):
        rows = [_row(table, test_set, wanted) for _, wanted in STEPS]
        places = [n + 0.18 * (k - 1) for n, row in enumerate(rows) if row is not None]
        found = pd.DataFrame([row for row in rows if row is not None])
        if found.empty:
            continue
        bars = [found["rmse"] - found["low"], found["high"] - found["rmse"]]
        bars = [bar.fillna(0.0) for bar in bars]
        axes.errorbar(
            found["rmse"], places, xerr=bars, color=colour, marker=marker, linestyle="none",
            elinewidth=0.8, label=style.TEST_SETS[test_set],
        )  # fmt: skip
    axes.set_xscale("log")
    drawing.plain_log(axes.xaxis)
    unit = style.unit(table["unit"].iloc[0])
    axes.set_xlabel(f"RMSE {style.symbol(table['component'].iloc[0])} ({unit})")
    drawing.grid(axes)


def _row(table: pd.DataFrame, test_set: str, wanted: dict[str, str]) -> pd.Series | None:
    """The row of a step on one test set, or None if it is not in the table."""
    chosen = table[table["test_set"] == test_set]
    for key, value in {"model": "", **wanted}.items():
        chosen = chosen[chosen[key] == value]
    return None if chosen.empty else chosen.iloc[0]
