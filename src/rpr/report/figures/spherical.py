"""Spherical components of the polarizability: predicted against reference, l = 0 and l = 2."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.report.figures.best_model import best_model
from rpr.report.summaries import PUBLISHED_MODEL
from rpr.studies.spherical import component_table

_LOOKS = {
    0: (style.BLUE, "o"),
    -2: (style.VERMILION, "^"),
    -1: (style.GREEN, "s"),
    1: (style.PINK, "v"),
    2: (style.ORANGE, "D"),
}


def models(predictions: pd.DataFrame) -> list[str]:
    """The published model, if it is there, and the best one on held-out trajectories."""
    known = [PUBLISHED_MODEL] if (predictions["model"] == PUBLISHED_MODEL).any() else []
    best = best_model(predictions)
    return known if best is None or best in known else [*known, best]


def data(predictions: pd.DataFrame, *, test_set: str = "rotated") -> pd.DataFrame:
    """Spherical components of the models that are drawn, on one test set."""
    drawn = predictions["model"].isin(models(predictions)) & (predictions["test_set"] == test_set)
    return component_table(predictions[drawn])


@style.styled
def draw(predictions: pd.DataFrame, *, test_set: str = "rotated") -> Figure:
    """Scatter plots of the parts l = 0 and l = 2 of the polarizability.

    Parameters
    ----------
    predictions
        Rows of :func:`rpr.studies.evaluation.predictions` of all models and both properties.
    test_set
        Test set that is drawn.

    Returns
    -------
    Figure
        A row for the published model and one for the best, a column for each part.
    """
    table = data(predictions, test_set=test_set)
    names = [name for name in models(predictions) if (table["model"] == name).any()]
    if not names:
        return style.statement(f"no predictions of the polarizability on {test_set}")
    figure = style.new_figure(style.PAGE * 0.75, 2.55 * len(names) + 0.35)
    panels = figure.subplots(len(names), 2, squeeze=False)
    letters = iter("abcd")
    for row, name in zip(panels, names, strict=True):
        for axes, rank in zip(row, (0, 2), strict=True):
            drawing.title(axes, next(letters), f"{name}, $l = {rank}$")
            _panel(axes, table[(table["model"] == name) & (table["l"] == rank)], rank)
    handles, labels = panels[0, 1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), markerscale=2)
    figure.suptitle(f"polarizability, {style.TEST_SETS.get(test_set, test_set)}")
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, rank: int) -> None:
    for order, points in rows.groupby("m"):
        colour, marker = _LOOKS[int(order)]
        size = drawing.point_size(len(rows))
        drawing.scatter(
            axes, points, colour=colour, marker=marker, label=f"$m = {order}$", size=size
        )
    drawing.diagonal(axes, rows["reference"], rows["prediction"])
    unit = style.unit(rows["unit"].iloc[0])
    symbol = r"$\alpha_{00}$" if rank == 0 else r"$\alpha_{2m}$"
    axes.set_xlabel(f"reference {symbol} ({unit})")
    axes.set_ylabel(f"predicted {symbol} ({unit})")
    rmse = np.sqrt(((rows["prediction"] - rows["reference"]) ** 2).mean())
    axes.text(
        0.04, 0.96, f"RMSE of a component {rmse:#.2g} {unit}", transform=axes.transAxes, va="top"
    )
