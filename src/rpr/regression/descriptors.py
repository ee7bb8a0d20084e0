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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rpr.errors import InputError, NotApplicableError
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import nonzero_pair_distances, pair_indices
from rpr.molecule.torsion import dihedral_angle, dihedral_of
from rpr.units import BOHR

#: Centres of the radial functions and their standard deviation, Angstrom.
RADIAL_CENTRES = np.arange(0.8, 6.01, 0.4)
RADIAL_WIDTH = 0.4


@dataclass(frozen=True)
class Descriptor:
    """How a descriptor is computed, and what it needs.

    Parameters
    ----------
    function
        Features [n_frames, n_features] of positions [n_frames, n_atoms, 3] in Angstrom and a
        molecule.
    begins_with_RE
        Whether the first features are RE, of a descriptor with a `weight` by themselves.
    weight
        Factor of what `function` returns, which then stands beside RE (1/Angstrom where it is a
        length); None if it returns the whole descriptor.
    needs_anchors, needs_dihedral
        Whether the molecule must have anchors, or a dihedral.
    rotates
        Whether it changes with the axes.  One that does not, as it is made of distances alone,
        cannot know the signs of axes.
    jumps
        What of it jumps where signs of axes change, so that it cannot be symmetrized; empty for
        nothing.
    """

    function: Callable[[np.ndarray, Molecule], np.ndarray]
    begins_with_RE: bool = False
    weight: float | None = None
    needs_anchors: bool = False
    needs_dihedral: bool = False
    rotates: bool = True
    jumps: str = ""

    def applies(self, molecule: Molecule) -> bool:
        """Whether the molecule has the anchors or the dihedral that are needed."""
        anchored = bool(molecule.anchors) or not self.needs_anchors
        return anchored and (molecule.dihedral is not None or not self.needs_dihedral)


def find_descriptor(name: str) -> Descriptor:
    """A descriptor by its name.

    Raises
    ------
    InputError
        If there is none of that name; the message lists the names.
    """
    if name not in DESCRIPTORS:
        raise InputError(f"descriptor: found {name!r}, expected one of {', '.join(DESCRIPTORS)}")
    return DESCRIPTORS[name]


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
    descriptor = find_descriptor(name)
    positions = np.asarray(positions, dtype=float)
    if positions.ndim != 3 or positions.shape[1:] != (molecule.n_atoms, 3):
        raise InputError(
            f"positions: found shape {positions.shape}, expected [n_frames, {molecule.n_atoms}, 3]"
        )
    _check_needs(name, molecule)
    if descriptor.weight is None:
        return descriptor.function(positions, molecule)
    weight = descriptor.weight if coordinate_weight is None else coordinate_weight
    relative = relative_inverse_distances(positions, molecule)
    return np.hstack([relative, weight * descriptor.function(positions, molecule)])


def _check_needs(name: str, molecule: Molecule) -> None:
    """Refuse a molecule that lacks what a descriptor needs."""
    if DESCRIPTORS[name].needs_anchors and not molecule.anchors:
        raise NotApplicableError(
            f"descriptor: {name} needs anchors; name them in the molecule (anchors: [0, 3]) or "
            "choose RExyz"
        )
    if DESCRIPTORS[name].needs_dihedral and molecule.dihedral is None:
        raise NotApplicableError(
            f"descriptor: {name} needs a dihedral; give the molecule its four atoms "
            "(dihedral: [0, 1, 2, 3]) or choose another descriptor"
        )


def relative_inverse_distances(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    """RE: r_eq/r over all pairs, [n_frames, n_pairs]."""
    return nonzero_pair_distances(molecule.reference[None]) / nonzero_pair_distances(positions)


def _inverse_distances(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    return 1.0 / nonzero_pair_distances(positions)


def _coulomb_matrix(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    z = molecule.numbers.astype(float)
    i, j = pair_indices(len(z))
    off_diagonal = z[i] * z[j] / (nonzero_pair_distances(positions) / BOHR)
    diagonal = np.broadcast_to(0.5 * z**2.4, (len(positions), len(z)))
    return np.hstack([diagonal, off_diagonal])  # -> [n_frames, n_atoms + n_pairs]


def _coulomb_eigenvalues(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    entries, n = _coulomb_matrix(positions, molecule), molecule.n_atoms
    matrices = np.empty((len(positions), n, n))
    matrices[:, np.arange(n), np.arange(n)] = entries[:, :n]
    i, j = pair_indices(n)
    matrices[:, i, j] = matrices[:, j, i] = entries[:, n:]
    return np.linalg.eigvalsh(matrices)[:, ::-1]  # -> [n_frames, n_atoms]


def radial_functions(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    """exp(-(r - c)^2 / 2 w^2) for all pairs and `RADIAL_CENTRES` c, w = `RADIAL_WIDTH`.

    Returns
    -------
    array, [n_frames, n_pairs * n_centres]
    """
    r = nonzero_pair_distances(positions)[:, :, None]
    return np.exp(-0.5 * ((r - RADIAL_CENTRES) / RADIAL_WIDTH) ** 2).reshape(len(r), -1)


def _radial_sums(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    i, j = pair_indices(molecule.n_atoms)
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
    angle = np.radians(dihedral_angle(positions, dihedral_of(molecule)))
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _anchors(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    return positions[:, list(molecule.anchors)]


def _flat(coordinates: np.ndarray) -> np.ndarray:
    return coordinates.reshape(len(coordinates), -1)


#: All descriptors by name, in the order of tables and figures.
#:
#: Of the weights 0.25, 0.5, 1, 2 and 4 those here have the lowest validation errors on
#: 1,2-dichloroethane, or errors within 5 % of them, in the axes of the models that use the
#: descriptor (`snakemake evidence`, table coordinate_weights).
DESCRIPTORS: Mapping[str, Descriptor] = MappingProxyType(
    {
        "RE": Descriptor(relative_inverse_distances, begins_with_RE=True, rotates=False),
        "ID": Descriptor(_inverse_distances, rotates=False),
        "CM": Descriptor(_coulomb_matrix, rotates=False),
        "RExyzCl": Descriptor(
            _anchor_coordinates, begins_with_RE=True, weight=1.0, needs_anchors=True
        ),
        "REsphCl": Descriptor(
            _anchors_spherical,
            begins_with_RE=True,
            weight=1.0,
            needs_anchors=True,
            jumps="its angle phi",
        ),
        "REdihedCl": Descriptor(
            _dihedral_on_circle,
            begins_with_RE=True,
            weight=2.0,
            needs_dihedral=True,
            rotates=False,
        ),
        "xyzQ": Descriptor(_charged_coordinates),
        "xyz": Descriptor(_all_coordinates),
        "RExyz": Descriptor(_all_coordinates, begins_with_RE=True, weight=0.5),
        "CMeig": Descriptor(_coulomb_eigenvalues, rotates=False),
        "radial": Descriptor(radial_functions, rotates=False),
        "radialTypes": Descriptor(_radial_sums, rotates=False),
    }
)

#: Weights of the part beside RE, 1/Angstrom where that part is a length.
COORDINATE_WEIGHTS = {name: d.weight for name, d in DESCRIPTORS.items() if d.weight is not None}
