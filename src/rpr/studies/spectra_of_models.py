"""Infrared spectra of several models along the same trajectories, and where their dipoles jump."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rpr.data.segments import Segments
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle
from rpr.spectra.infrared import running_integral
from rpr.studies.spectra import SpectrumSettings, infrared_of_segments
from rpr.units import DEBYE

#: Columns of the table of spectra, and of the table of jumps.
SPECTRA = ("model", "wavenumber_per_cm", "absorption_km_cm_per_mol", "integral_km_per_mol")
JUMPS = (
    "model",
    "dihedral_low",
    "dihedral_high",
    "rms_jump_debye",
    "largest_jump_debye",
    "records",
)

_BIN = 5.0  # degrees


def spectra_of_models(
    dipoles: Mapping[str, np.ndarray], segments: Segments, settings: SpectrumSettings
) -> pd.DataFrame:
    """Mean infrared spectrum of all segments with the dipoles of each model.

    Parameters
    ----------
    dipoles
        Dipoles [n_segments, n_times, 3] in e Angstrom, by model.
    segments
        Segments that the dipoles belong to.
    settings
        How spectra are computed.

    Returns
    -------
    DataFrame
        Columns `SPECTRA`.
    """
    tables = []
    for model, dipole in dipoles.items():
        wavenumbers, spectra = infrared_of_segments(segments, settings, dipole)
        mean = spectra.mean(axis=0)
        columns = (model, wavenumbers, mean, running_integral(wavenumbers, mean))
        tables.append(pd.DataFrame(dict(zip(SPECTRA, columns, strict=True))))
    return pd.concat(tables, ignore_index=True)


def jumps_of_models(
    dipoles: Mapping[str, np.ndarray], segments: Segments, molecule: Molecule, *, reference: str
) -> pd.DataFrame:
    """How much the dipole of each model changes between records beyond that of a smooth model.

    The jump of a model at a record is |d(t + Delta) - d(t)|, where d is the difference of its
    dipole from that of the reference model: a smooth error changes little from one record to the
    next, a flip of canonical axes changes it at once.

    Parameters
    ----------
    dipoles
        Dipoles [n_segments, n_times, 3] in e Angstrom, by model.
    segments
        Segments that the dipoles belong to.
    molecule
        Its dihedral sorts the records into bins of 5 degrees; without one there is a single bin.
    reference
        Name of the model that the others are compared with.

    Returns
    -------
    DataFrame
        Columns `JUMPS`.

    Raises
    ------
    InputError
        If the reference is not among the models.
    """
    if reference not in dipoles:
        raise InputError(
            f"reference: found {reference!r}, expected one of {', '.join(map(str, dipoles))}"
        )
    angles = np.zeros((len(segments), segments.n_times))
    if molecule.dihedral is not None:
        flat = segments.positions.reshape(-1, molecule.n_atoms, 3)
        angles = dihedral_angle(flat, molecule.dihedral).reshape(angles.shape)
    bins = np.floor(angles[:, 1:] / _BIN).astype(int).ravel()
    rows = []
    for model, dipole in dipoles.items():
        if model == reference:
            continue
        away = (dipole - dipoles[reference]) / DEBYE
        jumps = np.linalg.norm(np.diff(away, axis=1), axis=2).ravel()
        for number in np.unique(bins):
            own = jumps[bins == number]
            rms = float(np.sqrt(np.mean(own**2)))
            low = _BIN * number
            rows.append((model, low, low + _BIN, rms, float(own.max()), len(own)))
    return pd.DataFrame(rows, columns=list(JUMPS))
