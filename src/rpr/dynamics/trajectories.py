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
    """Recorded steps of T trajectories of A atoms; S steps are recorded.

    Parameters
    ----------
    positions : array, [T, S, A, 3]
        Angstrom.
    velocities : array, [T, S, A, 3]
        Angstrom/fs.
    potential, kinetic : array, [T, S]
        Energies in eV.
    steps : int array, [S]
        Steps after the start; the first is 0.
    dt_fs
        Time step in fs.
    exploded : int array, [T]
        Step at which a trajectory was given up, -1 for the others.  What it would have recorded
        from there on is NaN.
    """

    positions: np.ndarray
    velocities: np.ndarray
    potential: np.ndarray
    kinetic: np.ndarray
    steps: np.ndarray
    dt_fs: float
    exploded: np.ndarray

    @property
    def energies(self) -> tuple[np.ndarray, np.ndarray]:
        """Potential and kinetic energies."""
        return self.potential, self.kinetic

    @property
    def total(self) -> np.ndarray:
        """Total energies in eV, [T, S]."""
        return self.potential + self.kinetic

    @property
    def times_fs(self) -> np.ndarray:
        """Times of the recorded steps in fs, [S]."""
        return self.steps * self.dt_fs

    def drift(self) -> np.ndarray:
        """Size of each total energy's change along its least-squares line over the run in eV, [T].

        The error of velocity Verlet is an oscillation, not a drift: see `fluctuation`.
        """
        times = self.times_fs - self.times_fs.mean()
        slopes = (self.total @ times) / (times @ times)
        return np.abs(slopes) * (self.times_fs[-1] - self.times_fs[0])

    def fluctuation(self) -> np.ndarray:
        """Standard deviation of each total energy over the run in eV, [T]; falls as dt^2."""
        return self.total.std(axis=1)


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
