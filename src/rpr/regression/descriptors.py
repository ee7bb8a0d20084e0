"""Descriptors: what the kernels see of a molecule.

The part that does not change when the molecule turns is built from all interatomic distances
r_ij; the part that does is built from coordinates in canonical axes (relative to their origin).

============ =============================================================================
RE           r_eq/r over all pairs, r_eq of the molecule's reference geometry
ID           1/r over all pairs, 1/Angstrom
CM           Coulomb matrix, unsorted: 0.5 Z^2.4 on the diagonal, Z Z'/r off it, r in bohr
CMeig        eigenvalues of the Coulomb matrix in descending order
radial       Gaussian functions of the distance over all pairs, see `radial_functions`
radialTypes  the same, summed over all pairs of the same two elements
RExyzCl      RE and the coordinates of the anchors, Angstrom
REsphCl      RE and the spherical coordinates (r, theta, phi) of the anchors
REdihedCl    RE and cosine and sine of the dihedral
xyzQ         coordinates of all atoms times their nuclear charges
xyz          coordinates of all atoms, Angstrom
RExyz        RE and the coordinates of all atoms, Angstrom
============ =============================================================================

"Cl" stands for the anchors of the molecule, the two chlorines of 1,2-dichloroethane.  In the
mixed descriptors the part beside RE is multiplied by a weight, since RE has no unit and the
coordinates have (`COORDINATE_WEIGHTS`).  The dihedral enters as cosine and sine because the angle
itself jumps at +-180 degrees; phi of REsphCl is the plain angle, as published, and does jump.

Source: Martinka et al., J. Chem. Phys. 161, 174104 (2024); xyz, RExyz and the radial functions are
additions.  CMeig: Rupp et al., Phys. Rev. Lett. 108, 058301 (2012).
"""

from __future__ import annotations

import numpy as np

from rpr.errors import InputError, NotApplicableError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle
from rpr.units import BOHR

DESCRIPTORS = (
    "RE", "ID", "CM", "RExyzCl", "REsphCl", "REdihedCl", "xyzQ", "xyz", "RExyz", "CMeig", "radial",
    "radialTypes",
)  # fmt: skip

#: Descriptors made of distances alone: the same in all axes, so they cannot know the signs of axes.
ROTATION_INVARIANT = ("RE", "ID", "CM", "REdihedCl", "CMeig", "radial", "radialTypes")
#: Weights of the part beside RE, 1/Angstrom where that part is a length.  Of 0.25, 0.5, 1, 2 and 4
#: they have the lowest validation errors on 1,2-dichloroethane, or errors within 5 % of them, in
#: the axes of the models that use the descriptor (`snakemake evidence`, table coordinate_weights).
COORDINATE_WEIGHTS = {"RExyzCl": 1.0, "REsphCl": 1.0, "REdihedCl": 2.0, "RExyz": 0.5}
#: Centres of the radial functions and their standard deviation, Angstrom.
RADIAL_CENTRES = np.arange(0.8, 6.01, 0.4)
RADIAL_WIDTH = 0.4


def describe(
    name: str,
    positions: np.ndarray,
    molecule: Molecule,
    *,
    coordinate_weight: float | None = None,
) -> np.ndarray:
    """Descriptor of each frame.

    Parameters
    ----------
    name
        One of `DESCRIPTORS`.
    positions : array, [n_frames, n_atoms, 3]
        In canonical axes, relative to their origin, Angstrom.
    molecule
        Gives the reference distances, charges, anchors and dihedral.
    coordinate_weight
        Factor of the part beside RE in RExyzCl, REsphCl, REdihedCl and RExyz (1/Angstrom where
        that part is a length); None is that of `COORDINATE_WEIGHTS`.

    Returns
    -------
    array, [n_frames, n_features]

    Raises
    ------
    InputError
        If there is no such descriptor, the shape does not fit the molecule, or two atoms coincide.
    NotApplicableError
        If the molecule has no anchors or dihedral where the descriptor needs them.
    """
    if name not in DESCRIPTORS:
        raise InputError(f"descriptor: found {name!r}, expected one of {', '.join(DESCRIPTORS)}")
    positions = np.asarray(positions, dtype=float)
    if positions.ndim != 3 or positions.shape[1:] != (molecule.n_atoms, 3):
        raise InputError(
            f"positions: found shape {positions.shape}, expected [n_frames, {molecule.n_atoms}, 3]"
        )
    if name in _WHOLE:
        return _WHOLE[name](positions, molecule)
    relative = relative_inverse_distances(positions, molecule)
    if name == "RE":
        return relative
    weight = COORDINATE_WEIGHTS[name] if coordinate_weight is None else coordinate_weight
    return np.hstack([relative, weight * _BESIDE_RE[name](positions, molecule)])


