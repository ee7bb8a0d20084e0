"""Recorded trajectories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Recorded steps of trajectories that were run together.

    Parameters
    ----------
    positions : array, [n_trajectories, n_steps, n_atoms, 3]
        Angstrom.
    velocities : array, [n_trajectories, n_steps, n_atoms, 3]
        Angstrom/fs.
    potential, kinetic : array, [n_trajectories, n_steps]
        Energies in eV.
    steps : int array, [n_steps]
        Number of each recorded step; 0 is the start.
    dt_fs
        Time step in fs.
    """

    positions: np.ndarray
    velocities: np.ndarray
    potential: np.ndarray
    kinetic: np.ndarray
    steps: np.ndarray
    dt_fs: float

    @property
    def total(self) -> np.ndarray:
        """Total energies in eV, [n_trajectories, n_steps]."""
        return self.potential + self.kinetic

    @property
    def times_fs(self) -> np.ndarray:
        """Times of the recorded steps in fs, [n_steps]."""
        return self.steps * self.dt_fs

    def drift(self) -> np.ndarray:
        """Drift of each total energy over the run in eV, [n_trajectories].

        It is the change along the least-squares line.  The error of velocity Verlet is an
        oscillation rather than a drift: see `fluctuation`.
        """
        if len(self.steps) < 2:
            return np.zeros(len(self.total))
        times = self.times_fs - self.times_fs.mean()
        slopes = (self.total @ times) / (times @ times)
        return np.abs(slopes) * (self.times_fs[-1] - self.times_fs[0])

    def fluctuation(self) -> np.ndarray:
        """Standard deviation of each total energy in eV, [n_trajectories]; it falls as dt^2."""
        return self.total.std(axis=1)


def collect(
    molecule: Molecule,
    positions: np.ndarray,
    steps: np.ndarray,
    *,
    energy: np.ndarray | None = None,
) -> FrameSet:
    """One set of frames from trajectories that were run together, without their start (step 0).

    Parameters
    ----------
    molecule
        Its atoms and dihedral are used.
    positions : array, [n_trajectories, n_steps, n_atoms, 3]
        Angstrom.
    steps : int array, [n_steps]
        Number of each recorded step.
    energy : array, [n_trajectories, n_steps], optional
        Potential energy in eV.

    Returns
    -------
    FrameSet
        Ordered by trajectory, then step.

    Raises
    ------
    InputError
        If the shape of `positions` does not match `steps` and `molecule`.
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
