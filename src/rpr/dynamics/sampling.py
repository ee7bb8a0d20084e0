"""Geometries that cover what a molecule does: its minima, with every bond turned that can turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rpr.dynamics import wigner
from rpr.errors import ConvergenceError
from rpr.molecule.molecule import Molecule
from rpr.molecule.rigid_body import rigid_body_basis
from rpr.molecule.rotors import Rotor, clashes, find_rotors, rotor_dihedrals
from rpr.molecule.torsion import (
    dihedral_of,
    scan_angles,
    scan_dihedral,
    set_dihedral,
    turn_dihedral,
    turned_atoms,
)

#: Points of the torus for each trajectory, of which those with clashes are skipped.
_ATTEMPTS = 20


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
    atoms clash, and the torsions are taken out of the sampled displacements
    (:func:`without_torsion`).  Without a dihedral nothing turns.

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
        :func:`rpr.molecule.torsion.scan_dihedral`, for a single rotor; ``dihedral`` may also be
        ``project``, which takes the torsion out of the sampled displacements.
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
    ConvergenceError
        If atoms clash wherever the rotors are turned.
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
    several = rotors == "all" and len(find_rotors(molecule)) > 1
    projected: Sequence[Rotor] = find_rotors(molecule) if several else ()
    mode = dihedral
    if dihedral == "project":
        projected, mode = projected or (Rotor(dihedral_of(molecule), 0.0),), "shift"
    angles = scan_angles(n, scan=scan)
    for m, minimum in enumerate(minima[:n]):
        share, about = slice(m, n, len(minima)), replace(molecule, reference=minimum)
        if projected:
            positions[share] = without_torsion(positions[share], about, projected)
        if not several:
            positions[share] = scan_dihedral(positions[share], about, angles[share], dihedral=mode)
    return (_turned(molecule, minima, positions) if several else positions), velocities


def without_torsion(
    positions: np.ndarray, molecule: Molecule, rotors: Sequence[Rotor]
) -> np.ndarray:
    """Displacements from the reference geometry without their components along torsions.

    Normal modes move atoms on straight lines.  Along a soft torsion, above all of a light atom,
    that stretches bonds by several tenths of an Angstrom.  Where the torsions are turned to given
    angles anyway, the motion along them is best taken out: it is projected out in mass-weighted
    coordinates, where the directions are those of turning either end about the bond of each rotor.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its reference geometry is the one that frames are displaced from.
    rotors
        Rotors whose torsions are taken out.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.
    """
    reference, root = molecule.reference, np.sqrt(molecule.masses)[:, None]
    directions = []
    for rotor in rotors:
        about = replace(molecule, dihedral=rotor.dihedral)
        near, far = rotor.dihedral[1:3]
        turning = np.zeros_like(reference)
        moving = list(turned_atoms(about))
        turning[moving] = np.cross(
            reference[far] - reference[near], reference[moving] - reference[far]
        )
        directions.append((root * turning).ravel())
    rigid = rigid_body_basis(reference, molecule.masses)
    internal = np.array(directions).T
    internal -= rigid @ (rigid.T @ internal)
    basis = np.linalg.qr(internal)[0]  # -> [3 n_atoms, n_rotors]
    weighted = (root * (positions - reference)).reshape(len(positions), -1)
    weighted -= weighted @ basis @ basis.T
    return reference + weighted.reshape(positions.shape) / root


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


def torus_points(n_angles: int, n: int) -> np.ndarray:
    """Points of the Halton sequence, which covers a torus evenly however many are taken.

    Parameters
    ----------
    n_angles
        Number of angles.
    n
        Number of points.

    Returns
    -------
    array, [n, n_angles]
        Degrees in [-180, 180).

    Notes
    -----
    J. H. Halton, Numer. Math. 2, 84 (1960), by :class:`scipy.stats.qmc.Halton`.
    """
    from scipy.stats.qmc import Halton  # which takes long to import

    return 360.0 * Halton(n_angles, scramble=False).fast_forward(1).random(n) - 180.0


def _turned(molecule: Molecule, minima: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Every frame with all rotors turned to the next point of the torus that has no clash."""
    rotors = find_rotors(molecule)
    equilibrium = rotor_dihedrals(minima, rotors)
    points = iter(torus_points(len(rotors), _ATTEMPTS * len(positions)))
    turned = []
    for k, frame in enumerate(positions):
        trial = frame[None]
        for angles in points:
            trial = _turned_once(molecule, rotors, frame, angles - equilibrium[k % len(minima)])
            if not clashes(trial, molecule)[0]:
                break
        else:
            raise ConvergenceError(
                f"frame {k}: atoms clash wherever the {len(rotors)} rotors of "
                f"{''.join(molecule.symbols)} are turned; turn the dihedral alone "
                "(initial_conditions/rotors: dihedral)"
            )
        turned.append(trial[0])
    return np.array(turned)


def _turned_once(
    molecule: Molecule, rotors: Sequence[Rotor], frame: np.ndarray, degrees: np.ndarray
) -> np.ndarray:
    """One frame with every rotor turned by an angle, [1, n_atoms, 3]."""
    trial = frame[None]
    for rotor, angle in zip(rotors, degrees, strict=True):
        trial = turn_dihedral(trial, replace(molecule, dihedral=rotor.dihedral), angle)
    return trial
