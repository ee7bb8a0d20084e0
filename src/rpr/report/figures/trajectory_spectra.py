"""Infrared and Raman spectra of all trajectories together, over the whole range."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing


@style.styled
def draw(infrared: pd.DataFrame | None = None, raman: pd.DataFrame | None = None) -> Figure:
    """One panel for each spectrum that there is.

    Parameters
    ----------
    infrared, raman
        Tables of :func:`rpr.studies.spectra.infrared_table` and ``raman_table``.

    Returns
    -------
    Figure
        Mean and its 95 % interval; the infrared panel has the running integral.
    """
    given = [name for name, t in (("infrared", infrared), ("Raman", raman)) if t is not None]
    figure = style.new_figure(style.PAGE, 0.4 + 2.2 * len(given))
    panels = figure.subplots(len(given), 1, squeeze=False)[:, 0]
    for axes, letter, name in zip(panels, "ab", given, strict=False):
        if name == "infrared" and infrared is not None:
            _spectrum(axes, infrared, "absorption{}_km_cm_per_mol")
            axes.set_ylabel("IR absorption\n(km mol$^{-1}$ / cm$^{-1}$)")
            _integral(axes, infrared)
        elif raman is not None:
            _spectrum(axes, raman, "cross_section{}_1e-36_m2_cm_per_sr")
            axes.set_ylabel("Raman cross-section\n(10$^{-36}$ m$^2$ sr$^{-1}$ / cm$^{-1}$)")
        drawing.title(axes, letter, name)
    panels[-1].set_xlabel("wavenumber (cm$^{-1}$)")
    return figure


def _spectrum(axes: Axes, table: pd.DataFrame, column: str) -> None:
    rows = table[table["wavenumber_per_cm"] >= drawing.LOWEST_WAVENUMBER]
    x = rows["wavenumber_per_cm"]
    low, high = rows[column.format("_low")], rows[column.format("_high")]
    axes.fill_between(x, low, high, color=style.BLUE, alpha=0.25, linewidth=0)
    axes.plot(x, rows[column.format("")], color=style.BLUE, linewidth=0.9)
    axes.set_xlim(0.0, table["wavenumber_per_cm"].max())
    axes.set_ylim(0.0, None)
    drawing.grid(axes, "x")


def _integral(axes: Axes, table: pd.DataFrame) -> None:
    beside = axes.twinx()
    beside.plot(
        table["wavenumber_per_cm"], table["integral_km_per_mol"], color=style.GREY, linestyle="--"
    )
    beside.set_ylim(0.0, None)
    beside.set_ylabel("running integral (km mol$^{-1}$)", color=style.GREY)
