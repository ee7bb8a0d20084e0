"""Molecular dynamics on a learnt potential, many trajectories at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

import numpy as np

from rpr.data.training_range import outside_text
from rpr.dynamics.trajectories import Trajectories
from rpr.errors import ConvergenceError, ExtrapolationWarning, InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import broken_bond
from rpr.units import FS

#: Change of the total energy in eV above which a trajectory has exploded.
LARGEST_ENERGY_CHANGE = 1.0


class Potential(Protocol):
    """Model that gives energies and forces of many geometries.

    If it has ``predict_unchecked``, dynamics use that at every step, and ``outside_training`` for
    the geometries that they return.
    """

    def predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies, [n_frames] in eV, and forces, [n_frames, n_atoms, 3] in eV/Angstrom."""


Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def step_function(model: Potential) -> Predict:
    """Energies and forces of positions, as fast as the model gives them."""
    return getattr(model, "predict_unchecked", model.predict)


def warn_of_extrapolation(model: Potential, positions: np.ndarray) -> None:
    """Warn of geometries [n_frames, n_atoms, 3] outside the range of the model's training."""
    outside = getattr(model, "outside_training", None)
    if outside is not None and (text := outside_text(outside(positions))):
        warnings.warn(text, ExtrapolationWarning, stacklevel=3)


def run(
    model: Potential,
    positions: np.ndarray,
    velocities: np.ndarray,
    masses: np.ndarray,
    *,
    dt_fs: float,
    n_steps: int,
    every: int = 1,
    molecule: Molecule | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Trajectories:
    """Velocity Verlet at constant energy, all trajectories in step.

    v += a dt / 2;  R += v dt;  a = F(R) / m;  v += a dt / 2.

    Parameters
    ----------
    model
        Potential, whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    positions : array, [n_trajectories, n_atoms, 3]
        Angstrom.
    velocities : array, [n_trajectories, n_atoms, 3]
        Angstrom/fs.
    masses : array, [n_atoms]
        u.
    dt_fs
        Time step in fs.
    n_steps
        Number of steps.
    every
        Steps from one recorded step to the next; the start is recorded, too.
    molecule
        Molecule whose bonds are watched; default: ``model.molecule``, if there is one.
    on_progress
        Called with the number of each recorded step.

    Returns
    -------
    Trajectories

    Raises
    ------
    InputError
        If shapes do not match, or a number is not positive.
    ConvergenceError
        If a bond breaks (:data:`rpr.molecule.plausibility.INTACT_STRETCH`) or the total energy
        changes by more than `LARGEST_ENERGY_CHANGE`; names the trajectory and the step.
    """
    state = _State(positions, velocities, masses)
    _check_run(state, dt_fs, n_steps, every)
    watch = _Watch(molecule or getattr(model, "molecule", None))
    watch.check_bonds(state, 0)
    predict = step_function(model)
    potential, forces = model.predict(state.positions)
    acceleration = forces * state.to_acceleration
    start = potential + state.kinetic()
    records = [state.record(potential)]
    for step in range(1, n_steps + 1):
        state.velocities += (0.5 * dt_fs) * acceleration
        state.positions += dt_fs * state.velocities
        watch.check_bonds(state, step)
        potential, forces = predict(state.positions)
        acceleration = forces * state.to_acceleration
        state.velocities += (0.5 * dt_fs) * acceleration
        watch.check_energy(potential + state.kinetic() - start, step)
        if step % every == 0:
            records.append(state.record(potential))
            if on_progress is not None:
                on_progress(step)
    x, v, potentials, kinetic = (np.stack(parts, axis=1) for parts in zip(*records, strict=True))
    warn_of_extrapolation(model, x.reshape(-1, *x.shape[2:]))
    steps = np.arange(0, n_steps + 1, every)
    return Trajectories(x, v, potentials, kinetic, steps, dt_fs)


@dataclass(eq=False)
class _State:
    positions: np.ndarray
    velocities: np.ndarray
    masses: np.ndarray
    to_acceleration: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.positions = np.array(self.positions, dtype=float)
        self.velocities = np.array(self.velocities, dtype=float)
        self.masses = np.asarray(self.masses, dtype=float)
        # forces (eV/Angstrom) over masses (u) to Angstrom/fs^2
        self.to_acceleration = FS**2 / self.masses[:, None]
        self._half_masses = 0.5 * np.repeat(self.masses, 3) / FS**2

    def kinetic(self) -> np.ndarray:
        """Kinetic energies in eV, [n_trajectories]."""
        flat = self.velocities.reshape(len(self.velocities), -1)
        return (flat * flat) @ self._half_masses

    def record(self, potential: np.ndarray) -> tuple[np.ndarray, ...]:
        """Positions, velocities, potential and kinetic energies as they are now."""
        return self.positions.copy(), self.velocities.copy(), potential, self.kinetic()


class _Watch:
    """Refuses steps at which a trajectory explodes."""

    def __init__(self, molecule: Molecule | None) -> None:
        self.molecule = molecule

    def check_bonds(self, state: _State, step: int) -> None:
        """Refuse a broken bond."""
        if self.molecule is None:
            return
        broken = broken_bond(state.positions, self.molecule.reference, self.molecule.bonds)
        if broken is not None:
            i, j = broken.atoms
            _explode(broken.frame, step, f"bond {i}-{j} is {broken.length:.2f} Angstrom long")

    def check_energy(self, change: np.ndarray, step: int) -> None:
        """Refuse a change of the total energy in eV, [n_trajectories]; a NaN is one."""
        for t in np.flatnonzero(~(np.abs(change) < LARGEST_ENERGY_CHANGE)):
            _explode(int(t), step, f"its total energy changed by {change[t]:.2f} eV")


def _explode(trajectory: int, step: int, reason: str) -> NoReturn:
    raise ConvergenceError(
        f"trajectory {trajectory} exploded at step {step}: {reason}; the potential has left the "
        "geometries that it knows: train it on more frames (in a run kreg/n_train), sampled more "
        "widely (initial_conditions/n_trajectories; md/n_steps: 0), or use a shorter time step"
    )


def _check_run(state: _State, dt_fs: float, n_steps: int, every: int) -> None:
    shape = state.positions.shape
    if len(shape) != 3 or shape[2] != 3:
        raise InputError(f"positions: found shape {shape}, expected [n_trajectories, n_atoms, 3]")
    if state.velocities.shape != shape:
        raise InputError(f"velocities: found shape {state.velocities.shape}, expected {shape}")
    if state.masses.shape != shape[1:2] or not (state.masses > 0).all():
        raise InputError(
            f"masses: found shape {state.masses.shape}, expected {shape[1]} positive masses in u"
        )
    for name, value in (("dt_fs", dt_fs), ("n_steps", n_steps), ("every", every)):
        if not value > 0:
            raise InputError(f"{name}: found {value}, expected a positive number")
