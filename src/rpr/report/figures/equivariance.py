"""Equivariance: to how many digits does a prediction follow what is done to the molecule?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies.equivariance import LIMITS
from rpr.studies.operations import OPERATIONS
from rpr.studies.tables import spread_columns

#: What the dashed line means.
_LIMIT = "limit below which a deviation counts as rounding"
#: Smaller deviations are drawn here: a logarithmic axis has no zero.
FLOOR = 1e-16
_LOOKS = dict(
    zip(
        OPERATIONS,
        ((style.BLUE, "D"), (style.GREY, "s"), (style.VERMILION, "^"), (style.ORANGE, "o")),
        strict=True,
    )
)


def data(equivariance: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn, which are all of them."""
    return equivariance


@style.styled
def draw(equivariance: pd.DataFrame) -> Figure:
    """Largest deviation of every model under every operation.

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
        return style.statement("no operation was applied to any model")
    models = spread_columns(equivariance["model"], tuple(style.MODELS))
    figure = style.new_figure(style.PAGE, 1.1 + 0.3 * len(models))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, (property, limit) in zip(panels, "ab", LIMITS.items(), strict=True):
        _panel(axes, equivariance[equivariance["property"] == property], models, limit)
        drawing.title(axes, letter, property)
    panels[0].set_yticks(range(len(models)), [style.model_label(m) for m in models])
    panels[0].set_ylim(len(models) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, models: list[str], limit: float) -> None:
    axes.tick_params(axis="y", length=0)
    if rows.empty:
        drawing.note(axes)
        return
    for k, (operation, (colour, marker)) in enumerate(_LOOKS.items()):
        found = rows[rows["operation"] == operation]
        y = [models.index(model) + 0.18 * (k - 1.5) for model in found["model"]]
        largest = np.maximum(found["max_error"], FLOOR)
        axes.plot(largest, y, marker, color=colour, linestyle="none", label=operation)
    axes.axvline(limit, color=style.VERMILION, linestyle="--", linewidth=0.8, label=_LIMIT)
    axes.set_xscale("log")
    unit = style.unit(rows["unit"].iloc[0])
    axes.set_xlabel(f"largest deviation ({unit})")
    drawing.grid(axes, "x")
