"""Langevin dynamics of isolated molecules, many trajectories at once.

    dv = F / m dt - gamma v dt + sqrt(2 gamma k T / m) dW

by the middle scheme: half a kick, half a drift, friction and noise, half a drift, half a kick.
Positions at whole steps then have the exact Boltzmann distribution of a harmonic vibration for any
stable time step (B. Leimkuhler, C. Matthews, J. Chem. Phys. 138, 174102 (2013)).  Friction and
noise act every few steps, with the friction of that time.

By default the noise has no momentum and no angular momentum, so that a molecule that neither moves
nor rotates never starts to.  Its geometries then have the distribution exp(-V/kT) / sqrt(det I)
with the inertia tensor I, as angular momentum is fixed.  With `rigid_body_motion`
the molecule moves and rotates, and its geometries have the distribution exp(-V/kT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rpr.dynamics.batch import Potential, step_function, warn_of_extrapolation
from rpr.dynamics.velocities import thermal_velocities
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import broken_bond
from rpr.molecule.rigid_body import is_linear
from rpr.units import FS

#: Steps from one action of friction and noise to the next.
NOISE_EVERY = 10


@dataclass(frozen=True)
class Thermostat:
    """What Langevin dynamics does to a trajectory.

    Parameters
    ----------
    temperature_K
        Temperature in K.
    friction_per_ps
        Friction gamma in 1/ps; the energy of a vibration relaxes within about 1/gamma.
    dt_fs
        Time step in fs.

    Raises
    ------
    InputError
        If friction or time step are not positive.
    """

    temperature_K: float
    friction_per_ps: float
    dt_fs: float

    def __post_init__(self) -> None:
        if not self.friction_per_ps > 0.0 or not self.dt_fs > 0.0:
            raise InputError(
                f"friction_per_ps, dt_fs: found {self.friction_per_ps} and {self.dt_fs}, expected "
                "positive numbers"
            )

    def kept(self, n_steps: int) -> float:
        """Part of a velocity that the friction of some steps leaves."""
        return np.exp(-1e-3 * self.friction_per_ps * n_steps * self.dt_fs)


def run_langevin(
    model: Potential,
    positions: np.ndarray,
    velocities: np.ndarray,
    masses: np.ndarray,
    thermostat: Thermostat,
    *,
    n_steps: int,
    rngs: Sequence[np.random.Generator],
    molecule: Molecule | None = None,
    linear: bool | None = None,
    rigid_body_motion: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities after Langevin dynamics.

    Parameters
    ----------
    model
        Potential, whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    positions : array, [n_trajectories, n_atoms, 3]
        Angstrom.
    velocities : array, [n_trajectories, n_atoms, 3]
        Angstrom/fs.
    masses : array, [n_atoms]
        u.
    thermostat
        Temperature, friction and time step.
    n_steps
        Number of steps; 0 returns what was given.
    rngs
        One source of random numbers for each trajectory.
    molecule
        Molecule whose bonds are watched, if any.
    linear
        Whether the molecule is linear at rest, which counts for the noise; None asks the reference
        geometry of `molecule`.
    rigid_body_motion
        Whether friction and noise act on the motion of the molecule as a whole, too.

    Returns
    -------
    positions, velocities : array, [n_trajectories, n_atoms, 3]
        Angstrom and Angstrom/fs.

    Raises
    ------
    ConvergenceError
        If a bond breaks.
    """
    x, v = np.array(positions, dtype=float), np.array(velocities, dtype=float)
    if not n_steps:
        return x, v
    if linear is None:
        linear = molecule is not None and is_linear(molecule.reference, molecule.masses)
    to_acceleration = FS**2 / np.asarray(masses, dtype=float)[:, None]
    predict, dt_fs = step_function(model), thermostat.dt_fs
    acceleration = model.predict(x)[1] * to_acceleration
    since = 0  # steps without friction and noise
    for step in range(1, n_steps + 1):
        v += 0.5 * dt_fs * acceleration
        x += 0.5 * dt_fs * v
        since += 1
        if since == NOISE_EVERY or step == n_steps:
            noise = thermal_velocities(
                x,
                masses,
                thermostat.temperature_K,
                rngs,
                rigid_body_motion=rigid_body_motion,
                linear=linear,
            )
            kept, since = thermostat.kept(since), 0
            v = kept * v + np.sqrt(1.0 - kept**2) * noise
            _check_bonds(x, molecule, step)
        x += 0.5 * dt_fs * v
        acceleration = predict(x)[1] * to_acceleration
        v += 0.5 * dt_fs * acceleration
    warn_of_extrapolation(model, x)
    return x, v


def _check_bonds(positions: np.ndarray, molecule: Molecule | None, step: int) -> None:
    if molecule is None:
        return
    broken = broken_bond(positions, molecule.reference, molecule.bonds)
    if broken is not None:
        i, j = broken.atoms
        raise ConvergenceError(
            f"trajectory {broken.frame}: bond {i}-{j} broke at step {step} of the equilibration; "
            "train the potential on more frames, or use a shorter time step"
        )
