"""Checks of labels: outliers, and frames that are labelled a second time.

Three questions are asked of a set of labelled frames.  Which frames are outliers, and does their
geometry explain it (`outliers`)?  Does another program give the same labels, and do the labels of
reoriented frames turn with them (`frames_to_check`, `deviations`)?
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rpr.axes.rotation import random_rotations, rotate_frames
from rpr.data.distributions import bond_lengths, frame_quantities
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.units import BOHR, BOHR3, HARTREE

#: Largest difference of energies that still counts as the same level of theory.
SAME_LEVEL_HARTREE = 1e-3
#: An outlier lies at least so many robust standard deviations from the median.
OUTLIER_DEVIATIONS = 4.5
DEVIATION_COLUMNS = ["check", "trajectory", "step", "quantity", "deviation", "unit"]
SUMMARY_COLUMNS = ["check", "quantity", "n_frames", "rms", "max", "unit"]

OUTLIER_COLUMNS = [
    "frame", "trajectory", "step", "quantity", "value", "unit", "deviation", "dihedral", "bond",
    "bond_length", "bond_median",
]  # fmt: skip

#: Size and name of the atomic unit of each quantity.
_ATOMIC = {
    "energy": (HARTREE, "hartree"),
    "forces": (HARTREE / BOHR, "hartree/bohr"),
    "dipole": (BOHR, "e bohr"),
    "polarizability": (BOHR3, "bohr^3"),
    "dipole_derivatives": (1.0, "e"),
    "polarizability_derivatives": (BOHR**2, "bohr^2"),
}


def choose(frames: FrameSet, n_frames: int, *, seed: int) -> np.ndarray:
    """Indices of frames to check: in turn the most extreme remaining one, and a random one.

    A larger `n_frames` chooses the same frames and more.

    Parameters
    ----------
    frames
        Labelled frames.
    n_frames
        Number of frames to choose.
    seed
        Seed of the random frames.

    Raises
    ------
    InputError
        If there are fewer frames.
    """
    if n_frames > len(frames):
        raise InputError(
            f"n_frames: found {n_frames}, but only {len(frames)} frames have labels; ask for "
            "fewer, or 0 for no check"
        )
    distance = np.max([np.abs(_robust(v)) for v, _ in frame_quantities(frames).values()], axis=0)
    extreme = np.argsort(-distance, kind="stable")
    drawn = np.random.default_rng(seed).permutation(len(frames))
    in_turn = np.stack([extreme, drawn], axis=1).ravel().tolist()
    return np.array(list(dict.fromkeys(in_turn))[:n_frames], dtype=int)


def frames_to_check(frames: FrameSet, n_frames: int, *, check: str, seed: int) -> FrameSet:
    """The chosen frames; for the check ``reoriented`` turned at random, with their labels."""
    chosen = frames.subset(choose(frames, n_frames, seed=seed))
    if check != "reoriented":
        return chosen
    return rotate_frames(chosen, random_rotations(n_frames, seed))


def deviations(expected: FrameSet, found: FrameSet, *, check: str) -> pd.DataFrame:
    """Largest absolute difference of each quantity in each frame, in atomic units.

    Parameters
    ----------
    expected, found
        Labels of the same geometries. Frames are matched by trajectory and step, and those that
        `found` lacks are left out.
    check
        Name of the comparison, which is written into the rows.

    Returns
    -------
    DataFrame
        Columns ``DEVIATION_COLUMNS``.

    Raises
    ------
    InputError
        If a frame of `found` is not in `expected`, or its geometry is another.
    """
    keys = {(int(t), int(s)): k for k, (t, s) in enumerate(_origin(expected))}
    rows = []
    for k, (trajectory, step) in enumerate(_origin(found)):
        if (trajectory, step) not in keys:
            raise InputError(f"check {check}: trajectory {trajectory} step {step} has no labels")
        j = keys[trajectory, step]
        if np.abs(expected.positions[j] - found.positions[k]).max() > 1e-6:
            raise InputError(
                f"check {check}: trajectory {trajectory} step {step} has another geometry "
                "than the labels it is compared with"
            )
        for name, (size, unit) in _ATOMIC.items():
            theirs, ours = getattr(expected, name), getattr(found, name)
            if theirs is None or ours is None:
                continue
            difference = float(np.abs(ours[k] - theirs[j]).max() / size)
            rows.append((check, trajectory, step, name, difference, unit))
    return pd.DataFrame(rows, columns=DEVIATION_COLUMNS)


def check_level_of_theory(table: pd.DataFrame) -> None:
    """Refuse labels of another level of theory than the one that was used for the check.

    Parameters
    ----------
    table
        What :func:`summary` returns.

    Raises
    ------
    InputError
        If an energy differs by more than `SAME_LEVEL_HARTREE`.
    """
    differ = table.loc[table["quantity"] == "energy", "max"].max()
    if differ > SAME_LEVEL_HARTREE:
        raise InputError(
            f"frames: recomputed energies differ from theirs by {differ:.3g} hartree, expected "
            f"at most {SAME_LEVEL_HARTREE:g}; set the method to the level of theory of the frames"
        )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Root mean square and largest deviation of each check and quantity.

    Parameters
    ----------
    table
        What :func:`deviations` returns.

    Returns
    -------
    DataFrame
        Columns ``SUMMARY_COLUMNS``.
    """
    rows = [
        (check, name, len(d), float(np.sqrt(np.mean(d**2))), float(d.max()), unit)
        for (check, name, unit), d in table.groupby(["check", "quantity", "unit"], sort=False)[
            "deviation"
        ]
    ]
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def outliers(frames: FrameSet, molecule: Molecule) -> pd.DataFrame:
    """Frames with a quantity beyond `OUTLIER_DEVIATIONS` robust standard deviations.

    The robust standard deviation is 1.4826 times the median absolute deviation.  Each row also
    names the dihedral and the most strained bond of the frame, as the correct label of an extreme
    geometry is extreme.

    Parameters
    ----------
    frames
        Labelled frames.
    molecule
        Molecule of the frames.

    Returns
    -------
    DataFrame
        Columns ``OUTLIER_COLUMNS``; ``deviation`` in robust standard deviations, largest first.
    """
    lengths, names = bond_lengths(frames, molecule.bonds)
    strain = np.stack([_robust(r) for r in lengths.T], axis=1)
    origin = _origin(frames)
    rows = []
    for quantity, (values, unit) in frame_quantities(frames).items():
        robust = _robust(values)
        for k in np.flatnonzero(np.abs(robust) > OUTLIER_DEVIATIONS):
            b = int(np.abs(strain[k]).argmax())
            dihedral = np.nan if frames.dihedral is None else float(frames.dihedral[k])
            rows.append(
                (int(k), *(int(n) for n in origin[k]), quantity, float(values[k]), unit,
                 float(robust[k]), dihedral, names[b], float(lengths[k, b]),
                 float(np.median(lengths[:, b])))
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=OUTLIER_COLUMNS)
    return table.sort_values("deviation", key=np.abs, ascending=False, ignore_index=True)


def _robust(values: np.ndarray) -> np.ndarray:
    """Deviations from the median in robust standard deviations."""
    centred = values - np.median(values)
    width = 1.4826 * np.median(np.abs(centred))
    return centred / width if width > 0 else np.zeros_like(centred)


def _origin(frames: FrameSet) -> np.ndarray:
    """Trajectory and step of each frame; the number of the frame is the step if none is known."""
    place = np.arange(len(frames))
    trajectory = np.zeros_like(place) if frames.trajectory is None else frames.trajectory
    step = place if frames.step is None else frames.step
    return np.stack([trajectory, step], axis=1)
