"""Figure 5: predicted against reference components on the rotated test set."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.axes.components import COMPONENTS
from rpr.report import style
from rpr.report.figures import drawing
from rpr.report.summaries import PUBLISHED_MODEL
from rpr.studies import metrics
from rpr.studies.evaluation import dihedral_sign

#: Components below this, in D or bohr^3, are nothing but rounding errors.
_ZERO = 1e-6

_SIGNS = (
    ("positive", style.BLUE, "o", r"$\varphi \geq 0$"),
    ("negative", style.VERMILION, "^", r"$\varphi < 0$"),
    ("", style.BLACK, "o", "all"),
)


def data(
    predictions: pd.DataFrame, *, model: str = PUBLISHED_MODEL, test_set: str = "rotated"
) -> pd.DataFrame:
    """Rows of one model and test set, with the sign of the dihedral."""
    chosen = predictions[
        (predictions["model"] == model) & (predictions["test_set"] == test_set)
    ].reset_index(drop=True)
    return chosen.assign(dihedral_sign=dihedral_sign(chosen["dihedral"]))


@style.styled
def draw(
    predictions: pd.DataFrame, *, model: str = PUBLISHED_MODEL, test_set: str = "rotated"
) -> Figure:
    """Scatter plots of the three dipole and six polarizability components.

    Parameters
    ----------
    predictions
        Rows of :func:`rpr.studies.evaluation.predictions` of both properties.
    model, test_set
        Which rows are drawn.

    Returns
    -------
    Figure
        Nine panels with the RMSE of all points and of each sign of the dihedral.
    """
    table = data(predictions, model=model, test_set=test_set)
    if table.empty:
        return style.statement(f"no predictions of model {model} on {test_set}")
    figure = style.new_figure(style.PAGE, 7.6)
    panels = figure.subplots(3, 3).ravel()
    components = sum(COMPONENTS.values(), ())
    for axes, letter, component in zip(panels, "abcdefghi", components, strict=True):
        _panel(axes, table[table["component"] == component], component)
        axes.text(-0.2, 1.04, f"({letter})", transform=axes.transAxes, fontweight="bold")
    name = style.model_label(model).replace("\n", " ")
    figure.suptitle(f"model {name}, {style.TEST_SETS.get(test_set, test_set)}")
    handles, labels = panels[0].get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=2.5)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, component: str) -> None:
    if table.empty:
        drawing.note(axes)
        return
    unit = style.unit(table["unit"].iloc[0])
    if table[["reference", "prediction"]].abs().to_numpy().max() < _ZERO:
        drawing.note(axes, f"{style.symbol(component)} is zero by symmetry")
        axes.set(box_aspect=1, xticks=(), yticks=())
        return
    errors, size = [], drawing.point_size(len(table))
    for sign, colour, marker, label in _SIGNS:
        rows = table[table["dihedral_sign"] == sign]
        if rows.empty:
            continue
        drawing.scatter(axes, rows, colour=colour, marker=marker, label=label, size=size)
        errors.append((label, metrics.rmse(rows["reference"], rows["prediction"])))
    drawing.diagonal(axes, table["reference"], table["prediction"])
    symbol = style.symbol(component)
    axes.set_xlabel(f"reference {symbol} ({unit})")
    axes.set_ylabel(f"predicted {symbol} ({unit})")
    title = f"RMSE {metrics.rmse(table['reference'], table['prediction']):#.2g} {unit}"
    if len(errors) > 1:
        title += "\n" + ",  ".join(f"{label}: {error:#.2g}" for label, error in errors)
    axes.set_title(title, fontsize=6.5)
