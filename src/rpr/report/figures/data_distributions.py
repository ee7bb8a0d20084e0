"""What the data look like: distributions of geometry, energy and labels in both sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style

SETS = {
    "frames_table": "labelled frames",
    "rotated_table": "rotated set",
    "md_table": "frames of the dynamics",
}

_LOOKS = ((style.SKY, True), (style.VERMILION, False))


def data(
    frames_table: pd.DataFrame,
    rotated_table: pd.DataFrame | None = None,
    md_table: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables by the name of the set; a second set of the same frames is left out."""
    others = {"rotated_table": rotated_table, "md_table": md_table}
    sets = {SETS["frames_table"]: frames_table}
    for name, table in others.items():
        if table is not None and not table.equals(frames_table):
            sets[SETS[name]] = table
    return sets


@style.styled
def draw(
    frames_table: pd.DataFrame,
    rotated_table: pd.DataFrame | None = None,
    md_table: pd.DataFrame | None = None,
) -> Figure:
    """Distributions of two sets, one panel for each quantity.

    Parameters
    ----------
    frames_table, rotated_table, md_table
        From :func:`rpr.data.distributions.table`: the labelled frames, and with them the rotated
        test set, or the frames of the dynamics that they were drawn from.
    """
    sets = data(frames_table, rotated_table, md_table)
    quantities = list(dict.fromkeys(q for t in sets.values() for q in t["quantity"]))
    if not quantities:
        return style.statement("no frames")
    n_columns = 4 if len(quantities) in (7, 8) else 3
    n_rows = -(-len(quantities) // n_columns)
    figure = style.new_figure(style.PAGE, 0.35 + 1.55 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes, quantity in zip(panels, quantities, strict=False):
        _panel(axes, {name: t[t["quantity"] == quantity] for name, t in sets.items()}, quantity)
    for axes in panels[len(quantities) :]:
        axes.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def _panel(axes: Axes, sets: dict[str, pd.DataFrame], quantity: str) -> None:
    for (name, bins), (colour, filled) in zip(sets.items(), _LOOKS, strict=False):
        if bins.empty:
            continue
        axes.stairs(
            bins["density"],
            [*bins["low"], bins["high"].iloc[-1]],
            color=colour,
            fill=filled,
            alpha=0.7 if filled else 1.0,
            linewidth=1.0,
            label=f"{name} ({int(bins['n_frames'].iloc[0])})",
        )
        unit = style.unit(bins["unit"].iloc[0])
    axes.set_xlabel(f"{quantity} ({unit})")
    axes.set_ylabel(f"density per {unit}")
    axes.locator_params(axis="y", nbins=4)
    if quantity == "dihedral":
        axes.set_xlim(-180, 180)
        axes.set_xticks(np.arange(-180, 181, 90))
    axes.set_ylim(0, None)
