"""Canonical axes compared: how often they flip, where they are undefined, what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import canonical_axes, check_axes
from rpr.axes.rotation import to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule
from rpr.studies.benchmark import applies
from rpr.studies.evaluation import INVARIANT, errors, frame_origin, predictions

FRAME_NAMES = (
    "inertia-raw",
    "inertia-pair",
    "inertia-largest",
    "inertia-skew",
    "inertia-aligned",
    "inertia",
    "inertia-charge",
    "three-atom",
    "bond-axis",
    "kabsch",
    "eckart",
)

FLIP_COLUMNS = [
    "axes",
    "n_steps",
    "flips",
    "swaps",
    "flips_per_1000",
    "swaps_per_1000",
    "changed_by_rotation",
    "n_frames",
    "n_near_degenerate",
    "seed",
]

GAP_COLUMNS = ["axes", "trajectory", "step", "dihedral", "axis_gap", "sign_margin"]

ACCURACY_COLUMNS = [
    "axes",
    "descriptor",
    "property",
    "component",
    "test_set",
    "n_train",
    "n_test",
    "seed",
    "rmse",
    "unit",
    "rmse_low",
    "rmse_high",
]

#: Angle between the axes of consecutive steps from which they count as changed, degrees.
JUMP = 45.0

#: Largest change of canonical coordinates under a rotation that is rounding, Angstrom.
ROUNDING = 1e-6


def possible_axes(molecule: Molecule, names: Sequence[str] = FRAME_NAMES) -> list[str]:
    """The `names` that this molecule can have."""
    possible = []
    for name in names:
        try:
            check_axes(name, molecule)
            canonical_axes(name, molecule.reference[None], molecule)
        except InputError:
            continue
        possible.append(name)
    return possible


def flips(
    frames: FrameSet,
    *,
    molecule: Molecule,
    axes_names: Sequence[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    r"""How often canonical axes jump between consecutive frames of a trajectory.

    With :math:`Q = R_{t+1} R_t^T`, the rotation of the axes from one frame to the next, a *flip*
    is a step in which an axis turns round (a negative diagonal element of Q nearest to a signed
    permutation) and a *swap* one in which two axes change places. Smooth axes have neither:
    the molecule turns by a degree or two in half a femtosecond.

    Parameters
    ----------
    frames
        Frames with trajectory and step.
    molecule
        Molecule of the frames.
    axes_names
        Frames to compare; None takes those of ``FRAME_NAMES`` that the molecule can have.
    seed
        Seed of the random rotations.

    Returns
    -------
    DataFrame
        Columns ``FLIP_COLUMNS``; ``changed_by_rotation`` is the part of the frames whose canonical
        coordinates a random rotation of the molecule changes by more than ``ROUNDING``, which is 0
        for axes that are a function of the molecule.
    """
    names = possible_axes(molecule) if axes_names is None else list(axes_names)
    before, after = consecutive(frames)
    rotation = Rotation.random(len(frames), rng=np.random.default_rng(seed)).as_matrix()
    turned = np.einsum("fij,faj->fai", rotation, frames.positions)
    rows = []
    for name in names:
        canonical = canonical_axes(name, frames.positions, molecule)
        sign, swap = _jumps(canonical.rotations[before], canonical.rotations[after])
        there = to_axes_positions(frames.positions, canonical)
        again = to_axes_positions(turned, canonical_axes(name, turned, molecule))
        change = np.abs(there - again).reshape(len(frames), -1).max(axis=1, initial=0.0)
        rows.append(
            {
                "axes": name,
                "n_steps": len(before),
                "flips": int(sign.sum()),
                "swaps": int(swap.sum()),
                "flips_per_1000": _per_1000(sign),
                "swaps_per_1000": _per_1000(swap),
                "changed_by_rotation": float(np.mean(change > ROUNDING)) if len(frames) else np.nan,
                "n_frames": len(frames),
                "n_near_degenerate": int(canonical.near_degenerate.sum()),
                "seed": seed,
            }
        )
    return pd.DataFrame(rows, columns=FLIP_COLUMNS)


def consecutive(frames: FrameSet) -> tuple[np.ndarray, np.ndarray]:
    """Indices of pairs of frames that follow each other in a trajectory.

    The step between them is the smallest difference of steps within a trajectory; pairs further
    apart (a frame in between is missing) are left out.
    """
    labels = frame_origin(frames)
    order = np.lexsort((labels["step"], labels["trajectory"]))
    same = np.diff(labels["trajectory"][order]) == 0
    distance = np.diff(labels["step"][order])
    following = same & (distance > 0)
    following &= distance == (distance[following].min() if following.any() else 0)
    return order[:-1][following], order[1:][following]


def gaps(frames: FrameSet, *, molecule: Molecule, axes: str = "inertia") -> pd.DataFrame:
    """How well `axes` are determined in every frame, along the dihedral.

    For the inertia axes the gap is the smaller difference between neighbouring moments of
    inertia over the largest, (I_c - I_b)/I_c for 1,2-dichloroethane; 0 where two axes are
    arbitrary.

    Returns
    -------
    DataFrame
        Columns ``GAP_COLUMNS``; empty if the molecule cannot have these axes.
    """
    if not possible_axes(molecule, [axes]):
        return pd.DataFrame(columns=GAP_COLUMNS)
    canonical = canonical_axes(axes, frames.positions, molecule)
    labels = frame_origin(frames)
    table = {k: labels[k] for k in ("trajectory", "step", "dihedral")}
    return pd.DataFrame(
        {
            "axes": axes,
            **table,
            "axis_gap": canonical.axis_gap,
            "sign_margin": canonical.sign_margin,
        }
    )[GAP_COLUMNS]


def axes_accuracy(
    frames: FrameSet,
    train: np.ndarray,
    test_sets: Mapping[str, FrameSet],
    *,
    molecule: Molecule,
    property: str,
    axes_names: Sequence[str] | None = None,
    descriptors: Sequence[str] = ("RE", "RExyzCl"),
    seed: int = 0,
    **settings,
) -> pd.DataFrame:
    """Frame-independent RMSE of rotate-predict-rotate for each canonical axes and descriptor.

    Parameters
    ----------
    frames
        Labelled frames.
    train
        Indices of the training frames.
    test_sets
        Labelled frames by name.
    molecule
        Molecule of the frames.
    property
        ``"dipole"`` or ``"polarizability"``.
    axes_names
        Frames to compare; None takes those of ``FRAME_NAMES`` that the molecule can have.
    descriptors
        Descriptors to compare; those that the molecule cannot have are left out.
    seed
        Seed of the validation split.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``ACCURACY_COLUMNS``; Debye or bohr^3.
    """
    names = possible_axes(molecule) if axes_names is None else list(axes_names)
    tables = []
    for name in names:
        for descriptor in (d for d in descriptors if applies(d, molecule)):
            model = fit_model(
                "rotate-predict-rotate",
                frames,
                train,
                property=property,
                molecule=molecule,
                seed=seed,
                axes=name,
                descriptor=descriptor,
                **settings,
            )
            for test_set, test_frames in test_sets.items():
                predicted = predictions(
                    model,
                    test_frames,
                    model_name=descriptor,
                    property=property,
                    test_set=test_set,
                    molecule=molecule,
                    n_train=len(train),
                    seed=seed,
                )
                table = errors(predicted)
                chosen = (table["component"] == INVARIANT[property]) & (
                    table["dihedral_sign"] == "all"
                )
                tables.append(
                    table[chosen].assign(axes=name, descriptor=descriptor, property=property)
                )
    if not tables:
        return pd.DataFrame(columns=ACCURACY_COLUMNS)
    return pd.concat(tables, ignore_index=True)[ACCURACY_COLUMNS]


def _jumps(before, after):
    """Whether an axis turned round, and whether two axes changed places, for each pair."""
    turn = np.einsum("fij,fkj->fik", after, before)  # rows: new axes, columns: old ones
    nearest = np.abs(turn).argmax(axis=2)  # -> [n_pairs, 3]
    swapped = (nearest != np.arange(3)).any(axis=1)
    element = np.take_along_axis(turn, nearest[:, :, None], axis=2)[:, :, 0]
    angle = np.degrees(np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    jumped = angle > JUMP
    return jumped & ~swapped & (element < 0).any(axis=1), jumped & swapped


def _per_1000(events):
    return float(1000.0 * events.mean()) if len(events) else float("nan")
