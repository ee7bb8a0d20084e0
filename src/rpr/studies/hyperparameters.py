"""Hyper-parameters that validation gave to the components of the models of a run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rpr.models.model_file import StoredModel
from rpr.units import REPORTED

COLUMNS = [
    "model", "property", "split", "component", "kernel", "sigma", "lambda", "validation_rmse",
    "unit", "validation", "n_train", "seed",
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
        Debye or bohr^3.  ``validation`` says whether frames or trajectories were left out.  A model
        without a regression for each component, such as the covariant one, has no row.
    """
    metadata = stored.metadata
    found = metadata["hyperparameters"]
    if not all(isinstance(entry, Mapping) and "sigma" in entry for entry in found.values()):
        return pd.DataFrame(columns=COLUMNS)
    unit, size = REPORTED[metadata["property"]]
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
        }
        for component, entry in found.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
