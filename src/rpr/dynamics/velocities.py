"""Thermal (Maxwell-Boltzmann) velocities of an isolated molecule."""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError
from rpr.molecule.rigid_body import without_rigid_body_motion
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
    if not temperature_K >= 0.0:
        raise InputError(f"temperature_K: found {temperature_K}, expected zero or more (kelvin)")
    masses = np.asarray(masses, dtype=float)
    width = np.sqrt(KB * temperature_K / masses)[:, None]
    velocities = width * rng.standard_normal((len(masses), 3))
    if not rigid_body_motion:
        velocities = without_rigid_body_motion(velocities, positions, masses)
    return velocities * FS


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
