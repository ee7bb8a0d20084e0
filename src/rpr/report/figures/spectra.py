"""Infrared and Raman spectra of the conformers, with harmonic lines below."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from rpr.report import style
from rpr.report.figures import drawing

_LOOKS = (style.BLUE, style.VERMILION, style.GREEN, style.PINK, style.ORANGE, style.BLACK)

#: Wavenumbers without a line over which the axis is interrupted, and the margin beside lines.
GAP, MARGIN = 700.0, 130.0

_KINDS = {
    "infrared": (
        "absorption_km_cm_per_mol",
        "absorption{}_km_cm_per_mol",
        "infrared_km_per_mol",
        "IR absorption\n(km mol$^{-1}$ / cm$^{-1}$)",
        "km mol$^{-1}$",
    ),
    "Raman": (
        "cross_section_1e-36_m2_cm_per_sr",
        "cross_section{}_1e-36_m2_cm_per_sr",
        "raman_cross_section_1e-36_m2_per_sr",
        "Raman cross-section\n(10$^{-36}$ m$^2$ sr$^{-1}$ / cm$^{-1}$)",
        "10$^{-36}$ m$^2$ sr$^{-1}$",
    ),
}


def ranges(lines: pd.DataFrame) -> list[tuple[float, float]]:
    """Ranges of wavenumbers that are drawn: those with lines, apart by `GAP` or more."""
    wavenumbers = np.sort(lines["wavenumber_per_cm"].to_numpy())
    if not len(wavenumbers):
        return []
    ends = np.flatnonzero(np.diff(wavenumbers) > GAP)
    first = wavenumbers[np.concatenate([[0], ends + 1])] - MARGIN
    last = wavenumbers[np.concatenate([ends, [-1]])] + MARGIN
    return [(max(0.0, float(a)), float(b)) for a, b in zip(first, last, strict=True)]


def names(conformers: pd.DataFrame) -> dict[str, str]:
    """Name of each conformer with its population, without what all names begin with.

    Minima that were found by a search, and have numbers only, are told apart by their dihedral.
    """
    known = conformers.dropna(subset=["population"])
    stems = {str(name).rpartition("_")[0] for name in known["conformer"]}
    alike = len(known) > 1 and len(stems) == 1
    result = {}
    for row in known.to_dict("records"):
        name = str(row["conformer"])
        shown = name.rpartition("_")[2] if alike else name
        dihedral = row.get("dihedral_degrees", np.nan)
        if name.startswith("minimum ") and not np.isnan(dihedral):
            degrees = 180 - (180 - round(dihedral)) % 360  # in (-180, 180]
            shown = f"{name}, {degrees}°".replace("-", "\u2212")
        result[name] = f"{shown} ({100 * row['population']:.0f} %)"
    return result


def data(
    infrared: pd.DataFrame, raman: pd.DataFrame, lines: pd.DataFrame, conformers: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The rows that each panel draws."""
    return {"infrared": infrared, "Raman": raman, "lines": lines, "conformers": conformers}


