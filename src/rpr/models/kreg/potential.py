"""KREG: a potential from kernel ridge regression on energies and gradients.

Descriptor r_eq / r over all pairs and Gaussian kernel [1]_, trained in closed form as in [2]_::

    model = KREG(molecule=molecule).fit(frames)
    energy, forces = model.predict(other_frames)

Units are eV, Angstrom and eV/Angstrom.

.. [1] Dral et al., J. Chem. Phys. 146, 244108 (2017).
.. [2] Martinka et al., J. Chem. Phys. 161, 174104 (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rpr.data.frame_set import FrameSet
from rpr.data.given_frames import take_frames
from rpr.data.validation_groups import validation_groups
from rpr.models.estimator import Estimator, Frames, determination
from rpr.models.kreg.contraction import ContractedPotential
from rpr.models.kreg.descriptor import symmetric_distances
from rpr.models.kreg.kernel import GradientKernel, n_internal
from rpr.models.kreg.search import N_SEARCH, check_given, search_hyperparameters
from rpr.models.kreg.solver import KREGSolution, check_training_memory, solve_kreg
from rpr.models.kreg.targets import PotentialData, check_labels, to_targets
from rpr.models.model_file import checksum, molecule_from_json
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import check_unit

_CHUNK = 4096  # frames predicted at once, which bounds the memory
_HYPERPARAMETERS = ("sigma", "lambda_energy", "lambda_forces")


class KREG(Estimator):
    """Potential energy and forces of one molecule.

    E(x) = E_0 + sum_j [a_j + b_j . d/dR_j] k(x, x_j), k = exp(-|x - x_j|^2 / (2 sigma^2)), where
    E_0 is the mean training energy and (a, b) solve (K + Lambda) c = y for the energies and
    gradients of all training frames at once.

    Parameters
    ----------
    molecule
        Symbols, bonds, and the reference geometry whose distances are r_eq.
    permutations : array of int, [n_permutations, n_atoms]
        A group of permutations of atoms, x'_i = x_{perm[i]}, under which the potential is exactly
        symmetric, as the kernel and r_eq are averaged over it. None stands for no symmetry.
    sigma
        Width of the kernel. It has no unit, as the descriptor has none.
    lambda_energy, lambda_forces
        Ridge terms of energies and of gradients, relative to a kernel k(x, x) = 1 with lengths in
        Angstrom. Those hyper-parameters that are None are found by `search_hyperparameters`.
    n_search
        Largest number of training frames in the search.
    max_memory_mb
        Memory that training may take; the default is what is available.
    validation
        Whether the search validates on random ``"frames"``, or on whole ``"trajectories"``.
    seed
        Seed of the validation split of the search.

    Attributes
    ----------
    sigma_, lambda_energy_, lambda_forces_ : float
        Hyper-parameters in use.
    search_ : PotentialSearch
        Outcome of the search, or None if there was none.
    solution_ : KREGSolution
        Coefficients with condition number and residual; None after `load`.
    energy_offset_ : float
        E_0 in eV.
    training_checksum_ : str
        SHA-256 of the training data.
    distances_ : RelativeDistances
        Pairs of atoms and their r_eq.
    contracted_ : ContractedPotential
        What predicts.
    """

    KIND = "kreg"
    predicts = ("energy", "forces")
    solution_: KREGSolution | None

    def __init__(
        self,
        *,
        molecule: Molecule,
        permutations: np.ndarray | None = None,
        sigma: float | None = None,
        lambda_energy: float | None = None,
        lambda_forces: float | None = None,
        n_search: int = N_SEARCH,
        max_memory_mb: float | None = None,
        validation: str = "frames",
        seed: int = 0,
    ) -> None:
        self.molecule = molecule
        self.permutations = permutations
        self.sigma = sigma
        self.lambda_energy = lambda_energy
        self.lambda_forces = lambda_forces
        self.n_search = n_search
        self.max_memory_mb = max_memory_mb
        self.validation = validation
        self.seed = seed

    def fit(
        self,
        frames: Frames,
        energy: np.ndarray | None = None,
        forces: np.ndarray | None = None,
    ) -> KREG:
        """Train in closed form.

        Parameters
        ----------
        frames
            `FrameSet`, ASE atoms, a file, or an array [n_frames, n_atoms, 3] in Angstrom.
        energy : array, [n_frames]
            Energies in eV; the default is what the frames carry.
        forces : array, [n_frames, n_atoms, 3]
            Forces in eV/Angstrom; the default is what the frames carry.

        Raises
        ------
        InputError
            If shapes, atoms or units do not fit, the permutations are no group, or the system does
            not fit into memory. In the last case the message says how many frames do.

        Warns
        -----
        ConditioningWarning
            If the system is so ill-conditioned that digits of the solution are lost.
        """
        data = check_labels(self.molecule, frames, energy, forces)
        self._check_memory(len(data))
        groups = validation_groups(self.validation, frames, data.positions, self.molecule.symbols)
        self._set_hyperparameters(data, groups)
        kernel, directions = self._kernel(data.positions)
        solution = solve_kreg(
            kernel,
            to_targets(data.energy - data.energy.mean(), data.forces, directions),
            lambda_energy=self.lambda_energy_,
            lambda_forces=self.lambda_forces_,
        )
        return self._take(data, kernel, solution)

    def _check_memory(self, n_frames: int) -> None:
        n_atoms = self.molecule.n_atoms
        per_frame = 1 + n_internal(n_atoms, n_atoms * (n_atoms - 1) // 2)
        limit = None if self.max_memory_mb is None else int(self.max_memory_mb * 1e6)
        check_training_memory(n_frames, per_frame, limit)

    def _kernel(self, positions: np.ndarray) -> tuple[GradientKernel, np.ndarray]:
        """Kernel of training frames, and the directions of their slopes."""
        self.distances_, pairs = symmetric_distances(self.molecule, self.permutations)
        return GradientKernel.from_positions(positions, self.distances_, pairs, self.sigma_)

    def _take(self, data: PotentialData, kernel: GradientKernel, solution: KREGSolution) -> KREG:
        """Become the potential of these frames, whose equations have this solution."""
        self.energy_offset_ = float(data.energy.mean())
        self.solution_ = solution
        self.contracted_ = kernel.contract(solution.coefficients)
        arrays = {"positions": data.positions, "energy": data.energy, "forces": data.forces}
        self._note_training(
            FrameSet(self.molecule.symbols, **arrays),
            None if self.permutations is None else np.asarray(self.permutations),
        )
        self.training_checksum_ = checksum(arrays)
        return self

    def predict(self, frames: Frames) -> tuple[np.ndarray, np.ndarray]:
        """Energies and forces.

        Parameters
        ----------
        frames
            `FrameSet`, ASE atoms, a file, or an array [n_frames, n_atoms, 3] in Angstrom.

        Returns
        -------
        energy : array, [n_frames]
            Energies in eV.
        forces : array, [n_frames, n_atoms, 3]
            Forces in eV/Angstrom, which are minus the gradient of the energy; their atoms are in
            the order of those given.

        Raises
        ------
        InputError
            If the atoms do not fit, two of them are at the same place, or the positions cannot be
            in Angstrom.
        """
        self._require_fitted()
        given = take_frames(frames, self.molecule, handed=False)
        positions = given.positions
        if len(positions):
            check_unit(positions, self.molecule.reference, self.molecule.bonds)
        self._warn_outside(positions)
        energy, forces = self.predict_unchecked(positions)
        return energy, given.in_given_order(forces)

    def predict_unchecked(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same without a look at the frames, for the many steps of dynamics.

        Parameters
        ----------
        positions : array, [n_frames, n_atoms, 3]
            Angstrom, in the order of the molecule's atoms.

        Returns
        -------
        energy, forces : array
            As for `predict`.
        """
        if len(positions) <= _CHUNK:
            return self._predict(positions)
        energy, forces = np.empty(len(positions)), np.empty_like(positions)
        for start in range(0, len(positions), _CHUNK):
            part = slice(start, start + _CHUNK)
            energy[part], forces[part] = self._predict(positions[part])
        return energy, forces

    def score(
        self,
        frames: Frames,
        energy: np.ndarray | None = None,
        forces: np.ndarray | None = None,
    ) -> float:
        """Coefficient of determination of the forces; see `rpr.models.estimator.determination`."""
        data = check_labels(self.molecule, frames, energy, forces)
        return determination(self.predict(data.positions)[1], data.forces)

    def found_hyperparameters(self) -> dict[str, float]:
        """Hyper-parameters in use, as arguments of the constructor.

        Returns
        -------
        dict
            ``sigma``, ``lambda_energy`` and ``lambda_forces``.
        """
        return {name: getattr(self, f"{name}_") for name in _HYPERPARAMETERS}

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "centres": self.contracted_.centres,
            "weights": self.contracted_.weights,
            "vectors": self.contracted_.vectors,
            "equilibrium": self.distances_.equilibrium,
        }

    def _metadata(self) -> dict[str, Any]:
        permutations = self.permutations
        return {
            **super()._metadata(),
            **{name: float(value) for name, value in self.found_hyperparameters().items()},
            "permutations": None if permutations is None else np.asarray(permutations).tolist(),
            "descriptor": "RE",
            "kernel": "gaussian",
            "energy_offset": self.energy_offset_,
            "units": {"length": "Angstrom", "energy": "eV", "forces": "eV/Angstrom"},
        }

    @classmethod
    def _restore(cls, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> KREG:
        permutations = metadata["permutations"]
        model = cls(
            molecule=molecule_from_json(metadata["molecule"]),
            permutations=None if permutations is None else np.array(permutations),
            **{name: metadata[name] for name in _HYPERPARAMETERS},
        )
        model.sigma_ = metadata["sigma"]
        model.lambda_energy_, model.lambda_forces_ = model.lambda_energy, model.lambda_forces
        model.search_, model.solution_ = None, None
        model.energy_offset_ = metadata["energy_offset"]
        distances, pairs = symmetric_distances(model.molecule, model.permutations)
        model.distances_ = replace(distances, equilibrium=arrays["equilibrium"])
        model.contracted_ = ContractedPotential(
            model.sigma_, arrays["centres"], arrays["weights"], arrays["vectors"], pairs
        )
        model.training_checksum_ = metadata["training_checksum"]
        return model

    def _predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(divide="ignore", invalid="ignore"):  # see below
            x, slopes = self.distances_.describe(positions)
            energy, gradient = self.contracted_.evaluate(x)
        if not np.isfinite(energy).all():  # two atoms are at the same place
            check_unit(positions, self.molecule.reference, self.molecule.bonds)
        return energy + self.energy_offset_, -self.distances_.cartesian(slopes, gradient)

    def _set_hyperparameters(self, data: PotentialData, groups: np.ndarray) -> None:
        given = {name: getattr(self, name) for name in _HYPERPARAMETERS}
        check_given(given)
        self.search_ = None
        if None in given.values():
            self.search_ = search_hyperparameters(
                data,
                given,
                molecule=self.molecule,
                permutations=self.permutations,
                groups=groups if 1 < len(np.unique(groups)) < len(data) else None,
                n_train=self.n_search,
                seed=self.seed,
            )
            given = {name: getattr(self.search_, name) for name in given}
        self.sigma_, self.lambda_energy_, self.lambda_forces_ = given.values()
