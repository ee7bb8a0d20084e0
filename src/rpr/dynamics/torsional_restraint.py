"""Restraints of the dihedral, and the torque along it."""

from __future__ import annotations

import numpy as np

from rpr.dynamics.batch import Potential
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, dihedral_of, turned_atoms


def dihedral_gradient(positions: np.ndarray, indices: tuple[int, int, int, int]) -> np.ndarray:
    """Derivatives of the dihedral angle with respect to its four atoms.

    The formulas of A. Blondel, M. Karplus, J. Comput. Chem. 17, 1132 (1996).

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    indices
        The four atoms.

    Returns
    -------
    array, [n_frames, 4, 3]
        rad/Angstrom.
    """
    p = np.asarray(positions, dtype=float)[:, list(indices)]
    f, g, h = p[:, 0] - p[:, 1], p[:, 1] - p[:, 2], p[:, 3] - p[:, 2]
    a, b = np.cross(f, g), np.cross(h, g)
    length = np.linalg.norm(g, axis=1, keepdims=True)
    a /= np.sum(a * a, axis=1, keepdims=True)
    b /= np.sum(b * b, axis=1, keepdims=True)
    first, last = -length * a, length * b
    shift = (
        np.sum(f * g, axis=1, keepdims=True) * a - np.sum(h * g, axis=1, keepdims=True) * b
    ) / length
    return np.stack([first, -first + shift, -last - shift, last], axis=1)


def torque(positions: np.ndarray, forces: np.ndarray, molecule: Molecule) -> np.ndarray:
    """Torque on one end of the molecule about the bond of the dihedral.

    It is -dV/dphi for a turn of the whole end, as in :func:`rpr.molecule.torsion.turn_dihedral`.

    Parameters
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom.
    forces : array, [n_frames, n_atoms, 3]
        eV/Angstrom.
    molecule
        Its dihedral says about which bond which end turns.

    Returns
    -------
    array, [n_frames]
        eV/rad.
    """
    moving = list(turned_atoms(molecule))
    _, near, far, _ = dihedral_of(molecule)
    axes = positions[:, far] - positions[:, near]
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    arms = positions[:, moving] - positions[:, [far]]
    turning = np.cross(arms, forces[:, moving]).sum(axis=1)
    return np.sum(axes * turning, axis=1)


class RestrainedPotential:
    """A potential with a harmonic restraint of the dihedral, k d^2 / 2, one centre a frame.

    d is the difference between the dihedral and the centre, within half a turn.

    Parameters
    ----------
    model
        Potential without restraint.
    molecule
        Its dihedral is restrained.
    centres : array, [n_frames]
        Degrees.
    strength
        k in eV/rad^2.

    Raises
    ------
    InputError
        If the strength is not positive.
    """

    def __init__(
        self, model: Potential, molecule: Molecule, centres: np.ndarray, strength: float
    ) -> None:
        if not strength > 0.0:
            raise InputError(f"strength: found {strength}, expected a positive number")
        self.model, self.strength = model, strength
        self.atoms = dihedral_of(molecule)
        self.centres = np.asarray(centres, dtype=float)

    def predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies, [n_frames] in eV, and forces, [n_frames, n_atoms, 3] in eV/Angstrom."""
        energy, forces = self.model.predict(positions)
        difference = dihedral_angle(positions, self.atoms) - self.centres
        radians = np.radians((difference + 180.0) % 360.0 - 180.0)
        forces = forces.copy()
        forces[:, list(self.atoms)] -= (self.strength * radians)[:, None, None] * (
            dihedral_gradient(positions, self.atoms)
        )
        return energy + 0.5 * self.strength * radians**2, forces
