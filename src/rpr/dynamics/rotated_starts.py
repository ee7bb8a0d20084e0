"""Independent test trajectories: starts at all dihedrals, in any orientation, thermal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.dynamics.velocities import boltzmann
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import set_dihedral


@dataclass(frozen=True, eq=False)
class Starts:
    """Where test trajectories begin.

    Parameters
    ----------
    positions : array, [n, n_atoms, 3]
        Angstrom.
    velocities : array, [n, n_atoms, 3]
        Angstrom/fs.
    dihedral : array, [n]
        Degrees in (-180, 180]; None for a molecule without one.
    rotations : array, [n, 3, 3]
        The rotation that was applied to each start, x = R x_0 for column vectors.
    """

    positions: np.ndarray
    velocities: np.ndarray
    dihedral: np.ndarray | None
    rotations: np.ndarray

    def frames(self, molecule: Molecule) -> FrameSet:
        """The starts as a set of frames, step 0 of trajectories 0 to n - 1."""
        return FrameSet(
            molecule.symbols,
            self.positions,
            velocities=self.velocities,
            trajectory=np.arange(len(self.positions)),
            step=np.zeros(len(self.positions), dtype=int),
            dihedral=self.dihedral,
        )


def starts(
    molecule: Molecule, *, n: int = 24, temperature_K: float = 300.0, seed: int = 0
) -> Starts:
    """Starting points at n dihedrals spread over the full circle.

    Start k has the reference geometry with its dihedral set to 360 k / n degrees (15 degrees
    apart for n = 24), Boltzmann velocities without net momentum and angular momentum, and then
    one rotation, uniform on SO(3), of positions and velocities together.  It depends on `seed`
    and k, not on how many others are drawn.  Without a dihedral all start at the reference
    geometry.

    Parameters
    ----------
    molecule
        Its reference geometry and dihedral.
    n
        Number of starts.
    temperature_K
        Temperature of the velocities in K.
    seed
        Seed of the random numbers.

    Returns
    -------
    Starts

    Raises
    ------
    InputError
        If `n` is not positive, the temperature negative, or the dihedral cannot be turned.

    Notes
    -----
    The test set of Martinka et al., J. Chem. Phys. 161, 174104 (2024).
    """
    if n < 1:
        raise InputError(f"n: found {n}, expected at least one start")
    unrotated, angles = np.repeat(molecule.reference[None], n, axis=0), None
    if molecule.dihedral is not None:
        angles = 360.0 * np.arange(n) / n
        angles = np.where(angles > 180.0, angles - 360.0, angles)
        unrotated = set_dihedral(unrotated, molecule, angles)
    positions, velocities, rotations = [], [], []
    for k in range(n):
        rng = np.random.default_rng([seed, k])
        velocity = boltzmann(unrotated[k], molecule.masses, temperature_K=temperature_K, rng=rng)
        rotation = Rotation.random(rng=rng).as_matrix()
        positions.append(unrotated[k] @ rotation.T)
        velocities.append(velocity @ rotation.T)
        rotations.append(rotation)
    return Starts(np.array(positions), np.array(velocities), angles, np.array(rotations))
