"""KREG: a potential from kernel ridge regression on energies and gradients.

Descriptor r_eq / r over all pairs and Gaussian kernel [1]_, trained in closed form as in [2]_::

    model = KREG(molecule=molecule).fit(frames)
    energy, forces = model.predict(other_frames)

Units are eV, Angstrom and eV/Angstrom.

.. [1] Dral et al., J. Chem. Phys. 146, 244108 (2017).
.. [2] Martinka et al., J. Chem. Phys. 161, 174104 (2024).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from ase import Atoms

from rpr.data.frame_set import FrameSet, as_positions
from rpr.errors import InputError
from rpr.models.kreg.contraction import ContractedPotential
from rpr.models.kreg.descriptor import RelativeDistances, symmetric_distances
from rpr.models.kreg.kernel import GradientKernel, n_internal
from rpr.models.kreg.search import check_given, search_hyperparameters
from rpr.models.kreg.solver import check_training_memory, solve_kreg
from rpr.models.kreg.targets import check_labels, to_targets
from rpr.models.model_file import (
    checksum,
    load_model,
    molecule_from_json,
    molecule_to_json,
    reading,
    save_model,
)
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import check_scale

KIND = "kreg"

_PARAMETERS = (
    "molecule",
    "permutations",
    "sigma",
    "lambda_energy",
    "lambda_forces",
    "n_search",
    "max_memory_mb",
    "seed",
)

#: Frames predicted at once, which bounds the memory.
_CHUNK = 4096
Frames = FrameSet | Sequence[Atoms] | np.ndarray


class KREG:
    """Potential energy and forces of one molecule.

    E(x) = E_0 + sum_j [a_j + b_j . d/dR_j] k(x, x_j), k = exp(-|x - x_j|^2 / (2 sigma^2)), where
    E_0 is the mean training energy and (a, b) solve (K + Lambda) c = y for the energies and
    gradients of all training frames at once.

    Parameters
    ----------
    molecule
        Symbols, bonds, and the reference geometry whose distances are r_eq.
    permutations : int array, [n_permutations, n_atoms]
        A group of permutations of atoms (x'_i = x_{perm[i]}) under which the potential is exactly
        symmetric: the kernel is averaged over it.  r_eq must be invariant.  None for no symmetry.
    sigma
        Width of the kernel (the descriptor has no unit).
    lambda_energy, lambda_forces
        Ridge terms of energies and of gradients, relative to a kernel k(x, x) = 1 with lengths in
        Angstrom.
    n_search
        Those of the three above that are None are found by `search_hyperparameters`, on at most
        this many training frames.
    max_memory_mb
        Memory that training may take (default: what is available).
    seed
        Of the split of the search.

    Attributes
    ----------
    sigma_, lambda_energy_, lambda_forces_
        Hyper-parameters in use.
    search_
        `PotentialSearch`, or None if all three were given.
    solution_
        `Solution`, with condition number and residual (None after `load`).
    energy_offset_
        E_0 in eV.
    training_checksum_
        SHA-256 of the training data.
    distances_, contracted_
        `RelativeDistances` and `ContractedPotential` that predict.
    """

    def __init__(
        self,
        *,
        molecule: Molecule,
        permutations: np.ndarray | None = None,
        sigma: float | None = None,
        lambda_energy: float | None = None,
        lambda_forces: float | None = None,
        n_search: int = 250,
        max_memory_mb: float | None = None,
        seed: int = 0,
    ):
        self.molecule = molecule
        self.permutations = permutations
        self.sigma = sigma
        self.lambda_energy = lambda_energy
        self.lambda_forces = lambda_forces
        self.n_search = n_search
        self.max_memory_mb = max_memory_mb
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict:
        """Constructor's arguments."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params) -> KREG:
        """Change constructor's arguments.

        Raises
        ------
        InputError
            If a name is unknown.
        """
        for name, value in params.items():
            if name not in _PARAMETERS:
                raise InputError(f"{name}: no parameter of KREG; known: {', '.join(_PARAMETERS)}")
            setattr(self, name, value)
        return self

    def fit(
        self,
        positions: Frames,
        energy: np.ndarray | None = None,
        forces: np.ndarray | None = None,
    ) -> KREG:
        """Train in closed form.

        Parameters
        ----------
        positions
            Training frames: `FrameSet`, ASE atoms or array [n_frames, n_atoms, 3] in Angstrom.
        energy : array, [n_frames]
            eV; may be left out for a `FrameSet` that has them.
        forces : array, [n_frames, n_atoms, 3]
            eV/Angstrom; likewise.

        Raises
        ------
        InputError
            If shapes, atoms or units do not fit, the permutations are no symmetry of r_eq, or the
            system does not fit into memory (the message says how many frames do).

        Warns
        -----
        ConditioningWarning
            If the system is so ill-conditioned that digits of the solution are lost.
        """
        positions, energy, forces = check_labels(self.molecule, positions, energy, forces)
        distances, pairs = symmetric_distances(self.molecule, self.permutations)
        per_frame = 1 + n_internal(distances.n_atoms, distances.n_pairs)
        limit = None if self.max_memory_mb is None else int(self.max_memory_mb * 1e6)
        check_training_memory(len(positions), per_frame, limit)
        self._set_hyperparameters(positions, energy, forces)
        self.energy_offset_ = float(energy.mean())
        kernel, directions = GradientKernel.from_positions(positions, distances, pairs, self.sigma_)
        self.solution_ = solve_kreg(
            kernel,
            to_targets(energy - self.energy_offset_, forces, directions),
            lambda_energy=self.lambda_energy_,
            lambda_forces=self.lambda_forces_,
        )
        self.training_checksum_ = checksum(
            {"positions": positions, "energy": energy, "forces": forces}
        )
        self.distances_ = distances
        self.contracted_ = kernel.contract(self.solution_.coefficients)
        return self

    def predict(self, positions: Frames) -> tuple[np.ndarray, np.ndarray]:
        """Energies and forces.

        Parameters
        ----------
        positions
            `FrameSet`, ASE atoms or array [n_frames, n_atoms, 3] in Angstrom.

        Returns
        -------
        energy : array, [n_frames]
            eV.
        forces : array, [n_frames, n_atoms, 3]
            eV/Angstrom, minus the gradient of the energy.

        Raises
        ------
        InputError
            If the atoms do not fit, or two of them are at the same place.
        """
        self._check_fitted()
        positions = as_positions(positions, self.molecule.symbols)
        energy, forces = np.empty(len(positions)), np.empty_like(positions)
        for start in range(0, len(positions), _CHUNK):
            part = slice(start, start + _CHUNK)
            energy[part], forces[part] = self._predict(positions[part])
        return energy, forces

    def score(
        self,
        positions: Frames,
        energy: np.ndarray | None = None,
        forces: np.ndarray | None = None,
    ) -> float:
        """Coefficient of determination R^2 of the forces."""
        positions, _, forces = check_labels(self.molecule, positions, energy, forces)
        _, predicted = self.predict(positions)
        return float(
            1.0 - np.sum((predicted - forces) ** 2) / np.sum((forces - forces.mean()) ** 2)
        )

    def save(self, path: str | os.PathLike) -> None:
        """Write the trained model to one ``.npz`` file."""
        self._check_fitted()
        arrays = {
            "centres": self.contracted_.centres,
            "weights": self.contracted_.weights,
            "vectors": self.contracted_.vectors,
            "equilibrium": self.distances_.equilibrium,
        }
        permutations = self.permutations
        metadata = {
            "molecule": molecule_to_json(self.molecule),
            "permutations": None if permutations is None else np.asarray(permutations).tolist(),
            "descriptor": "RE",
            "kernel": "gaussian",
            "sigma": float(self.sigma_),
            "lambda_energy": float(self.lambda_energy_),
            "lambda_forces": float(self.lambda_forces_),
            "energy_offset": self.energy_offset_,
            "training_checksum": self.training_checksum_,
            "units": {"length": "Angstrom", "energy": "eV", "forces": "eV/Angstrom"},
        }
        save_model(path, KIND, arrays, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike) -> KREG:
        """Trained model from its file.

        Raises
        ------
        InputError
            If the file is missing, damaged or holds another kind of model.
        """
        stored = load_model(path, KIND)
        with reading(path):
            return cls._restore(stored.arrays, stored.metadata)

    @classmethod
    def _restore(cls, arrays: Mapping[str, np.ndarray], metadata: Mapping) -> KREG:
        permutations = metadata["permutations"]
        model = cls(
            molecule=molecule_from_json(metadata["molecule"]),
            permutations=None if permutations is None else np.array(permutations),
            sigma=metadata["sigma"],
            lambda_energy=metadata["lambda_energy"],
            lambda_forces=metadata["lambda_forces"],
        )
        model.sigma_, model.search_, model.solution_ = model.sigma, None, None
        model.lambda_energy_, model.lambda_forces_ = model.lambda_energy, model.lambda_forces
        model.energy_offset_ = metadata["energy_offset"]
        model.training_checksum_ = metadata["training_checksum"]
        model.distances_ = replace(
            RelativeDistances.from_reference(model.molecule.reference),
            equilibrium=arrays["equilibrium"],
        )
        model.contracted_ = ContractedPotential(
            model.sigma_, arrays["centres"], arrays["weights"], arrays["vectors"]
        )
        return model

    def _predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(divide="ignore", invalid="ignore"):  # two atoms at one place: below
            x, slopes = self.distances_.describe(positions)
            energy, gradient = self.contracted_.evaluate(x)
        if not np.isfinite(energy).all():
            check_scale(self.molecule, positions)
        return energy + self.energy_offset_, -self.distances_.cartesian(slopes, gradient)

    def _set_hyperparameters(self, positions, energy, forces) -> None:
        given = {
            "sigma": self.sigma,
            "lambda_energy": self.lambda_energy,
            "lambda_forces": self.lambda_forces,
        }
        check_given(given)
        self.search_ = None
        if None in given.values():
            self.search_ = search_hyperparameters(
                positions,
                energy,
                forces,
                molecule=self.molecule,
                permutations=self.permutations,
                n_train=self.n_search,
                seed=self.seed,
                **given,
            )
            given = {name: getattr(self.search_, name) for name in given}
        self.sigma_, self.lambda_energy_, self.lambda_forces_ = given.values()

    def _check_fitted(self) -> None:
        if not hasattr(self, "contracted_"):
            raise InputError("KREG: not trained; call fit or load first")
