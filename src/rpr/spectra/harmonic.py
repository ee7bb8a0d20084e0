"""Harmonic limit: infrared intensities and Raman activities of the modes of a minimum.

For the normal coordinate Q of a mode, with mass-weighted displacements v,

    infrared        N_A / (12 eps_0 c^2) |d mu / d Q|^2         km/mol,
    Raman activity  45 a'^2 + 7 gamma'^2                        Angstrom^4/u,
    depolarization  3 gamma'^2 / (45 a'^2 + 4 gamma'^2)

where a' and gamma' are made of d alpha / d Q as in :mod:`rpr.spectra.raman`.  The depolarization
ratio is that of light scattered at a right angle, polarized across and along the linearly polarized
incident light.  Derivatives by position come from a model, from labels, or from central differences
of either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rpr.molecule.normal_modes import (
    NormalModes,
    along_modes,
    infrared_intensities,
    normal_modes,
)
from rpr.spectra.raman import anisotropic, depolarization_ratio, isotropic

#: Displacement of central differences in Angstrom.
STEP = 0.005


@dataclass(frozen=True, eq=False)
class HarmonicSpectrum:
    """Lines of a minimum.

    Parameters
    ----------
    wavenumbers : array, [n_modes]
        cm^-1.
    infrared : array, [n_modes]
        km/mol.
    activity : array, [n_modes]
        Raman activity in Angstrom^4/u.
    depolarization : array, [n_modes]
        rho, 0 to 3/4; NaN for a mode that hardly scatters (:data:`rpr.spectra.raman.DARK`).
    """

    wavenumbers: np.ndarray
    infrared: np.ndarray
    activity: np.ndarray
    depolarization: np.ndarray


def harmonic_spectrum(
    modes: NormalModes, dipole_derivatives: np.ndarray, polarizability_derivatives: np.ndarray
) -> HarmonicSpectrum:
    """Lines from derivatives by position.

    Parameters
    ----------
    modes
        Normal modes.
    dipole_derivatives : array, [n_atoms, 3, 3]
        d mu_k / d R_Ax in e, at (A, x, k).
    polarizability_derivatives : array, [n_atoms, 3, 3, 3]
        d alpha_kl / d R_Ax in Angstrom^2, at (A, x, k, l).

    Raises
    ------
    InputError
        If a shape is wrong or a number is not finite.
    """
    squares = raman_invariants(modes, polarizability_derivatives)
    return HarmonicSpectrum(
        modes.wavenumbers,
        infrared_intensities(modes, dipole_derivatives),
        45.0 * squares[0] + 7.0 * squares[1],
        depolarization_ratio(*squares),
    )


def raman_invariants(
    modes: NormalModes, polarizability_derivatives: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """a'^2 and gamma'^2 of every mode in Angstrom^4/u, each [n_modes].

    Raises
    ------
    InputError
        If the shape of the derivatives is wrong or a number is not finite.
    """
    along = along_modes(modes, polarizability_derivatives, "polarizability_derivatives", (3, 3))
    return isotropic(along)[:, 0] ** 2, np.sum(anisotropic(along) ** 2, axis=-1)


def central_differences(
    function: Callable[[np.ndarray], np.ndarray], positions: np.ndarray, *, step: float = STEP
) -> np.ndarray:
    """Derivatives of a property by position.

    Parameters
    ----------
    function
        Property [n_frames, ...] of positions [n_frames, n_atoms, 3], such as ``model.predict``.
    positions : array, [n_atoms, 3]
        Angstrom.
    step
        Displacement in Angstrom.

    Returns
    -------
    array, [n_atoms, 3, ...]
        Unit of the property per Angstrom; the error falls as the square of the step.
    """
    positions = np.asarray(positions, dtype=float)
    displacements = step * np.eye(positions.size).reshape(-1, *positions.shape)
    forward = np.asarray(function(positions + displacements))
    backward = np.asarray(function(positions - displacements))
    return ((forward - backward) / (2.0 * step)).reshape(*positions.shape, *forward.shape[1:])


def modes_of_potential(
    forces: Callable[[np.ndarray], np.ndarray], positions: np.ndarray, masses: np.ndarray
) -> NormalModes:
    """Normal modes at a stationary point, with the Hessian from central differences of forces.

    Parameters
    ----------
    forces
        Forces [n_frames, n_atoms, 3] in eV/Angstrom of positions [n_frames, n_atoms, 3].
    positions : array, [n_atoms, 3]
        Angstrom.
    masses : array, [n_atoms]
        u.
    """
    size = np.size(positions)
    hessian = -central_differences(forces, positions).reshape(size, size)
    return normal_modes(positions, masses, 0.5 * (hessian + hessian.T))
