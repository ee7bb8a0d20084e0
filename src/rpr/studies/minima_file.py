"""The file of minima of a potential."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from rpr.files import read_arrays, write_arrays
from rpr.molecule.normal_modes import NormalModes
from rpr.studies.conformers import Minimum


def write_minima(path: str | os.PathLike, minima: Mapping[str, Minimum]) -> None:
    """Write minima as an npz file, atomically."""
    found = minima.values()
    write_arrays(
        path,
        names=np.array(list(minima)),
        masses=next(iter(found)).modes.masses,
        positions=np.array([m.positions for m in found]),
        energies=np.array([m.energy for m in found]),
        wavenumbers=np.array([m.modes.wavenumbers for m in found]),
        vectors=np.array([m.modes.vectors for m in found]),
        versions=np.concatenate([m.versions for m in found]),
        n_versions=np.array([len(m.versions) for m in found]),
    )


def read_minima(path: str | os.PathLike) -> dict[str, Minimum]:
    """Read what `write_minima` wrote."""
    stored = read_arrays(path)
    each = np.split(stored["versions"], np.cumsum(stored["n_versions"])[:-1])
    return {
        str(name): Minimum(
            stored["positions"][k],
            float(stored["energies"][k]),
            NormalModes(stored["wavenumbers"][k], stored["vectors"][k], stored["masses"]),
            each[k],
        )
        for k, name in enumerate(stored["names"])
    }
