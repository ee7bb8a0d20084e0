"""Hyper-parameters that validation gave to the components of the models of a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rpr.models.model_file import StoredModel
from rpr.regression.descriptors import COORDINATE_WEIGHTS
from rpr.units import REPORTED

COLUMNS = [
    "model", "property", "split", "component", "kernel", "sigma", "lambda", "validation_rmse",
    "unit", "validation", "n_train", "seed", "coordinate_weight",
]  # fmt: skip


def hyperparameters(stored: StoredModel, *, model: str, split: str, n_train: int) -> pd.DataFrame:
    """Kernel, sigma, lambda and validation error of each component of a model file.

    Parameters
    ----------
    stored
        Content of the file.
    model, split
        Names of the model and of the split that it was trained on, written into the rows.
    n_train
        Number of training frames.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; sigma in the unit of the distances between descriptors, the error in
        Debye or bohr^3.  ``validation`` says whether frames or trajectories were left out;
        ``coordinate_weight`` (1/Angstrom) is empty for descriptors without one.  A model without a
        regression for each component, such as the covariant one, has no row.
    """
    metadata = stored.metadata
    found = metadata["hyperparameters"]
    if not all(isinstance(entry, Mapping) and "sigma" in entry for entry in found.values()):
        return pd.DataFrame(columns=COLUMNS)
    unit, size = REPORTED[metadata["property"]]
    weight = metadata["coordinate_weight"] if _weighted(metadata) else np.nan
    rows = [
        {
            "model": model,
            "property": metadata["property"],
            "split": split,
            "component": component,
            "kernel": entry.get("kernel", metadata["kernel"]),
            "sigma": entry["sigma"],
            "lambda": entry["lambda"],
            "validation_rmse": entry["validation_rmse"] / size,
            "unit": unit,
            "validation": metadata.get("validation", "frames"),
            "n_train": n_train,
            "seed": metadata["seed"],
            "coordinate_weight": weight,
        }
        for component, entry in found.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _weighted(metadata: Mapping) -> bool:
    """Whether the descriptor has a weight, as every one does that a model takes by default."""
    return metadata.get("descriptor") is None or metadata["descriptor"] in COORDINATE_WEIGHTS
