"""Raman scattering from the polarizability along trajectories, in absolute units.

The rate of change of the polarizability (as a volume) is split into its isotropic part
a = tr/3 and the anisotropy

    gamma^2 = 1/2 [(xx - yy)^2 + (yy - zz)^2 + (zz - xx)^2] + 3 (xy^2 + yz^2 + zx^2)
            = 3/2 tr(beta beta),   beta = alpha - a 1.

Their one-sided spectra (:mod:`rpr.spectra.correlation`), divided by k T, become the harmonic
a'^2 and gamma'^2 of d alpha / d Q when they are integrated over a band.  Averaged over
orientations, the light scattered with polarization parallel and perpendicular to that of the laser
is

    I_par = a^2 + 4 gamma^2 / 45,   I_perp = gamma^2 / 15,   rho = I_perp / I_par,

and the Raman activity is 45 a^2 + 7 gamma^2 = 45 (I_par + I_perp), in Angstrom^4/u per cm^-1.  The
differential cross-section per wavenumber multiplies it by the factors of laser line and
temperature,

    d sigma / d Omega = (2 pi)^4 / 45 (nu_0 - nu)^4 h / (8 pi^2 c nu B) activity,
    B = 1 - exp(-h c nu / k T)

(D. A. Long, *The Raman Effect*, 2002, chapter 5; Stokes lines of fundamentals).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import constants

from rpr.errors import InputError
from rpr.spectra.correlation import RateSpectrum, rate_spectrum
from rpr.spectra.infrared import thermal_rate

#: Intensity below this part of the largest one has no depolarization ratio.
DARK = 1e-4

_ROWS, _COLUMNS = np.array([0, 1, 2, 0, 0, 1]), np.array([0, 1, 2, 1, 2, 2])
_FACTORS = np.sqrt(1.5 * np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0]))


@dataclass(frozen=True, eq=False)
class RamanSpectrum:
    """Raman scattering per wavenumber, without the factors of laser line and temperature.

    Parameters
    ----------
    wavenumbers : array, [n_points]
        cm^-1.
    isotropic, anisotropic : array, [..., n_points]
        a^2 and gamma^2 in Angstrom^4/u per cm^-1.
    """

    wavenumbers: np.ndarray
    isotropic: np.ndarray
    anisotropic: np.ndarray

    @property
    def parallel(self) -> np.ndarray:
        """I_par in Angstrom^4/u per cm^-1."""
        return self.isotropic + 4.0 / 45.0 * self.anisotropic

    @property
    def perpendicular(self) -> np.ndarray:
        """I_perp in Angstrom^4/u per cm^-1."""
        return self.anisotropic / 15.0

    @property
    def activity(self) -> np.ndarray:
        """45 a^2 + 7 gamma^2 in Angstrom^4/u per cm^-1."""
        return 45.0 * self.isotropic + 7.0 * self.anisotropic

    @property
    def depolarization(self) -> np.ndarray:
        """rho = I_perp / I_par; NaN where I_par is below `DARK` of its largest value."""
        return depolarization_ratio(self.isotropic, self.anisotropic)

    def mean(self) -> RamanSpectrum:
        """Mean over trajectories, which are the first dimension."""
        return RamanSpectrum(self.wavenumbers, self.isotropic.mean(0), self.anisotropic.mean(0))


def raman_spectrum(
    isotropic_rate: RateSpectrum, anisotropic_rate: RateSpectrum, temperature_K: float
) -> RamanSpectrum:
    """Raman spectrum of every trajectory.

    Parameters
    ----------
    isotropic_rate, anisotropic_rate
        Spectra of the rates of change of `isotropic` and `anisotropic` parts, in Angstrom^3.
    temperature_K
        Temperature of the trajectories in K.
    """
    thermal = thermal_rate(temperature_K)
    return RamanSpectrum(
        isotropic_rate.wavenumbers,
        isotropic_rate.density / thermal,
        anisotropic_rate.density / thermal,
    )


def spectrum_of_polarizability(
    polarizability: np.ndarray, interval_fs: float, temperature_K: float, **settings: Any
) -> RamanSpectrum:
    """Raman spectrum of every trajectory from its polarizabilities.

    Parameters
    ----------
    polarizability : array, [n_trajectories, n_times, 3, 3]
        Angstrom^3.
    interval_fs
        Interval between records in fs.
    temperature_K
        Temperature of the trajectories in K.
    **settings
        Arguments of :func:`rpr.spectra.correlation.rate_spectrum`.

    Raises
    ------
    InputError
        If the shape is wrong; see also `rate_spectrum`.
    """
    alpha = np.asarray(polarizability, dtype=float)
    if alpha.ndim != 4 or alpha.shape[2:] != (3, 3):
        raise InputError(
            f"polarizability: found shape {alpha.shape}, expected [n_trajectories, n_times, 3, 3]"
        )
    return raman_spectrum(
        rate_spectrum(isotropic(alpha), interval_fs, **settings),
        rate_spectrum(anisotropic(alpha), interval_fs, **settings),
        temperature_K,
    )


def isotropic(polarizability: np.ndarray) -> np.ndarray:
    """a = tr/3, [..., 1], of matrices [..., 3, 3]."""
    return np.trace(polarizability, axis1=-2, axis2=-1)[..., None] / 3.0


def anisotropic(polarizability: np.ndarray) -> np.ndarray:
    """Six components, [..., 6], whose squares add up to gamma^2, of matrices [..., 3, 3]."""
    beta = polarizability - isotropic(polarizability)[..., None] * np.eye(3)
    beta = 0.5 * (beta + np.swapaxes(beta, -1, -2))
    return beta[..., _ROWS, _COLUMNS] * _FACTORS


def depolarization_ratio(isotropic: np.ndarray, anisotropic: np.ndarray) -> np.ndarray:
    """rho = (gamma^2/15) / (a^2 + 4 gamma^2/45), at most 3/4.

    Parameters
    ----------
    isotropic, anisotropic : array, [..., n]
        a^2 and gamma^2 in any unit.

    Returns
    -------
    array, [..., n]
        0 to 3/4; NaN where the denominator is below `DARK` of its largest value along the last
        dimension.
    """
    parallel = isotropic + 4.0 / 45.0 * anisotropic
    bright = parallel > DARK * parallel.max(axis=-1, keepdims=True, initial=0.0)
    return np.divide(
        anisotropic / 15.0, parallel, out=np.full(parallel.shape, np.nan), where=bright
    )


def scattering_factor(
    wavenumbers: np.ndarray, *, laser_nm: float = 532.0, temperature_K: float = 300.0
) -> np.ndarray:
    """Differential cross-section for one Angstrom^4/u of Raman activity, for Stokes lines.

    Parameters
    ----------
    wavenumbers : array, [n]
        cm^-1.
    laser_nm
        Wavelength of the laser in vacuum, nm.
    temperature_K
        Temperature of the sample in K.

    Returns
    -------
    array, [n]
        10^-36 m^2/sr per Angstrom^4/u; zero at wavenumbers that are not positive, and beyond the
        laser line.

    Raises
    ------
    InputError
        If wavelength or temperature are not positive.
    """
    for name, number in (("laser_nm", laser_nm), ("temperature_K", temperature_K)):
        if not number > 0.0:
            raise InputError(f"{name}: found {number}, expected a positive number")
    shift = np.asarray(wavenumbers, dtype=float) * 100.0  # 1/m
    line = 1e9 / laser_nm
    stokes = (shift > 0.0) & (shift < line)
    shift = np.where(stokes, shift, 1.0)
    quantum = constants.h * constants.c * shift
    population = -np.expm1(-quantum / (constants.k * temperature_K))
    per_activity = (2.0 * np.pi) ** 4 / 45.0 * (line - shift) ** 4
    per_activity *= constants.h / (8.0 * np.pi**2 * constants.c * shift * population)
    unit = constants.angstrom**4 / constants.atomic_mass
    return np.where(stokes, per_activity * unit * 1e36, 0.0)
