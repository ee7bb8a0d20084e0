"""Parts of figures that several of them share: axes, ticks, titles and scatter plots."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis

from rpr.report.style import GREY

#: Wavenumber in cm^-1 from which spectra are drawn: below, windows show what hardly moves at all.
LOWEST_WAVENUMBER = 30.0


def title(axes: Axes, letter: str, text: str) -> None:
    """Title of a panel with its letter."""
    axes.set_title(f"({letter}) {text}", loc="left", fontweight="bold")


def note(axes: Axes, text: str = "not measured") -> None:
    """Say in the middle of a panel why nothing is drawn there."""
    axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes)


def degrees_axis(
    axes: Axes, *, low: float = -180.0, high: float = 180.0, step: float = 60.0
) -> None:
    """Horizontal axis of a dihedral angle."""
    axes.set_xlim(low, high)
    axes.set_xticks(np.arange(low, high + 1.0, step))
    axes.set_xlabel("dihedral (°)")


def grid(axes: Axes, which: str = "both") -> None:
    """Draw faint lines behind the data."""
    axes.grid(True, axis=which, which="major")


def count_axis(axes: Axes, sizes: Sequence[float] | np.ndarray) -> None:
    """Logarithmic horizontal axis of training set sizes, with as many as fit as ticks."""
    sizes = np.unique(np.asarray(sizes, dtype=float))
    axes.set_xscale("log")
    axes.set_xlabel("training frames")
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    if not len(sizes):
        return
    kept = [sizes[-1]]
    for size in sizes[-2::-1]:
        if np.log10(kept[-1] / size) > 0.24:
            kept.append(size)
    axes.set_xticks(kept, [f"{int(s)}" for s in kept])
    margin = 1.25
    axes.set_xlim(sizes[0] / margin, sizes[-1] * margin)


def plain_log(axis: Axis) -> None:
    """Write numbers such as 0.01 on a logarithmic axis, which spans two thirds of a decade or more.

    Minor ticks have numbers only where there are few decades.
    """
    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low) if low > 0 else 1.0
    if decades < 0.7:
        middle, half = np.sqrt(low * high), 10**0.35
        axis.axes.set(**{f"{axis.axis_name}lim": (middle / half, middle * half)})
    axis.set_major_locator(mpl.ticker.LogLocator())
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(mpl.ticker.NullFormatter())
    if decades < 2.5:
        axis.set_minor_locator(mpl.ticker.LogLocator(subs=(2, 5) if decades < 1.7 else (3,)))
        axis.set_minor_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))


def point_size(n_points: int) -> float:
    """Size of scatter markers: small where they are many."""
    return 1.7 if n_points > 300 else 3.0


def scatter(
    axes: Axes,
    rows: pd.DataFrame,
    *,
    colour: str,
    marker: str,
    label: str,
    size: float,
    residuals: bool = False,
) -> None:
    """Plot the columns ``prediction``, or its residuals, against ``reference``."""
    axes.plot(
        rows["reference"],
        rows["prediction"] - rows["reference"] if residuals else rows["prediction"],
        linestyle="none",
        marker=marker,
        markersize=size,
        markeredgewidth=0,
        alpha=0.6,
        color=colour,
        label=label,
    )


def diagonal(axes: Axes, *values: Sequence[float]) -> None:
    """Draw the line y = x, and give both axes the same limits, which hold all `values`."""
    joined = np.concatenate([np.asarray(v, dtype=float) for v in values])
    low, high = float(joined.min()), float(joined.max())
    margin = 0.04 * (high - low) or 1.0
    limits = low - margin, high + margin
    axes.plot(limits, limits, color=GREY, linewidth=0.6, zorder=0)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_box_aspect(1)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5))


def with_gaps(bins: pd.DataFrame, *columns: str) -> tuple[np.ndarray, ...]:
    """Middle of each bin of the dihedral and its values, interrupted where bins are missing.

    Parameters
    ----------
    bins
        Columns ``dihedral_low`` and ``dihedral_high``, in ascending order.
    *columns
        Columns of the values.

    Returns
    -------
    tuple of arrays, [n_points]
        The middles and each of the columns, with a NaN in every gap, so that no line crosses it.
    """
    low, high = bins["dihedral_low"].to_numpy(), bins["dihedral_high"].to_numpy()
    missing = np.flatnonzero(low[1:] > high[:-1] + 1e-6) + 1
    values = [(low + high) / 2, *(bins[c].to_numpy(dtype=float) for c in columns)]
    return tuple(np.insert(v, missing, np.nan) for v in values)
