"""Calibration: are predicted errors as large as errors, and do regions hold what they should?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies.calibration import REGIONS
from rpr.studies.evaluation import INVARIANT

#: Colour and marker of each test set.
_LOOKS = {
    "in_distribution": (style.BLACK, "o"),
    "held_out_trajectories": (style.GREEN, "s"),
    "rotated": (style.BLUE, "D"),
}


def data(calibration: pd.DataFrame, by_size: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Errors by size of the predicted error, and coverage of the regions."""
    covered = calibration["score"].isin([f"coverage_{percent}" for percent in REGIONS])
    return {"size": by_size, "coverage": calibration[covered].reset_index(drop=True)}


@style.styled
def draw(calibration: pd.DataFrame, by_size: pd.DataFrame) -> Figure:
    """Errors against predicted errors, and coverage of the 50, 90 and 95 % regions.

    Parameters
    ----------
    calibration
        Table ``calibration.csv``.
    by_size
        Table ``calibration_by_size.csv``.

    Returns
    -------
    Figure
        Columns: properties; above: RMSE in bins of the predicted error, with 95 % intervals; below:
        the part of the labels inside each region.
    """
    tables = data(calibration, by_size)
    if tables["size"].empty or tables["coverage"].empty:
        return style.statement("No model predicted covariances.")
    figure = style.new_figure(style.PAGE, 5.6)
    panels = figure.subplots(2, 2, height_ratios=(1.35, 1.0))
    for j, (property, component) in enumerate(INVARIANT.items()):
        sizes, regions = (
            tables[name][tables[name]["property"] == property] for name in ("size", "coverage")
        )
        _size_panel(panels[0, j], sizes, component)
        _coverage_panel(panels[1, j], regions)
        drawing.title(panels[0, j], "ab"[j], f"{property}: size of the error")
        drawing.title(panels[1, j], "cd"[j], f"{property}: coverage")
    handles: dict = {}
    for axes in panels.ravel():
        handles |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    return figure


def _size_panel(axes: Axes, rows: pd.DataFrame, component: str) -> None:
    if rows.empty:
        drawing.note(axes)
        return
    for test_set, (colour, marker) in _LOOKS.items():
        bins = rows[rows["test_set"] == test_set]
        if bins.empty:
            continue
        axes.errorbar(
            bins["predicted"],
            bins["rmse"],
            yerr=_bars(bins["rmse"], bins["rmse_low"], bins["rmse_high"]),
            color=colour,
            marker=marker,
            linewidth=0.7,
            elinewidth=0.7,
            label=style.TEST_SETS[test_set],
        )
    both = np.concatenate([rows["predicted"], rows["rmse"]])
    ends = np.array([both.min() / 1.3, both.max() * 1.3])
    axes.plot(ends, ends, color=style.GREY, linewidth=0.7, zorder=0, label="as predicted")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        drawing.plain_log(axis)
    unit = style.unit(rows["unit"].iloc[0])
    axes.set_xlabel(f"predicted error ({unit})")
    axes.set_ylabel(f"RMSE {style.symbol(component)} ({unit})")
    drawing.grid(axes)


def _coverage_panel(axes: Axes, rows: pd.DataFrame) -> None:
    if rows.empty:
        drawing.note(axes)
        return
    for k, percent in enumerate(REGIONS):
        low, high = k - 0.4, k + 0.4
        axes.hlines(percent, low, high, color=style.GREY, linewidth=0.9, label="as predicted")
        for number, (test_set, (colour, marker)) in enumerate(_LOOKS.items()):
            chosen = rows["score"] == f"coverage_{percent}"
            row = rows[chosen & (rows["test_set"] == test_set)]
            if row.empty:
                continue
            axes.errorbar(
                np.full(len(row), k + 0.2 * (number - 1)),
                100 * row["value"],
                yerr=100 * _bars(row["value"], row["low"], row["high"]),
                color=colour,
                marker=marker,
                linestyle="none",
                elinewidth=0.7,
                label=style.TEST_SETS[test_set],
            )
    axes.set_xticks(range(len(REGIONS)), [f"{percent} %" for percent in REGIONS])
    axes.set_xlabel("region")
    axes.set_ylabel("labels inside (%)")
    axes.set_ylim(top=101.5)
    drawing.grid(axes, "y")


def _bars(value: pd.Series, low: pd.Series, high: pd.Series) -> np.ndarray:
    """Lengths of error bars; none where an interval is missing."""
    return np.nan_to_num(np.array([value - low, high - value], dtype=float)).clip(min=0.0)
