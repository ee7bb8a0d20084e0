"""Checks of the part of a configuration that describes spectra."""

from __future__ import annotations

import os
from collections.abc import Mapping

from rpr.dynamics.thermal import ThermalSettings
from rpr.errors import InputError
from rpr.run.config import Plan, geometry_names
from rpr.spectra.correlation import window_lags


def check_spectra(config: Mapping, plan: Plan) -> None:
    """Refuse a model that is not trained, segments too short, and references that are missing."""
    spectra = config["spectra"]
    if not spectra["n_trajectories"]:
        return
    if plan.spectra_model not in config["models"]["names"]:
        raise InputError(
            f"spectra/model: found {plan.spectra_model!r}, expected one of models/names: "
            f"{', '.join(config['models']['names'])}"
        )
    try:
        settings = ThermalSettings.from_mapping(spectra)
    except InputError as error:
        raise InputError(f"spectra/{error}") from error
    lags = window_lags(
        spectra["resolution_per_cm"], settings.every * settings.dt_fs, spectra["window"]
    )
    if len(lags) > settings.n_times - 2:
        needed = 1e-3 * (len(lags) + 1) * settings.every * settings.dt_fs
        raise InputError(
            f"spectra/segment_ps: found {spectra['segment_ps']}, which is less than the "
            f"{needed:.3g} ps that spectra/resolution_per_cm: {spectra['resolution_per_cm']} needs "
            "(and no longer than spectra/time_ps); raise one of them"
        )
    _check_references(spectra["reference"], geometry_names(config))


def _check_references(folder: str | None, names: Mapping[str, str]) -> None:
    if folder is None:
        return
    for name in names:
        for ending in (".xyz", "_hessian.npz", "_derivatives.npz"):
            if not os.path.isfile(os.path.join(folder, name + ending)):
                raise InputError(
                    f"spectra/reference: found no {name}{ending} in {folder}; put it there, or "
                    "set spectra/reference to null"
                )
