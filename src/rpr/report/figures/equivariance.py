"""Covariance: does the prediction turn with the molecule, to how many digits?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rpr.report import style
from rpr.studies.equivariance import LIMITS
from rpr.studies.tables import spread_columns

#: Deviations below this are drawn at it: exact to rounding.
FLOOR = 1e-16


def data(equivariance: pd.DataFrame) -> pd.DataFrame:
    """What is drawn: the table itself."""
    return equivariance


@style.styled
def draw(equivariance: pd.DataFrame) -> Figure:
    """Largest and median deviation under random rotations of every model.

    Parameters
    ----------
    equivariance
        Table ``equivariance.csv``.

    Returns
    -------
    Figure
        One panel for each property; the dashed line is the limit of
        :data:`rpr.studies.equivariance.LIMITS`.
    """
    if equivariance.empty:
        return style.statement("no model was rotated")
    models = spread_columns(equivariance["model"], tuple(style.MODELS))
    figure = style.new_figure(style.PAGE, 1.1 + 0.19 * len(models))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, (property, limit) in zip(panels, "ab", LIMITS.items(), strict=True):
        _panel(axes, equivariance[equivariance["property"] == property], models, limit)
        axes.set_title(f"({letter}) {property}", loc="left", fontweight="bold")
    panels[0].set_yticks(range(len(models)), models)
    panels[0].set_ylim(len(models) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _panel(axes, rows, models, limit):
    axes.tick_params(axis="y", length=0)
    if rows.empty:
        axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)
        return
    y = [models.index(model) for model in rows["model"]]
    median, largest = (np.maximum(rows[c], FLOOR) for c in ("median_error", "max_error"))
    axes.hlines(y, median, largest, color=style.GREY, linewidth=0.8)
    axes.plot(median, y, "o", color=style.BLUE, markerfacecolor="white", label="median")
    n = int(rows["n_rotations"].max())
    axes.plot(largest, y, "D", color=style.BLUE, label=f"largest of {n} rotations")
    axes.axvline(limit, color=style.RED, linestyle="--", linewidth=0.8, label="limit")
    axes.set_xscale("log")
    unit = style.unit(rows["unit"].iloc[0])
    axes.set_xlabel(f"deviation ({unit})")
    style.grid(axes, "x")
