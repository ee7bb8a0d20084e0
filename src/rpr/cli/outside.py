"""How many frames of a whole command are outside the range that models were trained on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rpr.cli.frame_options import tell
from rpr.data.training_range import outside_text
from rpr.errors import ExtrapolationWarning

if TYPE_CHECKING:
    from rpr.models.estimator import Estimator


class Outside:
    """Counts frames outside the range of training, block by block.

    Parameters
    ----------
    models
        Fitted models by what they predict.
    """

    def __init__(self, models: Mapping[str, Estimator]) -> None:
        self._models = models
        self._found: dict[str, list[np.ndarray]] = {name: [] for name in models}

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Context in which the models do not warn by themselves."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExtrapolationWarning)
            yield

    def add(self, frames: Any) -> None:
        """Count frames in any form that models take."""
        for name, model in self._models.items():
            self._found[name].append(model.outside_training(frames))

    def tell(self) -> None:
        """Say on standard error, for each model, how many frames were outside."""
        for name, found in self._found.items():
            if text := outside_text(np.concatenate([np.zeros(0, dtype=bool), *found])):
                tell(f"rpr: warning: {name}: {text}")
