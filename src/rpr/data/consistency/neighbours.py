"""Pairs of frames of similar geometry, and the rotation that turns one onto the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from rpr.data.frame_set import FrameSet
from rpr.molecule.pairs import pair_distances
from rpr.molecule.superposition import best_rotations

#: Frames with root-mean-square differences of distances below this, in Angstrom, are one geometry.
SAME_GEOMETRY = 1e-4


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of frames, x_b = Q x_a + d.

    Attributes
    ----------
    first, second : int array, [n_pairs]
        The frames a and b.
    distances : array, [n_pairs]
        Root-mean-square difference of the distances between atoms, Angstrom.
    rotations : array, [n_pairs, 3, 3]
        Q, an orthogonal matrix; for mirror images its determinant is -1.
    displacements : array, [n_pairs, n_atoms, 3]
        d in Angstrom, relative to the centroids.
    """

    first: np.ndarray
    second: np.ndarray
    distances: np.ndarray
    rotations: np.ndarray
    displacements: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def angles(self) -> np.ndarray:
        """Angle of the rotation, or of the rotation after the inversion, in degrees, [n_pairs]."""
        proper = self.rotations * np.linalg.det(self.rotations)[:, None, None]
        cosine = (np.trace(proper, axis1=1, axis2=2) - 1) / 2
        return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))

    def subset(self, chosen: np.ndarray) -> Pairs:
        """The pairs where a boolean array is true."""
        return Pairs(*(values[chosen] for values in vars(self).values()))


def neighbour_pairs(frames: FrameSet, *, n_neighbours: int = 5) -> Pairs:
    """Each frame with the frames that resemble it most.

    Parameters
    ----------
    frames
        Frames of one molecule.
    n_neighbours
        Number of neighbours of each frame; each pair occurs once.

    Returns
    -------
    Pairs
        In order of increasing distance.
    """
    features = pair_distances(frames.positions)
    features = features / np.sqrt(features.shape[1])
    n_neighbours = min(n_neighbours, len(frames) - 1)
    distances, indices = cKDTree(features).query(features, k=n_neighbours + 1)
    first = np.repeat(np.arange(len(frames)), n_neighbours + 1)
    found = {
        (min(a, b), max(a, b)): d
        for a, b, d in zip(first.tolist(), indices.ravel().tolist(), distances.ravel(), strict=True)
        if a != b
    }
    keys = np.array(list(found), dtype=int).reshape(-1, 2)
    sizes = np.array(list(found.values()))
    order = np.argsort(sizes, kind="stable")
    a, b = keys[order].T
    rotations, displacements = superpose(frames.positions[a], frames.positions[b])
    return Pairs(a, b, sizes[order], rotations, displacements)


def superpose(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best orthogonal matrices Q, mirror images included, with x_b close to Q x_a.

    Parameters
    ----------
    first, second : array, [n_pairs, n_atoms, 3]
        Geometries x_a and x_b in Angstrom.

    Returns
    -------
    rotations : array, [n_pairs, 3, 3]
    displacements : array, [n_pairs, n_atoms, 3]
        x_b - Q x_a relative to the centroids.  A planar geometry leaves the determinant of Q open;
        it is then positive.
    """
    a = first - first.mean(axis=1, keepdims=True)
    b = second - second.mean(axis=1, keepdims=True)
    rotations, _ = best_rotations(np.swapaxes(b, 1, 2) @ a, mirror=True)
    return rotations, b - a @ np.swapaxes(rotations, 1, 2)
