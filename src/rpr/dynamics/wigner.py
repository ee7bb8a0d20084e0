"""Initial conditions from the harmonic Wigner distribution at a temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from rpr.errors import InputError
from rpr.molecule.normal_modes import NormalModes, normal_modes
from rpr.units import FS, HBAR, KB


def sample(
    reference: Atoms,
    hessian: np.ndarray,
    *,
    temperature_K: float,
    n: int,
    seed: int | Sequence[int],
) -> tuple[np.ndarray, np.ndarray]:
    """Draw positions and velocities from the thermal Wigner distribution of the normal modes.

    For a mode of frequency w the distribution of the mass-weighted coordinate Q and momentum P is
    Gaussian, with the thermal factor c = coth(hbar w / 2kT) on both::

        <Q^2> = hbar c / 2w,   <P^2> = hbar w c / 2,   <KE> = <PE> = (hbar w / 4) c

    Net momentum is zero, and angular momentum is zero to first order in the displacement, because
    translations and rotations are projected out of the modes.  The first k points do not depend
    on `n`.

    Parameters
    ----------
    reference
        A minimum of the potential energy.
    hessian : array, [3 n_atoms, 3 n_atoms]
        eV/Angstrom^2, at `reference`.
    temperature_K
        Temperature in K; 0 gives the distribution of the vibrational ground state.
    n
        Number of points.
    seed
        Seed of the random numbers, one or several whole numbers.

    Returns
    -------
    positions : array, [n, n_atoms, 3]
        Angstrom.
    velocities : array, [n, n_atoms, 3]
        Angstrom/fs.

    Raises
    ------
    InputError
        If the temperature is negative, `n` is not positive, the Hessian has the wrong shape, or
        `reference` is not a minimum (a mode is imaginary).

    Notes
    -----
    Initial conditions as in Martinka et al., J. Chem. Phys. 161, 174104 (2024).
    """
    if n < 1:
        raise InputError(f"n: found {n}, expected at least one point")
    modes = normal_modes(reference.positions, reference.get_masses(), hessian)
    width_q, width_p = widths(modes, temperature_K=temperature_K)
    normal = np.random.default_rng(seed).standard_normal((n, 2, len(modes.wavenumbers)))
    root = np.sqrt(modes.masses)[:, None]
    displacements = np.tensordot(normal[:, 0] * width_q, modes.vectors, axes=1) / root
    velocities = np.tensordot(normal[:, 1] * width_p, modes.vectors, axes=1) / root
    return reference.positions + displacements, velocities * FS  # -> [n, n_atoms, 3]


def widths(modes: NormalModes, *, temperature_K: float) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations of mass-weighted coordinates and momenta in the Wigner distribution.

    Parameters
    ----------
    modes
        Normal modes at a minimum.
    temperature_K
        Temperature in K.

    Returns
    -------
    coordinates : array, [n_modes]
        Angstrom sqrt(u).
    momenta : array, [n_modes]
        sqrt(eV), that is Angstrom sqrt(u) over ASE's unit of time.

    Raises
    ------
    InputError
        If the temperature is negative or a mode is imaginary.
    """
    if not temperature_K >= 0.0:
        raise InputError(f"temperature_K: found {temperature_K}, expected zero or more (kelvin)")
    quanta = modes.quanta
    if np.any(quanta <= 0.0):
        symbols = ("",) * len(modes.masses)
        raise InputError(
            f"reference: {modes.describe(0, symbols)} is imaginary, but a Wigner distribution "
            "needs a minimum; optimise the geometry at the level of the Hessian"
        )
    factor = np.ones_like(quanta)
    if temperature_K > 0.0:
        factor = 1.0 / np.tanh(quanta / (2.0 * KB * temperature_K))
    omega = quanta / HBAR
    return np.sqrt(HBAR * factor / (2.0 * omega)), np.sqrt(HBAR * omega * factor / 2.0)
