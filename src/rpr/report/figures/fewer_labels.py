"""Error of the dipole against the price of its training labels, with and without derivatives."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.report.summaries import means_over_sets

_LOOKS = {
    "values": (style.GREY, "o", "dipoles"),
    "values, lambda-SOAP": (style.BLUE, "s", "dipoles, λ-SOAP"),
    "values and derivatives": (style.VERMILION, "D", "dipoles and derivatives"),
}
_PANELS = ("held_out_trajectories", "rotated")


def data(fewer_labels: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean of the errors over training sets, with its interval.

    ``low`` and ``high`` bound the 95 % interval: the half-widths of Student's t over training sets
    and of the bootstrap over test trajectories, both of logarithms, add in squares.
    """
    table = fewer_labels[fewer_labels["component"] == "mu_inv"]
    grouped = table.groupby(["labels", "test_set", "n_train"], sort=False)
    first = grouped[["unit", "n_test", "seconds", "seconds_full"]].first()
    return means_over_sets(grouped, "rmse_low", "rmse_high").join(first).reset_index()


@style.styled
def draw(fewer_labels: pd.DataFrame) -> Figure:
    """Error against label time on held-out trajectories (a) and on the rotated set (b).

    Parameters
    ----------
    fewer_labels
        Table of :func:`rpr.studies.fewer_labels.fewer_labels`.
    """
    table = data(fewer_labels)
    if table.empty:
        return style.statement("no study of derivatives as labels")
    figure = style.new_figure(style.PAGE, 3.3)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, name in zip(panels, "ab", _PANELS, strict=True):
        rows = table[table["test_set"] == name]
        drawing.title(axes, letter, style.TEST_SETS[name])
        if rows.empty:
            drawing.note(axes)
            continue
        _panel(axes, rows)
    unit = style.unit(table["unit"].iloc[0])
    panels[0].set_ylabel(f"RMSE {style.symbol('mu_inv')} ({unit})")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    for labels, (colour, marker, text) in _LOOKS.items():
        rows = table[table["labels"] == labels].sort_values("n_train")
        if rows.empty:
            continue
        bars = [rows["rmse"] - rows["low"], rows["high"] - rows["rmse"]]
        axes.errorbar(
            rows["seconds_full"], rows["rmse"], bars, color=colour, marker=marker, elinewidth=0.7,
            label=f"{text}, full label",
        )  # fmt: skip
        axes.plot(
            rows["seconds"], rows["rmse"], color=colour, marker=marker, linestyle=":",
            markerfacecolor="white", linewidth=0.8, label=f"{text}, cheapest label",
        )  # fmt: skip
    _number(axes, table)
    axes.set(xscale="log", yscale="log", xlabel="processor time of the training labels (s)")
    drawing.plain_log(axes.yaxis)
    axes.set_xlim(right=1.4 * axes.get_xlim()[1])  # room for the number beside the last point
    drawing.grid(axes)


def _number(axes: Axes, table: pd.DataFrame) -> None:
    """Numbers of frames, once for the same price: to the right above the highest point."""
    highest = table.sort_values("rmse").drop_duplicates(["n_train", "seconds_full"], keep="last")
    for row in highest.itertuples():
        axes.annotate(
            f"{row.n_train}", (row.seconds_full, row.rmse), xytext=(4, 3),
            textcoords="offset points", fontsize=6, color=_LOOKS[row.labels][0],
        )  # fmt: skip
