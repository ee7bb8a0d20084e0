"""Trainings of a potential with hyper-parameters on trial, each validated on frames held out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rpr.errors import ConvergenceError
from rpr.models.kreg.descriptor import symmetric_distances
from rpr.models.kreg.kernel import GradientKernel
from rpr.models.kreg.solver import solve_kreg
from rpr.models.kreg.targets import PotentialData, to_targets
from rpr.molecule.molecule import Molecule


@dataclass(frozen=True)
class HyperparameterTrial:
    """One set of hyper-parameters and its errors on the validation frames (eV, eV/Angstrom)."""

    sigma: float
    lambda_energy: float
    lambda_forces: float
    rmse_energy: float
    rmse_forces: float

    @property
    def loss(self) -> float:
        """Geometric mean of both errors, on whose units the choice does not depend."""
        return float(np.sqrt(self.rmse_energy * self.rmse_forces))


@dataclass(eq=False)
class Trials:
    """Training and validation frames, and the trials made with them.

    Parameters
    ----------
    molecule, permutations
        As for `rpr.models.kreg.potential.KREG`.
    train, held
        Frames to train on, and frames held out to validate on.
    made
        Trials by their hyper-parameters sigma, lambda_energy and lambda_forces.
    """

    molecule: Molecule
    permutations: np.ndarray | None
    train: PotentialData
    held: PotentialData
    made: dict[tuple, HyperparameterTrial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.distances, pairs = symmetric_distances(self.molecule, self.permutations)
        self.kernel, directions = GradientKernel.from_positions(
            self.train.positions, self.distances, pairs, 1.0
        )
        self.offset = self.train.energy.mean()
        self.targets = to_targets(self.train.energy - self.offset, self.train.forces, directions)
        self.held_x, self.held_slopes = self.distances.describe(self.held.positions)

    def median_distance(self) -> float:
        """Median distance between training frames in the descriptor, 1 if they are all equal."""
        some = self.kernel.x[:200]
        i, j = np.triu_indices(len(some), 1)
        distances = np.linalg.norm(some[i] - some[j], axis=1)
        return float(np.median(distances[distances > 0])) if (distances > 0).any() else 1.0

    def trial(
        self, sigma: float, lambda_energy: float, lambda_forces: float
    ) -> HyperparameterTrial:
        """Train with these values and validate; infinite errors if that is not possible."""
        a, b, c = (float(f"{v:.6g}") for v in (sigma, lambda_energy, lambda_forces))
        key = a, b, c
        if key not in self.made:
            self.made[key] = HyperparameterTrial(*key, *self._errors(*key))
        return self.made[key]

    def _errors(
        self, sigma: float, lambda_energy: float, lambda_forces: float
    ) -> tuple[float, float]:
        kernel = GradientKernel(
            self.kernel.x, self.kernel.modes, self.kernel.pair_permutations, sigma
        )
        try:
            solution = solve_kreg(
                kernel,
                self.targets,
                lambda_energy=lambda_energy,
                lambda_forces=lambda_forces,
                diagnose=False,
            )
        except ConvergenceError:
            return np.inf, np.inf
        if solution.jitter:  # these ridge terms do not suffice
            return np.inf, np.inf
        energy, gradient = kernel.contract(solution.coefficients).evaluate(self.held_x)
        forces = -self.distances.cartesian(self.held_slopes, gradient)
        energy_error = energy + self.offset - self.held.energy
        return (
            float(np.sqrt(np.mean(energy_error**2))),
            float(np.sqrt(np.mean((forces - self.held.forces) ** 2))),
        )
