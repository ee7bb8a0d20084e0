"""Splits of a set of frames into training and test frames, as index arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from rpr.errors import InputError, require_package
from rpr.files import atomic_path, read_failure


def random_split(n_frames: int, *, n_train: int, n_test: int, seed: int) -> dict[str, np.ndarray]:
    """Training and test frames drawn at random from all frames, as in the paper.

    Successive frames of a trajectory are half a femtosecond apart, so that a test frame nearly
    always has a near-copy in the training set: errors on this split are optimistic, unlike those
    on a `trajectory_split`.  For one seed, the training set of a smaller `n_train` is the beginning
    of that of a larger one, and the test set is the same.

    Parameters
    ----------
    n_frames
        Number of frames.
    n_train, n_test
        Sizes of the two sets.
    seed
        Seed of the random numbers.

    Returns
    -------
    dict
        ``train`` and ``test``: index arrays without common elements.

    Raises
    ------
    InputError
        If the sets together are larger than the data.
    """
    _check_sizes(n_train, n_test)
    if n_train + n_test > n_frames:
        raise InputError(
            f"n_train + n_test: found {n_train} + {n_test} = {n_train + n_test}, expected at most "
            f"{n_frames}, the number of frames; make them smaller or sample more frames"
        )
    order = np.random.default_rng(seed).permutation(n_frames)
    return {"train": order[n_test : n_test + n_train], "test": order[:n_test]}


def trajectory_split(
    trajectory: np.ndarray, *, n_train: int, n_test: int, seed: int
) -> dict[str, np.ndarray]:
    """Training and test frames from different trajectories.

    Trajectories are put in random order, and the first ones that together have `n_test` frames are
    held out.  If this leaves too few frames to train on, those trajectories are held out whose
    number of frames exceeds `n_test` least.  Test frames are drawn at random from the held-out
    trajectories, training frames from the others.

    Parameters
    ----------
    trajectory : int array, [n_frames]
        Trajectory of each frame.
    n_train, n_test
        Sizes of the two sets.
    seed
        Seed of the random numbers.

    Returns
    -------
    dict
        ``train`` and ``test``: index arrays; no trajectory has frames in both.

    Raises
    ------
    InputError
        If the trajectories do not hold enough frames.
    """
    _check_sizes(n_train, n_test)
    trajectory = np.asarray(trajectory)
    rng = np.random.default_rng(seed)
    names, sizes = np.unique(trajectory, return_counts=True)
    order = rng.permutation(len(names))
    held = order[: n_groups_holding(n_test, sizes[order])]
    if n_test <= len(trajectory) < n_train + sizes[held].sum():
        held = np.array(_fewest(order, sizes, n_test))
    held_out = np.isin(trajectory, names[held])
    n_left = int(np.sum(~held_out))
    if n_test > held_out.sum() or n_train > n_left:
        raise InputError(
            f"n_train, n_test: found {n_train} and {n_test}, but {len(names)} trajectories of "
            f"{len(trajectory)} frames leave {n_left} to train on once whole trajectories with "
            f"{n_test} test frames are held out; make them smaller or run more trajectories"
        )
    test = rng.permutation(np.flatnonzero(held_out))[:n_test]
    train = rng.permutation(np.flatnonzero(~held_out))[:n_train]
    return {"train": train, "test": test}


def train_and_both_tests(
    trajectory: np.ndarray, *, n_train: int, n_test: int, seed: int
) -> dict[str, np.ndarray]:
    """Training frames, test frames of the same trajectories, and of trajectories held out.

    Parameters
    ----------
    trajectory : int array, [n_frames]
        Trajectory of each frame.
    n_train, n_test
        Sizes of the training set and of each of the two test sets.
    seed
        Seed of the random numbers.

    Returns
    -------
    dict
        ``train``, ``in_distribution`` and ``held_out_trajectories``: index arrays.

    Raises
    ------
    InputError
        If the trajectories do not hold enough frames.
    """
    _check_sizes(n_train, n_test)
    wanted = n_train + 2 * n_test
    if wanted > len(trajectory):
        raise InputError(
            f"n_train, n_test: found {n_train} and {n_test}, which with two test sets are {wanted} "
            f"frames, but there are {len(trajectory)}; make them smaller or label more frames"
        )
    held = trajectory_split(trajectory, n_train=n_train + n_test, n_test=n_test, seed=seed)
    return {
        "train": held["train"][:n_train],
        "in_distribution": held["train"][n_train:],
        "held_out_trajectories": held["test"],
    }


def n_groups_holding(n_frames: int, sizes: np.ndarray) -> int:
    """How many of the first groups together hold at least so many frames.

    All groups together may hold fewer; the result is then one more than there are groups.

    Parameters
    ----------
    n_frames
        Number of frames, at least one.
    sizes : array of int, [n_groups]
        Frames of each group, in the order in which the groups are taken.

    Examples
    --------
    >>> n_groups_holding(5, np.array([3, 2, 4])), n_groups_holding(6, np.array([3, 2, 4]))
    (2, 3)
    """
    return int(np.searchsorted(np.cumsum(sizes), n_frames)) + 1


def _fewest(order: np.ndarray, sizes: np.ndarray, n_test: int) -> list[int]:
    """Trajectories with the fewest frames in all, but at least `n_test`; early ones are preferred.

    All possible sums of sizes are built up, trajectory by trajectory.
    """
    chosen: dict[int, list[int]] = {0: []}
    for k in order:
        for total in sorted(chosen, reverse=True):
            if total < n_test:
                chosen.setdefault(total + int(sizes[k]), [*chosen[total], k])
    return chosen[min(total for total in chosen if total >= n_test)]


def outside_test_set(n_frames: int, split: Mapping[str, np.ndarray]) -> np.ndarray:
    """Indices of all frames that are not in the test set of a split, in increasing order.

    Examples
    --------
    >>> outside_test_set(6, {"train": np.array([0, 3]), "test": np.array([4, 1])})
    array([0, 2, 3, 5])
    """
    return np.setdiff1d(np.arange(n_frames), split["test"])


def random_order(frames: int | Sequence[int] | np.ndarray, *, seed: int) -> np.ndarray:
    """Frames in random order, whose beginnings are the training sets of a learning curve.

    Parameters
    ----------
    frames
        Frame indices, or a number n for the frames 0 to n - 1.
    seed
        Seed of the random numbers.

    Returns
    -------
    int array, [n_frames]
        The same indices, shuffled.
    """
    return np.random.default_rng(seed).permutation(frames)


def write_split(path: str | os.PathLike, split: Mapping[str, np.ndarray]) -> None:
    """Write a split as a CSV file with the columns ``frame,set``, atomically and in order."""
    pd = require_package("pandas", extra="plots")
    table = pd.concat(
        [pd.DataFrame({"frame": np.asarray(v, dtype=int), "set": k}) for k, v in split.items()]
    )
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def read_split(path: str | os.PathLike, *, n_frames: int | None = None) -> dict[str, np.ndarray]:
    """Read a split that :func:`write_split` wrote.

    Parameters
    ----------
    path
        CSV file with the columns ``frame,set``.
    n_frames
        Number of frames against which the indices are checked.

    Returns
    -------
    dict
        Index array of each set, in the order of the file.

    Raises
    ------
    InputError
        If the file is not such a table, a frame is in two sets or twice in one, or an index is
        out of range.
    """
    pd = require_package("pandas", extra="plots")
    try:
        table = pd.read_csv(path, keep_default_na=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not readable as a table ({read_failure(error)})") from error
    missing = [name for name in ("frame", "set") if name not in table.columns]
    if missing:
        raise InputError(
            f"{path}: found columns {', '.join(map(str, table.columns))}, "
            f"expected frame,set: '{missing[0]}' is missing"
        )
    if not pd.api.types.is_integer_dtype(table["frame"]):
        raise InputError(f"{path}: column frame holds something other than frame indices")
    _check_frames(path, table["frame"].to_numpy(), n_frames)
    return {str(k): v.to_numpy(dtype=int) for k, v in table.groupby("set", sort=False)["frame"]}


def _check_sizes(n_train: int, n_test: int) -> None:
    for key, size in (("n_train", n_train), ("n_test", n_test)):
        if size < 1:
            raise InputError(f"{key}: found {size}, expected at least one frame")


def _check_frames(path: str | os.PathLike, frames: np.ndarray, n_frames: int | None) -> None:
    if len(frames) == 0:
        raise InputError(f"{path}: found no frames; write the split again")
    values, counts = np.unique(frames, return_counts=True)
    if counts.max() > 1:
        raise InputError(
            f"{path}: frame {values[np.argmax(counts)]} is listed more than once; training and "
            "test frames must differ"
        )
    if values[0] < 0 or (n_frames is not None and values[-1] >= n_frames):
        wrong = values[0] if values[0] < 0 else values[-1]
        limit = "or more" if n_frames is None else f"to {n_frames - 1}"
        raise InputError(
            f"{path}: found frame {wrong}, expected 0 {limit}; the split belongs to other frames"
        )
