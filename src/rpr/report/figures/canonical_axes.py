"""Canonical axes compared: flips, gap along the dihedral, and accuracy."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing

_DESCRIPTORS = {"RE": (style.ORANGE, "o"), "RExyzCl": (style.BLUE, "D")}
_SPARE = ((style.GREEN, "^"), (style.PINK, "s"), (style.SKY, "v"), (style.BLACK, "P"))
_PROPERTIES = ("dipole", "polarizability")


_QUANTILES = ["dihedral_low", "dihedral_high", "q05", "q50", "q95", "n_frames"]


def gap_quantiles(gaps: pd.DataFrame, *, width: float = 5.0) -> pd.DataFrame:
    """The 5, 50 and 95 % quantiles of the gap in bins of the dihedral."""
    known = gaps.dropna(subset=["dihedral"])
    if known.empty:
        return pd.DataFrame(columns=_QUANTILES)
    low = np.floor(known["dihedral"] / width) * width
    grouped = known.groupby(low.rename("dihedral_low"))["axis_gap"]
    table = grouped.quantile([0.05, 0.5, 0.95]).unstack()
    table.columns = ["q05", "q50", "q95"]
    table = table.assign(n_frames=grouped.count()).reset_index()
    table.insert(1, "dihedral_high", table["dihedral_low"] + width)
    return table


def data(
    flips: pd.DataFrame, gaps: pd.DataFrame, accuracy: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The rows that each panel draws."""
    return {"gap": gap_quantiles(gaps), "flips": flips, "accuracy": accuracy}


@style.styled
def draw(
    flips: pd.DataFrame,
    gaps: pd.DataFrame,
    accuracy: pd.DataFrame,
) -> Figure:
    """Canonical axes compared.

    Parameters
    ----------
    flips
        Table ``axes_flips.csv``.
    gaps
        Table ``axes_gaps.csv``.
    accuracy
        Table ``axes_accuracy.csv``, both properties.

    Returns
    -------
    Figure
        Gap against dihedral, which is left out without a dihedral; flips; and RMSE in each kind of
        axes.
    """
    if flips.empty:
        return style.statement("The molecule has no molecule-fixed axes to compare.")
    names = list(flips["axes"])
    has_dihedral = bool(gaps["dihedral"].notna().any()) if len(gaps) else False
    bottom_height = 1.1 + 0.17 * len(names)
    figure = style.new_figure(style.PAGE, bottom_height + 2.2 * has_dihedral)
    top, bottom = figure, figure
    if has_dihedral:
        top, bottom = figure.subfigures(2, 1, height_ratios=(2.2, bottom_height))
        _gap(top.subplots(), gaps)
    panels = bottom.subplots(1, 3, sharey=True)
    _flips(panels[0], flips, names)
    letters = "bcd" if has_dihedral else "abc"
    drawing.title(panels[0], letters[0], "jumps of the axes")
    for axes, letter, property in zip(panels[1:], letters[1:], _PROPERTIES, strict=True):
        _accuracy(axes, accuracy[accuracy["property"] == property], names)
        drawing.title(axes, letter, property)
    handles, labels = panels[1].get_legend_handles_labels()
    if labels:
        columns = len(labels) if len(labels) <= 4 else (len(labels) + 1) // 2
        bottom.legend(handles, labels, loc="outside lower right", ncols=columns)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def _gap(axes: Axes, gaps: pd.DataFrame) -> None:
    known = gaps.dropna(subset=["dihedral"])
    axes.plot(
        known["dihedral"],
        known["axis_gap"],
        linestyle="none",
        marker=".",
        markersize=1.2,
        markeredgewidth=0,
        color=style.SKY,
        alpha=0.5,
        rasterized=True,
        label="frames",
    )
    quantiles = gap_quantiles(gaps)
    middle, q05, q50, q95 = drawing.with_gaps(quantiles, "q05", "q50", "q95")
    axes.plot(middle, q50, color=style.BLUE, label="median")
    axes.plot(middle, q05, color=style.BLUE, linestyle=":", label="5 and 95 %")
    axes.plot(middle, q95, color=style.BLUE, linestyle=":")
    lowest = float(middle[np.nanargmin(q50)])
    axes.axvline(lowest, color=style.VERMILION, linewidth=0.8, linestyle="--")
    axes.annotate(
        f"median gap smallest near {lowest:.0f}°",
        (lowest, 0.93),
        (5, 0),
        color=style.VERMILION,
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=6.5,
        ha="left" if lowest < 120 else "right" if lowest > 150 else "left",
    )
    low, high = (-180, 180) if known["dihedral"].quantile(0.02) < -5 else (0, 180)
    drawing.degrees_axis(axes, low=low, high=high, step=30)
    axes.set_ylim(0, None)
    axes.set_ylabel("gap between moments\nof inertia, relative to the largest")
    drawing.title(axes, "a", "how well the inertia axes are determined")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles, labels, loc="upper center", ncols=3, markerscale=5)
    drawing.grid(axes)


def _flips(axes: Axes, flips: pd.DataFrame, names: list[str]) -> None:
    rows = flips.set_index("axes").loc[names]
    y = np.arange(len(names))
    axes.barh(y, rows["flips_per_1000"].fillna(0), height=0.6, color=style.BLUE, label="sign flips")
    axes.barh(
        y,
        rows["swaps_per_1000"].fillna(0),
        left=rows["flips_per_1000"].fillna(0),
        height=0.6,
        color=style.ORANGE,
        label="axis swaps",
    )
    axes.set_xscale("symlog", linthresh=1.0)
    for position, (_, row) in enumerate(rows.iterrows()):
        total = row["flips_per_1000"] + row["swaps_per_1000"]
        if np.isnan(total):
            continue
        axes.annotate(
            f"{total:.1f}",
            (total, position),
            (2, 0),
            textcoords="offset points",
            va="center",
            fontsize=6,
        )
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    largest = np.nanmax([1.0, *(rows["flips_per_1000"] + rows["swaps_per_1000"])])
    axes.set_xlim(0, largest * 4)
    axes.set_xlabel("jumps per 1000 steps")
    axes.legend(loc="lower right")
    axes.tick_params(axis="y", length=0)
    drawing.grid(axes, "x")


def _accuracy(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    axes.tick_params(axis="y", length=0)
    if rows.empty:
        drawing.note(axes)
        return
    spare = iter(_SPARE * 5)
    looks = {d: _DESCRIPTORS.get(d) or next(spare) for d in dict.fromkeys(rows["descriptor"])}
    for (test_set, descriptor), points in rows.groupby(["test_set", "descriptor"], sort=False):
        colour, marker = looks[descriptor]
        points = points[points["axes"].isin(names)]
        y = [names.index(name) for name in points["axes"]]
        interval = [points["rmse"] - points["rmse_low"], points["rmse_high"] - points["rmse"]]
        axes.errorbar(
            points["rmse"],
            y,
            xerr=np.nan_to_num(interval).clip(min=0.0),
            linestyle="none",
            marker=marker,
            color=colour,
            markerfacecolor=colour if test_set == "in_distribution" else "white",
            elinewidth=0.7,
            label=f"{descriptor}, {style.TEST_SETS.get(test_set, test_set)}",
        )
    axes.set_xscale("log")
    drawing.plain_log(axes.xaxis)
    unit = style.unit(rows["unit"].iloc[0])
    axes.set_xlabel(f"RMSE {style.symbol(rows['component'].iloc[0])} ({unit})")
    drawing.grid(axes, "both")
