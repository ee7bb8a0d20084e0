"""Infrared absorption from the dipole along trajectories, in absolute units.

With the one-sided spectrum S of the rate of change of the dipole
(:mod:`rpr.spectra.correlation`), the molar absorption per wavenumber is

    A(nu) = N_A / (12 eps_0 c^2 k T) S(nu)
          = N_A / (6 eps_0 c k T) integral_-infinity^infinity <mu'(0) . mu'(t)> cos(2 pi c nu t) dt,

to the base e, in km/mol per cm^-1.  Its integral over a band is the intensity in km/mol that
harmonic calculations give, N_A / (12 eps_0 c^2) |d mu / d Q|^2, because a classical vibration has
<Q'^2> = k T.  This form already holds the quantum correction of the harmonic oscillator,
(h nu / k T) / (1 - exp(-h nu / k T)) applied to the spectrum of the dipole itself; another factor
must not be applied.  One km/mol per cm^-1 is a molar absorption coefficient of 43.43
L mol^-1 cm^-1 to the base 10.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import cumulative_trapezoid

from rpr.errors import InputError
from rpr.spectra.correlation import RateSpectrum
from rpr.units import FS, INFRARED, KB


def infrared_absorption(dipole_rate: RateSpectrum, temperature_K: float) -> np.ndarray:
    """Molar absorption A of every trajectory.

    Parameters
    ----------
    dipole_rate
        Spectrum of the rate of change of the dipole, which was in e Angstrom.
    temperature_K
        Temperature of the trajectories in K.

    Returns
    -------
    array, [n_trajectories, n_points]
        km/mol per cm^-1.

    Raises
    ------
    InputError
        If the temperature is not positive.
    """
    return INFRARED * dipole_rate.density / thermal_rate(temperature_K)


def thermal_rate(temperature_K: float) -> float:
    """<Q'^2> = k T of a classical normal coordinate, in u Angstrom^2/fs^2."""
    if not temperature_K > 0.0:
        raise InputError(f"temperature_K: found {temperature_K}, expected a positive number")
    return KB * temperature_K * FS**2


def running_integral(wavenumbers: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Integral of a spectrum from the first wavenumber on, by the trapezoidal rule.

    Parameters
    ----------
    wavenumbers : array, [n_points]
        cm^-1.
    spectrum : array, [..., n_points]
        Any unit per cm^-1.

    Returns
    -------
    array, [..., n_points]
        In that unit.
    """
    return cumulative_trapezoid(spectrum, wavenumbers, axis=-1, initial=0.0)
