"""Random choice of frames that a validation holds out of training."""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError


def hold_out(
    n: int, fraction: float, rng: np.random.Generator, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Frames to train on and frames held out, both in random order.

    Of m frames, or groups, round(fraction m) are held out, but at least one and at most m - 1.
    A single one belongs to both parts.

    Parameters
    ----------
    n
        Number of frames.
    fraction
        Part of the frames, or of the groups, that is held out, between 0 and 1.
    rng
        Source of the random order.
    groups : array, [n]
        Frames of equal entries go to the same part, such as copies of one frame or frames of one
        trajectory.  The generator then draws the order of the groups first, that of the frames
        second.

    Returns
    -------
    kept, held : array of int
        Indices.

    Raises
    ------
    InputError
        If the fraction is not between 0 and 1, or there is not one group for each frame.
    """
    if not 0.0 < fraction < 1.0:
        raise InputError(f"validation_fraction: found {fraction}, expected between 0 and 1")
    if groups is None:
        order = rng.permutation(n)
        n_held = _number_held(n, fraction)
        return (order[n_held:], order[:n_held]) if n > 1 else (order, order)
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise InputError(f"groups: found shape {groups.shape}, expected ({n},)")
    names = np.unique(groups)
    names = names[rng.permutation(len(names))]
    order = rng.permutation(n)
    if len(names) == 1:
        return order, order
    held = np.isin(groups[order], names[: _number_held(len(names), fraction)])
    return order[~held], order[held]


def _number_held(m: int, fraction: float) -> int:
    return min(max(round(fraction * m), 1), m - 1)
