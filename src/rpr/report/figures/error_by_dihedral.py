"""Error of the models against the dihedral: degeneracy and handedness made visible."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rpr.report import style
from rpr.studies.evaluation import INVARIANT

_SETS = ("in_distribution", "rotated")


def degenerate_range(gaps: pd.DataFrame, *, gap: float = 0.02) -> tuple[float, float] | None:
    """Middle 90 % of the absolute dihedrals at which the gap is below `gap`; None if none is."""
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
    """Frame-independent RMSE in bins of the dihedral.

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
    panels = figure.subplots(2, 2, sharex="col", sharey="row", width_ratios=(1, 1.6))
    looks = style.model_looks(m for m in models if (table["model"] == m).any())
    shaded = None if gaps is None else degenerate_range(gaps)
    for i, (property, component) in enumerate(INVARIANT.items()):
        for j, test_set in enumerate(_SETS):
            axes = panels[i, j]
            rows = table[(table["property"] == property) & (table["test_set"] == test_set)]
            _panel(axes, rows, looks, shaded)
            title = f"({'abcd'[2 * i + j]}) {property}, {style.TEST_SETS[test_set]}"
            axes.set_title(title, loc="left", fontweight="bold")
            if j == 0 and len(rows):
                unit = style.unit(rows["unit"].iloc[0])
                axes.set_ylabel(f"RMSE {style.symbol(component)} ({unit})")
    for axes, test_set in zip(panels[1], _SETS, strict=True):
        rows = table[table["test_set"] == test_set]
        negative = rows.loc[rows["dihedral_low"] < 0, "n_test"].sum()
        low = -180 if negative > 0.1 * rows["n_test"].sum() else 0
        style.degrees_axis(axes, low=low, step=60 if low else 30)
    handles = {}
    for axes in panels.ravel():
        handles |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5)
    return figure


def _with_gaps(points):
    """Middle of the bins and errors, with a NaN where bins are missing."""
    low, high = points["dihedral_low"].to_numpy(), points["dihedral_high"].to_numpy()
    missing = np.flatnonzero(low[1:] > high[:-1] + 1e-6) + 1
    middle, rmse = (low + high) / 2, points["rmse"].to_numpy(dtype=float)
    return np.insert(middle, missing, np.nan), np.insert(rmse, missing, np.nan)


def _panel(axes, rows, looks, shaded):
    for model, (colour, marker, line) in looks.items():
        points = rows[rows["model"] == model].sort_values("dihedral_low")
        if points.empty:
            continue
        axes.plot(
            *_with_gaps(points),
            color=colour,
            marker=marker,
            linestyle=line,
            markersize=2.4,
            label=model,
        )
    if shaded is not None:
        for low, high in (shaded, (-shaded[1], -shaded[0])):
            label = "gap of the inertia axes below 0.02" if low > 0 else None
            axes.axvspan(low, high, color=style.LIGHT, zorder=0, linewidth=0, label=label)
    if rows.empty:
        axes.text(0.5, 0.5, "too few frames", ha="center", transform=axes.transAxes)
    else:
        axes.set_yscale("log")
        style.plain_log(axes.yaxis)
    style.grid(axes)
