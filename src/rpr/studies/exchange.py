"""Files for programs outside of this project, and what those programs predict.

A folder of frames has a set of frames in each ``<name>.extxyz``, and a program writes its
predictions for it in one of two forms.

Arrays
    ``<name>.npy``, in the order of the frames of a set, in the units of labels (e Angstrom,
    Angstrom^3).  Names are those of :mod:`rpr.studies.peer_errors` and
    :mod:`rpr.studies.peer_predictions`.

Frames
    One extended XYZ file with the frames of ``test.extxyz`` in any order, and their predictions as
    ``dipole`` or ``polarizability``.  The first frame also says, in its comment line,

    =================== ======================================================================
    ``way``             name of the model, in quotes
    ``idea``            one of :data:`rpr.studies.ways.IDEAS`, in quotes
    ``n_train``         number of training frames
    ``repeat``          number of the split
    ``train_seconds``   processor time of the training
    ``predict_ms``      processor time of the prediction of one frame
    =================== ======================================================================

This module reads and writes; what is written and what becomes of it are matters of those modules
and of :mod:`rpr.studies.ways_outside`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from rpr.data.atoms_files import iter_atoms, open_text
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.files import atomic_path
from rpr.molecule.molecule import Molecule
from rpr.studies.ways_outside import RecordedWay

_KEYS = ("way", "idea", "n_train", "repeat", "train_seconds", "predict_ms")


def write_sets(folder: str | os.PathLike, sets: Mapping[str, FrameSet]) -> None:
    """Write sets of frames to ``<name>.extxyz`` in a folder, which is made if missing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frames in sets.items():
        write_frames(folder / f"{name}.extxyz", frames)


def write_splits(folder: str | os.PathLike, splits: pd.DataFrame) -> None:
    """Write the table of :func:`rpr.studies.peer_predictions.splits_table` to ``splits.csv``."""
    splits.to_csv(Path(folder, "splits.csv"), index=False)


def read_predictions(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """Predictions ``<name>.npy`` of a folder, by name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = {path.stem: np.load(path) for path in sorted(Path(folder).glob("*.npy"))}
    if not found:
        raise InputError(f"{folder}: found no predictions (.npy); let the program predict its sets")
    return found


def write_predictions(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table of predictions as a compressed CSV, the same bytes for the same table."""
    with atomic_path(path) as temporary, open_text(temporary, "w") as stream:
        table.to_csv(stream, index=False)


def read_way(path: str | os.PathLike, property: str, molecule: Molecule) -> RecordedWay:
    """Predictions of a file of frames, in the place of a model.

    Parameters
    ----------
    path
        File as described above.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.

    Raises
    ------
    InputError
        If the file lacks predictions or an entry of the comment line.
    """
    frames = read_frames(path, symbols=molecule.symbols, require=[property])
    info = next(iter(iter_atoms(path))).info
    if missing := [key for key in _KEYS if key not in info]:
        raise InputError(
            f"{path}: the first frame does not say {missing[0]}; write {', '.join(_KEYS)} into "
            "its comment line"
        )
    return RecordedWay(
        frames.positions,
        getattr(frames, property),
        molecule,
        about={key: info[key] for key in _KEYS},
        source=os.fspath(path),
    )
