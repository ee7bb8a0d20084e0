"""Canonical axes compared: how often they flip, where they are undefined, what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rpr.axes.canonical import canonical_axes, check_axes
from rpr.axes.rotation import random_rotations, rotate_vectors, to_axes_positions
from rpr.data.frame_set import FrameSet
from rpr.errors import NotApplicableError
from rpr.models.registry import fit_model
from rpr.molecule.molecule import Molecule
from rpr.regression.descriptors import find_descriptor
from rpr.studies.equivariance import deviations
from rpr.studies.evaluation import INVARIANT, PropertyModel, errors_on_test_sets, frame_origin
from rpr.studies.operations import images
from rpr.units import REPORTED

AXES_NAMES = (
    "inertia-raw", "inertia-pair", "inertia-largest", "inertia-skew", "inertia-aligned", "inertia",
    "inertia-charge", "three-atom", "bond-axis", "kabsch", "eckart",
)  # fmt: skip

FLIP_COLUMNS = [
    "axes", "n_steps", "flips", "swaps", "flips_per_1000", "swaps_per_1000",
    "changed_by_rotation", "n_frames", "n_near_degenerate", "seed",
]  # fmt: skip

GAP_COLUMNS = ["axes", "trajectory", "step", "dihedral", "axis_gap", "sign_margin"]

ACCURACY_COLUMNS = [
    "axes", "descriptor", "property", "component", "test_set", "n_train", "n_test", "seed",
    "rmse", "unit", "rmse_low", "rmse_high", "deviation",
]  # fmt: skip

#: Axes of consecutive steps count as changed if the angle between them is larger.
JUMP_DEGREES = 45.0

#: A rotation of the molecule changes canonical coordinates by less than this through rounding.
ROUNDING_ANGSTROM = 1e-6


def possible_axes(molecule: Molecule, names: Sequence[str] = AXES_NAMES) -> list[str]:
    """The `names` that this molecule can have."""
    possible = []
    for name in names:
        try:
            check_axes(name, molecule)
            canonical_axes(name, molecule.reference[None], molecule)
        except NotApplicableError:
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

    :math:`Q = R_{t+1} R_t^T` rotates the axes of one frame into those of the next.  A *flip* is a
    step in which an axis turns round, so that the signed permutation nearest to Q has a negative
    element on its diagonal.  A *swap* is a step in which two axes change places.  Smooth axes have
    neither, as the molecule turns by a degree or two in half a femtosecond.

    Parameters
    ----------
    frames
        Frames of which trajectory and step are known.
    molecule
        Molecule of the frames.
    axes_names
        Axes to compare; None takes those of ``AXES_NAMES`` that the molecule can have.
    seed
        Seed of the random rotations.

    Returns
    -------
    DataFrame
        Columns ``FLIP_COLUMNS``. ``changed_by_rotation`` is the part of the frames whose canonical
        coordinates a random rotation of the molecule changes by more than ``ROUNDING_ANGSTROM``;
        it is 0 for axes that are a function of the molecule.
    """
    names = possible_axes(molecule) if axes_names is None else list(axes_names)
    before, after = consecutive(frames)
    turned = rotate_vectors(frames.positions, random_rotations(len(frames), seed))
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
                "changed_by_rotation": float(np.mean(change > ROUNDING_ANGSTROM))
                if len(frames)
                else np.nan,
                "n_frames": len(frames),
                "n_near_degenerate": int(canonical.near_degenerate.sum()),
                "seed": seed,
            }
        )
    return pd.DataFrame(rows, columns=FLIP_COLUMNS)


def consecutive(frames: FrameSet) -> tuple[np.ndarray, np.ndarray]:
    """Indices of pairs of frames that follow each other in a trajectory.

    The step between them is the smallest difference of steps within a trajectory.  Pairs that are
    further apart are left out, as a frame in between is missing.
    """
    origin = frame_origin(frames)
    order = np.lexsort((origin["step"], origin["trajectory"]))
    same = np.diff(origin["trajectory"][order]) == 0
    distance = np.diff(origin["step"][order])
    following = same & (distance > 0)
    following &= distance == (distance[following].min() if following.any() else 0)
    return order[:-1][following], order[1:][following]


