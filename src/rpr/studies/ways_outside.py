"""Ways to equivariance of programs outside of this project: their frames and their predictions.

A program is trained on frames of a split, predicts test frames, and its predictions become those of
a model like any other.  The test frames have images under translations, rotations, inversions and
permutations among them, so that the equivariance of such a model is measured, not assumed.  Files
are those of :mod:`rpr.studies.exchange`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions
from rpr.molecule.molecule import Molecule
from rpr.studies.operations import OPERATIONS, images

#: Coordinates of a frame may differ by so much from those that were written, Angstrom.
ROUNDED = 1e-5


def frames_to_predict(
    tests: Mapping[str, FrameSet], molecule: Molecule, *, n_applied: int, seed: int
) -> FrameSet:
    """All test frames, and images of those in distribution after every operation; no labels.

    Parameters
    ----------
    tests
        Test sets by name, ``in_distribution`` among them.
    molecule
        Molecule of the frames.
    n_applied, seed
        As for :func:`rpr.studies.equivariance.equivariance`.
    """
    base = tests["in_distribution"].positions
    turned = [images(o, base, molecule, n=n_applied, seed=seed).positions for o in OPERATIONS]
    return FrameSet(
        molecule.symbols, np.concatenate([*(t.positions for t in tests.values()), *turned])
    )


def frames_of_split(
    training: FrameSet,
    tests: Mapping[str, FrameSet],
    molecule: Molecule,
    *,
    sizes: Sequence[int],
    n_applied: int,
    seed: int,
) -> dict[str, FrameSet]:
    """Training frames ``train_<n>`` of every size, and the frames to predict, ``test``.

    Parameters
    ----------
    training
        Training frames, of which a smaller set is the beginning.
    tests, molecule, n_applied, seed
        As for :func:`frames_to_predict`.
    sizes
        Numbers of training frames.
    """
    sets = {f"train_{n}": training.subset(np.arange(n)) for n in sizes}
    return {**sets, "test": frames_to_predict(tests, molecule, n_applied=n_applied, seed=seed)}


class RecordedWay:
    """A model whose predictions were made elsewhere and are looked up by geometry.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Frames that were predicted, Angstrom.
    values : array, [n_frames, 3] or [n_frames, 3, 3]
        Their predictions.
    molecule
        Molecule of the frames.
    about
        What is known of the model: way, idea, n_train, repeat, train_seconds, predict_ms.
    source
        Name of the predictions in messages.
    """

    def __init__(
        self,
        positions: np.ndarray,
        values: np.ndarray,
        molecule: Molecule,
        *,
        about: Mapping[str, Any],
        source: str,
    ) -> None:
        self.molecule = molecule
        self.about = about
        self._source = source
        self._values = values
        self._tree = cKDTree(positions.reshape(len(positions), -1))

    def predict(self, frames: Frames) -> np.ndarray:
        """Recorded predictions for these frames.

        Raises
        ------
        InputError
            If a frame was not predicted.
        """
        positions = checked_positions(frames, self.molecule)
        distance, index = self._tree.query(positions.reshape(len(positions), -1))
        if (distance > ROUNDED * np.sqrt(positions[0].size)).any():
            raise InputError(
                f"{self._source}: has no prediction for frame {int(np.argmax(distance))} of a test "
                "set; predict the frames of this run's ways/split_<repeat>/test.extxyz anew"
            )
        return self._values[index]
