"""Canonical axes: molecule-fixed axes as a function of the geometry.

Axes are a rotation matrix R [3, 3] whose rows are the axes in the laboratory, and an origin o.
Everywhere in this project

    x_c = R (x - o),   mu_c = R mu,   alpha_c = R alpha R^T,   and back with R^T.

R is proper, det R = +1. Martinka et al., J. Chem. Phys. 161, 174104 (2024), eqs. (2)-(5).

Axes by name (:data:`AXES`):

``inertia``
    principal axes of the mass-weighted inertia tensor about the centre of mass, moments ascending
    (a, b, c), with the sign rule ``anchors``. ``inertia-<rule>`` takes another rule of
    :mod:`rpr.axes.sign_rules`; ``inertia-charge`` and ``inertia-charge-<rule>`` weight with nuclear
    charges, about the centre of nuclear charge.
``three-atom``
    a from a central atom to one neighbour, b towards a second one (:func:`three_atoms`).
``kabsch``
    best unweighted superposition on the reference geometry, with the origin at the centroid.
``eckart``
    best mass-weighted superposition, which fulfils the Eckart conditions sum m r_ref x r = 0.
``bond-axis``
    a along the central bond of the dihedral, b on the bisector of its two ends. Exchanging the
    ends turns these axes by exactly 180 degrees about b.
``laboratory``
    the axes of the laboratory, with the origin at the centre of mass.

A linear molecule has no molecule-fixed axes and a spherical top no inertia axes; the message of
:func:`check_axes` names what can be used instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rpr.axes.sign_rules import SIGN_RULES
from rpr.errors import InputError, NotApplicableError
from rpr.molecule.inertia import centre, principal_axes
from rpr.molecule.molecule import Molecule
from rpr.molecule.rigid_body import LINEAR
from rpr.molecule.superposition import best_rotations
from rpr.molecule.torsion import dihedral_angle

NEAR_DEGENERATE = 0.02  #: axis gap below which thermal motion mixes the axes
UNDEFINED = 1e-8  #: axis gap of arbitrary axes
IN_LINE = 0.1  #: sine of the angle between two bonds that make no axes
SPHERICAL = 1e-2  #: (I_c - I_a) / I_c of a spherical top

#: Rotations, origins, axis gaps, and distances from the jump of the sign rule if there is one.
_Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class CanonicalAxes:
    """Canonical axes of several geometries.

    Attributes
    ----------
    rotations : array, [n_frames, 3, 3]
        Rows are the axes in the laboratory, det = +1.
    origins : array, [n_frames, 3]
        Angstrom.
    axis_gap : array, [n_frames]
        How well the axes are determined, dimensionless, 0 if they are arbitrary. It is
        min(I_b - I_a, I_c - I_b) / I_c for inertia axes, (s_2 +- s_3) / s_1 with the singular
        values of the correlation matrix for superpositions, and the sine of the angle between the
        two defining directions for axes made of atoms.
    defined : bool array, [n_frames]
        False where the axes are arbitrary.
    near_degenerate : bool array, [n_frames]
        True where `axis_gap` is below `NEAR_DEGENERATE`.
    sign_margin : array, [n_frames]
        Distance from the place where the sign rule jumps; infinite for axes without such a rule.
    """

    rotations: np.ndarray
    origins: np.ndarray
    axis_gap: np.ndarray
    defined: np.ndarray
    near_degenerate: np.ndarray
    sign_margin: np.ndarray

    def __len__(self) -> int:
        return len(self.rotations)


def _inertia(positions: np.ndarray, molecule: Molecule, weighting: str, rule: str) -> _Parts:
    weights = np.asarray(getattr(molecule, weighting), dtype=float)
    axes, origins, moments = principal_axes(positions, weights)
    coordinates = np.einsum("fij,faj->fai", axes, positions - origins[:, None])
    signs, margin = SIGN_RULES[rule](coordinates, molecule, weights)
    axis_gap = np.diff(moments, axis=1).min(axis=1) / moments[:, 2]
    return axes * signs[:, :, None], origins, axis_gap, margin


def three_atoms(molecule: Molecule) -> tuple[int, int, int]:
    """Atoms (centre, first, second) of the three-atom axes.

    For the dihedral (i, j, k, l) these are (j, i, k). Without a dihedral they are the atom with
    most bonds (the first on ties) and its two heaviest neighbours that are not in line with it in
    the reference geometry; if there are none, the next atom.

    Raises
    ------
    NotApplicableError
        If no atom has two such neighbours.
    """
    if molecule.dihedral is not None:
        i, j, k, _ = molecule.dihedral
        return j, i, k
    near = molecule.neighbours
    for middle in sorted(range(molecule.n_atoms), key=lambda atom: (-len(near[atom]), atom)):
        ordered = sorted(near[middle], key=lambda atom: (-molecule.masses[atom], atom))
        for first, second in itertools.combinations(ordered, 2):
            along, towards = molecule.reference[[first, second]] - molecule.reference[middle]
            if _axes_from(along[None], towards[None])[1][0] > IN_LINE:
                return middle, first, second
    raise NotApplicableError(
        f"axes: 'three-atom' needs three bonded atoms that are not in line, and "
        f"{''.join(molecule.symbols)} has none; use the axes 'laboratory'"
    )


def _axes_from(along: np.ndarray, towards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axes with a along the first vector and b in the plane of both, and the sine between them."""
    a = along / np.linalg.norm(along, axis=1, keepdims=True)
    perpendicular = towards - np.sum(towards * a, axis=1, keepdims=True) * a
    length = np.linalg.norm(perpendicular, axis=1)
    b = perpendicular / np.maximum(length, 1e-300)[:, None]
    sine = length / np.linalg.norm(towards, axis=1)
    return np.stack([a, b, np.cross(a, b)], axis=1), sine  # -> [n_frames, 3, 3], [n_frames]


