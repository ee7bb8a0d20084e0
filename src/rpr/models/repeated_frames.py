"""Training frames that repeat a geometry, of which a process without noise learns one.

A copy says nothing new, but it spoils what a Gaussian process concludes from its own residuals:
left out alone, a frame with a copy is predicted exactly, and the likelihood takes labels for
smoother than they are.  Copies whose labels differ in length, or in their eigenvalues, are kept, as
they say how much noise there is.
"""

from __future__ import annotations

import numpy as np

#: Differences of labels that rotation and rounding explain, relative to their root mean square.
SAME_LABEL = 1e-4


def frames_to_learn(first: np.ndarray, values: np.ndarray, preferred: np.ndarray) -> np.ndarray:
    """One frame of each geometry, or all of those whose labels differ.

    Parameters
    ----------
    first : int array, [n_frames]
        As from :func:`rpr.data.known_geometries.first_of_each`.
    values : array, [n_frames, 3] or [n_frames, 3, 3]
        Labels, of which only lengths or eigenvalues are compared.
    preferred : bool array, [n_frames]
        Which frames to prefer to others of the same geometry.

    Returns
    -------
    int array, [n_kept]
        Indices in increasing order.

    Examples
    --------
    >>> values = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 2.0]])
    >>> frames_to_learn(np.array([0, 0, 2]), values, np.array([False, True, False]))
    array([1, 2])
    """
    kept = np.ones(len(first), dtype=bool)
    sizes = _sizes(values)
    tolerance = SAME_LABEL * np.sqrt(np.mean(values**2) * values[0].size)
    for frame in np.unique(first[first != np.arange(len(first))]):
        members = np.flatnonzero(first == frame)
        if np.ptp(sizes[members], axis=0).max() < tolerance:
            kept[members] = False
            kept[members[np.argmax(preferred[members])]] = True
    return np.flatnonzero(kept)


def _sizes(values: np.ndarray) -> np.ndarray:
    """Lengths of vectors, or eigenvalues of the symmetric part of tensors, [n_frames, n]."""
    if values.ndim == 2:
        return np.linalg.norm(values, axis=1, keepdims=True)
    return np.linalg.eigvalsh(0.5 * (values + np.swapaxes(values, 1, 2)))
