"""The dihedral angle: measuring it, turning it, and the angles of a scan."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.transform import Rotation

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule


def dihedral_angle(positions: np.ndarray, indices: tuple[int, int, int, int]) -> np.ndarray:
    """Dihedral angle of four atoms, IUPAC sign convention.

    With b1, b2, b3 the vectors from atom to atom, the angle is
    atan2(|b2| b1 . (b2 x b3), (b1 x b2) . (b2 x b3)).  It is 0 if three atoms are in line.

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


def dihedral_of(molecule: Molecule) -> tuple[int, int, int, int]:
    """The four atoms of the dihedral; refuses a molecule without one."""
    if molecule.dihedral is None:
        raise InputError("dihedral: found none, expected the indices of four atoms")
    return molecule.dihedral


#: Scans of the dihedral: all multiples of 5 degrees except 0 and 180, or those from 0 to 180.
SCANS = ("both_hands", "one_hand")
_STEP = 5.0  # degrees


def turn_dihedral(
    positions: np.ndarray, molecule: Molecule, degrees: float | np.ndarray
) -> np.ndarray:
    """Change the dihedral by turning the whole end of the molecule beyond the central bond.

    The atoms that turn are `turned_atoms`: in 1,2-dichloroethane the CH2Cl end of the second
    carbon.  All bond lengths, all bond angles and the torsions within each end stay as they are.

    Only positions are turned.  The Cartesian velocities of a sampled point stay exactly as they
    are, as in the paper ("the velocities unchanged").  That keeps the kinetic energy and the net
    momentum (zero) of every point.  Turning the velocities with the end would preserve the rates
    of its bond lengths and angles instead, but give the molecule a net momentum.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its `dihedral` and `bonds` decide which atoms turn about which bond.
    degrees : float or array, [n_frames]
        Angle added to the dihedral, one for all frames or one for each.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.

    Raises
    ------
    InputError
        If the molecule has no dihedral or its central bond cannot be turned, if shapes do not
        match, or if the dihedral is not defined in some frame.
    """
    positions, degrees = _checked(positions, molecule, degrees)
    moving = list(turned_atoms(molecule))
    _, near, far, _ = dihedral_of(molecule)
    axes = positions[:, far] - positions[:, near]
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turns = np.radians(np.broadcast_to(degrees, len(positions)))
    rotations = Rotation.from_rotvec(turns[:, None] * axes).as_matrix()  # -> [n_frames, 3, 3]
    pivot = positions[:, [far]]
    arms = positions[:, moving] - pivot
    positions[:, moving] = pivot + np.einsum("fij,faj->fai", rotations, arms)
    return positions


def set_dihedral(
    positions: np.ndarray, molecule: Molecule, degrees: float | np.ndarray
) -> np.ndarray:
    """Give the dihedral a value; the end of the molecule turns as in :func:`turn_dihedral`.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its `dihedral` and `bonds` decide which atoms turn about which bond.
    degrees : float or array, [n_frames]
        New dihedral, one for all frames or one for each.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom; errors are those of :func:`turn_dihedral`.
    """
    positions, degrees = _checked(positions, molecule, degrees)
    found = dihedral_angle(positions, dihedral_of(molecule))
    return turn_dihedral(positions, molecule, degrees - found)


def scan_dihedral(
    positions: np.ndarray,
    molecule: Molecule,
    degrees: float | np.ndarray,
    *,
    dihedral: str = "shift",
) -> np.ndarray:
    """Turn the dihedrals of sampled frames to the angles of a scan.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom, sampled about the reference geometry of `molecule`.
    molecule
        Its `dihedral` and `bonds` decide which atoms turn about which bond.
    degrees : float or array, [n_frames]
        Angles of the scan, one for all frames or one for each.
    dihedral
        ``shift`` moves each dihedral by the angle of the scan minus the dihedral of the reference,
        so that sampled deviations from equilibrium are kept.  ``set`` gives each dihedral exactly
        the angle of the scan, so that its sampled deviation is lost.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.

    Raises
    ------
    InputError
        If `dihedral` is neither of the two, and as for :func:`turn_dihedral`.
    """
    if dihedral == "set":
        return set_dihedral(positions, molecule, degrees)
    if dihedral != "shift":
        raise InputError(f"dihedral: found {dihedral!r}, expected shift or set")
    reference, degrees = _checked(molecule.reference[None], molecule, degrees, len(positions))
    equilibrium = dihedral_angle(reference, dihedral_of(molecule))[0]
    return turn_dihedral(positions, molecule, degrees - equilibrium)