def _three_atom(positions: np.ndarray, molecule: Molecule) -> _Parts:
    middle, first, second = three_atoms(molecule)
    start = positions[:, middle]
    rotations, sine = _axes_from(positions[:, first] - start, positions[:, second] - start)
    return rotations, centre(positions, molecule.masses), sine, None


def _bond_axis(positions: np.ndarray, molecule: Molecule) -> _Parts:
    if molecule.dihedral is None:
        raise NotApplicableError(
            "axes: 'bond-axis' needs a molecule with a dihedral; name its four atoms, or use the "
            "axes 'three-atom'"
        )
    i, j, k, m = molecule.dihedral
    bond = positions[:, k] - positions[:, j]
    rotations, sine = _axes_from(bond, positions[:, i] - positions[:, j])
    _, other_sine = _axes_from(-bond, positions[:, m] - positions[:, k])
    half = np.radians(dihedral_angle(positions, (i, j, k, m))) / 2
    cos, sin = np.cos(half)[:, None], np.sin(half)[:, None]
    b = cos * rotations[:, 1] + sin * rotations[:, 2]
    a = rotations[:, 0]
    axes = np.stack([a, b, np.cross(a, b)], axis=1)
    margin = np.abs(cos[:, 0])  # b jumps where the dihedral does, at 180 degrees
    return axes, centre(positions, molecule.masses), np.minimum(sine, other_sine), margin


def _superpose(positions: np.ndarray, molecule: Molecule, weights: np.ndarray) -> _Parts:
    origins = centre(positions, weights)
    reference = molecule.reference - weights @ molecule.reference / weights.sum()
    correlation = np.einsum(
        "a,fax,ay->fxy", weights, positions - origins[:, None], reference, optimize=True
    )
    rotations, sizes = best_rotations(correlation)  # that turn the reference
    axis_gap = (sizes[:, 1] + sizes[:, 2]) / sizes[:, 0]
    return np.swapaxes(rotations, 1, 2), origins, axis_gap, None


def _kabsch(positions: np.ndarray, molecule: Molecule) -> _Parts:
    return _superpose(positions, molecule, np.ones(molecule.n_atoms))


