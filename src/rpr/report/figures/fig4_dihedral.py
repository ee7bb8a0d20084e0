"""Figure 4: dihedral angle against time of the trajectories of the rotated test set."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rpr.report import style

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


def _cyclic():
    """Twilight without its white middle, which would not show on paper."""
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
        A statement if the molecule has no dihedral.
    """
    table = data(trajectories, max_points=max_points)
    if table.empty:
        return style.statement("The molecule has no dihedral: Figure 4 does not apply.")
    figure = style.new_figure(style.PAGE, 3.1)
    axes, side = figure.subplots(1, 2, width_ratios=(6, 1), sharey=True)
    colours = _cyclic()
    for _, rows in table.groupby("trajectory"):
        start = rows["dihedral"].iloc[0]
        _line(axes, rows, colours((start + 180.0) / 360.0))
    span = table["time_ps"].max()
    axes.set_xlim(table["time_ps"].min(), span if span > 0 else 1.0)
    axes.set_ylim(-180, 180)
    axes.set_yticks(np.arange(-180, 181, 60))
    axes.set_xlabel("time (ps)")
    axes.set_ylabel(r"dihedral $\varphi$ (°)")
    style.grid(axes, "y")
    side.hist(
        table["dihedral"],
        bins=np.arange(-180, 181, 10),
        orientation="horizontal",
        color=style.GREY,
        density=True,
    )
    side.set_xlabel("density (1/°)")
    side.xaxis.set_major_locator(mpl.ticker.MaxNLocator(2))
    style.grid(side, "y")
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-180, 180), colours)
    bar = figure.colorbar(
        scale, ax=[axes, side], pad=0.01, aspect=30, ticks=[-180, -90, 0, 90, 180]
    )
    bar.set_label(r"$\varphi$ at the start (°)")
    bar.outline.set_linewidth(0.6)
    return figure


def _line(axes, rows, colour):
    time, angle = unwrapped(rows["time_ps"].to_numpy(), rows["dihedral"].to_numpy())
    axes.plot(time, angle, color=colour, linewidth=0.6)
    axes.plot(time[:1], angle[:1], marker="o", markersize=2.6, color=colour, clip_on=False)


def unwrapped(time: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same line, drawn to the edge and continued at the other one where it crosses 180.

    Parameters
    ----------
    time, angle
        Points of one trajectory, [n_points]; degrees in (-180, 180].

    Returns
    -------
    time, angle
        With three points more at each crossing: the edge, a gap (NaN), the other edge.
    """
    step = np.diff(angle)
    crossings = np.flatnonzero(np.abs(step) > 180.0)
    # Where the number falls, the angle has risen through 180 degrees.
    edge = np.where(step[crossings] < 0, 180.0, -180.0)
    part = np.abs(edge - angle[crossings]) / (360.0 - np.abs(step[crossings]))
    when = time[crossings] + part * (time[crossings + 1] - time[crossings])
    at = np.repeat(crossings + 1, 3)
    more = np.column_stack([edge, np.full_like(edge, np.nan), -edge]).ravel()
    return np.insert(time, at, np.repeat(when, 3)), np.insert(angle, at, more)
