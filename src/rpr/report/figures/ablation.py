"""What axes, descriptor and symmetry each are worth, one step at a time."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.studies.ablation import STEPS
from rpr.studies.ablation_steps import steps
from rpr.studies.evaluation import INVARIANT

_LOOKS = {
    "held_out_trajectories": (style.ORANGE, "^"),
    "rotated": (style.BLUE, "o"),
    "thermal": (style.GREEN, "D"),
    "held_out_torsion": (style.SKY, "s"),
}
_NOTED = "rotated"  # test set whose gains stand beside the points


def data(ablation: pd.DataFrame) -> pd.DataFrame:
    """Errors and gains of the steps, see :func:`rpr.studies.ablation_steps.steps`."""
    return steps(ablation)


@style.styled
def draw(ablation: pd.DataFrame) -> Figure:
    """Errors along the steps from the published model to the covariant one.

    Parameters
    ----------
    ablation
        Tables of :func:`rpr.studies.ablation.ablation` and
        :func:`rpr.studies.ablation.held_out_torsion`, of both properties.

    Returns
    -------
    Figure
        One panel for each property, a row for each step, a marker for each test set; beside the
        panels stands the factor that each step is worth on the rotated frames.
    """
    table = data(ablation)
    if table.empty:
        return style.statement("no ablation")
    names = [name for name, _ in STEPS]
    looks = {name: look for name, look in _LOOKS.items() if name in set(table["test_set"])}
    figure = style.new_figure(style.PAGE, 3.3)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, (property, component) in zip(panels, "ab", INVARIANT.items(), strict=True):
        drawing.title(axes, letter, property)
        _panel(axes, table[table["component"] == component], names, looks)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _panel(
    axes: Axes, table: pd.DataFrame, names: list[str], looks: dict[str, tuple[str, str]]
) -> None:
    if table.empty:
        drawing.note(axes)
        return
    for k, (test_set, (colour, marker)) in enumerate(looks.items()):
        found = table[table["test_set"] == test_set].set_index("step").reindex(names)
        offset = 0.2 * (k - 0.5 * (len(looks) - 1))
        places = [n + offset for n in range(len(names))]
        bars = [found["rmse"] - found["low"], found["high"] - found["rmse"]]
        axes.errorbar(
            found["rmse"], places, xerr=[bar.fillna(0.0) for bar in bars], color=colour,
            marker=marker, linestyle="none", elinewidth=0.8, label=style.TEST_SETS[test_set],
        )  # fmt: skip
        if test_set == _NOTED:
            axes.plot(found["rmse"], places, color=colour, linewidth=0.6, alpha=0.6)
            _gains(axes, found, colour)
    axes.set_xscale("log")
    drawing.plain_log(axes.xaxis)
    unit = style.unit(table["unit"].iloc[0])
    axes.set_xlabel(f"RMSE {style.symbol(table['component'].iloc[0])} ({unit})")
    for place in range(1, len(names)):
        axes.axhline(place - 0.5, color="0.85", linewidth=0.5, zorder=0)


def _gains(axes: Axes, found: pd.DataFrame, colour: str) -> None:
    """Factors that the steps are worth, at the right edge of a panel."""
    place = axes.get_yaxis_transform()
    axes.text(1.02, -0.75, "gain", transform=place, color=colour, fontsize="small", va="bottom")
    for n, gain in enumerate(found["gain"]):
        if gain == gain:  # the first step has none
            text = f"{gain:.2g}×"
            axes.text(1.02, n, text, transform=place, color=colour, fontsize="small", va="center")
