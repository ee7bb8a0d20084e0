"""Are labels right? Extreme frames, frames computed anew, and what the differences are.

Three questions about a set of labelled frames: which frames are extreme and does their geometry
explain it (`outliers`), does another program give the same labels, and do labels of rotated frames
turn with them (`frames_to_check`, `deviations`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from rpr.data.distributions import bond_lengths, frame_quantities
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.units import BOHR, BOHR3, HARTREE

SAME_LEVEL = 1e-3  #: hartree; two programs at one level agree to far less
EXTREME = 4.5  #: robust standard deviations beyond which a frame is listed
DEVIATION_COLUMNS = ["check", "trajectory", "step", "quantity", "deviation", "unit"]
SUMMARY_COLUMNS = ["check", "quantity", "n_frames", "rms", "max", "unit"]

EXTREME_COLUMNS = [
    "frame",
    "trajectory",
    "step",
    "quantity",
    "value",
    "unit",
    "deviation",
    "dihedral",
    "bond",
    "bond_length",
    "bond_median",
]

#: Quantity, size of its unit in that of the frames, unit.
_ATOMIC = {
    "energy": (HARTREE, "hartree"),
    "forces": (HARTREE / BOHR, "hartree/bohr"),
    "dipole": (BOHR, "e bohr"),
    "polarizability": (BOHR3, "bohr^3"),
    "dipole_derivatives": (1.0, "e"),
}


def choose(frames: FrameSet, n_frames: int, *, seed: int) -> np.ndarray:
    """Frames to check: in turn the most extreme one left and one drawn at random.

    A larger number keeps the frames of a smaller one.

    Parameters
    ----------
    frames
        Labelled frames.
    n_frames
        How many.
    seed
        Seed of the random numbers.

    Returns
    -------
    array, [n_frames]
        Indices.

    Raises
    ------
    InputError
        If there are fewer frames.
    """
    if n_frames > len(frames):
        raise InputError(
            f"deposit/n_checked: found {n_frames}, but only {len(frames)} frames have labels; "
            "ask for fewer, or 0 for no check"
        )
    distance = np.max([np.abs(_robust(v)) for v, _ in frame_quantities(frames).values()], axis=0)
    extreme = np.argsort(-distance, kind="stable")
    drawn = np.random.default_rng(seed).permutation(len(frames))
    in_turn = np.stack([extreme, drawn], axis=1).ravel().tolist()
    return np.array(list(dict.fromkeys(in_turn))[:n_frames], dtype=int)


def frames_to_check(frames: FrameSet, n_frames: int, *, check: str, seed: int) -> FrameSet:
    """The chosen frames; for the check ``rotated`` turned at random, with their labels."""
    chosen = frames.subset(choose(frames, n_frames, seed=seed))
    return rotate(chosen, seed=seed) if check == "reoriented" else chosen


def rotate(frames: FrameSet, *, seed: int) -> FrameSet:
    """Frames turned at random: x -> x R^T, and with them whatever else is known of them.

    Parameters
    ----------
    frames
        Frames in the laboratory axes.
    seed
        Seed of the random numbers.

    Returns
    -------
    FrameSet
        F R^T, R mu, R alpha R^T and, for the dipole derivatives P of each atom, R P R^T of each
        frame.
    """
    matrices = Rotation.random(len(frames), rng=np.random.default_rng(seed)).as_matrix()
    turned = frames.subset(np.arange(len(frames)))
    for name in ("positions", "forces", "velocities"):
        if getattr(frames, name) is not None:
            setattr(turned, name, np.einsum("kij,kaj->kai", matrices, getattr(frames, name)))
    if frames.dipole is not None:
        turned.dipole = np.einsum("kij,kj->ki", matrices, frames.dipole)
    if frames.polarizability is not None:
        turned.polarizability = matrices @ frames.polarizability @ matrices.transpose(0, 2, 1)
    if frames.dipole_derivatives is not None:
        of_atoms = matrices[:, None]
        turned.dipole_derivatives = (
            of_atoms @ frames.dipole_derivatives @ of_atoms.transpose(0, 1, 3, 2)
        )
    return turned


def deviations(expected: FrameSet, found: FrameSet, *, check: str) -> pd.DataFrame:
    """Largest absolute difference of each quantity in each frame, in atomic units.

    Parameters
    ----------
    expected, found
        Labels of the same geometries; frames are matched by trajectory and step, and those that
        `found` lacks are left out.
    check
        Name of the comparison.

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


def check_level(table: pd.DataFrame) -> None:
    """Refuse labels that are not of the level of theory they were computed anew at.

    Parameters
    ----------
    table
        From :func:`summary`.

    Raises
    ------
    InputError
        If an energy differs by more than `SAME_LEVEL`.
    """
    differ = table.loc[table["quantity"] == "energy", "max"].max()
    if differ > SAME_LEVEL:
        raise InputError(
            f"labels/method: energies computed anew differ from those of the frames by "
            f"{differ:.3g} hartree, expected at most {SAME_LEVEL:g}; set labels/method to the "
            "level of the frames"
        )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Root mean square and largest deviation of each check and quantity.

    Parameters
    ----------
    table
        From :func:`deviations`.

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
    """Frames with a quantity beyond `EXTREME` robust standard deviations of its median.

    The robust standard deviation is 1.4826 times the median absolute deviation. Beside each value
    stand the dihedral and the bond that is strained most in that frame, in units of the same kind:
    a right label of an extreme geometry is extreme.

    Parameters
    ----------
    frames
        Labelled frames.
    molecule
        Molecule of the frames.

    Returns
    -------
    DataFrame
        Columns ``EXTREME_COLUMNS``; ``deviation`` in robust standard deviations, largest first.
    """
    lengths, names = bond_lengths(frames, molecule.bonds)
    strain = np.stack([_robust(r) for r in lengths.T], axis=1)
    origin = _origin(frames)
    rows = []
    for quantity, (values, unit) in frame_quantities(frames).items():
        robust = _robust(values)
        for k in np.flatnonzero(np.abs(robust) > EXTREME):
            b = int(np.abs(strain[k]).argmax())
            dihedral = np.nan if frames.dihedral is None else float(frames.dihedral[k])
            rows.append(
                (int(k), *(int(n) for n in origin[k]), quantity, float(values[k]), unit,
                 float(robust[k]), dihedral, names[b], float(lengths[k, b]),
                 float(np.median(lengths[:, b])))
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=EXTREME_COLUMNS)
    return table.sort_values("deviation", key=np.abs, ascending=False, ignore_index=True)


def _robust(values: np.ndarray) -> np.ndarray:
    """Deviations from the median in robust standard deviations."""
    centred = values - np.median(values)
    width = 1.4826 * np.median(np.abs(centred))
    return centred / width if width > 0 else np.zeros_like(centred)


def _origin(frames: FrameSet) -> np.ndarray:
    """Trajectory and step of each frame, or its place where they are not known."""
    place = np.arange(len(frames))
    trajectory = np.zeros_like(place) if frames.trajectory is None else frames.trajectory
    step = place if frames.step is None else frames.step
    return np.stack([trajectory, step], axis=1)
