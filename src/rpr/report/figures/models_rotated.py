"""Models compared: in distribution, on held-out trajectories and on the rotated set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies.evaluation import INVARIANT
from rpr.studies.tables import spread_columns

_POINTS = (
    ("in_distribution", "all", style.BLACK, "o", "in distribution"),
    ("held_out_trajectories", "all", style.GREEN, "s", "held-out trajectories"),
    ("rotated", "positive", style.BLUE, ">", r"rotated set, $\varphi \geq 0$"),
    ("rotated", "negative", style.VERMILION, "<", r"rotated set, $\varphi < 0$"),
)


def data(test_set: pd.DataFrame) -> pd.DataFrame:
    """The axes-independent errors."""
    return test_set[test_set["component"].isin(INVARIANT.values())].reset_index(drop=True)


@style.styled
def draw(test_set: pd.DataFrame) -> Figure:
    """Axes-independent RMSE of every model on every test set, with 95 % intervals.

    Parameters
    ----------
    test_set
        Table ``test_set.csv``.

    Returns
    -------
    Figure
        One panel for each property; the rotated set is split by the sign of the dihedral.  Models
        with the same errors, such as a reading of the scan that is that of the frames, share a row.
    """
    table = data(test_set)
    if table.empty:
        return style.statement("no model was evaluated")
    same = _same(table, spread_columns(table["model"], tuple(style.MODELS)))
    models = list(same)
    table = table[table["model"].isin(models)]
    figure = style.new_figure(style.PAGE, 1.15 + 0.27 * len(models))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, (property, component) in zip(panels, "ab", INVARIANT.items(), strict=True):
        _panel(axes, table[table["component"] == component], models)
        drawing.title(axes, letter, property)
    panels[0].set_yticks(range(len(models)), [_label(m, others) for m, others in same.items()])
    panels[0].set_ylim(len(models) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _same(table: pd.DataFrame, models: list[str]) -> dict[str, list[str]]:
    """The models without those that have the errors of an earlier one, which has their names."""
    errors = table.pivot_table(
        index="model", columns=["component", "test_set", "dihedral_sign"], values="rmse"
    )
    same: dict[str, list[str]] = {}
    for model in models:
        equal = (m for m in same if np.array_equal(errors.loc[m], errors.loc[model], True))
        first = next(equal, None)
        if first is None:
            same[model] = []
        else:
            same[first].append(model)
    return same


def _label(model: str, others: list[str]) -> str:
    """Name of a model, and below it those of the others that share its row."""
    names = (style.model_label(other).partition("(")[2].rstrip(")") or other for other in others)
    return "\n".join([style.model_label(model), *(f"(the same: {name})" for name in names)])


def _panel(axes: Axes, table: pd.DataFrame, models: list[str]) -> None:
    axes.tick_params(axis="y", length=0)
    if table.empty:
        drawing.note(axes)
        return
    signed = set(table["dihedral_sign"]) > {"all"}
    for k, (test_set, sign, colour, marker, label) in enumerate(_points(signed)):
        rows = table[(table["test_set"] == test_set) & (table["dihedral_sign"] == sign)]
        y = np.array([models.index(m) for m in rows["model"]]) + 0.17 * (k - 1.5)
        interval = [rows["rmse"] - rows["rmse_low"], rows["rmse_high"] - rows["rmse"]]
        axes.errorbar(
            rows["rmse"],
            y,
            xerr=np.nan_to_num(np.array(interval, dtype=float)).clip(min=0.0),
            linestyle="none",
            marker=marker,
            color=colour,
            elinewidth=0.8,
            label=label,
        )
    for boundary in np.arange(len(models) - 1) + 0.5:
        axes.axhline(boundary, color=style.LIGHT, linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    drawing.plain_log(axes.xaxis)
    unit = style.unit(table["unit"].iloc[0])
    axes.set_xlabel(f"RMSE {style.symbol(table['component'].iloc[0])} ({unit})")
    drawing.grid(axes, "x")


def _points(signed: bool) -> tuple[tuple[str, str, str, str, str], ...]:
    if signed:
        return _POINTS
    rotated = ("rotated", "all", style.BLUE, "D", "rotated set")
    return (*_POINTS[:2], rotated)
