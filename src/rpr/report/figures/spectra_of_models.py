"""Infrared spectra of several models along the same trajectories, and where dipoles jump."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing

#: Part of the strongest absorption at which the logarithmic axis begins.
_FLOOR = 1e-5


def data(spectra: pd.DataFrame, jumps: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows that each panel draws."""
    return {"spectra": spectra, "jumps": jumps}


@style.styled
def draw(spectra: pd.DataFrame, jumps: pd.DataFrame) -> Figure:
    """Spectra with the dipoles of each model, and jumps of these dipoles along the dihedral.

    Parameters
    ----------
    spectra
        Table ``spectra/models_infrared.csv``.
    jumps
        Table ``spectra/models_jumps.csv``.

    Returns
    -------
    Figure
        A jump has all frequencies, and lifts the spectrum where there is no line.
    """
    if spectra.empty:
        return style.statement("no model was carried along the trajectories")
    with_dihedral = len(jumps) > 0 and jumps["dihedral_low"].nunique() > 1
    figure = style.new_figure(style.PAGE, 4.8 if with_dihedral else 2.8)
    panels = figure.subplots(1 + with_dihedral, 1, squeeze=False)[:, 0]
    looks = style.model_looks(spectra["model"].unique())
    _spectra(panels[0], spectra, looks)
    if with_dihedral:
        _jumps(panels[1], jumps, looks)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _spectra(axes: Axes, spectra: pd.DataFrame, looks: dict[str, tuple[str, str, str]]) -> None:
    for model, (colour, _, line) in looks.items():
        rows = spectra[spectra["model"] == model]
        total = rows["integral_km_per_mol"].iloc[-1]
        axes.plot(
            rows["wavenumber_per_cm"],
            rows["absorption_km_cm_per_mol"],
            color=colour,
            linestyle=line,
            linewidth=0.8,
            label=f"{model}: {total:.4g} km mol$^{{-1}}$",
        )
    axes.set_yscale("log")
    top = spectra["absorption_km_cm_per_mol"].max()
    axes.set_ylim(_FLOOR * top, 2.0 * top)
    axes.set_xlim(0.0, spectra["wavenumber_per_cm"].max())
    axes.set_xlabel("wavenumber (cm$^{-1}$)")
    axes.set_ylabel("IR absorption\n(km mol$^{-1}$ / cm$^{-1}$)")
    drawing.title(axes, "a", "infrared spectra along the same trajectories")
    drawing.grid(axes)


def _jumps(axes: Axes, jumps: pd.DataFrame, looks: dict[str, tuple[str, str, str]]) -> None:
    for model, (colour, marker, line) in looks.items():
        rows = jumps[jumps["model"] == model].sort_values("dihedral_low")
        if len(rows):
            axes.plot(
                *drawing.with_gaps(rows, "largest_jump_debye"),
                color=colour,
                marker=marker,
                linestyle=line,
                markersize=2.4,
                linewidth=0.8,
            )
    axes.set_yscale("log")
    drawing.plain_log(axes.yaxis)
    drawing.degrees_axis(axes)
    axes.set_ylabel("largest jump of the dipole\nbetween records (D)")
    drawing.title(axes, "b", "where predictions jump")
    drawing.grid(axes)
