"""Figure 2: learning curves of the dipole and polarizability components."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.axes.components import COMPONENTS
from rpr.report import style
from rpr.report.figures import drawing
from rpr.report.summaries import PUBLISHED_MODEL, summarise

_COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.ORANGE, style.PINK, style.SKY)
_MARKERS = ("o", "s", "D", "^", "v", "P")


def data(
    learning_curve: pd.DataFrame, *, model: str = PUBLISHED_MODEL, test_set: str = "in_distribution"
) -> pd.DataFrame:
    """Mean and spread over random subsets of one model's component errors."""
    components = sum(COMPONENTS.values(), ())
    chosen = (
        (learning_curve["model"] == model)
        & (learning_curve["test_set"] == test_set)
        & learning_curve["component"].isin(components)
    )
    return summarise(learning_curve[chosen])


@style.styled
def draw(
    learning_curve: pd.DataFrame, *, model: str = PUBLISHED_MODEL, test_set: str = "in_distribution"
) -> Figure:
    """Learning curves: RMSE of each component against the number of training frames.

    Parameters
    ----------
    learning_curve
        Table ``learning_curve.csv``.
    model, test_set
        Which rows are drawn.

    Returns
    -------
    Figure
        One panel for each property; points are means over random subsets, bars one sample
        standard deviation.
    """
    table = data(learning_curve, model=model, test_set=test_set)
    if table.empty:
        return style.statement(f"no learning curve of model {model} on {test_set}")
    figure = style.new_figure(style.PAGE, 2.95)
    panels = figure.subplots(1, 2)
    for axes, letter, property in zip(panels, "ab", COMPONENTS, strict=True):
        _panel(axes, table[table["property"] == property], property)
        drawing.title(axes, letter, property)
    figure.suptitle(f"model {model}, {style.TEST_SETS.get(test_set, test_set)}")
    return figure


def _panel(axes: Axes, table: pd.DataFrame, property: str) -> None:
    if table.empty:
        drawing.note(axes)
        return
    for k, component in enumerate(COMPONENTS[property]):
        rows = table[table["component"] == component].sort_values("n_train")
        axes.errorbar(
            rows["n_train"],
            rows["mean"],
            yerr=rows["std"],
            color=_COLOURS[k],
            marker=_MARKERS[k],
            capsize=1.5,
            elinewidth=0.7,
            label=style.symbol(component),
        )
    axes.set_yscale("log")
    drawing.plain_log(axes.yaxis)
    drawing.count_axis(axes, table["n_train"])
    axes.set_ylabel(f"RMSE ({style.unit(table['unit'].iloc[0])})")
    drawing.grid(axes)
    axes.legend(ncols=3, loc="upper right", columnspacing=1.0)
