"""Independent test trajectories: starts at all dihedrals, in any orientation, thermal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from rpr.datasets import FrameSet
from rpr.dihedral_scan import set_dihedral
from rpr.errors import InputError
from rpr.molecule import Molecule, dihedral_angle
from rpr.velocities import boltzmann


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


def dihedral_table(frames: FrameSet, dt_fs: float) -> pd.DataFrame:
    """Dihedral of every frame, degrees; columns ``trajectory``, ``time_ps``, ``dihedral``."""
    dihedral = np.nan if frames.dihedral is None else frames.dihedral
    recorded = {"trajectory": frames.trajectory, "time_ps": frames.step * dt_fs / 1000}
    return pd.DataFrame(recorded).assign(dihedral=dihedral)


def collect(
    molecule: Molecule,
    positions: np.ndarray,
    steps: np.ndarray,
    *,
    energy: np.ndarray | None = None,
) -> FrameSet:
    """One set of frames from trajectories that were run together; starts (step 0) are left out.

    Parameters
    ----------
    molecule
        Its atoms and dihedral.
    positions : array, [n_trajectories, n_steps, n_atoms, 3]
        Angstrom.
    steps : int array, [n_steps]
        MD step of each recorded frame.
    energy : array, [n_trajectories, n_steps], optional
        Potential energy in eV.

    Returns
    -------
    FrameSet
        Ordered by trajectory, then step.

    Raises
    ------
    InputError
        If shapes do not fit.
    """
    positions, steps = np.asarray(positions), np.asarray(steps)
    if positions.ndim != 4 or positions.shape[1:] != (len(steps), molecule.n_atoms, 3):
        raise InputError(
            f"positions: found shape {positions.shape}, expected "
            f"[n_trajectories, {len(steps)}, {molecule.n_atoms}, 3]"
        )
    n, kept = len(positions), steps > 0
    flat = positions[:, kept].reshape(-1, molecule.n_atoms, 3)
    return FrameSet(
        molecule.symbols,
        flat,
        energy=None if energy is None else np.asarray(energy)[:, kept].reshape(-1),
        trajectory=np.repeat(np.arange(n), kept.sum()),
        step=np.tile(steps[kept], n),
        dihedral=None if molecule.dihedral is None else dihedral_angle(flat, molecule.dihedral),
    )
