"""Training data of a potential: checked, and turned into the observations of its kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.data.given_frames import take_frames
from rpr.errors import InputError
from rpr.models.estimator import Frames
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import check_unit


@dataclass(frozen=True, eq=False)
class PotentialData:
    """Geometries of a molecule with their energies and forces.

    Attributes
    ----------
    positions : array, [n_frames, n_atoms, 3]
        Angstrom, in the order of the molecule's atoms.
    energy : array, [n_frames]
        eV.
    forces : array, [n_frames, n_atoms, 3]
        eV/Angstrom, in the order of the molecule's atoms.
    """

    positions: np.ndarray
    energy: np.ndarray
    forces: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def part(self, frames: np.ndarray | slice) -> PotentialData:
        """Some of the frames, by their indices."""
        return PotentialData(self.positions[frames], self.energy[frames], self.forces[frames])


def check_labels(
    molecule: Molecule,
    frames: Frames,
    energy: np.ndarray | None,
    forces: np.ndarray | None,
) -> PotentialData:
    """Positions, energies and forces that are finite and fit each other.

    Parameters
    ----------
    molecule
        Molecule of the frames.
    frames
        Frames in any form that `rpr.data.given_frames.take_frames` takes.
    energy : array, [n_frames]
        Energies in eV; None takes those that the frames carry.
    forces : array, [n_frames, n_atoms, 3]
        Forces in eV/Angstrom, in the order of the atoms of `frames`; None takes those that the
        frames carry.

    Raises
    ------
    InputError
        If a label is missing, has another shape, is not finite, or positions are not in Angstrom.
    """
    given = take_frames(frames, molecule, handed=False)
    positions = given.positions
    if len(positions) == 0:
        raise InputError("positions: found no frames, expected at least one")
    check_unit(positions, molecule.reference, molecule.bonds)
    energy = given.label("energy") if energy is None else energy
    energy = _label("energy", energy, positions.shape[:1])
    if forces is None:
        forces = _label("forces", given.label("forces"), positions.shape)
    else:
        forces = given.in_molecule_order(_label("forces", forces, positions.shape))
    return PotentialData(positions, energy, forces)


def to_targets(energy: np.ndarray, forces: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Observations: energy and slopes W^T dE/dR of each frame, frame by frame.

    Parameters
    ----------
    energy : array, [n_frames]
        Energies relative to the offset of the model, in eV.
    forces : array, [n_frames, n_atoms, 3]
        Forces in eV/Angstrom.
    directions : array, [n_frames, 3 n_atoms, m]
        Orthonormal directions W of each frame.

    Returns
    -------
    array, [n_frames (1 + m)]
    """
    gradient = -forces.reshape(len(forces), -1)
    slopes = np.einsum("fca,fc->fa", directions, gradient)
    return np.column_stack([energy, slopes]).ravel()


def _label(name: str, values: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    if values is None:
        raise InputError(f"{name}: missing; expected an array of shape {shape}")
    values = np.asarray(values, dtype=float)
    if values.shape != shape:
        raise InputError(f"{name}: found shape {values.shape}, expected {shape}")
    if not np.isfinite(values).all():
        frame = int(np.argwhere(~np.isfinite(values))[0, 0])
        raise InputError(f"{name}: not a finite number in frame {frame}")
    return values
