"""One frame on its way through rotate - predict - rotate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_axes
from rpr.axes.rotation import to_axes, to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.studies.evaluation import PropertyModel, component_axes_of, labels_of
from rpr.units import DEBYE

COLUMNS = ["panel", "kind", "label", "x", "y", "z", "x_end", "y_end", "z_end", "unit"]

#: Orientation given to the molecule in the laboratory, so that it differs from its own axes.
_TURN = Rotation.from_euler("xyz", [14.0, 22.0, 58.0], degrees=True).as_matrix()


def scheme(
    frames: FrameSet,
    index: int | None,
    model: PropertyModel,
    molecule: Molecule,
    *,
    axes: str | None = None,
) -> pd.DataFrame:
    """Coordinates of everything that the figure draws.

    Parameters
    ----------
    frames
        Frames of the molecule.
    index
        Index of the frame that is drawn; None takes :func:`typical`.
    model
        Fitted dipole model.
    molecule
        Molecule of the frames.
    axes
        Canonical axes; None takes :func:`rpr.studies.evaluation.component_axes_of`.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: atoms, bonds and axes in Angstrom, the predicted dipole (and the
        reference, if there is one) in Debye, for each of the four panels.
    """
    index = typical(frames) if index is None else index
    axes = component_axes_of(molecule) if axes is None else axes
    positions = frames.positions[index : index + 1]
    positions = (positions - positions.mean(axis=1, keepdims=True)) @ _orientation(
        positions, molecule, axes
    )
    canonical = canonical_axes(axes, positions, molecule)
    R = canonical.rotations[0]
    dipole = np.asarray(model.predict(positions)) / DEBYE  # -> [1, 3]
    there = to_axes_positions(positions, canonical)[0]
    here = positions[0] - canonical.origins[0]
    rows = []
    for panel, coordinates, directions, vector in (
        ("laboratory", here, R, None),
        ("canonical", there, np.eye(3), None),
        ("predicted", there, np.eye(3), to_axes(dipole, canonical.rotations)[0]),
        ("back", here, R, dipole[0]),
    ):
        rows += _molecule_rows(panel, coordinates, molecule)
        rows += [
            _row(panel, "axis", n, np.zeros(3), v) for n, v in zip("xyz", directions, strict=True)
        ]
        if vector is not None:
            rows.append(_row(panel, "dipole", "predicted", np.zeros(3), vector, "D"))
    if frames.dipole is not None:
        turned = _reference_dipole(frames, index, molecule, axes, R)
        rows.append(_row("back", "dipole", "reference", np.zeros(3), turned, "D"))
    return pd.DataFrame(rows, columns=COLUMNS)


def typical(frames: FrameSet) -> int:
    """Polar and relaxed frame: that of lowest energy among the third with the largest dipoles."""
    if frames.dipole is None:
        return 0
    size = np.linalg.norm(frames.dipole, axis=1)
    polar = np.flatnonzero(size >= np.quantile(size, 2 / 3))
    if frames.energy is None:
        return int(polar[0])
    return int(polar[np.argmin(frames.energy[polar])])


def _orientation(positions: np.ndarray, molecule: Molecule, axes: str) -> np.ndarray:
    """Rotation that brings the geometry to the chosen laboratory orientation, x' = x @ this."""
    return canonical_axes(axes, positions, molecule).rotations[0].T @ _TURN.T


def _reference_dipole(
    frames: FrameSet, index: int, molecule: Molecule, axes: str, R: np.ndarray
) -> np.ndarray:
    """Dipole of the frame in Debye, turned with it into the orientation that is drawn."""
    original = canonical_axes(axes, frames.positions[index : index + 1], molecule).rotations
    in_axes = to_axes(labels_of(frames, "dipole")[index : index + 1], original)[0]
    return R.T @ in_axes / DEBYE


def _molecule_rows(panel: str, coordinates: np.ndarray, molecule: Molecule) -> list[dict]:
    atoms = [
        _row(panel, "atom", symbol, r, r)
        for symbol, r in zip(molecule.symbols, coordinates, strict=True)
    ]
    bonds = [
        _row(panel, "bond", f"{i}-{j}", coordinates[i], coordinates[j]) for i, j in molecule.bonds
    ]
    return atoms + bonds


def _row(
    panel: str,
    kind: str,
    label: str,
    start: np.ndarray,
    end: np.ndarray,
    unit: str = "Angstrom",
) -> dict:
    numbers = [float(v) for v in (*start, *end)]
    return dict(zip(COLUMNS, (panel, kind, label, *numbers, unit), strict=True))
