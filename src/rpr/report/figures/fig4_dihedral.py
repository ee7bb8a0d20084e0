"""Figure 4: dihedral angle against time of the trajectories of the rotated test set."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing

COLUMNS = ["trajectory", "time_ps", "dihedral"]


def data(trajectories: pd.DataFrame, *, max_points: int = 1000) -> pd.DataFrame:
    """At most `max_points` evenly spaced points of each trajectory."""
    thinned = [
        rows.sort_values("time_ps").iloc[:: max(1, -(-len(rows) // max_points))]
        for _, rows in trajectories.groupby("trajectory")
    ]
    if not thinned:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(thinned, ignore_index=True)[COLUMNS].dropna()


def _cyclic() -> mpl.colors.Colormap:
    """The colour map twilight without its white middle, which would not show on paper."""
    colours = mpl.colormaps["twilight_shifted"](np.linspace(0, 1, 256))
    colours[:, :3] *= np.minimum(1.0, 0.62 / colours[:, :3].mean(axis=1))[:, None]
    return mpl.colors.ListedColormap(colours)


@style.styled
def draw(trajectories: pd.DataFrame, *, max_points: int = 1000) -> Figure:
    """Dihedral of every trajectory against time, and its distribution.

    Parameters
    ----------
    trajectories
        Columns ``trajectory, time_ps, dihedral`` (degrees).
    max_points
        Points drawn of each trajectory.

    Returns
    -------
    Figure
        The distribution alone where no times were recorded; a statement if the molecule has no
        dihedral.
    """
    table = data(trajectories, max_points=max_points)
    if table.empty:
        return style.statement("The molecule has no dihedral: Figure 4 does not apply.")
    if table["time_ps"].nunique() < 2:
        return _without_times(table)
    figure = style.new_figure(style.PAGE, 3.1)
    axes, side = figure.subplots(1, 2, width_ratios=(6, 1), sharey=True)
    colours = _cyclic()
    for _, rows in table.groupby("trajectory"):
        start = rows["dihedral"].iloc[0]
        _line(axes, rows, colours((start + 180.0) / 360.0))
    axes.set_xlim(table["time_ps"].min(), table["time_ps"].max())
    axes.set_ylim(-180, 180)
    axes.set_yticks(np.arange(-180, 181, 60))
    axes.set_xlabel("time (ps)")
    axes.set_ylabel(r"dihedral $\varphi$ (°)")
    drawing.grid(axes, "y")
    _histogram(side, table, orientation="horizontal")
    side.set_xlabel("density (1/°)")
    side.xaxis.set_major_locator(mpl.ticker.MaxNLocator(2))
    drawing.grid(side, "y")
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-180, 180), colours)
    bar = figure.colorbar(
        scale, ax=[axes, side], pad=0.01, aspect=30, ticks=[-180, -90, 0, 90, 180]
    )
    bar.set_label(r"$\varphi$ at the start (°)")
    bar.outline.set_linewidth(0.6)
    return figure


def _without_times(table: pd.DataFrame) -> Figure:
    figure = style.new_figure(style.COLUMN, 2.4)
    axes = figure.subplots()
    _histogram(axes, table)
    drawing.degrees_axis(axes)
    axes.set_ylabel("density (1/°)")
    axes.set_title("distribution only: no times were recorded")
    return figure


def _histogram(axes: Axes, table: pd.DataFrame, orientation: str = "vertical") -> None:
    axes.hist(
        table["dihedral"],
        bins=np.arange(-180, 181, 10),
        orientation=orientation,
        color=style.GREY,
        density=True,
    )


def _line(axes: Axes, rows: pd.DataFrame, colour: tuple) -> None:
    time, angle = unwrapped(rows["time_ps"].to_numpy(), rows["dihedral"].to_numpy())
    axes.plot(time, angle, color=colour, linewidth=0.6)
    axes.plot(time[:1], angle[:1], marker="o", markersize=2.6, color=colour, clip_on=False)


def unwrapped(time: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line that stops at the edge where it crosses 180 degrees, and goes on at the other edge.

    Parameters
    ----------
    time, angle
        Points of one trajectory, arrays, [n_points]; degrees in (-180, 180].

    Returns
    -------
    time, angle
        With three points more at each crossing: the edge, a gap (NaN), the other edge.
    """
    step = np.diff(angle)
    crossings = np.flatnonzero(np.abs(step) > 180.0)
    # An angle that rises through 180 degrees falls as a number.
    edge = np.where(step[crossings] < 0, 180.0, -180.0)
    part = np.abs(edge - angle[crossings]) / (360.0 - np.abs(step[crossings]))
    when = time[crossings] + part * (time[crossings + 1] - time[crossings])
    at = np.repeat(crossings + 1, 3)
    more = np.column_stack([edge, np.full_like(edge, np.nan), -edge]).ravel()
    return np.insert(time, at, np.repeat(when, 3)), np.insert(angle, at, more)