def pair_distances(positions: np.ndarray) -> np.ndarray:
    """Distances over all pairs i < j, row by row of the upper triangle, [n_frames, n_pairs].

    Raises
    ------
    InputError
        If two atoms of a frame coincide.
    """
    i, j = np.triu_indices(positions.shape[1], k=1)
    r = np.linalg.norm(positions[:, i] - positions[:, j], axis=2)
    if r.size and not r.min() > 0.0:
        frame, pair = np.argwhere(~(r > 0.0))[0]
        raise InputError(
            f"positions: atoms {i[pair]} and {j[pair]} of frame {frame} are at the same place"
        )
    return r


def relative_inverse_distances(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    """RE: r_eq/r over all pairs, [n_frames, n_pairs]."""
    return pair_distances(molecule.reference[None]) / pair_distances(positions)


def _inverse_distances(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    return 1.0 / pair_distances(positions)


def _coulomb_matrix(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    z = molecule.numbers.astype(float)
    i, j = np.triu_indices(len(z), k=1)
    off_diagonal = z[i] * z[j] / (pair_distances(positions) / BOHR)
    diagonal = np.broadcast_to(0.5 * z**2.4, (len(positions), len(z)))
    return np.hstack([diagonal, off_diagonal])  # -> [n_frames, n_atoms + n_pairs]


def _coulomb_eigenvalues(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    entries, n = _coulomb_matrix(positions, molecule), molecule.n_atoms
    matrices = np.empty((len(positions), n, n))
    matrices[:, np.arange(n), np.arange(n)] = entries[:, :n]
    i, j = np.triu_indices(n, k=1)
    matrices[:, i, j] = matrices[:, j, i] = entries[:, n:]
    return np.linalg.eigvalsh(matrices)[:, ::-1]  # -> [n_frames, n_atoms]


def radial_functions(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    """exp(-(r - c)^2 / 2 w^2) for all pairs and `RADIAL_CENTRES` c, w = `RADIAL_WIDTH`.

    Returns
    -------
    array, [n_frames, n_pairs * n_centres]
    """
    r = pair_distances(positions)[:, :, None]
    return np.exp(-0.5 * ((r - RADIAL_CENTRES) / RADIAL_WIDTH) ** 2).reshape(len(r), -1)


def _radial_sums(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    i, j = np.triu_indices(molecule.n_atoms, k=1)
    pairs = np.sort(np.stack([molecule.numbers[i], molecule.numbers[j]], axis=1), axis=1)
    types, member = np.unique(pairs, axis=0, return_inverse=True)
    by_pair = radial_functions(positions, molecule).reshape(len(positions), len(i), -1)
    sums = np.zeros((len(positions), len(types), by_pair.shape[2]))
    for pair, kind in enumerate(member.reshape(-1)):
        sums[:, kind] += by_pair[:, pair]
    return _flat(sums)


def _charged_coordinates(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    return _flat(positions * molecule.numbers[:, None])


def _all_coordinates(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    return _flat(positions)


def _anchor_coordinates(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    return _flat(_anchors(positions, molecule))


def _anchors_spherical(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    x, y, z = np.moveaxis(_anchors(positions, molecule), 2, 0)  # -> 3 of [n_frames, n_anchors]
    in_plane = np.hypot(x, y)
    r, theta, phi = np.hypot(in_plane, z), np.arctan2(in_plane, z), np.arctan2(y, x)
    return _flat(np.stack([r, theta, phi], axis=2))


def _dihedral_on_circle(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    if molecule.dihedral is None:
        raise NotApplicableError(
            "descriptor: REdihedCl needs a dihedral; give the molecule its four atoms "
            "(dihedral: [0, 1, 2, 3]) or choose another descriptor"
        )
    angle = np.radians(dihedral_angle(positions, molecule.dihedral))
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _anchors(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    if not molecule.anchors:
        raise NotApplicableError(
            "descriptor: RExyzCl and REsphCl need anchors; name them in the molecule "
            "(anchors: [0, 3]) or choose RExyz"
        )
    return positions[:, list(molecule.anchors)]


def _flat(coordinates: np.ndarray) -> np.ndarray:
    return coordinates.reshape(len(coordinates), -1)


_WHOLE = {
    "ID": _inverse_distances,
    "CM": _coulomb_matrix,
    "CMeig": _coulomb_eigenvalues,
    "radial": radial_functions,
    "radialTypes": _radial_sums,
    "xyzQ": _charged_coordinates,
    "xyz": _all_coordinates,
}

_BESIDE_RE = {
    "RExyzCl": _anchor_coordinates,
    "REsphCl": _anchors_spherical,
    "REdihedCl": _dihedral_on_circle,
    "RExyz": _all_coordinates,
}
