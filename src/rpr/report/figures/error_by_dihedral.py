"""Errors of the models along the dihedral."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies.evaluation import INVARIANT

_SETS = ("in_distribution", "rotated")


def degenerate_range(gaps: pd.DataFrame, *, gap: float = 0.02) -> tuple[float, float] | None:
    """Range of absolute dihedrals that holds 90 % of the frames with a gap below `gap`, or None."""
    near = gaps.loc[(gaps["axis_gap"] < gap) & gaps["dihedral"].notna(), "dihedral"].abs()
    if near.empty:
        return None
    return float(near.quantile(0.05)), float(near.quantile(0.95))


def data(
    table: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    *,
    models: tuple[str, ...] = ("rotate-predict-rotate", "folded", "symmetrized", "covariant"),
) -> pd.DataFrame:
    """Rows of the models that are drawn."""
    return table[table["model"].isin(models)].reset_index(drop=True)


@style.styled
def draw(
    table: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    *,
    models: tuple[str, ...] = ("rotate-predict-rotate", "folded", "symmetrized", "covariant"),
) -> Figure:
    """Axes-independent RMSE in bins of the dihedral.

    Parameters
    ----------
    table
        Table ``error_by_dihedral.csv``.
    gaps
        Table ``axes_gaps.csv``; shades the dihedrals at which two axes of the inertia axes
        are nearly undefined.
    models
        Models drawn.

    Returns
    -------
    Figure
        Rows: properties; columns: in distribution, rotated set. A statement if the molecule
        has no dihedral.
    """
    table = data(table, models=models)
    if table.empty:
        return style.statement("The molecule has no dihedral: no error against the dihedral.")
    figure = style.new_figure(style.PAGE, 4.6)
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    looks = style.model_looks(m for m in models if (table["model"] == m).any())
    shaded = None if gaps is None else degenerate_range(gaps)
    for i, (property, component) in enumerate(INVARIANT.items()):
        for j, test_set in enumerate(_SETS):
            axes = panels[i, j]
            rows = table[(table["property"] == property) & (table["test_set"] == test_set)]
            _panel(axes, rows, looks, shaded)
            drawing.title(axes, "abcd"[2 * i + j], f"{property}, {style.TEST_SETS[test_set]}")
            if j == 0 and len(rows):
                unit = style.unit(rows["unit"].iloc[0])
                axes.set_ylabel(f"RMSE {style.symbol(component)} ({unit})")
    for axes in panels[1]:
        drawing.degrees_axis(axes)
    handles: dict = {}
    for axes in panels.ravel():
        handles |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5)
    return figure


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    looks: dict[str, tuple[str, str, str]],
    shaded: tuple[float, float] | None,
) -> None:
    for model, (colour, marker, line) in looks.items():
        points = rows[rows["model"] == model].sort_values("dihedral_low")
        if points.empty:
            continue
        axes.plot(
            *drawing.with_gaps(points, "rmse"),
            color=colour,
            marker=marker,
            linestyle=line,
            markersize=2.4,
            label=model,
        )
    if shaded is not None:
        for low, high in (shaded, (-shaded[1], -shaded[0])):
            label = "inertia axes poorly determined" if low > 0 else None
            axes.axvspan(low, high, color=style.LIGHT, zorder=0, linewidth=0, label=label)
    if rows.empty:
        drawing.note(axes, "too few frames")
    else:
        axes.set_yscale("log")
        drawing.plain_log(axes.yaxis)
    drawing.grid(axes)
