r"""Spherical components of the polarizability: the parts of angular momentum 0 and 2.

A symmetric matrix is the sum of a multiple of the unit matrix, which no rotation changes (l = 0),
and of a matrix without trace, whose five components turn among themselves (l = 2).  With

.. math::

    \alpha_{00} &= (\alpha_{xx} + \alpha_{yy} + \alpha_{zz}) / \sqrt{3} \\
    \alpha_{2,-2} &= \sqrt{2} \alpha_{xy}, \quad \alpha_{2,-1} = \sqrt{2} \alpha_{yz}, \quad
    \alpha_{20} = (2\alpha_{zz} - \alpha_{xx} - \alpha_{yy}) / \sqrt{6} \\
    \alpha_{21} &= \sqrt{2} \alpha_{xz}, \quad \alpha_{22} = (\alpha_{xx} - \alpha_{yy}) / \sqrt{2}

the sum of the six squares is the squared Frobenius norm of the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rpr.axes.components import POLARIZABILITY_COMPONENTS, from_components
from rpr.studies import metrics
from rpr.studies.evaluation import PREDICTION_COLUMNS, masks_by_sign
from rpr.studies.tables import require

COLUMNS = [
    "model", "component", "test_set", "dihedral_sign", "n_test", "rmse", "unit", "n_train", "seed",
    "rmse_low", "rmse_high",
]  # fmt: skip

COMPONENT_COLUMNS = [
    "model", "test_set", "n_train", "seed", "frame", "trajectory", "dihedral", "l", "m",
    "reference", "prediction", "unit",
]  # fmt: skip

#: The components as pairs l, m, in the order of the last axis of :func:`spherical_components`.
ORDERS = ((0, 0), (2, -2), (2, -1), (2, 0), (2, 1), (2, 2))

_KEYS = ["model", "test_set", "n_train", "seed"]
_FRAME = ["frame", "trajectory", "dihedral"]


def spherical_components(matrices: np.ndarray) -> np.ndarray:
    """Spherical components of symmetric matrices.

    Parameters
    ----------
    matrices : array, [n_frames, 3, 3]

    Returns
    -------
    array, [n_frames, 6]
        In the order of ``ORDERS`` and the unit of `matrices`.

    Examples
    --------
    >>> spherical_components(np.eye(3)[None]).round(3).tolist()
    [[1.732, 0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    xx, yy, zz = np.moveaxis(np.diagonal(matrices, axis1=1, axis2=2), 1, 0)
    root2 = np.sqrt(2.0)
    return np.stack(
        [
            (xx + yy + zz) / np.sqrt(3.0),
            root2 * matrices[:, 0, 1],
            root2 * matrices[:, 1, 2],
            (2.0 * zz - xx - yy) / np.sqrt(6.0),
            root2 * matrices[:, 0, 2],
            (xx - yy) / root2,
        ],
        axis=1,
    )


def component_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Reference and prediction of each spherical component of each frame.

    Parameters
    ----------
    predictions
        Tables of :func:`rpr.studies.evaluation.predictions`; rows of the polarizability count.

    Returns
    -------
    DataFrame
        Columns ``COMPONENT_COLUMNS``, in the unit of the predictions; the l = 2 components refer
        to the axes of the predictions.
    """
    require(predictions, PREDICTION_COLUMNS, "predictions")
    tables = []
    rows = predictions[predictions["property"] == "polarizability"]
    for keys, group in rows.groupby(_KEYS, sort=False):
        frames = group.drop_duplicates("frame").sort_values("frame", ignore_index=True)[_FRAME]
        values = {}
        for name in ("reference", "prediction"):
            wide = group.pivot(index="frame", columns="component", values=name)
            matrices = from_components(wide[list(POLARIZABILITY_COMPONENTS)].to_numpy())
            values[name] = spherical_components(matrices)
        for k, (rank, order) in enumerate(ORDERS):
            columns = {name: v[:, k] for name, v in values.items()}
            labels = {"l": rank, "m": order, "unit": group["unit"].iloc[0]}
            tables.append(frames.assign(**dict(zip(_KEYS, keys, strict=True)), **labels, **columns))
    if not tables:
        return pd.DataFrame(columns=COMPONENT_COLUMNS)
    return pd.concat(tables, ignore_index=True)[COMPONENT_COLUMNS]


def spherical_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    r"""Errors of the parts l = 0 and l = 2 of the polarizability.

    The error of a part is the root mean square over its 2l + 1 components, the same in any axes.
    With that of the whole tensor,
    :math:`9 \alpha_\mathrm{inv}^2 = \alpha_{l=0}^2 + 5 \alpha_{l=2}^2`.

    Parameters
    ----------
    predictions
        Tables of :func:`rpr.studies.evaluation.predictions`; rows of the polarizability count.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``component`` is ``alpha_l0`` or ``alpha_l2``. ``rmse_low`` and
        ``rmse_high`` bound the 95 % interval of a bootstrap over trajectories.
    """
    table = component_table(predictions)
    rows = [
        row | dict(zip([*_KEYS, "l"], keys, strict=True)) | {"component": f"alpha_l{keys[-1]}"}
        for keys, group in table.groupby([*_KEYS, "l"], sort=False)
        for row in _rows_by_sign(group)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows_by_sign(group: pd.DataFrame) -> Iterator[dict]:
    squares = group.assign(square=(group["prediction"] - group["reference"]) ** 2)
    frames = squares.groupby("frame").agg(
        {"square": "mean", "trajectory": "first", "dihedral": lambda angles: angles.iloc[0]}
    )
    for sign, chosen in masks_by_sign(frames["dihedral"].to_numpy()):
        squared = frames["square"].to_numpy()[chosen]
        low, high = metrics.rmse_interval(squared, frames["trajectory"].to_numpy()[chosen])
        yield {
            "dihedral_sign": sign,
            "n_test": int(chosen.sum()),
            "rmse": float(np.sqrt(squared.mean())),
            "unit": group["unit"].iloc[0],
            "rmse_low": low,
            "rmse_high": high,
        }
