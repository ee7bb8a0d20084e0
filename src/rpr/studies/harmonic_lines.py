"""Harmonic lines of minima: of models, and beside those of the label engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        property_derivatives(dipole, positions),
        property_derivatives(polarizability, positions),
    )


def property_derivatives(model: Any, positions: np.ndarray) -> np.ndarray:
    """Derivatives of a predicted property by position: exact where the model has them.

    Parameters
    ----------
    model
        Estimator of the property, or anything else with ``predict(positions)`` and
        ``predicts_derivatives``.
    positions : array, [n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [n_atoms, 3, 3] or [n_atoms, 3, 3, 3]
        At (A, x, k) or (A, x, k, l); central differences of a model without exact ones.
    """
    if not model.predicts_derivatives:
        return central_differences(model.predict, positions)
    jacobian = model.predict(positions[None], derivatives=True)[1][0]
    return np.moveaxis(jacobian, (-2, -1), (0, 1))


def lines_of_draws(
    dipoles: Any, polarizabilities: Any, positions: np.ndarray, modes: NormalModes
) -> list[HarmonicSpectrum]:
    """Harmonic lines of draws from the posterior of both models.

    Parameters
    ----------
    dipoles, polarizabilities
        What ``model.draw(n, seed)`` returns: ``predict(positions)`` gives all draws at once,
        [n_draws, n_frames, ...].
    positions : array, [n_atoms, 3]
        Angstrom.
    modes
        Normal modes at these positions.
    """

    def derivatives(draws: Any) -> np.ndarray:  # -> [n_atoms, 3, n_draws, ...]
        return central_differences(lambda x: np.moveaxis(draws.predict(x), 0, 1), positions)

    pairs = zip(
        *(np.moveaxis(derivatives(draws), 2, 0) for draws in (dipoles, polarizabilities)),
        strict=True,
    )
    return [harmonic_spectrum(modes, mu, alpha) for mu, alpha in pairs]


def lines_table(
    lines: Mapping[str, HarmonicSpectrum],
    *,
    laser_nm: float,
    temperature_K: float,
) -> pd.DataFrame:
    """Harmonic lines of conformers, one row for each mode.

    Parameters
    ----------
    lines
        Lines by conformer.
    laser_nm, temperature_K
        Laser line in nm and temperature in K of the Raman cross-sections.
    """
    tables = []
    for name, found in lines.items():
        factor = scattering_factor(
            found.wavenumbers, laser_nm=laser_nm, temperature_K=temperature_K
        )
        columns = {
            "conformer": name,
            "mode": np.arange(len(found.wavenumbers)),
            "wavenumber_per_cm": found.wavenumbers,
            "infrared_km_per_mol": found.infrared,
            "raman_activity_A4_per_u": found.activity,
            "depolarization_ratio": found.depolarization,
            "raman_cross_section_1e-36_m2_per_sr": factor * found.activity,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def line_errors_table(
    lines: Mapping[str, HarmonicSpectrum], draws: Mapping[str, Sequence[HarmonicSpectrum]]
) -> pd.DataFrame:
    """Errors of harmonic lines that the models expect, one row for each mode.

    Parameters
    ----------
    lines
        Lines of the models by conformer.
    draws
        Lines of draws from the posterior of the models by conformer.

    Returns
    -------
    DataFrame
        Root mean square deviations of the draws from the models.
    """
    tables = []
    for name, found in lines.items():
        columns = {
            "conformer": name,
            "mode": np.arange(len(found.wavenumbers)),
            "wavenumber_per_cm": found.wavenumbers,
            "infrared_error_km_per_mol": _deviation(
                found.infrared, [line.infrared for line in draws[name]]
            ),
            "raman_activity_error_A4_per_u": _deviation(
                found.activity, [line.activity for line in draws[name]]
            ),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _deviation(mean: np.ndarray, drawn: Sequence[np.ndarray]) -> np.ndarray:
    return np.sqrt(((np.array(drawn) - mean) ** 2).mean(axis=0))


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
