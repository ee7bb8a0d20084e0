"""Error of a spectrum that comes from its models: draws from their posterior along trajectories.

Every draw is one dipole or polarizability surface that the training labels leave possible.  Carried
along the same segments as the model itself, it gives another spectrum; their relative deviation has
next to no error of sampling, because the motion is the same.  So a few segments suffice, and the
relative error holds for the mean over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from scipy.special import stdtrit

from rpr.data.segments import Segments
from rpr.studies.spectra import SpectrumSettings, infrared_of_segments, raman_of_segments

COLUMNS = ("conformer", "wavenumber_per_cm", "infrared", "raman", "segments")

#: Spectra by kind, with the place of a limit in braces.
SPECTRA = {
    "infrared": ("absorption{}_km_cm_per_mol",),
    "raman": ("activity{}_A4_cm_per_u", "cross_section{}_1e-36_m2_cm_per_sr"),
}

_SMOOTHING = 3.0 / 2.355  # full width of three times the resolution, as a standard deviation


def chosen_segments(segments: Segments, own: np.ndarray, most: int) -> np.ndarray:
    """The first segments of a group, of different trajectories as far as there are any.

    Parameters
    ----------
    segments
        All segments.
    own : array of bool, [n_segments]
        Which of them are in the group.
    most
        Largest number of segments.

    Returns
    -------
    array of int
        Their indices.
    """
    index = np.flatnonzero(own)
    trajectories = segments.trajectory[index]
    first = np.unique(trajectories, return_index=True)[1]
    others = np.setdiff1d(np.arange(len(index)), first)
    return np.sort(index[np.concatenate([first, others])[:most]])


def relative_error(drawn: np.ndarray, model: np.ndarray, width: float) -> np.ndarray:
    """Root mean square of the relative deviation of the spectra of draws, [n_points].

    Both are smoothed first.  A line is narrower in a few segments than in the mean over all, and
    its flanks, where a window may even leave something negative, have no ratio.

    Parameters
    ----------
    drawn : array, [n_draws, n_segments, n_points]
        Spectra of the draws.
    model : array, [n_segments, n_points]
        Spectra of the model, along the same segments.
    width
        Standard deviation in points of the Gaussian that smooths them.

    Returns
    -------
    array
        NaN where the model has no intensity.
    """
    draws, mean = (
        gaussian_filter1d(spectra, width, axis=-1, mode="nearest")
        for spectra in (drawn.mean(axis=1), model.mean(axis=0))
    )
    safe = np.where(mean > 0.0, mean, np.nan)
    return np.sqrt(((draws / safe - 1.0) ** 2).mean(axis=0))


def model_errors(
    dipoles: Any,
    polarizabilities: Any,
    segments: Segments,
    groups: Mapping[str, np.ndarray],
    settings: SpectrumSettings,
    *,
    most: int,
) -> pd.DataFrame:
    """Relative errors of infrared and Raman spectra that the models expect.

    Parameters
    ----------
    dipoles, polarizabilities
        What ``model.draw(n, seed)`` returns: ``predict(positions)`` gives all draws at once,
        [n_draws, n_frames, ...].
    segments
        Segments with the predictions of the models themselves.
    groups
        Which segments belong to each group, such as a conformer: boolean arrays, [n_segments].
        Empty groups are left out.
    settings
        How spectra are computed.
    most
        Largest number of segments of each group.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: standard deviations relative to the spectrum, which is 0.01 for one
        percent, and the number of segments.
    """
    tables = []
    for name, own in groups.items():
        index = chosen_segments(segments, own, most)
        if not len(index):
            continue
        part = segments.subset(index)
        wavenumbers, infrared = infrared_of_segments(part, settings)
        width = _SMOOTHING * settings.resolution_per_cm / np.median(np.diff(wavenumbers))
        mu, alpha = (_along(draws, part.positions) for draws in (dipoles, polarizabilities))
        columns = (
            name,
            wavenumbers,
            relative_error(
                np.array([infrared_of_segments(part, settings, x)[1] for x in mu]),
                infrared,
                width,
            ),
            relative_error(
                np.array([_activity(part.replace(polarizability=x), settings) for x in alpha]),
                _activity(part, settings),
                width,
            ),
            len(index),
        )
        tables.append(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def with_model_error(
    table: pd.DataFrame, errors: pd.DataFrame, kind: str, *, n_draws: int
) -> pd.DataFrame:
    """A table of spectra with the 95 % intervals that the models expect.

    Parameters
    ----------
    table
        Table of :func:`rpr.studies.spectra.infrared_table` or ``raman_table``.
    errors
        Table of `model_errors` at the same wavenumbers.
    kind
        ``"infrared"`` or ``"raman"``.
    n_draws
        Number of draws that the errors come from.

    Returns
    -------
    DataFrame
        With columns ``_model_low`` and ``_model_high`` of each spectrum: spectrum times
        (1 -+ t relative error), and not below 0, with the quantile t of Student's distribution of
        as many degrees of freedom as there are draws (2.31 for 8, 1.96 for infinitely many).
    """
    # by the number of the point, as files round wavenumbers
    rows, known = (
        t[["conformer"]].assign(point=t.groupby("conformer").cumcount()) for t in (table, errors)
    )
    known = known.assign(error=errors[kind])
    merged = rows.merge(known, how="left", on=["conformer", "point"])
    width = stdtrit(n_draws, 0.975) * merged["error"].to_numpy()
    added = {}
    for column in SPECTRA[kind]:
        mean = table[column.format("")]
        added[column.format("_model_low")] = mean * np.maximum(0.0, 1.0 - width)
        added[column.format("_model_high")] = mean * (1.0 + width)
    return table.assign(**added)


def _along(draws: Any, positions: np.ndarray) -> np.ndarray:
    """Predictions of all draws, [n_draws, n_segments, n_times, ...]."""
    return np.stack([draws.predict(x) for x in positions], axis=1)


def _activity(segments: Segments, settings: SpectrumSettings) -> np.ndarray:
    return raman_of_segments(segments, settings).activity
