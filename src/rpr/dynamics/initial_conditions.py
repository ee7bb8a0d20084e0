"""Initial conditions of test trajectories: all dihedrals, any orientation, thermal velocities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.dynamics.sampling import scanned_minima
from rpr.dynamics.velocities import boltzmann
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle


@dataclass(frozen=True, eq=False)
class InitialConditions:
    """Positions and velocities at which trajectories begin.

    Parameters
    ----------
    positions : array, [n_trajectories, n_atoms, 3]
        Angstrom.
    velocities : array, [n_trajectories, n_atoms, 3]
        Angstrom/fs.
    dihedral : array, [n_trajectories]
        Degrees in (-180, 180]; None for a molecule without one.
    rotations : array, [n_trajectories, 3, 3]
        Rotation R of each trajectory, x = R x_0 for column vectors.
    """

    positions: np.ndarray
    velocities: np.ndarray
    dihedral: np.ndarray | None
    rotations: np.ndarray


def rotated_initial_conditions(
    molecule: Molecule,
    *,
    n: int = 24,
    temperature_K: float = 300.0,
    seed: int = 0,
    minima: np.ndarray | None = None,
) -> InitialConditions:
    """Initial conditions at n dihedrals spread over the full circle, each turned at random.

    Trajectory k begins at the reference geometry with its dihedral set to 360 k / n degrees (15
    degrees apart for n = 24) and with Boltzmann velocities that have no net momentum and angular
    momentum.  Positions and velocities are then turned together by a rotation that is uniform on
    SO(3), which depends on `seed` and k, not on n.  A molecule without a dihedral begins at its
    reference geometry.  With several `minima` the trajectories begin at these in turn.

    Parameters
    ----------
    molecule
        Its reference geometry and dihedral are used.
    n
        Number of trajectories.
    temperature_K
        Temperature of the velocities in K.
    seed
        Seed of the random numbers.
    minima : array, [n_minima, n_atoms, 3], optional
        Geometries to begin at (:func:`rpr.dynamics.sampling.scanned_minima`), Angstrom; the default
        is the reference geometry.

    Returns
    -------
    InitialConditions

    Raises
    ------
    InputError
        If `n` is not positive, the temperature negative, or the dihedral cannot be turned.

    Notes
    -----
    The test set of Martinka et al., J. Chem. Phys. 161, 174104 (2024).
    """
    if n < 1:
        raise InputError(f"n: found {n}, expected at least one trajectory")
    if minima is None:
        minima = molecule.reference[None]
    unrotated, angles = scanned_minima(molecule, minima, n)
    positions, velocities, rotations = [], [], []
    for k in range(n):
        rng = np.random.default_rng([seed, k])
        velocity = boltzmann(unrotated[k], molecule.masses, temperature_K=temperature_K, rng=rng)
        rotation = Rotation.random(rng=rng).as_matrix()
        # Not `rotate_vectors`, whose last bits differ: labels are found by the bits of a geometry.
        positions.append(unrotated[k] @ rotation.T)
        velocities.append(velocity @ rotation.T)
        rotations.append(rotation)
    return InitialConditions(np.array(positions), np.array(velocities), angles, np.array(rotations))


def as_frames(molecule: Molecule, positions: np.ndarray, velocities: np.ndarray) -> FrameSet:
    """Initial conditions as frames, each the first of a trajectory of its own.

    Parameters
    ----------
    molecule
        Its atoms and dihedral are used.
    positions, velocities : array, [n, n_atoms, 3]
        Angstrom, and Angstrom/fs.

    Returns
    -------
    FrameSet
        With trajectory 0, 1, ..., step 0, and the dihedral if there is one.
    """
    four = molecule.dihedral
    return FrameSet(
        molecule.symbols,
        positions,
        velocities=velocities,
        trajectory=np.arange(len(positions)),
        step=np.zeros(len(positions), dtype=int),
        dihedral=None if four is None else dihedral_angle(positions, four),
    )
