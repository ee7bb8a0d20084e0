"""Labels from a formula in microseconds, for examples and tests.

Bonds transfer charge between their atoms, and every atom is polarizable (Thole's dipole
interaction model with exponential damping).  With the atomic polarizabilities a_i, the damped
dipole field tensors T_ij and the fields E_i of the charges, the induced dipoles p solve

    p_i / a_i - sum_{j != i} T_ij p_j = E_i,

mu = sum_i q_i r_i + p_i, and alpha is the response of sum_i p_i to a uniform field.  Both transform
under rotation and inversion as they must, and they are smooth functions of the geometry, nonlinear
enough that learning them is not trivial.  They are no substitute for quantum chemistry.

Source: B. T. Thole, Chem. Phys. 59, 341 (1981); P. T. van Duijnen and M. Swart, J. Phys. Chem. A
102, 2399 (1998), for the parameters.
"""

from __future__ import annotations

import numpy as np

from rpr.data.atomic_polarizability import ATOMIC_POLARIZABILITY
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import set_dihedral

#: Damping parameter that goes with `rpr.data.atomic_polarizability.ATOMIC_POLARIZABILITY`.
DAMPING = 2.1304
_ELECTRONEGATIVITY = {"H": 2.20, "C": 2.55, "N": 3.04, "O": 3.44, "S": 2.58, "Cl": 3.16}
_TRANSFER = 0.25  # charge per unit of electronegativity that a bond at its reference length moves
_DECAY = 0.8  # Angstrom of stretch that divides the transferred charge by e


def dichloroethane() -> Molecule:
    """Anti 1,2-dichloroethane, with the atoms Cl C C Cl H H H H and both chlorines as anchors."""
    half = [
        [-2.0588, -0.6306, 0.0],
        [-0.6239, 0.4289, 0.0],
        [-0.6778, 1.0521, 0.8926],
        [-0.6778, 1.0521, -0.8926],
    ]
    other = [[-x, -y, -z] for x, y, z in half]
    reference = np.array([half[0], half[1], other[1], other[0], *half[2:], other[3], other[2]])
    return Molecule(
        symbols=("Cl", "C", "C", "Cl", "H", "H", "H", "H"),
        reference=reference,
        anchors=(0, 3),
        dihedral=(0, 1, 2, 3),
        bonds=((0, 1), (1, 2), (1, 4), (1, 5), (2, 3), (2, 6), (2, 7)),
    )


def random_frames(
    molecule: Molecule,
    n: int,
    *,
    seed: int,
    displacement: float = 0.05,
    dihedral_range: tuple[float, float] = (0.0, 180.0),
) -> np.ndarray:
    """Geometries with a uniformly random dihedral and Gaussian displacements of every atom.

    Parameters
    ----------
    molecule
        Its reference geometry and dihedral, if it has one, are used.
    n
        Number of frames.
    seed
        Seed of the random numbers.
    displacement
        Standard deviation of each coordinate, Angstrom.
    dihedral_range
        Smallest and largest dihedral, degrees.

    Returns
    -------
    array, [n_frames, n_atoms, 3]
        Angstrom.
    """
    rng = np.random.default_rng(seed)
    positions = np.broadcast_to(molecule.reference, (n, molecule.n_atoms, 3))
    if molecule.dihedral is not None:
        positions = set_dihedral(positions, molecule, rng.uniform(*dihedral_range, size=n))
    return positions + rng.normal(scale=displacement, size=positions.shape)


def analytic_labels(positions: np.ndarray, molecule: Molecule) -> tuple[np.ndarray, np.ndarray]:
    """Dipole and polarizability of each frame.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    molecule
        Its bonds transfer charge; all its elements must have an electronegativity here.

    Returns
    -------
    dipole : array, [n_frames, 3]
        e Angstrom.
    polarizability : array, [n_frames, 3, 3]
        Angstrom^3.

    Raises
    ------
    InputError
        If the molecule has an element without parameters.
    """
    unknown = sorted(set(molecule.symbols) - _ELECTRONEGATIVITY.keys())
    if unknown:
        raise InputError(
            f"molecule: found {unknown[0]}, expected elements of {list(_ELECTRONEGATIVITY)}"
        )
    positions = np.asarray(positions, dtype=float)
    n_frames, n_atoms, _ = positions.shape
    charges = bond_charges(positions, molecule)
    field, coupling = _fields(positions, charges, molecule)
    uniform = np.tile(np.eye(3), (n_atoms, 1))  # -> [3 n_atoms, 3]
    sources = np.concatenate(
        [field.reshape(n_frames, -1, 1), np.broadcast_to(uniform, (n_frames, *uniform.shape))],
        axis=2,
    )
    induced = np.linalg.solve(coupling, sources).reshape(n_frames, n_atoms, 3, 4).sum(axis=1)
    dipole = np.einsum("fa,fai->fi", charges, positions) + induced[:, :, 0]
    polarizability = induced[:, :, 1:]
    return dipole, 0.5 * (polarizability + polarizability.transpose(0, 2, 1))


def bond_charges(positions: np.ndarray, molecule: Molecule) -> np.ndarray:
    """Atomic charges in e, [n_frames, n_atoms]; bonds move charge to their electronegative end."""
    charges = np.zeros(positions.shape[:2])
    for i, j in molecule.bonds:
        length = np.linalg.norm(positions[:, i] - positions[:, j], axis=1)
        stretch = length - np.linalg.norm(molecule.reference[i] - molecule.reference[j])
        pull = _ELECTRONEGATIVITY[molecule.symbols[i]] - _ELECTRONEGATIVITY[molecule.symbols[j]]
        moved = _TRANSFER * pull * np.exp(-stretch / _DECAY)
        charges[:, i] -= moved
        charges[:, j] += moved
    return charges


def _fields(
    positions: np.ndarray, charges: np.ndarray, molecule: Molecule
) -> tuple[np.ndarray, np.ndarray]:
    """Field of the charges, [n_frames, n_atoms, 3], and matrix of the induced dipoles."""
    a = np.array([ATOMIC_POLARIZABILITY[s] for s in molecule.symbols])
    n_atoms = len(a)
    separation = positions[:, :, None] - positions[:, None]  # -> [n_frames, n_atoms, n_atoms, 3]
    r = np.linalg.norm(separation, axis=3) + np.eye(n_atoms)
    scaled = DAMPING * r / (a[:, None] * a) ** (1 / 6)
    tail = np.exp(-scaled)
    on_charge = (1 - (1 + scaled + scaled**2 / 2) * tail) * (1 - np.eye(n_atoms)) / r**3
    on_dipole = (
        (1 - (1 + scaled + scaled**2 / 2 + scaled**3 / 6) * tail) * (1 - np.eye(n_atoms)) / r**5
    )
    field = np.einsum("fab,fb,fabi->fai", on_charge, charges, separation)
    tensor = 3 * np.einsum("fab,fabi,fabj->faibj", on_dipole, separation, separation)
    tensor -= np.einsum("fab,ij->faibj", on_charge, np.eye(3))
    coupling = np.diag(np.repeat(1 / a, 3)) - tensor.reshape(len(r), 3 * n_atoms, 3 * n_atoms)
    return field, coupling