def _eckart(positions: np.ndarray, molecule: Molecule) -> _Parts:
    return _superpose(positions, molecule, molecule.masses)


def _laboratory(positions: np.ndarray, molecule: Molecule) -> _Parts:
    rotations = np.tile(np.eye(3), (len(positions), 1, 1))
    return rotations, centre(positions, molecule.masses), np.ones(len(positions)), None


#: Weights and sign rule of each kind of inertia axes.
_INERTIA = {
    prefix if rule == "anchors" else f"{prefix}-{rule}": (weighting, rule)
    for prefix, weighting in (("inertia", "masses"), ("inertia-charge", "numbers"))
    for rule in SIGN_RULES
}

_OTHERS: dict[str, Callable[[np.ndarray, Molecule], _Parts]] = {
    "three-atom": _three_atom,
    "kabsch": _kabsch,
    "eckart": _eckart,
    "bond-axis": _bond_axis,
    "laboratory": _laboratory,
}

AXES = (*_INERTIA, *_OTHERS)


def rotor_type(molecule: Molecule) -> str:
    """Kind of rotor of the reference geometry: atom, linear, spherical, symmetric or asymmetric."""
    if molecule.n_atoms == 1:
        return "atom"
    moments = principal_axes(molecule.reference[None], molecule.masses)[2][0]
    if moments[0] < LINEAR * moments[2]:
        return "linear"
    if moments[2] - moments[0] < SPHERICAL * moments[2]:
        return "spherical"
    if np.diff(moments).min() < SPHERICAL * moments[2]:
        return "symmetric"
    return "asymmetric"


def check_axes(name: str, molecule: Molecule) -> None:
    """Refuse axes that this molecule cannot have.

    Parameters
    ----------
    name
        One of `AXES`.
    molecule
        Its reference geometry decides.

    Raises
    ------
    InputError
        If the name is unknown.
    NotApplicableError
        If the molecule is an atom or linear, inertia axes are asked for a spherical top, or no
        three atoms make axes. The message names the axes that can be used instead.
    """
    if name not in AXES:
        raise InputError(f"axes: expected one of {', '.join(AXES)}; found {name!r}")
    rotor = rotor_type(molecule)
    undefined = f"axes: {name!r} are undefined for {''.join(molecule.symbols)}, because its"
    if name != "laboratory" and rotor in ("atom", "linear"):
        raise NotApplicableError(
            f"{undefined} reference geometry is {'one atom' if rotor == 'atom' else 'linear'} and "
            "rotation about its axis is free; only the axes 'laboratory' can be used"
        )
    if name == "three-atom":
        three_atoms(molecule)
    if name in _INERTIA and rotor == "spherical":
        raise NotApplicableError(
            f"{undefined} reference geometry is a spherical top, I_a = I_b = I_c, so that only "
            "vibrations decide its principal axes; use the axes 'eckart', 'kabsch' or 'three-atom'"
        )


def canonical_axes(name: str, positions: np.ndarray, molecule: Molecule) -> CanonicalAxes:
    """Canonical axes of every geometry.

    Parameters
    ----------
    name
        One of `AXES`.
    positions : array, [n_frames, n_atoms, 3]
        Angstrom, in the laboratory.
    molecule
        Its masses, charges, anchors, dihedral and reference geometry are used.

    Returns
    -------
    CanonicalAxes

    Raises
    ------
    InputError
        If the name is unknown.
    NotApplicableError
        If the molecule cannot have these axes (:func:`check_axes`), or lacks their dihedral.
    """
    check_axes(name, molecule)
    positions = np.asarray(positions, dtype=float)
    if name in _INERTIA:
        parts = _inertia(positions, molecule, *_INERTIA[name])
    else:
        parts = _OTHERS[name](positions, molecule)
    rotations, origins, axis_gap, margin = parts
    return CanonicalAxes(
        rotations=rotations,
        origins=origins,
        axis_gap=axis_gap,
        defined=axis_gap > UNDEFINED,
        near_degenerate=axis_gap < NEAR_DEGENERATE,
        sign_margin=np.full(len(positions), np.inf) if margin is None else margin,
    )
