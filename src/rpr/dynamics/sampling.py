"""Geometries that cover what a molecule does: its minima, with every bond turned that can turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rpr.dynamics import wigner
from rpr.molecule.molecule import Molecule
from rpr.molecule.rotors import clashes, find_rotors, rotor_dihedrals
from rpr.molecule.torsion import scan_angles, scan_dihedral, set_dihedral, turn_dihedral

#: Angles tried for one trajectory until no atoms clash.
_ATTEMPTS = 200


def sample_minima(
    molecule: Molecule,
    minima: np.ndarray,
    hessians: np.ndarray,
    *,
    temperature_K: float,
    n: int,
    seed: int,
    scan: str = "both_hands",
    dihedral: str = "shift",
    rotors: str = "all",
) -> tuple[np.ndarray, np.ndarray]:
    """Initial conditions about minima, with the dihedral scanned and other rotors turned.

    Trajectory k begins at a point of the thermal Wigner distribution of minimum k mod n_minima
    (:func:`rpr.dynamics.wigner.sample`).  If the dihedral is the only rotor, or `rotors` is
    ``dihedral``, it is turned to the angles of the scan (:func:`rpr.molecule.torsion.scan_angles`).
    Otherwise all rotors are turned to the points of :func:`torus_points`, skipping those at which
    atoms clash; sampled deviations from equilibrium are kept.  Without a dihedral nothing is turned.

    Parameters
    ----------
    molecule
        Its bonds and dihedral are used.
    minima : array, [n_minima, n_atoms, 3]
        Angstrom.
    hessians : array, [n_minima, 3 n_atoms, 3 n_atoms]
        eV/Angstrom^2.
    temperature_K
        Temperature in K.
    n
        Number of trajectories.
    seed
        Seed of the random numbers; those of the first minimum are drawn with `seed` itself.
    scan, dihedral
        As for :func:`rpr.molecule.torsion.scan_angles` and
        :func:`rpr.molecule.torsion.scan_dihedral`, for a single rotor.
    rotors
        ``all`` or ``dihedral``.

    Returns
    -------
    positions, velocities : array, [n, n_atoms, 3]
        Angstrom, and Angstrom/fs.

    Raises
    ------
    InputError
        As for :func:`rpr.dynamics.wigner.sample` and :func:`rpr.molecule.torsion.turn_dihedral`.
    """
    positions, velocities = (np.empty((n, molecule.n_atoms, 3)) for _ in range(2))
    for m, (minimum, hessian) in enumerate(zip(minima, hessians, strict=True)):
        share = slice(m, n, len(minima))
        if m < n:
            positions[share], velocities[share] = wigner.sample(
                molecule.to_atoms(minimum),
                hessian,
                temperature_K=temperature_K,
                n=len(range(n)[share]),
                seed=seed if m == 0 else [seed, m],
            )
    if molecule.dihedral is None:
        return positions, velocities
    if rotors == "all" and len(find_rotors(molecule)) > 1:
        return _turned(molecule, minima, positions), velocities
    angles = scan_angles(n, scan=scan)
    for m, minimum in enumerate(minima[:n]):
        share, about = slice(m, n, len(minima)), replace(molecule, reference=minimum)
        positions[share] = scan_dihedral(positions[share], about, angles[share], dihedral=dihedral)
    return positions, velocities


def scanned_minima(
    molecule: Molecule, minima: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Minima with their dihedrals set to n angles over the full circle.

    Geometry k is minimum k mod n_minima with the dihedral at 360 k / n degrees; if atoms clash
    there, it is the next minimum at which they do not.

    Parameters
    ----------
    molecule
        Its bonds and dihedral are used; without a dihedral the minima are repeated.
    minima : array, [n_minima, n_atoms, 3]
        Angstrom.
    n
        Number of geometries.

    Returns
    -------
    positions : array, [n, n_atoms, 3]
        Angstrom.
    dihedral : array, [n]
        Degrees in (-180, 180]; None for a molecule without one.
    """
    order = np.arange(n)
    if molecule.dihedral is None:
        return minima[order % len(minima)], None
    angles = 360.0 * order / n
    angles = np.where(angles > 180.0, angles - 360.0, angles)
    turned = np.stack(
        [
            set_dihedral(minima[(order + shift) % len(minima)], molecule, angles)
            for shift in range(len(minima))
        ]
    )  # -> [n_minima, n, n_atoms, 3]
    first = np.argmin([clashes(geometries, molecule) for geometries in turned], axis=0)
    return turned[first, order], angles


def torus_points(n_angles: int, first: int, n: int) -> np.ndarray:
    """Points of an additive recurrence, which covers a torus evenly however many are taken.

    Angle i of point k is 360 ((k + 1/2) / g^i mod 1) - 180 degrees, i = 1, 2, ..., where g is the
    real root above 1 of g^(n_angles + 1) = g + 1.

    Parameters
    ----------
    n_angles
        Number of angles.
    first
        Number of the first point.
    n
        Number of points.

    Returns
    -------
    array, [n, n_angles]
        Degrees in [-180, 180).

    Notes
    -----
    Additive recurrences: H. Niederreiter, *Random Number Generation and Quasi-Monte Carlo Methods*,
    SIAM, 1992; this choice of the ratios is by M. Roberts (2018).
    """
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (n_angles + 1))
    steps = root ** -np.arange(1.0, n_angles + 1)
    points = first + 0.5 + np.arange(n)
    return 360.0 * (points[:, None] * steps % 1.0) - 180.0


def _turned(molecule: Molecule, minima: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Every frame with all rotors turned to the next point of the torus that has no clash."""
    rotors = find_rotors(molecule)
    equilibrium = rotor_dihedrals(minima, rotors)
    turned, point = [], 0
    for k, frame in enumerate(positions):
        for point in range(point, point + _ATTEMPTS):
            angles = torus_points(len(rotors), point, 1)[0] - equilibrium[k % len(minima)]
            trial = frame[None]
            for rotor, angle in zip(rotors, angles, strict=True):
                about = replace(molecule, dihedral=rotor.dihedral)
                trial = turn_dihedral(trial, about, angle)
            if not clashes(trial, molecule)[0]:
                break
        point += 1
        turned.append(trial[0])
    return np.array(turned)
