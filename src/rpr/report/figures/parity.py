"""Errors of one model on one set of frames: residuals against labels, by component."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing


def data(table: pd.DataFrame) -> pd.DataFrame:
    """Rows that are drawn: the components, or the whole quantities of a potential."""
    components = table[table["component"] != "all"]
    return table if components.empty else components


@style.styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel with prediction minus label for each component.

    Parameters
    ----------
    table
        Columns ``quantity, component, reference, prediction, unit``, as
        :func:`rpr.studies.model_errors.as_table` returns them.

    Returns
    -------
    Figure
    """
    groups = list(data(table).groupby(["quantity", "component"], sort=False))
    n_columns = min(3, len(groups))
    n_rows = int(np.ceil(len(groups) / n_columns))
    figure = style.new_figure(style.PAGE * n_columns / 3, 1.9 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes, ((quantity, component), rows) in zip(panels, groups, strict=True):
        name = quantity if component == "all" else style.symbol(component)
        unit, residuals = style.unit(rows["unit"].iloc[0]), rows["prediction"] - rows["reference"]
        drawing.scatter(
            axes,
            rows,
            colour=style.BLUE,
            marker="o",
            label="",
            size=drawing.point_size(len(rows)),
            residuals=True,
        )
        axes.axhline(0.0, color=style.GREY, linewidth=0.6, zorder=0)
        axes.set_xlabel(f"reference {name} ({unit})")
        axes.set_ylabel(f"predicted - reference ({unit})")
        axes.set_title(f"RMSE {np.sqrt(np.mean(residuals**2)):#.2g} {unit}")
    return figure
