"""Dihedrals of the thermal test set and their Boltzmann weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import drawing


def data(distribution: pd.DataFrame) -> pd.DataFrame:
    """What is drawn: the narrow intervals."""
    return distribution[distribution["part"] == "interval"].reset_index(drop=True)


@style.styled
def draw(distribution: pd.DataFrame) -> Figure:
    """Probability density of the dihedral, on a linear and on a logarithmic axis.

    Parameters
    ----------
    distribution
        Table ``distribution.csv`` of the thermal sample.

    Returns
    -------
    Figure
        Points are sampled, with 95 % intervals; steps are expected from mean torques.
    """
    rows = data(distribution)
    figure = style.new_figure(style.PAGE, 2.4)
    panels = figure.subplots(1, 2)
    width = rows["dihedral_high"] - rows["dihedral_low"]
    centre = 0.5 * (rows["dihedral_high"] + rows["dihedral_low"])
    edges = np.append(rows["dihedral_low"], rows["dihedral_high"].iloc[-1])
    names = ("sampled", "sampled_low", "sampled_high", "expected")
    sampled, low, high, expected = (rows[name] / width for name in names)
    for axes, letter, words in zip(panels, "ab", ("density", "on a log axis"), strict=True):
        axes.stairs(expected, edges, color=style.BLUE, label="Boltzmann weight (mean torque)")
        axes.errorbar(
            centre, sampled, yerr=[sampled - low, high - sampled], fmt="o", markersize=2.4,
            color=style.VERMILION, elinewidth=0.7, label="sampled",
        )  # fmt: skip
        drawing.title(axes, letter, words)
        drawing.degrees_axis(axes)
        drawing.grid(axes)
        axes.set_ylabel("probability density (1/degree)")
    panels[1].set_yscale("log")
    panels[0].legend(loc="upper center")
    return figure
