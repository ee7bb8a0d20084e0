"""Harmonic lines of minima: of models, and beside those of the label engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from rpr.molecule.normal_modes import NormalModes
from rpr.spectra.harmonic import HarmonicSpectrum, central_differences, harmonic_spectrum
from rpr.spectra.raman import scattering_factor


def model_lines(
    dipole: Any, polarizability: Any, positions: np.ndarray, modes: NormalModes
) -> HarmonicSpectrum:
    """Harmonic lines of models at a minimum, with given normal modes.

    Parameters
    ----------
    dipole, polarizability
        Models with ``predict(positions)``.
    positions : array, [n_atoms, 3]
        Angstrom.
    modes
        Normal modes at these positions.
    """
    return harmonic_spectrum(
        modes,
        central_differences(dipole.predict, positions),
        central_differences(polarizability.predict, positions),
    )


def lines_table(
    lines: Mapping[str, HarmonicSpectrum], *, laser_nm: float, temperature_K: float
) -> pd.DataFrame:
    """Harmonic lines of conformers, one row for each mode.

    Parameters
    ----------
    lines
        Lines by conformer.
    laser_nm, temperature_K
        Laser line in nm and temperature in K of the Raman cross-sections.
    """
    tables = [
        pd.DataFrame(
            {
                "conformer": name,
                "mode": np.arange(len(found.wavenumbers)),
                "wavenumber_per_cm": found.wavenumbers,
                "infrared_km_per_mol": found.infrared,
                "raman_activity_A4_per_u": found.activity,
                "depolarization_ratio": found.depolarization,
                "raman_cross_section_1e-36_m2_per_sr": found.activity
                * scattering_factor(
                    found.wavenumbers, laser_nm=laser_nm, temperature_K=temperature_K
                ),
            }
        )
        for name, found in lines.items()
    ]
    return pd.concat(tables, ignore_index=True)


def comparison_table(
    references: Mapping[str, HarmonicSpectrum],
    models: Mapping[tuple[str, str], HarmonicSpectrum],
) -> pd.DataFrame:
    """Harmonic lines of models beside those of the label engine, mode by mode.

    Parameters
    ----------
    references
        Lines from derivatives of labels, by conformer.
    models
        Lines of models at the same geometries with the same modes, by model and conformer.

    Returns
    -------
    DataFrame
        Deviations are in percent of the strongest line of the conformer.
    """
    tables = []
    for (model, conformer), found in models.items():
        exact = references[conformer]
        table = pd.DataFrame(
            {
                "model": model,
                "conformer": conformer,
                "mode": np.arange(len(exact.wavenumbers)),
                "wavenumber_per_cm": exact.wavenumbers,
            }
        )
        for column, name in (
            ("infrared_km_per_mol", "infrared"),
            ("raman_activity_A4_per_u", "activity"),
        ):
            labels, predicted = getattr(exact, name), getattr(found, name)
            table[f"{name}_labels_{column.partition('_')[2]}"] = labels
            table[f"{name}_model_{column.partition('_')[2]}"] = predicted
            table[f"{name}_deviation_percent"] = 100.0 * (predicted - labels) / labels.max()
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
