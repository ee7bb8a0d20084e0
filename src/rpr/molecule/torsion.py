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


#: Scans of the dihedral: all multiples of 5 degrees but 0 and 180, or those from 0 to 180.
SCANS = ("both_hands", "one_hand")
_STEP = 5.0  # degrees


def turn_dihedral(positions: np.ndarray, molecule: Molecule, degrees: np.ndarray) -> np.ndarray:
    """Change the dihedral by turning the whole end of the molecule beyond the central bond.

    The atoms that turn are `turned_atoms`: in 1,2-dichloroethane the CH2Cl end of the second
    carbon.  All bond lengths, all bond angles and the torsions within each end stay as they are,
    and so does what the dihedral of one frame has over that of another.

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
        What is added to the dihedral, one angle for all frames or one for each.

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
    positions, degrees = _checked(positions, molecule, degrees)
    moving = list(turned_atoms(molecule))
    _, near, far, _ = molecule.dihedral
    axes = positions[:, far] - positions[:, near]
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turns = np.radians(np.broadcast_to(degrees, len(positions)))
    rotations = Rotation.from_rotvec(turns[:, None] * axes).as_matrix()  # -> [n_frames, 3, 3]
    pivot = positions[:, [far]]
    arms = positions[:, moving] - pivot
    positions[:, moving] = pivot + np.einsum("fij,faj->fai", rotations, arms)
    return positions


def set_dihedral(positions: np.ndarray, molecule: Molecule, degrees: np.ndarray) -> np.ndarray:
    """Give the dihedral a value; the end of the molecule turns as in :func:`turn_dihedral`.

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
        As for :func:`turn_dihedral`.
    """
    positions, degrees = _checked(positions, molecule, degrees)
    found = dihedral_angle(positions, molecule.dihedral)
    return turn_dihedral(positions, molecule, degrees - found)


def scan_dihedral(
    positions: np.ndarray, molecule: Molecule, degrees: np.ndarray, *, dihedral: str = "shift"
) -> np.ndarray:
    """Bring sampled frames to the angles of the scan.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom, sampled about the reference geometry of `molecule`.
    molecule
        Its `dihedral` and `bonds` say what turns about what.
    degrees : float or array, [n_frames]
        Angles of the scan, one for all frames or one for each.
    dihedral
        ``shift`` moves each dihedral by the angle of the scan less the dihedral of the reference:
        what the sample has over the equilibrium stays, and the equilibrium part is at the angle.
        ``set`` puts each dihedral at the angle itself: what was sampled of it is lost.

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
    equilibrium = dihedral_angle(reference, molecule.dihedral)[0]
    return turn_dihedral(positions, molecule, degrees - equilibrium)


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


def scan_angles(n_trajectories: int, *, scan: str = "both_hands") -> np.ndarray:
    """Dihedral of each trajectory, by multiples of 5 degrees.

    ``both_hands`` has the 70 angles -175, -170, ..., -5, 5, ..., 175 degrees (0 and 180, where a
    molecule is its own mirror image, are left out), in this order.  Fewer trajectories are spread
    evenly over the circle: each takes the middle one of its share of the 70.  An even number has
    as many angles of one sign as of the other, in mirrored pairs, and an odd number one more of
    one sign.  A single trajectory starts at 90 degrees.  More than 70 go through all angles as
    often as possible; the rest are spread likewise.  If a run of 70 may be cut short, it should
    begin with the trajectories 0, 2, 4, ..., 68: every second angle of the circle, 18 negative
    and 17 positive.

    ``one_hand`` has the 37 angles 0, 5, ..., 180 degrees.  More trajectories go through them as
    often as possible; the rest r take the r angles in the middle: 70 trajectories are 37 + 33,
    every angle once and 10, 15, ..., 170 degrees a second time.  (The ends need fewer starts:
    trajectories from there also cross 0 or 180 degrees into the mirror image of the range.)
    Fewer trajectories than angles are spread evenly over the range, ends included.

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
        If there is no trajectory or no such scan.
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
    """The angle in the middle of each of `n` equal shares."""
    if n == 1:
        return grid[grid == 90.0]
    return grid[(2 * np.arange(n) + 1) * len(grid) // (2 * n or 1)]


def _with_ends(grid: np.ndarray, n: int) -> np.ndarray:
    """`n` angles evenly from end to end."""
    if n == 1:
        return grid[[len(grid) // 2]]
    return grid[np.rint(np.linspace(0, len(grid) - 1, n)).astype(int)]


def _in_the_middle(grid: np.ndarray, n: int) -> np.ndarray:
    """`n` angles without a gap between them."""
    skip = (len(grid) - n) // 2
    return grid[skip : skip + n]


def _checked(
    positions: np.ndarray, molecule: Molecule, degrees: np.ndarray, n_angles: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Copies of positions and angles; refuses shapes that do not fit and undefined dihedrals."""
    positions = np.array(positions, dtype=float)
    n_angles = len(positions) if n_angles is None else n_angles
    degrees = np.array(degrees, dtype=float)
    if degrees.shape not in ((), (n_angles,)) or not np.isfinite(degrees).all():
        raise InputError(
            f"degrees: found shape {degrees.shape}, expected one finite angle, or one for each of "
            f"the {n_angles} frames"
        )
    turned_atoms(molecule)
    _refuse_straight(positions, molecule.dihedral)
    return positions, degrees


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