@style.styled
def draw(
    infrared: pd.DataFrame, raman: pd.DataFrame, lines: pd.DataFrame, conformers: pd.DataFrame
) -> Figure:
    """Spectra of the conformers from trajectories, and their harmonic lines.

    Parameters
    ----------
    infrared, raman
        Tables ``spectra/infrared.csv`` and ``spectra/raman.csv``.
    lines
        Table ``spectra/harmonic.csv``.
    conformers
        Table ``spectra/conformers.csv``.

    Returns
    -------
    Figure
        Infrared above, Raman below; light bands are 95 % intervals of the mean over trajectories,
        dark ones those of the models, if the tables have them. Lines hang below each spectrum.
    """
    parts = ranges(lines)
    if infrared.empty or not parts:
        return style.statement("no trajectory stayed in one conformer")
    figure = style.new_figure(style.PAGE, 5.2)
    widths = [max(high - low, 350.0) for low, high in parts]
    panels = figure.subplots(
        4,
        len(parts),
        squeeze=False,
        sharex="col",
        gridspec_kw={"width_ratios": widths, "height_ratios": [3, 1, 3, 1]},
    )
    figure.get_layout_engine().set(hspace=0.0, h_pad=0.015, wspace=0.015)
    labels = names(conformers)
    for block, (kind, table) in enumerate((("infrared", infrared), ("Raman", raman))):
        above, below = panels[2 * block], panels[2 * block + 1]
        for column, limits in enumerate(parts):
            _spectra(above[column], table, kind, labels, limits)
            _lines(below[column], lines, kind, labels, limits)
        _finish(above, below, kind)
        temperature = conformers["temperature_K"].iloc[0]
        drawing.title(above[0], "ab"[block], f"{kind} at {temperature:g} K")
    for axes, (low, high) in zip(panels[-1], parts, strict=True):
        axes.xaxis.set_major_locator(MultipleLocator(250 if high - low > 1000 else 100))
    figure.supxlabel("wavenumber (cm$^{-1}$)", fontsize=rcParams["axes.labelsize"])
    handles, texts = panels[0, 0].get_legend_handles_labels()
    legend = panels[0, -1].legend(  # on the line of the title, where no band is
        handles,
        texts,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        borderaxespad=0.0,
        borderpad=0.1,
    )
    legend.set_in_layout(False)  # wider than its panel
    return figure


def _spectra(
    axes: Axes, table: pd.DataFrame, kind: str, labels: dict[str, str], limits: tuple[float, float]
) -> None:
    mean, bound, *_ = _KINDS[kind]
    for (conformer, label), colour in zip(labels.items(), _LOOKS * 3, strict=False):
        rows = table[table["conformer"] == conformer]
        low, high = max(limits[0], drawing.LOWEST_WAVENUMBER), limits[1]
        rows = rows[rows["wavenumber_per_cm"].between(low, high)]
        axes.fill_between(
            rows["wavenumber_per_cm"],
            rows[bound.format("_low")],
            rows[bound.format("_high")],
            color=colour,
            alpha=0.25,
            linewidth=0,
        )
        if bound.format("_model_low") in rows:
            axes.fill_between(
                rows["wavenumber_per_cm"],
                rows[bound.format("_model_low")],
                rows[bound.format("_model_high")],
                color=colour,
                alpha=0.6,
                linewidth=0,
            )
        axes.plot(rows["wavenumber_per_cm"], rows[mean], color=colour, linewidth=0.7, label=label)
    axes.set_xlim(limits)
    axes.tick_params(axis="x", length=0, labelbottom=False)


def _lines(
    axes: Axes, lines: pd.DataFrame, kind: str, labels: dict[str, str], limits: tuple[float, float]
) -> None:
    height = _KINDS[kind][2]
    for conformer, colour in zip(labels, _LOOKS * 3, strict=False):
        rows = lines[lines["conformer"] == conformer]
        axes.vlines(rows["wavenumber_per_cm"], 0.0, rows[height], color=colour, linewidth=1.1)
    axes.set_xlim(limits)
    drawn = lines[lines["conformer"].isin(list(labels))]
    axes.set_ylim(1.08 * drawn[height].max(), 0.0)
    axes.yaxis.set_major_locator(MaxNLocator(2))


def _finish(above: np.ndarray, below: np.ndarray, kind: str) -> None:
    """Common vertical limits of a row, and no lines where the axis is interrupted."""
    top = max(axes.get_ylim()[1] for axes in above)
    for row in (above, below):
        for k, axes in enumerate(row):
            if row is above:
                axes.set_ylim(0.0, top)
            axes.spines["right"].set_visible(k == len(row) - 1)
            axes.spines["left"].set_visible(k == 0)
            if k:
                axes.tick_params(axis="y", length=0, labelleft=False)
            drawing.grid(axes, "x")
    above[0].set_ylabel(_KINDS[kind][3])
    below[0].set_ylabel(f"harmonic\n({_KINDS[kind][4]})")
