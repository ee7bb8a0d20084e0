"""Operations that turn a frame of a molecule into another one, and its tensors with it.

An operation maps positions x to x' and a tensor of any rank to that with Q applied to every index:

=============== =============================================== =========
operation       positions                                       Q
=============== =============================================== =========
``translation`` x_i + t, t normally distributed, 5 Angstrom     1
``rotation``    R x_i, R a uniformly random proper rotation     R
``inversion``   -x_P(i), elements of the group with inversion   -1
``permutation`` x_P(i), the other elements but the identity     1
=============== =============================================== =========

The group is the permutation-inversion group of the molecule
(:mod:`rpr.molecule.permutation_inversion`): inversion comes with the permutation of like atoms that
makes the image a geometry which the molecule can reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.axes.rotation import random_rotations, rotate_vectors
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group

OPERATIONS = ("rotation", "translation", "inversion", "permutation")
SHIFT = 5.0  #: standard deviation of each component of a translation, Angstrom


@dataclass(frozen=True)
class Images:
    """Frames after an operation.

    Attributes
    ----------
    positions : array, [n, n_atoms, 3]
        Angstrom.
    frame : int array, [n]
        Frame that each of them was made of.
    matrices : array, [n, 3, 3]
        Q of each of them.
    """

    positions: np.ndarray
    frame: np.ndarray
    matrices: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)


def images(
    operation: str, positions: np.ndarray, molecule: Molecule, *, n: int, seed: int
) -> Images:
    """Frames after an operation; frames and elements of the group take turns.

    Parameters
    ----------
    operation
        One of `OPERATIONS`.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Molecule of the frames, which has the group.
    n
        Number of images.
    seed
        Seed of translations and rotations.

    Returns
    -------
    Images
        Empty if the group has no element of that kind.

    Raises
    ------
    InputError
        If the operation is unknown, there is no frame, or `n` is not positive.
    """
    if operation not in OPERATIONS:
        raise InputError(f"operation: found {operation!r}, expected one of {', '.join(OPERATIONS)}")
    if not len(positions) or n < 1:
        raise InputError(
            f"operation {operation}: found {len(positions)} frames and {n} images, expected at "
            "least one of each"
        )
    frame = np.arange(n) % len(positions)
    chosen, unit = np.asarray(positions, dtype=float)[frame], np.tile(np.eye(3), (n, 1, 1))
    if operation == "translation":
        shifts = np.random.default_rng(seed).normal(scale=SHIFT, size=(n, 1, 3))
        return Images(chosen + shifts, frame, unit)
    if operation == "rotation":
        rotations = random_rotations(n, seed)
        return Images(rotate_vectors(chosen, rotations), frame, rotations)
    group = find_group(molecule)
    wanted = group.inversions == (operation == "inversion")
    wanted[0] = False  # the identity
    elements = np.flatnonzero(wanted)
    if not len(elements):
        return Images(chosen[:0], frame[:0], unit[:0])
    # Neighbouring frames meet different elements, and each frame another one with every pass.
    element = elements[(frame + np.arange(n) // len(positions)) % len(elements)]
    permuted = np.take_along_axis(chosen, group.permutations[element][:, :, None], axis=1)
    signs = group.parities[element][:, None, None]
    return Images(signs * permuted, frame, signs * unit)