def gaps(frames: FrameSet, *, molecule: Molecule, axes: str = "inertia") -> pd.DataFrame:
    """How well `axes` are determined in every frame, along the dihedral.

    For inertia axes the gap is the smaller difference between neighbouring moments of inertia,
    relative to the largest one; this is (I_c - I_b)/I_c for 1,2-dichloroethane.  It is 0 where two
    axes are arbitrary.

    Returns
    -------
    DataFrame
        Columns ``GAP_COLUMNS``; empty if the molecule cannot have these axes.
    """
    if not possible_axes(molecule, [axes]):
        return pd.DataFrame(columns=GAP_COLUMNS)
    canonical = canonical_axes(axes, frames.positions, molecule)
    gap = {"axes": axes, "axis_gap": canonical.axis_gap, "sign_margin": canonical.sign_margin}
    return pd.DataFrame(frame_origin(frames) | gap)[GAP_COLUMNS]


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
    n_rotations: int = 200,
    **settings: Any,
) -> pd.DataFrame:
    """Axes-independent RMSE of rotate-predict-rotate for each canonical axes and descriptor.

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
        Axes to compare; None takes those of ``AXES_NAMES`` that the molecule can have.
    descriptors
        Descriptors to compare; those that the molecule cannot have are left out.
    seed
        Seed of the validation split, and of the random rotations.
    n_rotations
        Number of random rotations.
    **settings
        Passed to :func:`rpr.models.registry.make_model`.

    Returns
    -------
    DataFrame
        Columns ``ACCURACY_COLUMNS``; Debye or bohr^3. ``deviation`` is the largest deviation of a
        prediction from exact rotation with the molecule, over random rotations of the test frames.
    """
    names = possible_axes(molecule) if axes_names is None else list(axes_names)
    tables = []
    for name in names:
        for descriptor in (d for d in descriptors if find_descriptor(d).applies(molecule)):
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
            table = errors_on_test_sets(
                model,
                test_sets,
                model_name=descriptor,
                property=property,
                molecule=molecule,
                n_train=len(train),
                seed=seed,
            )
            chosen = table[table["component"] == INVARIANT[property]]
            keys = {"axes": name, "descriptor": descriptor, "property": property}
            deviation = chosen["test_set"].map(
                {
                    test_set: _deviation(model, test_frames, molecule, property, n_rotations, seed)
                    for test_set, test_frames in test_sets.items()
                }
            )
            tables.append(chosen.assign(**keys, deviation=deviation))
    if not tables:
        return pd.DataFrame(columns=ACCURACY_COLUMNS)
    return pd.concat(tables, ignore_index=True)[ACCURACY_COLUMNS]


def _deviation(
    model: PropertyModel,
    frames: FrameSet,
    molecule: Molecule,
    property: str,
    n_rotations: int,
    seed: int,
) -> float:
    """Largest deviation of predictions from exact rotation with the molecule."""
    applied = images("rotation", frames.positions, molecule, n=n_rotations, seed=seed)
    _, size = REPORTED[property]
    return float(deviations(model, frames.positions, applied).max() / size)


def _jumps(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether an axis turned round, and whether two axes changed places, for each pair."""
    turn = np.einsum("fij,fkj->fik", after, before)  # rows: new axes, columns: old ones
    nearest = np.abs(turn).argmax(axis=2)  # -> [n_pairs, 3]
    swapped = (nearest != np.arange(3)).any(axis=1)
    element = np.take_along_axis(turn, nearest[:, :, None], axis=2)[:, :, 0]
    angle = np.degrees(np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    jumped = angle > JUMP_DEGREES
    return jumped & ~swapped & (element < 0).any(axis=1), jumped & swapped


def _per_1000(events: np.ndarray) -> float:
    return float(1000.0 * events.mean()) if len(events) else float("nan")