def turned_atoms(molecule: Molecule) -> tuple[int, ...]:
    """Atoms beyond the central bond of the dihedral, seen from its first atoms.

    For the dihedral (i, j, k, l) these are all atoms that stay connected to k when the bond j-k
    is cut; k itself lies on the axis and is left out.

    Raises
    ------
    InputError
        If the molecule has no dihedral, j and k are not bonded, the bond is part of a ring, or
        i and l are not on opposite sides of it.
    """
    first, near, far, last = dihedral_of(molecule)
    bonds = [bond for bond in molecule.bonds if set(bond) != {near, far}]
    if len(bonds) == len(molecule.bonds):
        raise InputError(
            f"dihedral: its middle atoms {near} and {far} are not bonded in the reference "
            "geometry; give the four atoms in the order of the chain"
        )
    graph = coo_array(
        (np.ones(len(bonds)), np.array(bonds, dtype=int).reshape(-1, 2).T),
        shape=(molecule.n_atoms, molecule.n_atoms),
    )
    part = connected_components(graph, directed=False)[1]
    if part[near] == part[far]:
        raise InputError(
            f"dihedral: the bond {near}-{far} is part of a ring and cannot be turned; choose a "
            "dihedral about another bond"
        )
    if part[first] != part[near] or part[last] != part[far]:
        raise InputError(
            f"dihedral: atoms {first} and {last} are not on opposite sides of the bond "
            f"{near}-{far}; give the four atoms in the order of the chain"
        )
    return tuple(int(atom) for atom in np.flatnonzero(part == part[far]) if atom != far)


def scan_angles(n_trajectories: int, *, scan: str = "both_hands") -> np.ndarray:
    """Initial dihedral of each trajectory, in multiples of 5 degrees.

    ``both_hands`` has the 70 angles -175, -170, ..., -5, 5, ..., 175 degrees, in this order; at 0
    and 180 degrees a molecule is its own mirror image.  Fewer trajectories are spread evenly over
    the circle, each at the middle angle of its share of the 70.  An even number has mirrored pairs
    of angles, an odd number one more of one sign, and a single trajectory starts at 90 degrees.
    More than 70 trajectories repeat all angles as often as possible, and the rest are spread
    likewise.  A run of 70 that may be cut short should begin with the trajectories 0, 2, ..., 68.

    ``one_hand`` has the 37 angles 0, 5, ..., 180 degrees.  More trajectories repeat them as often
    as possible, and the rest take the angles in the middle: 70 trajectories are every angle once
    and 10, 15, ..., 170 degrees a second time.  (The ends need fewer, because trajectories from
    there also cross 0 or 180 degrees into the mirror image of the range.)  Fewer trajectories than
    angles are spread evenly over the range, ends included.

    Parameters
    ----------
    n_trajectories
        Number of trajectories.
    scan
        ``both_hands`` or ``one_hand``.

    Returns
    -------
    array, [n_trajectories]
        Degrees.

    Raises
    ------
    InputError
        If the number of trajectories is not positive or there is no such scan.

    Examples
    --------
    >>> scan_angles(4)
    array([-135.,  -45.,   45.,  135.])
    """
    if n_trajectories < 1:
        raise InputError(f"n_trajectories: found {n_trajectories}, expected at least 1")
    if scan not in SCANS:
        raise InputError(f"scan: found {scan!r}, expected one of {', '.join(SCANS)}")
    if scan == "one_hand":
        grid = np.arange(0.0, 180.0 + _STEP, _STEP)
        choose = _with_ends if n_trajectories < len(grid) else _in_the_middle
    else:
        negative = np.arange(-180.0 + _STEP, 0.0, _STEP)
        grid = np.concatenate([negative, -negative[::-1]])
        choose = _around_the_circle
    rounds, rest = divmod(n_trajectories, len(grid))
    return np.concatenate([*[grid] * rounds, choose(grid, rest)])


def _around_the_circle(grid: np.ndarray, n: int) -> np.ndarray:
    """The middle angle of each of `n` equal shares."""
    if n == 1:
        return grid[grid == 90.0]
    return grid[(2 * np.arange(n) + 1) * len(grid) // (2 * n or 1)]


def _with_ends(grid: np.ndarray, n: int) -> np.ndarray:
    """`n` evenly spaced angles, both ends included."""
    if n == 1:
        return grid[[len(grid) // 2]]
    return grid[np.rint(np.linspace(0, len(grid) - 1, n)).astype(int)]


def _in_the_middle(grid: np.ndarray, n: int) -> np.ndarray:
    """The `n` consecutive angles in the middle."""
    skip = (len(grid) - n) // 2
    return grid[skip : skip + n]


def _checked(
    positions: np.ndarray, molecule: Molecule, degrees: float | np.ndarray, n_angles: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Copies of positions and angles, after checks of shapes and of the dihedrals."""
    positions = np.array(positions, dtype=float)
    n_angles = n_angles or len(positions)
    degrees = np.array(degrees, dtype=float)
    if degrees.shape not in ((), (n_angles,)) or not np.isfinite(degrees).all():
        raise InputError(
            f"degrees: found shape {degrees.shape}, expected one finite angle, or one for each of "
            f"the {n_angles} frames"
        )
    turned_atoms(molecule)
    _refuse_straight(positions, dihedral_of(molecule))
    return positions, degrees


def _refuse_straight(positions: np.ndarray, dihedral: tuple[int, int, int, int]) -> None:
    b1, b2, b3 = np.moveaxis(np.diff(positions[:, list(dihedral)], axis=1), 1, 0)
    for one, two, atoms in ((b1, b2, dihedral[:3]), (b2, b3, dihedral[1:])):
        sine = np.linalg.norm(np.cross(one, two), axis=1)
        straight = ~(sine > 1e-6 * np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1))
        if straight.any():
            raise InputError(
                f"frame {int(np.argmax(straight))}: atoms {atoms[0]}, {atoms[1]}, {atoms[2]} are "
                "in line, so that the dihedral is not defined; choose other atoms for it"
            )
