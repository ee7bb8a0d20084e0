"""One frame on its way through rotate - predict - rotate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_frames
from rpr.axes.rotation import to_frame, to_frame_positions
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import component_frame_of
from rpr.units import DEBYE

COLUMNS = ["panel", "kind", "label", "x", "y", "z", "x_end", "y_end", "z_end", "unit"]

#: Orientation given to the molecule in the laboratory, so that it differs from its own axes.
_TURN = Rotation.from_euler("xyz", [14.0, 22.0, 58.0], degrees=True).as_matrix()


def scheme(
    frames: FrameSet, index: int | None, model, molecule: Molecule, *, frame: str | None = None
) -> pd.DataFrame:
    """Coordinates of everything that the figure draws.

    Parameters
    ----------
    frames
        Frames of the molecule.
    index
        Frame that is drawn; None takes :func:`typical`.
    model
        Fitted dipole model with ``predict(positions)``.
    molecule
        Molecule of the frames.
    frame
        Canonical frame; None takes :func:`rpr.studies.evaluation.component_frame_of`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: atoms, bonds and axes in Angstrom, the predicted dipole (and the
        reference, if there is one) in Debye, for each of the four panels.
    """
    index = typical(frames) if index is None else index
    frame = component_frame_of(molecule) if frame is None else frame
    positions = frames.positions[index : index + 1]
    positions = (positions - positions.mean(axis=1, keepdims=True)) @ _orientation(
        positions, molecule, frame
    )
    canonical = canonical_frames(frame, positions, molecule)
    R = canonical.rotations[0]
    dipole = np.asarray(model.predict(positions)) / DEBYE  # -> [1, 3]
    there = to_frame_positions(positions, canonical)[0]
    here = positions[0] - canonical.origins[0]
    rows = []
    for panel, coordinates, axes, vector in (
        ("laboratory", here, R, None),
        ("canonical", there, np.eye(3), None),
        ("predicted", there, np.eye(3), to_frame(dipole, canonical.rotations)[0]),
        ("back", here, R, dipole[0]),
    ):
        rows += _molecule_rows(panel, coordinates, molecule)
        rows += [_row(panel, "axis", n, np.zeros(3), v) for n, v in zip("abc", axes, strict=True)]
        if vector is not None:
            rows.append(_row(panel, "dipole", "predicted", np.zeros(3), vector, "D"))
    if frames.dipole is not None:
        turned = _reference_dipole(frames, index, positions, molecule, frame, R)
        rows.append(_row("back", "dipole", "reference", np.zeros(3), turned, "D"))
    return pd.DataFrame(rows, columns=COLUMNS)


def typical(frames: FrameSet) -> int:
    """Frame of lowest energy among the third with the largest dipoles: little bent, and polar."""
    if frames.dipole is None:
        return 0
    size = np.linalg.norm(frames.dipole, axis=1)
    polar = np.flatnonzero(size >= np.quantile(size, 2 / 3))
    if frames.energy is None:
        return int(polar[0])
    return int(polar[np.argmin(frames.energy[polar])])


def _orientation(positions, molecule, frame):
    """Rotation that brings the geometry to the chosen laboratory orientation, x' = x @ this."""
    return canonical_frames(frame, positions, molecule).rotations[0].T @ _TURN.T


def _reference_dipole(frames, index, positions, molecule, frame, R):
    original = canonical_frames(frame, frames.positions[index : index + 1], molecule).rotations
    in_frame = to_frame(frames.dipole[index : index + 1], original)[0]
    return R.T @ in_frame / DEBYE


def _molecule_rows(panel, coordinates, molecule):
    atoms = [
        _row(panel, "atom", symbol, r, r)
        for symbol, r in zip(molecule.symbols, coordinates, strict=True)
    ]
    bonds = [
        _row(panel, "bond", f"{i}-{j}", coordinates[i], coordinates[j]) for i, j in molecule.bonds
    ]
    return atoms + bonds


def _row(panel, kind, label, start, end, unit="Angstrom"):
    numbers = [float(v) for v in (*start, *end)]
    return dict(zip(COLUMNS, (panel, kind, label, *numbers, unit), strict=True))
