"""Canonical axes: molecule-fixed axes as a function of the geometry, and rotations to and fro.

A frame is a rotation matrix R [3, 3] whose rows are the frame's axes in the laboratory, and an
origin o. Everywhere in this project

    x_c = R (x - o),   mu_c = R mu,   alpha_c = R alpha R^T,   and back with R^T;

R is proper, det R = +1. Martinka et al., J. Chem. Phys. 161, 174104 (2024), eqs. (2)-(5).

Frames by name (:data:`AXES`):

``inertia``
    principal axes of the mass-weighted inertia tensor about the centre of mass, moments ascending
    (a, b, c), with the sign rule ``anchors``. ``inertia-<rule>`` takes another rule of
    :mod:`rpr.axes.sign_rules`; ``inertia-charge`` and ``inertia-charge-<rule>`` weight with nuclear
    charges, about the centre of nuclear charge.
``three-atom``
    a from a central atom to one neighbour, b towards a second one (:func:`three_atoms`).
``kabsch``
    best unweighted superposition on the reference geometry, origin at the centroid.
``eckart``
    best mass-weighted superposition, which fulfils the Eckart conditions sum m r_ref x r = 0.
``bond-axis``
    a along the central bond of the dihedral, b on the bisector of its two ends: exchanging the
    ends turns the frame by 180 degrees about b, exactly.
``laboratory``
    no frame: the identity, with the origin at the centre of mass.

No molecule-fixed axes exists for a linear molecule, and no inertia axes for a spherical top:
:func:`check_axes` says so, and names what can be used instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.axes.inertia import centre, principal_axes
from rpr.axes.sign_rules import SIGN_RULES
from rpr.errors import InputError
from rpr.molecule.torsion import dihedral_angle

NEAR_DEGENERATE = 0.02  # relative gap: thermal motion mixes the axes of frames below it
UNDEFINED = 1e-8
LINEAR = 1e-4  # I_a / I_c of a linear molecule
SPHERICAL = 1e-2  # (I_c - I_a) / I_c of a spherical top


@dataclass(frozen=True)
class CanonicalAxes:
    """Frames of several geometries.

    Attributes
    ----------
    rotations : ndarray [n_frames, 3, 3]
        Rows are the axes in the laboratory, det = +1.
    origins : ndarray [n_frames, 3]
        Angstrom.
    axis_gap : ndarray [n_frames]
        How well the axes are determined, dimensionless, 0 where they are not: for inertia axes
        min(I_b - I_a, I_c - I_b) / I_c; for superpositions (s_2 +- s_3) / s_1 of the singular
        values of the correlation matrix; for frames made of atoms the sine of their angle.
    defined : ndarray of bool [n_frames]
        False where the axes are arbitrary.
    near_degenerate : ndarray of bool [n_frames]
        True where ``axis_gap`` is below ``NEAR_DEGENERATE``.
    sign_margin : ndarray [n_frames]
        Inertia frames: distance from the place where the sign rule jumps; infinite for others.
    """

    rotations: np.ndarray
    origins: np.ndarray
    axis_gap: np.ndarray
    defined: np.ndarray
    near_degenerate: np.ndarray
    sign_margin: np.ndarray

    def __len__(self):
        return len(self.rotations)


def _inertia(positions, molecule, *, weighting, rule):
    weights = np.asarray(getattr(molecule, weighting), dtype=float)
    axes, origins, moments = principal_axes(positions, weights)
    coordinates = np.einsum("fij,faj->fai", axes, positions - origins[:, None])
    signs, margin = SIGN_RULES[rule](coordinates, molecule, weights)
    axis_gap = np.diff(moments, axis=1).min(axis=1) / moments[:, 2]
    return axes * signs[:, :, None], origins, axis_gap, margin


def three_atoms(molecule):
    """Atoms (centre, first, second) of the three-atom axes.

    The end of the dihedral with its central bond, (j, i, k) of (i, j, k, l); without a dihedral
    the atom with most bonds (first on ties) and its two heaviest neighbours.
    """
    if molecule.dihedral is not None:
        i, j, k, _ = molecule.dihedral
        return j, i, k
    neighbours = [[] for _ in molecule.symbols]
    for i, j in molecule.bonds:
        neighbours[i].append(j)
        neighbours[j].append(i)
    middle = max(range(molecule.n_atoms), key=lambda atom: (len(neighbours[atom]), -atom))
    ordered = sorted(neighbours[middle], key=lambda atom: (-molecule.masses[atom], atom))
    if len(ordered) < 2:
        raise InputError(
            "axes 'three-atom' needs three bonded atoms, molecule "
            f"{''.join(molecule.symbols)} has none; use the model 'covariant' or the frame "
            "'laboratory'"
        )
    return middle, ordered[0], ordered[1]


def _axes_from(along, towards):
    """Axes with a along the first vector and b in the plane of both, and the sine between them."""
    a = along / np.linalg.norm(along, axis=1, keepdims=True)
    perpendicular = towards - np.sum(towards * a, axis=1, keepdims=True) * a
    length = np.linalg.norm(perpendicular, axis=1)
    b = perpendicular / np.maximum(length, 1e-300)[:, None]
    sine = length / np.linalg.norm(towards, axis=1)
    return np.stack([a, b, np.cross(a, b)], axis=1), sine  # -> [n_frames, 3, 3], [n_frames]


def _three_atom(positions, molecule):
    middle, first, second = three_atoms(molecule)
    start = positions[:, middle]
    rotations, sine = _axes_from(positions[:, first] - start, positions[:, second] - start)
    return rotations, _mass_centre(positions, molecule), sine, None


def _bond_axis(positions, molecule):
    if molecule.dihedral is None:
        raise InputError(
            "axes 'bond-axis' needs molecule/dihedral, found none; set four atoms or use the "
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
    return axes, _mass_centre(positions, molecule), np.minimum(sine, other_sine), None


def _superpose(positions, molecule, *, weights):
    origins = centre(positions, weights)
    reference = molecule.reference - weights @ molecule.reference / weights.sum()
    correlation = np.einsum(
        "a,fax,ay->fxy", weights, positions - origins[:, None], reference, optimize=True
    )
    u, singular, vt = np.linalg.svd(correlation)
    handedness = np.where(np.linalg.det(u) * np.linalg.det(vt) < 0, -1.0, 1.0)
    u[:, :, 2] *= handedness[:, None]
    rotations = np.swapaxes(u @ vt, 1, 2)
    axis_gap = (singular[:, 1] + handedness * singular[:, 2]) / singular[:, 0]
    return rotations, origins, axis_gap, None


def _kabsch(positions, molecule):
    return _superpose(positions, molecule, weights=np.ones(molecule.n_atoms))


def _eckart(positions, molecule):
    return _superpose(positions, molecule, weights=np.asarray(molecule.masses, dtype=float))


def _laboratory(positions, molecule):
    n_frames = len(positions)
    rotations = np.broadcast_to(np.eye(3), (n_frames, 3, 3)).copy()
    return rotations, _mass_centre(positions, molecule), np.ones(n_frames), None


def _mass_centre(positions, molecule):
    return centre(positions, np.asarray(molecule.masses, dtype=float))


def _inertia_axes():
    builders = {}
    for prefix, weighting in (("inertia", "masses"), ("inertia-charge", "numbers")):
        for rule in SIGN_RULES:
            name = prefix if rule == "anchors" else f"{prefix}-{rule}"
            builders[name] = (weighting, rule)
    return builders


_INERTIA = _inertia_axes()

_OTHERS = {
    "three-atom": _three_atom,
    "kabsch": _kabsch,
    "eckart": _eckart,
    "bond-axis": _bond_axis,
    "laboratory": _laboratory,
}

AXES = (*_INERTIA, *_OTHERS)


def rotor_type(molecule):
    """Kind of rotor of the reference geometry: atom, linear, spherical, symmetric or asymmetric."""
    if molecule.n_atoms == 1:
        return "atom"
    masses = np.asarray(molecule.masses, dtype=float)
    moments = principal_axes(molecule.reference[None], masses)[2][0]
    if moments[0] < LINEAR * moments[2]:
        return "linear"
    if moments[2] - moments[0] < SPHERICAL * moments[2]:
        return "spherical"
    if np.diff(moments).min() < SPHERICAL * moments[2]:
        return "symmetric"
    return "asymmetric"


def check_axes(name, molecule):
    """Refuse a frame that this molecule cannot have.

    Parameters
    ----------
    name : str
        One of ``AXES``.
    molecule : Molecule

    Raises
    ------
    InputError
        Unknown name; any molecule-fixed axes of an atom or a linear molecule; an inertia axes of
        a spherical top. The message names what can be used instead.
    """
    if name not in AXES:
        raise InputError(f"axes: expected one of {', '.join(AXES)}; found {name!r}")
    if name == "laboratory":
        return
    rotor = rotor_type(molecule)
    formula = "".join(molecule.symbols)
    if rotor in ("atom", "linear"):
        raise InputError(
            f"axes {name!r} are undefined for {formula}: its reference geometry is "
            f"{'a single atom' if rotor == 'atom' else 'linear'}, so that the rotation about its "
            "axis is free. No molecule-fixed axes can be used (inertia, three-atom, kabsch, "
            "eckart, bond-axis), nor a model built on them (rotate-predict-rotate, folded, "
            "symmetrized). Use the "
            "axes-free model 'covariant'"
        )
    if rotor == "spherical" and name in _INERTIA:
        raise InputError(
            f"axes {name!r} are undefined for {formula}: its reference geometry is a spherical "
            "top, I_a = I_b = I_c, so that vibrations alone decide its principal axes. Inertia "
            "axes and the models built on them (rotate-predict-rotate, folded, symmetrized) cannot "
            "be used. Use the axes-free model 'covariant', or one of the axes 'eckart', 'kabsch', "
            "'three-atom'"
        )


def canonical_axes(name, positions, molecule):
    """Canonical axes of every geometry.

    Parameters
    ----------
    name : str
        One of ``AXES``.
    positions : ndarray [n_frames, n_atoms, 3]
        Angstrom, in the laboratory.
    molecule : Molecule
        Masses, charges, anchors, dihedral and reference geometry.

    Returns
    -------
    CanonicalAxes

    Raises
    ------
    InputError
        If the name is unknown or the molecule cannot have these axes (:func:`check_axes`).
    """
    check_axes(name, molecule)
    positions = np.asarray(positions, dtype=float)
    if name in _INERTIA:
        weighting, rule = _INERTIA[name]
        parts = _inertia(positions, molecule, weighting=weighting, rule=rule)
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
