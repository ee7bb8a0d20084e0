"""Harmonic normal modes from a Hessian, with rigid-body motions projected out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.linalg import null_space

from rpr.errors import ConvergenceError, InputError
from rpr.molecule.rigid_body import rigid_body_basis
from rpr.units import HBAR, INFRARED, INVERSE_CM

#: Largest accepted |H - H^T| relative to the largest element of H.
ASYMMETRY = 1e-2


@dataclass(frozen=True, eq=False)
class NormalModes:
    """Harmonic vibrations about a geometry, in order of wavenumber.

    Parameters
    ----------
    wavenumbers : array, [n_modes]
        cm^-1; imaginary ones are given as negative numbers.
    vectors : array, [n_modes, n_atoms, 3]
        Orthonormal displacements in mass-weighted coordinates sqrt(m_i) (r_i - r_i,eq).
    masses : array, [n_atoms]
        u.
    """

    wavenumbers: np.ndarray
    vectors: np.ndarray
    masses: np.ndarray

    @property
    def quanta(self) -> np.ndarray:
        """hbar omega of each mode in eV (negative where imaginary), [n_modes]."""
        return self.wavenumbers * INVERSE_CM

    @property
    def imaginary(self) -> np.ndarray:
        """Whether each mode is imaginary, [n_modes]."""
        return self.wavenumbers < 0.0

    def describe(self, mode: int, symbols: tuple[str, ...]) -> str:
        """Wavenumber of a mode and the three atoms that move most, for messages."""
        share = np.sum(self.vectors[mode] ** 2, axis=1)
        atoms = np.argsort(-share.round(6), kind="stable")[:3]
        moving = ", ".join(f"{symbols[i]}{i}" for i in atoms)
        number = self.wavenumbers[mode]
        size = f"{-number:.1f}i" if number < 0 else f"{number:.1f}"
        return f"mode {mode} ({size} cm^-1, mostly atoms {moving})"


def normal_modes(positions: np.ndarray, masses: np.ndarray, hessian: np.ndarray) -> NormalModes:
    """Diagonalise the mass-weighted Hessian in the space without translations and rotations.

    The eigenvalues of Q^T M^-1/2 H M^-1/2 Q are omega^2, where the columns of Q are an orthonormal
    basis of the complement of the rigid-body motions.  Exactly 3 n_atoms - 6 modes are left (one
    more if the molecule is linear), and no cutoff has to tell soft modes from rotations.

    Parameters
    ----------
    positions : array, [n_atoms, 3]
        Angstrom; a stationary point.
    masses : array, [n_atoms]
        u.
    hessian : array, [3 n_atoms, 3 n_atoms]
        eV/Angstrom^2.

    Returns
    -------
    NormalModes

    Raises
    ------
    InputError
        If the Hessian has the wrong shape, is not finite or not symmetric.
    """
    hessian = _checked_hessian(hessian, len(masses))
    root = np.repeat(np.sqrt(masses), 3)
    internal = null_space(rigid_body_basis(positions, masses).T)  # -> [3 n_atoms, n_modes]
    weighted = internal.T @ (hessian / np.outer(root, root)) @ internal
    squares, vectors = np.linalg.eigh(weighted)
    quanta = HBAR * np.sign(squares) * np.sqrt(np.abs(squares))
    return NormalModes(
        wavenumbers=quanta / INVERSE_CM,
        vectors=(internal @ vectors).T.reshape(-1, len(masses), 3),
        masses=np.array(masses, dtype=float),
    )


def infrared_intensities(modes: NormalModes, dipole_derivatives: np.ndarray) -> np.ndarray:
    """Integrated infrared absorption of each mode in the double harmonic approximation.

    With the normal coordinate Q of a mode, of mass-weighted displacements v,

        I = N_A / (12 eps_0 c^2) |d mu / d Q|^2,   d mu_k / d Q = sum_Ax P_Axk v_Ax / sqrt(m_A),

    which is 974.880 km/mol for one e^2/u, or 42.256 km/mol for one (D/Angstrom)^2/u (E. B. Wilson,
    J. C. Decius, P. C. Cross, *Molecular Vibrations*, 1955, chapter 7).  It holds at a minimum.

    Parameters
    ----------
    modes
        From `normal_modes`.
    dipole_derivatives : array, [n_atoms, 3, 3]
        P in e at the same geometry and in the same orientation: (A, x, k) is d mu_k / d R_Ax.

    Returns
    -------
    array, [n_modes]
        km/mol.

    Raises
    ------
    InputError
        If the derivatives have another shape or are not finite.
    """
    along = along_modes(modes, dipole_derivatives, "dipole_derivatives", (3,))  # d mu / d Q
    return INFRARED * np.sum(along**2, axis=1)


def along_modes(
    modes: NormalModes, derivatives: np.ndarray, name: str, shape: tuple[int, ...]
) -> np.ndarray:
    """Derivatives with respect to the normal coordinates, [n_modes, ...], per sqrt(u).

    Parameters
    ----------
    modes
        From `normal_modes`.
    derivatives : array, [n_atoms, 3, ...]
        Derivatives of a property by the positions of the atoms.
    name
        Of the derivatives, for messages.
    shape
        Of the property.

    Raises
    ------
    InputError
        If the derivatives have another shape or are not finite.
    """
    tensors = np.asarray(derivatives, dtype=float)
    expected = (len(modes.masses), 3, *shape)
    if tensors.shape != expected:
        raise InputError(f"{name}: found shape {tensors.shape}, expected {expected}")
    if not np.isfinite(tensors).all():
        raise InputError(f"{name}: found NaN or infinity; compute them again")
    displacements = modes.vectors / np.sqrt(modes.masses)[:, None]  # -> [n_modes, n_atoms, 3]
    return np.einsum("qax,ax...->q...", displacements, tensors)


def _checked_hessian(hessian: np.ndarray, n_atoms: int) -> np.ndarray:
    hessian = np.asarray(hessian, dtype=float)
    size = 3 * n_atoms
    if hessian.shape != (size, size):
        raise InputError(
            f"hessian: found shape {hessian.shape}, expected ({size}, {size}) for {n_atoms} atoms"
        )
    if not np.isfinite(hessian).all():
        raise InputError("hessian: found NaN or infinity; compute it again")
    asymmetry = np.abs(hessian - hessian.T).max() / max(np.abs(hessian).max(), 1e-300)
    if asymmetry > ASYMMETRY:
        raise InputError(
            f"hessian: found an asymmetry of {asymmetry:.1e} of its largest element, expected "
            f"below {ASYMMETRY:.0e}; are rows and columns in the order x1 y1 z1 x2 ...?"
        )
    return 0.5 * (hessian + hessian.T)


def frequencies(
    atoms: Atoms, hessian: np.ndarray, *, name: str = "geometry", minimum: bool = True
) -> NormalModes:
    """Normal modes of an optimised geometry, which must be a minimum.

    Parameters
    ----------
    atoms
        Optimised geometry.
    hessian : array, [3 n_atoms, 3 n_atoms]
        eV/Angstrom^2, at the level of theory of the optimisation.
    name
        Name of this geometry in messages.
    minimum
        Whether to refuse imaginary frequencies.

    Returns
    -------
    NormalModes

    Raises
    ------
    InputError
        If the Hessian has the wrong shape, is not finite or not symmetric.
    ConvergenceError
        If a frequency is imaginary; the message names the modes.
    """
    modes = normal_modes(atoms.positions, atoms.get_masses(), hessian)
    wrong = np.flatnonzero(modes.imaginary)
    if minimum and len(wrong):
        symbols = tuple(atoms.get_chemical_symbols())
        listed = "; ".join(modes.describe(int(mode), symbols) for mode in wrong)
        raise ConvergenceError(
            f"{name}: not a minimum, {len(wrong)} imaginary mode(s): {listed}; displace the "
            "start geometry along that mode, or tighten force_tolerance and the grid"
        )
    return modes
