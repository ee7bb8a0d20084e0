"""Signs of principal axes: named rules.

The eigenvectors of an inertia tensor have no sign. A rule picks one of the four proper choices
(+++), (+--), (-+-), (--+) from the coordinates along the axes,
``rule(coordinates, molecule, weights) -> (signs, margin)``:

``raw``
    the axes as LAPACK returns them (made proper). They are not a function of the molecule: most of
    them change when the laboratory is turned. This rule shows what the others are worth.
``anchors``
    the first anchor lies on +a and on +b, c = a x b. The default.
``pair``
    the first anchor lies on +a, the last one on +b, c = a x b.
``largest``
    the first anchor lies on the positive side of the two axes on which it is furthest from
    the origin; the third axis follows from handedness.
``skew``
    the weighted third moments along a and b are positive, c = a x b. No anchor is needed.
``aligned``
    the choice with the largest weighted overlap with the reference geometry in its own axes.

No rule is continuous everywhere. ``margin`` is the distance of a frame from the place where its
signs jump (0 at the jump, dimensionless). A molecule without anchors uses the atom furthest from
the centre of mass in the reference geometry, the first one on ties.
"""

from __future__ import annotations

import numpy as np

from rpr.molecule.inertia import centre, principal_axes
from rpr.molecule.molecule import Molecule

PROPER_SIGNS = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
TIE = 1e-3  #: Angstrom: distances closer than this are equal when an anchor is chosen

#: Signs of the axes and distances from their jump, [n_frames, 3] and [n_frames].
_Signs = tuple[np.ndarray, np.ndarray]


def first_and_last_anchor(molecule: Molecule) -> tuple[int, int]:
    """First and last anchor of the molecule, or twice the atom furthest from the centre of mass.

    Parameters
    ----------
    molecule
        Its anchors are used; without any, the reference geometry decides.
    """
    if molecule.anchors:
        return molecule.anchors[0], molecule.anchors[-1]
    distance = np.linalg.norm(
        molecule.reference - centre(molecule.reference[None], molecule.masses), axis=1
    )
    furthest = int(np.flatnonzero(distance > distance.max() - TIE)[0])
    return furthest, furthest


def _signs(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, -1.0, 1.0)


def _complete(first_two: np.ndarray) -> np.ndarray:
    """Third sign from the first two, so that the product is one."""
    return np.column_stack([first_two, first_two.prod(axis=1)])  # -> [n_frames, 3]


def _relative(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.abs(values) / np.maximum(scale, 1e-12)


def raw(coordinates: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Signs:
    """Keep the signs of the eigenvectors as they are."""
    n_frames = len(coordinates)
    return np.ones((n_frames, 3)), np.zeros(n_frames)


def anchors(coordinates: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Signs:
    """Put the first anchor on +a and +b."""
    anchor = coordinates[:, first_and_last_anchor(molecule)[0]]  # -> [n_frames, 3]
    margin = _relative(anchor[:, :2], np.linalg.norm(anchor, axis=1)[:, None]).min(axis=1)
    return _complete(_signs(anchor[:, :2])), margin


def pair(coordinates: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Signs:
    """Put the first anchor on +a and the last anchor on +b."""
    first, last = first_and_last_anchor(molecule)
    along = np.column_stack([coordinates[:, first, 0], coordinates[:, last, 1]])
    scale = np.linalg.norm(coordinates[:, [first, last]], axis=2)  # -> [n_frames, 2]
    return _complete(_signs(along)), _relative(along, scale).min(axis=1)


def largest(coordinates: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Signs:
    """Put the first anchor on the positive side of the two axes where it is furthest out."""
    anchor = coordinates[:, first_and_last_anchor(molecule)[0]]
    signs = _signs(anchor)
    rows = np.arange(len(anchor))
    order = np.argsort(np.abs(anchor), axis=1)  # -> [n_frames, 3]
    # The smallest coordinate gives way: its sign is the product of the other two.
    signs[rows, order[:, 0]] = signs[rows, order[:, 1]] * signs[rows, order[:, 2]]
    middle = anchor[rows, order[:, 1]]
    smallest = np.abs(anchor[rows, order[:, 0]])
    return signs, _relative(np.abs(middle) - smallest, np.linalg.norm(anchor, axis=1))


def skew(coordinates: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Signs:
    """Make the weighted third moments along a and b positive."""
    cubes = np.einsum("a,fax->fx", weights, coordinates**3)[:, :2]
    scale = np.einsum("a,fax->fx", weights, np.abs(coordinates) ** 3)[:, :2]
    return _complete(_signs(cubes)), _relative(cubes, scale).min(axis=1)


def aligned(coordinates: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Signs:
    """Take the proper signs with the largest weighted overlap with the reference geometry."""
    axes, origin, _ = principal_axes(molecule.reference[None], weights)
    reference = (molecule.reference - origin[0]) @ axes[0].T
    reference = reference * anchors(reference[None], molecule, weights)[0]
    overlap = np.einsum("a,ax,fax->fx", weights, reference, coordinates)
    scores = overlap @ PROPER_SIGNS.T  # -> [n_frames, 4]
    best = np.sort(scores, axis=1)
    margin = _relative(best[:, 3] - best[:, 2], np.abs(overlap).sum(axis=1))
    return PROPER_SIGNS[scores.argmax(axis=1)], margin


SIGN_RULES = {rule.__name__: rule for rule in (anchors, raw, pair, largest, skew, aligned)}
