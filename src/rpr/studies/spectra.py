"""Spectra along trajectories: mean of each conformer, with intervals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from rpr.data.segments import Segments
from rpr.data.settings import Settings
from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.fast_covariant import FastCovariant
from rpr.models.property_estimator import PropertyEstimator
from rpr.spectra.bands import Band, mean_over_trajectories
from rpr.spectra.correlation import rate_spectrum
from rpr.spectra.infrared import infrared_absorption, running_integral
from rpr.spectra.raman import RamanSpectrum, scattering_factor, spectrum_of_polarizability

#: Columns of the table of infrared spectra.
INFRARED = (
    "conformer",
    "wavenumber_per_cm",
    "absorption_km_cm_per_mol",
    "absorption_low_km_cm_per_mol",
    "absorption_high_km_cm_per_mol",
    "integral_km_per_mol",
)

#: Columns of the table of Raman spectra.
RAMAN = (
    "conformer",
    "wavenumber_per_cm",
    "activity_A4_cm_per_u",
    "activity_low_A4_cm_per_u",
    "activity_high_A4_cm_per_u",
    "isotropic_A4_cm_per_u",
    "parallel_A4_cm_per_u",
    "perpendicular_A4_cm_per_u",
    "depolarization_ratio",
    "cross_section_1e-36_m2_cm_per_sr",
    "cross_section_low_1e-36_m2_cm_per_sr",
    "cross_section_high_1e-36_m2_cm_per_sr",
)


_LOWEST_BAND = 30.0  # cm^-1


@dataclass(frozen=True)
class SpectrumSettings(Settings):
    """How spectra are computed.

    Parameters
    ----------
    resolution_per_cm
        Full width at half maximum of a narrow line in cm^-1.
    window
        One of :data:`rpr.spectra.correlation.WINDOWS`.
    highest_per_cm
        Largest wavenumber in cm^-1.
    laser_nm
        Wavelength of the laser in nm.
    """

    resolution_per_cm: float = 10.0
    window: str = "cos2"
    highest_per_cm: float = 3600.0
    laser_nm: float = 532.0

    def arguments(self, segments: Segments) -> dict[str, Any]:
        """Arguments of :func:`rpr.spectra.correlation.rate_spectrum`."""
        return {
            "resolution": self.resolution_per_cm,
            "window": self.window,
            "highest": self.highest_per_cm,
            "step_fs": segments.step_fs or None,
        }


def predictor(model: PropertyEstimator) -> Any:
    """The function that predicts along trajectories: the fast one, where the model has it."""
    if isinstance(model, CovariantRegression):
        return FastCovariant(model).predict
    return model.predict


def infrared_table(
    segments: Segments, groups: Mapping[str, np.ndarray], settings: SpectrumSettings
) -> pd.DataFrame:
    """Infrared spectra of groups of segments, such as conformers.

    Parameters
    ----------
    segments
        Segments with dipoles and a temperature.
    groups
        Which segments belong to each group: boolean arrays, [n_segments]. Empty groups are left
        out.
    settings
        How spectra are computed.

    Returns
    -------
    DataFrame
        Columns `INFRARED`: mean over trajectories with its 95 % interval, and running integral.

    Raises
    ------
    InputError
        If there are no dipoles, or the segments are too short for the resolution.
    """
    wavenumbers, spectra = infrared_of_segments(segments, settings)
    tables = []
    for name, own in groups.items():
        if own.any():
            band = mean_of_segments(spectra[own], segments.trajectory[own])
            columns = (
                name,
                wavenumbers,
                band.mean,
                band.low,
                band.high,
                running_integral(wavenumbers, band.mean),
            )
            tables.append(pd.DataFrame(dict(zip(INFRARED, columns, strict=True))))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=INFRARED)


def infrared_of_segments(
    segments: Segments, settings: SpectrumSettings, dipole: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Wavenumbers and absorption [n_segments, n_points] of each segment.

    `dipole` takes the place of the dipoles of the segments, for example those of another model.
    """
    values = segments.dipole if dipole is None else dipole
    if values is None:
        raise InputError("segments: found no dipole, which infrared spectra need; predict it")
    rate = rate_spectrum(values, segments.interval_fs, **settings.arguments(segments))
    return rate.wavenumbers, infrared_absorption(rate, segments.temperature_K)


