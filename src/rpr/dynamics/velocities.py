"""Thermal (Maxwell-Boltzmann) velocities of isolated molecules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpr.errors import InputError
from rpr.molecule.rigid_body import without_rigid_body_motion, without_rigid_body_motions
from rpr.units import FS, KB


def boltzmann(
    positions: np.ndarray,
    masses: np.ndarray,
    *,
    temperature_K: float,
    rng: np.random.Generator,
    rigid_body_motion: bool = False,
) -> np.ndarray:
    """Draw velocities from the Maxwell-Boltzmann distribution.

    Each component is Gaussian with variance kT/m.  By default, net momentum and angular momentum
    are then projected out without rescaling.  This is the Boltzmann distribution of a molecule
    that neither moves nor rotates: every vibrational degree of freedom keeps <KE> = kT/2, so that
    the total is (3 n_atoms - 6) kT/2 on average, and one kT/2 more at a linear geometry.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        u.
    temperature_K
        Temperature in K.
    rng
        Source of random numbers.
    rigid_body_motion
        Whether the molecule keeps its thermal momentum and angular momentum.

    Returns
    -------
    array, [n_atoms, 3]
        Angstrom/fs.

    Raises
    ------
    InputError
        If the temperature is negative.
    """
    velocities = _widths(masses, temperature_K) * rng.standard_normal((len(masses), 3))
    if not rigid_body_motion:
        velocities = without_rigid_body_motion(velocities, positions, masses)
    return velocities * FS


def thermal_velocities(
    positions: np.ndarray,
    masses: np.ndarray,
    temperature_K: float,
    rngs: Sequence[np.random.Generator],
    *,
    rigid_body_motion: bool = False,
    linear: bool = False,
) -> np.ndarray:
    """Boltzmann velocities of many trajectories, each with random numbers of its own.

    They have the distribution of `boltzmann`.

    Parameters
    ----------
    positions : array, [n_trajectories, n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        u.
    temperature_K
        Temperature in K.
    rngs
        One source of random numbers for each trajectory.
    rigid_body_motion
        Whether the molecules keep their thermal momentum and angular momentum.
    linear
        Whether the molecule is linear at rest: five motions of the whole molecule, not six.

    Returns
    -------
    array, [n_trajectories, n_atoms, 3]
        Angstrom/fs.

    Raises
    ------
    InputError
        If the temperature is negative.
    """
    width = _widths(masses, temperature_K) * FS
    noise = np.array([rng.standard_normal(positions.shape[1:]) for rng in rngs])
    if rigid_body_motion:
        return width * noise
    return without_rigid_body_motions(width * noise, positions, masses, linear=linear)


def _widths(masses: np.ndarray, temperature_K: float) -> np.ndarray:
    """Standard deviation sqrt(kT/m) of the velocity of each atom in sqrt(eV/u), [n_atoms, 1]."""
    if not temperature_K >= 0.0:
        raise InputError(f"temperature_K: found {temperature_K}, expected zero or more (kelvin)")
    return np.sqrt(KB * temperature_K / np.asarray(masses, dtype=float))[:, None]


def kinetic_energy(velocities: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Kinetic energy sum_i m_i v_i^2 / 2.

    Parameters
    ----------
    velocities : array, [..., n_atoms, 3]
        Angstrom/fs.
    masses : array, [n_atoms]
        u.

    Returns
    -------
    array, [...]
        eV.
    """
    squares = np.sum((velocities / FS) ** 2, axis=-1)  # -> [..., n_atoms]
    return 0.5 * squares @ masses
