"""Learning curves of the models on the rotated set: how many frames each needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing
from rpr.report.summaries import summarise
from rpr.studies.evaluation import INVARIANT


def data(learning_curve: pd.DataFrame, *, test_set: str = "rotated") -> pd.DataFrame:
    """Mean and spread of the axes-independent errors on one test set."""
    chosen = learning_curve["component"].isin(INVARIANT.values()) & (
        learning_curve["test_set"] == test_set
    )
    return summarise(learning_curve[chosen])


def frames_needed(curve: pd.DataFrame, error: float) -> float:
    """Number of training frames at which a learning curve first reaches `error`.

    It is interpolated on logarithmic scales.  It is NaN if the curve stays above, and the smallest
    size if all of the curve is below.
    """
    curve = curve.sort_values("n_train")
    n, rmse = curve["n_train"].to_numpy(dtype=float), curve["mean"].to_numpy(dtype=float)
    below = np.flatnonzero(rmse <= error)
    if not len(below):
        return float("nan")
    k = below[0]
    if k == 0 or rmse[k] == rmse[k - 1]:
        return float(n[k])
    part = np.log(rmse[k - 1] / error) / np.log(rmse[k - 1] / rmse[k])
    return float(n[k - 1] * (n[k] / n[k - 1]) ** part)


@style.styled
def draw(
    learning_curve: pd.DataFrame, *, test_set: str = "rotated", mark: str = "folded"
) -> Figure:
    """Learning curves of all models.

    Parameters
    ----------
    learning_curve
        Table ``learning_curve.csv``.
    test_set
        Test set whose errors are drawn.
    mark
        Model whose error with the most frames is drawn as a level, with the number of frames that
        each other model needs to reach it.

    Returns
    -------
    Figure
        One panel for each property; bands are one standard deviation over random subsets.
    """
    table = data(learning_curve, test_set=test_set)
    if table.empty:
        return style.statement(f"no learning curve on {test_set}")
    figure = style.new_figure(style.PAGE, 3.2)
    panels = figure.subplots(1, 2)
    looks = style.model_looks(table["model"])
    for axes, letter, (property, component) in zip(panels, "ab", INVARIANT.items(), strict=True):
        _panel(axes, table[table["component"] == component], looks, mark)
        drawing.title(axes, letter, property)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _panel(
    axes: Axes, table: pd.DataFrame, looks: dict[str, tuple[str, str, str]], mark: str
) -> None:
    if table.empty:
        drawing.note(axes)
        return
    for model, (colour, marker, line) in looks.items():
        rows = table[table["model"] == model].sort_values("n_train")
        if rows.empty:
            continue
        axes.plot(
            rows["n_train"], rows["mean"], color=colour, marker=marker, linestyle=line, label=model
        )
        low = (rows["mean"] - rows["std"]).clip(lower=rows["min"])
        axes.fill_between(
            rows["n_train"], low, rows["mean"] + rows["std"], color=colour, alpha=0.18, linewidth=0
        )
    axes.set_yscale("log")
    drawing.plain_log(axes.yaxis)
    drawing.count_axis(axes, table["n_train"])
    _level(axes, table, looks, mark)
    unit = style.unit(table["unit"].iloc[0])
    axes.set_ylabel(f"RMSE {style.symbol(table['component'].iloc[0])} ({unit})")
    drawing.grid(axes)


def _level(
    axes: Axes, table: pd.DataFrame, looks: dict[str, tuple[str, str, str]], mark: str
) -> None:
    anchors = table[table["model"] == mark]
    if anchors.empty:
        return
    last = anchors.loc[anchors["n_train"].idxmax()]
    axes.axhline(last["mean"], color=looks[mark][0], linewidth=0.7, linestyle=":", zorder=0)
    needed = {}
    for model, (colour, _, _) in looks.items():
        frames = frames_needed(table[table["model"] == model], last["mean"])
        if model == mark or np.isnan(frames):
            continue
        least = frames <= table["n_train"].min()
        needed[model] = f"at most {frames:.0f}" if least else f"{frames:.0f}"
        if not least:
            axes.plot([frames], [last["mean"]], marker="|", color=colour, markersize=9, zorder=5)
    if needed:
        low, high = axes.get_ylim()
        axes.set_ylim(low * (low / high) ** (0.06 + 0.04 * len(needed)), high)  # room for text
        lines = [f"frames that reach the error of {mark} with {int(last['n_train'])}:"]
        lines += [f"{model}: {number}" for model, number in needed.items()]
        axes.text(0.03, 0.03, "\n".join(lines), transform=axes.transAxes, va="bottom", fontsize=6)
