r"""How far canonical axes turn when one atom moves.

The axes of a frame are a rotation R(x).  A displacement dx of one atom turns them by the angle

    d theta = ||dR|| / sqrt(2)

(Frobenius norm).  The sensitivity of the axes to an atom is the root of the sum over its three
coordinates of (d theta / d x)^2, by central differences.  Where it is large, components in these
axes depend strongly on that atom although the molecule hardly changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes
from rpr.data.frame_set import FrameSet
from rpr.molecule.molecule import Molecule
from rpr.studies.canonical_axes import possible_axes

STEP = 1e-4  #: displacement of a coordinate to either side, Angstrom
JUMP = 0.5  #: angle between the axes at both sides from which they count as jumped, radian
AXES = ("inertia", "inertia-charge", "three-atom", "bond-axis", "kabsch", "eckart")
COLUMNS = [
    "axes", "atom", "symbol", "median", "p95", "largest", "unit", "n_jumps", "n_frames",
]  # fmt: skip


def axes_sensitivity(
    frames: FrameSet, *, molecule: Molecule, axes: Sequence[str] = AXES
) -> pd.DataFrame:
    """Sensitivity of each kind of axes to each atom.

    Parameters
    ----------
    frames
        Frames of the molecule.
    molecule
        Molecule of the frames.
    axes
        Kinds of axes; those that the molecule cannot have are left out.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: median, 95th percentile and largest value over the frames, in radian
        per Angstrom.  Frames in which a sign rule jumps within the displacement are counted
        (``n_jumps``) and left out of the other columns.
    """
    rows = []
    for name in possible_axes(molecule, axes):
        slopes, jumped = sensitivity(name, frames.positions, molecule)
        for atom, symbol in enumerate(molecule.symbols):
            values = slopes[~jumped[:, atom], atom]
            median, p95 = np.percentile(values, (50, 95)) if len(values) else (np.nan, np.nan)
            rows.append(
                {
                    "axes": name,
                    "atom": atom,
                    "symbol": symbol,
                    "median": median,
                    "p95": p95,
                    "largest": values.max(initial=0.0),
                    "unit": "rad/Angstrom",
                    "n_jumps": int(jumped[:, atom].sum()),
                    "n_frames": len(frames),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def sensitivity(
    axes: str, positions: np.ndarray, molecule: Molecule
) -> tuple[np.ndarray, np.ndarray]:
    """Sensitivity of the axes of every frame to every atom.

    Parameters
    ----------
    axes
        One of :data:`rpr.axes.canonical.AXES`.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Molecule of the frames.

    Returns
    -------
    slopes : array, [n_frames, n_atoms]
        Radian per Angstrom.
    jumped : bool array, [n_frames, n_atoms]
        Where the axes jump within the displacement of a coordinate.
    """
    n_frames, n_atoms, _ = positions.shape
    angles = np.zeros((n_frames, n_atoms, 3))
    for atom in range(n_atoms):
        for coordinate in range(3):
            sides = []
            for step in (STEP, -STEP):
                moved = positions.copy()
                moved[:, atom, coordinate] += step
                sides.append(canonical_axes(axes, moved, molecule).rotations)
            change = np.linalg.norm(sides[0] - sides[1], axis=(1, 2))
            angles[:, atom, coordinate] = change / np.sqrt(2)
    slopes = np.sqrt(np.sum((angles / (2 * STEP)) ** 2, axis=2))
    return slopes, np.any(angles > JUMP, axis=2)
