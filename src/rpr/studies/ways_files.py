"""Frames for programs outside of this project, and what those programs predict for them.

A program is trained on ``train_<n>.extxyz``, predicts the frames of ``test.extxyz``, and writes
them in any order to one extended XYZ file with its predictions as ``dipole`` (e Angstrom) or
``polarizability`` (Angstrom^3).  The first frame also says, in its comment line,

=================== ==========================================================================
``way``             name of the model, in quotes
``idea``            one of :data:`rpr.studies.ways.IDEAS`, in quotes
``n_train``         number of training frames
``repeat``          number of the split
``train_seconds``   processor time of the training
``predict_ms``      processor time of the prediction of one frame
=================== ==========================================================================

The test file also holds images of frames after translations, rotations, inversions and
permutations, so that the equivariance of such a model is measured as that of any other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from rpr.data.atoms_files import iter_atoms
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions
from rpr.molecule.molecule import Molecule
from rpr.studies.operations import OPERATIONS, images

#: Coordinates of a frame may differ by so much from those that were written, Angstrom.
ROUNDED = 1e-5
_KEYS = ("way", "idea", "n_train", "repeat", "train_seconds", "predict_ms")


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


def write_split(
    folder: str | os.PathLike,
    training: FrameSet,
    tests: Mapping[str, FrameSet],
    molecule: Molecule,
    *,
    sizes: tuple[int, ...] | list[int],
    n_applied: int,
    seed: int,
) -> None:
    """Write ``train_<n>.extxyz`` for every size and ``test.extxyz`` into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for n in sizes:
        write_frames(folder / f"train_{n}.extxyz", training.subset(np.arange(n)))
    test = frames_to_predict(tests, molecule, n_applied=n_applied, seed=seed)
    write_frames(folder / "test.extxyz", test)


class FilePredictions:
    """A model whose predictions were made elsewhere and are looked up by geometry.

    Parameters
    ----------
    path
        File as described above.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.

    Attributes
    ----------
    about : dict
        What the first frame says: way, idea, n_train, repeat, train_seconds, predict_ms.

    Raises
    ------
    InputError
        If the file lacks predictions or one of these entries.
    """

    def __init__(self, path: str | os.PathLike, property: str, molecule: Molecule) -> None:
        self.path = os.fspath(path)
        self.molecule = molecule
        frames = read_frames(path, symbols=molecule.symbols, require=[property])
        self._values = getattr(frames, property)
        self._tree = cKDTree(frames.positions.reshape(len(frames), -1))
        info = next(iter(iter_atoms(path))).info
        if missing := [key for key in _KEYS if key not in info]:
            raise InputError(
                f"{path}: the first frame does not say {missing[0]}; write {', '.join(_KEYS)} into "
                "its comment line"
            )
        self.about = {key: info[key] for key in _KEYS}

    def predict(self, frames: Frames) -> np.ndarray:
        """Predictions of the file for these frames.

        Raises
        ------
        InputError
            If the file does not have a frame.
        """
        positions = checked_positions(frames, self.molecule)
        distance, index = self._tree.query(positions.reshape(len(positions), -1))
        if (distance > ROUNDED * np.sqrt(positions[0].size)).any():
            raise InputError(
                f"{self.path}: has no prediction for frame {int(np.argmax(distance))} of a test "
                "set; predict the frames of this run's ways/split_<repeat>/test.extxyz anew"
            )
        return self._values[index]
