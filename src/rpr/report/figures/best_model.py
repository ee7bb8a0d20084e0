"""The counterpart of Figure 5 for the best model, chosen on other frames than those drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rpr.report import style
from rpr.report.figures import fig5_scatter

#: The best model is the best on these frames.
CHOSEN_ON = "held_out_trajectories"


def best_model(predictions: pd.DataFrame) -> str | None:
    """Model with the lowest product of both axes-independent errors on `CHOSEN_ON`, or None."""
    chosen = predictions[predictions["test_set"] == CHOSEN_ON]
    squares = (chosen["prediction"] - chosen["reference"]) ** 2
    # An off-diagonal component of a symmetric tensor stands for two elements.
    twice = chosen["component"].isin(("alpha_xy", "alpha_xz", "alpha_yz"))
    table = chosen.assign(square=squares * np.where(twice, 2.0, 1.0))
    errors = table.groupby(["model", "property"])["square"].mean().unstack().dropna()
    return None if errors.empty else str(errors.prod(axis=1).idxmin())


def data(predictions: pd.DataFrame, *, test_set: str = "rotated") -> pd.DataFrame:
    """Predictions of the best model on one test set."""
    model = best_model(predictions) or ""
    return fig5_scatter.data(predictions, model=model, test_set=test_set)


@style.styled
def draw(predictions: pd.DataFrame, *, test_set: str = "rotated") -> Figure:
    """Scatter plots of the best model, as :func:`rpr.report.figures.fig5_scatter.draw`.

    Parameters
    ----------
    predictions
        Rows of :func:`rpr.studies.evaluation.predictions` of all models and both properties.
    test_set
        Test set that is drawn.
    """
    model = best_model(predictions)
    if model is None:
        return style.statement(f"no predictions on {CHOSEN_ON}")
    return fig5_scatter.draw(predictions, model=model, test_set=test_set)
