"""Figure 3: the KREG potential, learning curves and errors of energies and gradients."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies import metrics

_QUANTITIES = ("energy", "gradient")

_LOOKS = {
    ("in_distribution", "all"): (style.BLACK, "o", "-", "in distribution"),
    ("rotated", "positive"): (style.BLUE, "s", "-", r"rotated set, $\varphi \geq 0$"),
    ("rotated", "negative"): (style.VERMILION, "^", "--", r"rotated set, $\varphi < 0$"),
    ("rotated", "all"): (style.GREEN, "D", "-", "rotated set"),
}


def data(kreg: pd.DataFrame, scatter: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Mean and spread over random subsets of the learning curves, and the scatter points."""
    keys = ["quantity", "test_set", "dihedral_sign", "potential", "n_train"]
    grouped = kreg.groupby(keys, sort=False)
    summary = grouped["rmse"].agg(n_repeats="count", mean="mean", std="std")
    summary["std"] = summary["std"].fillna(0.0)
    curves = summary.join(grouped[["unit", "n_test"]].first()).reset_index()
    return {"learning curve": curves, "scatter": scatter}


@style.styled
def draw(kreg: pd.DataFrame, scatter: pd.DataFrame) -> Figure:
    """KREG learning curves, and the error of each prediction.

    Parameters
    ----------
    kreg
        Table ``kreg.csv``.
    scatter
        Table of :func:`rpr.studies.kreg.kreg_scatter`.

    Returns
    -------
    Figure
        Above the learning curves of energy and gradient, below the errors of the predictions
        (predicted minus reference) against the reference.
    """
    table = data(kreg, scatter)["learning curve"]
    figure = style.new_figure(style.PAGE, 5.4)
    above, below = figure.subfigures(2, 1, height_ratios=(1.0, 0.9))
    panels = above.subplots(1, 2), below.subplots(1, 2)
    for axes, letter, quantity in zip(panels[0], "ab", _QUANTITIES, strict=True):
        _curves(axes, table[table["quantity"] == quantity])
        drawing.title(axes, letter, quantity)
    handles, labels = panels[0][0].get_legend_handles_labels()
    if labels:
        above.legend(handles, labels, loc="outside lower center", ncols=min(3, len(labels)))
    for axes, letter, quantity in zip(panels[1], "cd", _QUANTITIES, strict=True):
        _residuals(axes, scatter[scatter["quantity"] == quantity], quantity)
        drawing.title(axes, letter, f"error of each {quantity}")
    return figure


def _curves(axes: Axes, table: pd.DataFrame) -> None:
    several = table["potential"].nunique() > 1
    signed = set(table["dihedral_sign"]) > {"all"}
    for (test_set, sign), (colour, marker, line, label) in _LOOKS.items():
        if test_set == "rotated" and signed == (sign == "all"):
            continue
        for potential, rows in table[
            (table["test_set"] == test_set) & (table["dihedral_sign"] == sign)
        ].groupby("potential", sort=False):
            rows = rows.sort_values("n_train")
            axes.errorbar(
                rows["n_train"],
                rows["mean"],
                yerr=rows["std"],
                color=colour,
                marker=marker,
                linestyle=":" if several and potential == "plain" else line,
                capsize=1.5,
                elinewidth=0.7,
                markerfacecolor="white" if several and potential == "plain" else colour,
                label=f"{label}, {potential}" if several else label,
            )
    drawing.count_axis(axes, table["n_train"])
    axes.set_yscale("log")
    drawing.plain_log(axes.yaxis)
    if len(table):
        axes.set_ylabel(f"RMSE ({style.unit(table['unit'].iloc[0])})")
    drawing.grid(axes)


def _residuals(axes: Axes, table: pd.DataFrame, quantity: str) -> None:
    if table.empty:
        drawing.note(axes)
        return
    unit = style.unit(table["unit"].iloc[0])
    signs = table["dihedral_sign"].fillna("")  # a CSV has no empty string
    size = drawing.point_size(len(table))
    for (test_set, sign), (colour, marker, _, label) in _LOOKS.items():
        chosen = table["test_set"] == test_set
        if sign != "all":
            chosen &= signs == sign
        elif test_set == "rotated":
            chosen &= signs == ""
        rows = table[chosen]
        if rows.empty:
            continue
        rmse = metrics.rmse(rows["reference"], rows["prediction"])
        label = f"{label}: RMSE {rmse:#.2g}"
        drawing.scatter(
            axes, rows, colour=colour, marker=marker, label=label, size=size, residuals=True
        )
    axes.axhline(0.0, color=style.GREY, linewidth=0.6, zorder=0)
    axes.set_xlabel(f"reference {quantity} ({unit})")
    axes.set_ylabel(f"predicted minus reference ({unit})")
    largest = 1.15 * max(map(abs, axes.get_ylim()))
    axes.set_ylim(-largest, 1.6 * largest)  # room for the legend
    axes.legend(loc="upper right", markerscale=2.2, handletextpad=0.2)