def raman_table(
    segments: Segments, groups: Mapping[str, np.ndarray], settings: SpectrumSettings
) -> pd.DataFrame:
    """Raman spectra of groups of segments; arguments as for `infrared_table`.

    Returns
    -------
    DataFrame
        Columns `RAMAN`.

    Raises
    ------
    InputError
        If there are no polarizabilities, or the segments are too short for the resolution.
    """
    spectra = raman_of_segments(segments, settings)
    factor = scattering_factor(
        spectra.wavenumbers,
        laser_nm=settings.laser_nm,
        temperature_K=segments.temperature_K,
    )
    tables = []
    for name, own in groups.items():
        if own.any():
            mean = RamanSpectrum(
                spectra.wavenumbers, spectra.isotropic[own], spectra.anisotropic[own]
            ).mean()
            band = mean_of_segments(spectra.activity[own], segments.trajectory[own])
            columns = (
                name,
                spectra.wavenumbers,
                band.mean,
                band.low,
                band.high,
                mean.isotropic,
                mean.parallel,
                mean.perpendicular,
                mean.depolarization,
                factor * band.mean,
                factor * band.low,
                factor * band.high,
            )
            tables.append(pd.DataFrame(dict(zip(RAMAN, columns, strict=True))))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=RAMAN)


def raman_of_segments(segments: Segments, settings: SpectrumSettings) -> RamanSpectrum:
    """Raman spectrum of each segment."""
    if segments.polarizability is None:
        raise InputError("segments: found no polarizability, which Raman spectra need; predict it")
    return spectrum_of_polarizability(
        segments.polarizability,
        segments.interval_fs,
        segments.temperature_K,
        **settings.arguments(segments),
    )


def mean_of_segments(spectra: np.ndarray, trajectory: np.ndarray) -> Band:
    """Mean over segments, with an interval from the spread over trajectories.

    Parameters
    ----------
    spectra : array, [n_segments, n_points]
        Spectrum of each segment.
    trajectory : array of int, [n_segments]
        Trajectory that each segment belongs to.
    """
    numbers, index = np.unique(trajectory, return_inverse=True)
    counts = np.bincount(index)
    sums = np.zeros((len(numbers), spectra.shape[1]))
    np.add.at(sums, index, spectra)
    return mean_over_trajectories(sums / counts[:, None], weights=counts.astype(float))


def bands(table: pd.DataFrame, *, smallest: float = 0.04) -> pd.DataFrame:
    """Bands of one spectrum.

    Parameters
    ----------
    table
        Rows of one group of `infrared_table` or `raman_table`.
    smallest
        Bands whose peak rises above its surroundings by less than this part of the highest one are
        left out.

    Returns
    -------
    DataFrame
        Columns ``wavenumber`` (cm^-1) and ``height`` of each peak, and ``area``, which reaches to
        the minima beside it.
    """
    column = INFRARED[2] if INFRARED[2] in table else RAMAN[2]
    wavenumbers, values = (table[c].to_numpy() for c in ("wavenumber_per_cm", column))
    inside = wavenumbers > _LOWEST_BAND
    wavenumbers, values = wavenumbers[inside], values[inside]
    peaks, _ = find_peaks(values, prominence=smallest * values.max())
    ends = [int(a + np.argmin(values[a:b])) for a, b in itertools.pairwise(peaks)]
    edges = np.array([0, *ends, len(values) - 1])
    areas = np.diff(running_integral(wavenumbers, values)[edges]) if len(peaks) else []
    return pd.DataFrame({"wavenumber": wavenumbers[peaks], "height": values[peaks], "area": areas})
