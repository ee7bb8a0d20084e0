"""The dihedral scan: one end of the molecule turned about a bond, all else as it was."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule


def dihedral_angle(positions: np.ndarray, indices: tuple[int, int, int, int]) -> np.ndarray:
    """Dihedral angle of four atoms, IUPAC sign convention.

    With b1, b2, b3 the vectors from atom to atom, the angle is
    atan2(|b2| b1 . (b2 x b3), (b1 x b2) . (b2 x b3)).  It is 0 where three atoms are in line.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    indices
        The four atoms.

    Returns
    -------
    array, [n_frames]
        Degrees in (-180, 180].
    """
    p = np.asarray(positions, dtype=float)[:, list(indices)]  # -> [n_frames, 4, 3]
    b1, b2, b3 = np.moveaxis(np.diff(p, axis=1), 1, 0)
    normal = np.cross(b2, b3)
    sine = np.linalg.norm(b2, axis=1) * np.sum(b1 * normal, axis=1)
    cosine = np.sum(np.cross(b1, b2) * normal, axis=1)
    degrees = np.degrees(np.arctan2(sine, cosine))
    return np.where(degrees == -180.0, 180.0, degrees)


def set_dihedral(positions: np.ndarray, molecule: Molecule, degrees: np.ndarray) -> np.ndarray:
    """Set the dihedral by turning the whole end of the molecule beyond the central bond.

    The atoms that turn are `turned_atoms`: in 1,2-dichloroethane the CH2Cl end of the second
    carbon.  All bond lengths, all bond angles and the torsions within each end stay as they are.

    Only positions turn.  Velocities are no argument: the Cartesian velocity vectors stay exactly
    as they were sampled, as in the paper ("the velocities unchanged").  That keeps the kinetic
    energy and the net momentum (zero) of every point.  Turning the velocities with the end would
    keep the rates of its bond lengths and angles instead, but give the molecule a net momentum.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its `dihedral` and `bonds` say what turns about what.
    degrees : float or array, [n_frames]
        New dihedral, one for all frames or one for each.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.

    Raises
    ------
    InputError
        If the molecule has no dihedral or its central bond cannot be turned, if shapes do not
        fit, or if the dihedral is not defined in some frame.
    """
    positions = np.array(positions, dtype=float)
    n_frames = len(positions)
    degrees = np.asarray(degrees, dtype=float)
    if degrees.shape not in ((), (n_frames,)) or not np.isfinite(degrees).all():
        raise InputError(
            f"degrees: found shape {degrees.shape}, expected one finite angle, or one for each of "
            f"the {n_frames} frames"
        )
    moving = list(turned_atoms(molecule))
    _refuse_straight(positions, molecule.dihedral)
    _, near, far, _ = molecule.dihedral
    axes = positions[:, far] - positions[:, near]
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turns = np.radians(degrees - dihedral_angle(positions, molecule.dihedral))
    rotations = Rotation.from_rotvec(turns[:, None] * axes).as_matrix()  # -> [n_frames, 3, 3]
    pivot = positions[:, [far]]
    arms = positions[:, moving] - pivot
    positions[:, moving] = pivot + np.einsum("fij,faj->fai", rotations, arms)
    return positions


def turned_atoms(molecule: Molecule) -> tuple[int, ...]:
    """Atoms beyond the central bond of the dihedral, seen from its first atoms.

    With the dihedral (i, j, k, l) these are all atoms that bonds connect to k when the bond j-k
    is cut; k itself, on the axis, is left out.

    Raises
    ------
    InputError
        If the molecule has no dihedral, j and k are not bonded, the bond is part of a ring, or
        i and l do not lie on their sides.
    """
    if molecule.dihedral is None:
        raise InputError("molecule/dihedral: found none, expected four atom indices to scan")
    first, near, far, last = molecule.dihedral
    if tuple(sorted((near, far))) not in {tuple(sorted(bond)) for bond in molecule.bonds}:
        raise InputError(
            f"molecule/dihedral: its middle atoms {near} and {far} are not bonded in the "
            "reference geometry; give the four atoms in the order of the chain"
        )
    beyond = _connected(molecule, start=far, cut=near)
    if near in beyond:
        raise InputError(
            f"molecule/dihedral: the bond {near}-{far} is part of a ring and cannot be turned; "
            "choose a dihedral about another bond"
        )
    if last not in beyond or first in beyond:
        raise InputError(
            f"molecule/dihedral: atoms {first} and {last} are not on opposite sides of the bond "
            f"{near}-{far}; give the four atoms in the order of the chain"
        )
    return tuple(sorted(beyond - {far}))


def scan_angles(
    n_trajectories: int, *, first: float = 0.0, last: float = 180.0, step: float = 5.0
) -> np.ndarray:
    """Dihedral of each trajectory: a grid of angles gone through as often as needed.

    With the defaults the grid has 37 angles, 0, 5, ..., 180 degrees.  Full rounds go through all
    of it.  The rest r of a further round takes the r angles in the middle: 70 trajectories are
    37 + 33, every angle once and 10, 15, ..., 170 degrees a second time.  (The ends need fewer
    starts: trajectories from there also cross 0 or 180 degrees into the mirror image of the
    range.)  Fewer trajectories than angles are spread evenly over the grid, ends included.

    Parameters
    ----------
    n_trajectories
        Number of trajectories.
    first, last, step
        The grid in degrees.

    Returns
    -------
    array, [n_trajectories]
        Degrees.

    Raises
    ------
    InputError
        If there is no trajectory or the grid is empty.
    """
    if n_trajectories < 1:
        raise InputError(f"n_trajectories: found {n_trajectories}, expected at least 1")
    if not step > 0.0 or not last >= first:
        raise InputError(
            f"scan: found {first} to {last} by {step} degrees, expected first <= last and step > 0"
        )
    grid = first + step * np.arange(int((last - first) / step + 1e-9) + 1)
    if n_trajectories == 1:
        return grid[[len(grid) // 2]]
    if n_trajectories < len(grid):
        return grid[np.rint(np.linspace(0, len(grid) - 1, n_trajectories)).astype(int)]
    rounds, rest = divmod(n_trajectories, len(grid))
    skip = (len(grid) - rest) // 2
    return np.concatenate([*[grid] * rounds, grid[skip : skip + rest]])


def _connected(molecule: Molecule, *, start: int, cut: int) -> set[int]:
    """Atoms reached from `start` along bonds without using the bond start-cut."""
    reached, waiting = {start}, [start]
    while waiting:
        atom = waiting.pop()
        for bond in molecule.bonds:
            if atom in bond and {start, cut} != set(bond):
                other = bond[0] if bond[1] == atom else bond[1]
                if other not in reached:
                    reached.add(other)
                    waiting.append(other)
    return reached


def _refuse_straight(positions: np.ndarray, dihedral: tuple[int, int, int, int]) -> None:
    b1, b2, b3 = np.moveaxis(np.diff(positions[:, list(dihedral)], axis=1), 1, 0)
    for one, two, atoms in ((b1, b2, dihedral[:3]), (b2, b3, dihedral[1:])):
        sine = np.linalg.norm(np.cross(one, two), axis=1)
        straight = ~(sine > 1e-6 * np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1))
        if straight.any():
            raise InputError(
                f"frame {int(np.argmax(straight))}: atoms {atoms[0]}, {atoms[1]}, {atoms[2]} are "
                "in line, the dihedral is not defined; choose other dihedral atoms"
            )
