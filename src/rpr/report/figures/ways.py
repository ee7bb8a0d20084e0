"""Ways to equivariance: what each costs in error, and what it obeys."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies.operations import OPERATIONS
from rpr.studies.tables import spread_columns
from rpr.studies.ways import IDEAS

#: Smaller deviations, in the unit of the table, are those of rounding.
EXACT = 1e-5
_COLOURS = (
    style.GREY, style.ORANGE, style.YELLOW, style.BLACK, style.VERMILION, style.SKY, style.BLUE,
    style.GREEN, style.PINK,
)  # fmt: skip


def data(ways: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn, which are all of them."""
    return ways


@style.styled
def draw(ways: pd.DataFrame) -> Figure:
    """Error of every way on the rotated set, and how far it is from each symmetry.

    Parameters
    ----------
    ways
        Table ``ways.csv`` of :func:`rpr.studies.ways_summary.ways_table`.

    Returns
    -------
    Figure
        Panel a: errors with the reference number of training frames, and with the largest.  Panel
        b: deviation from equivariance for each operation, or a dot where it is exact.
    """
    if ways.empty:
        return style.statement("no way to equivariance was measured")
    ways = ways.reset_index(drop=True)
    ideas = spread_columns(ways["idea"], IDEAS)
    figure = style.new_figure(style.PAGE, 1.3 + 0.16 * len(ways))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1.0])
    _errors(left, ways, ideas)
    _deviations(right, ways)
    usual = ways["n_train"].mode().iloc[0]
    names = [
        way if n == usual else f"{way} ({n} frames)"
        for way, n in zip(ways["way"], ways["n_train"], strict=True)
    ]
    left.set_yticks(range(len(ways)), names)
    left.set_ylim(len(ways) - 0.5, -0.5)
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
        _separate(axes, ways["idea"])
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _errors(axes: Axes, ways: pd.DataFrame, ideas: list[str]) -> None:
    for k, idea in enumerate(ideas):
        rows = ways[ways["idea"] == idea]
        colour = _COLOURS[k % len(_COLOURS)]
        bars = [
            (rows["rotated"] - rows["rotated_low"]).fillna(0.0),
            (rows["rotated_high"] - rows["rotated"]).fillna(0.0),
        ]
        axes.errorbar(
            rows["rotated"], rows.index, xerr=bars, color=colour, marker="o", linestyle="none",
            elinewidth=0.8, label=idea,
        )  # fmt: skip
        more = rows[rows["largest"] > rows["n_train"]]
        axes.plot(
            more["rotated_largest"], more.index, color=colour, marker="|", linestyle="none",
            markersize=6,
        )  # fmt: skip
    axes.set_xscale("log")
    drawing.plain_log(axes.xaxis)
    axes.set_xlabel(f"RMSE on the rotated set ({style.unit(ways['unit'].iloc[0])})")
    n, largest = int(ways["n_train"].mode().iloc[0]), int(ways["largest"].max())
    drawing.title(axes, "a", f"error: {n} training frames (|: up to {largest})")
    drawing.grid(axes)


def _deviations(axes: Axes, ways: pd.DataFrame) -> None:
    values = ways[list(OPERATIONS)].to_numpy(dtype=float)
    shown = np.where(values < EXACT, np.nan, values)
    axes.imshow(
        np.log10(shown), aspect="auto", cmap="OrRd", vmin=-2.5, vmax=1.0, interpolation="nearest"
    )
    for (row, column), value in np.ndenumerate(values):
        text = "•" if value < EXACT else f"{value:.2g}"
        axes.text(column, row, "" if np.isnan(value) else text, ha="center", va="center", size=5.5)
    axes.set_xticks(range(len(OPERATIONS)), OPERATIONS, rotation=20, ha="right")
    axes.set_xlabel(f"deviation ({style.unit(ways['unit'].iloc[0])}); •: below {EXACT:.0e}")
    drawing.title(axes, "b", "does the prediction follow?")


def _separate(axes: Axes, ideas: pd.Series) -> None:
    """Lines between ideas."""
    for row in np.flatnonzero(ideas.to_numpy()[1:] != ideas.to_numpy()[:-1]):
        axes.axhline(row + 0.5, color=style.GREY, linewidth=0.4)
