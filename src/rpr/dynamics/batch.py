"""Molecular dynamics on a learnt potential, many trajectories at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rpr.dynamics.trajectories import Trajectories
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import bond_lengths, is_intact
from rpr.units import FS

#: Change of the total energy in eV above which a trajectory has exploded.
LARGEST_ENERGY_CHANGE = 1.0


class Potential(Protocol):
    """Model that gives energies and forces of many geometries."""

    def predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies, [n_frames] in eV, and forces, [n_frames, n_atoms, 3] in eV/Angstrom."""


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
    on_explosion: str = "raise",
    progress: Callable[[int], None] | None = None,
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
    on_explosion
        ``"raise"`` an error, or ``"stop"`` only the trajectory that exploded.
    progress
        Function that is called with the number of each recorded step.

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
    _check_run(state, dt_fs, n_steps, every, on_explosion)
    watch = _Watch(molecule or getattr(model, "molecule", None), on_explosion, len(state.positions))
    recorder = _Recorder(state, n_steps // every + 1)
    watch.check_bonds(state, 0)
    potential, forces = model.predict(state.positions)
    acceleration = forces * state.to_acceleration
    watch.start(state, potential)
    recorder.record(0, state, potential, watch.exploded)
    for step in range(1, n_steps + 1):
        state.velocities += (0.5 * dt_fs) * acceleration
        state.positions += dt_fs * state.velocities
        watch.check_bonds(state, step)
        potential, forces = model.predict(state.positions)
        acceleration = forces * state.to_acceleration
        state.velocities += (0.5 * dt_fs) * acceleration
        watch.check_energy(state, potential, step)
        if step % every == 0:
            recorder.record(step, state, potential, watch.exploded)
            if progress:
                progress(step)
    return recorder.trajectories(dt_fs, watch.exploded)


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


class _Watch:
    """Finds trajectories that explode, and freezes them or raises an error."""

    def __init__(self, molecule: Molecule | None, on_explosion: str, n_trajectories: int) -> None:
        self.on_explosion = on_explosion
        self.exploded = np.full(n_trajectories, -1)
        self.bonds = molecule.bonds if molecule is not None else ()
        if molecule is not None:
            self.expected = bond_lengths(molecule.reference, self.bonds)

    def check_bonds(self, state: _State, step: int) -> None:
        """Check bond lengths; a frozen trajectory goes back to its last good positions."""
        if self.bonds:
            lengths = bond_lengths(state.positions, self.bonds)
            for t, bond in np.argwhere(~is_intact(lengths, self.expected)):
                a, b = self.bonds[bond]
                self._explode(t, step, f"bond {a}-{b} is {lengths[t, bond]:.2f} Angstrom long")
        self._freeze(state)

    def start(self, state: _State, potential: np.ndarray) -> None:
        """Remember total energies and positions of the start."""
        self.total = potential + state.kinetic()
        self.last_good = state.positions.copy()

    def check_energy(self, state: _State, potential: np.ndarray, step: int) -> None:
        """Check total energies."""
        change = potential + state.kinetic() - self.total
        whole = np.abs(change) < LARGEST_ENERGY_CHANGE
        if not whole.all():
            for (t,) in np.argwhere(~whole):
                self._explode(t, step, f"its total energy changed by {change[t]:.2f} eV")
        if self.on_explosion == "stop":
            self.last_good = state.positions.copy()

    def _explode(self, trajectory: int, step: int, reason: str) -> None:
        if self.exploded[trajectory] >= 0:
            return
        if self.on_explosion == "raise" or step == 0:
            raise ConvergenceError(
                f"trajectory {trajectory} exploded at step {step}: {reason}; train the potential "
                "on more frames, or use a shorter time step"
            )
        self.exploded[trajectory] = step

    def _freeze(self, state: _State) -> None:
        gone = self.exploded >= 0
        if gone.any():
            state.positions[gone] = self.last_good[gone]
            state.velocities[gone] = 0.0


class _Recorder:
    def __init__(self, state: _State, n_recorded: int) -> None:
        shape = (len(state.positions), n_recorded)
        self.positions = np.full(shape + state.positions.shape[1:], np.nan)
        self.velocities = np.full_like(self.positions, np.nan)
        self.potential, self.kinetic = np.full(shape, np.nan), np.full(shape, np.nan)
        self.steps = np.zeros(n_recorded, dtype=int)
        self.count = 0

    def record(self, step: int, state: _State, potential: np.ndarray, exploded: np.ndarray) -> None:
        k, alive = self.count, exploded < 0
        self.steps[k] = step
        self.positions[alive, k] = state.positions[alive]
        self.velocities[alive, k] = state.velocities[alive]
        self.potential[alive, k] = potential[alive]
        self.kinetic[alive, k] = state.kinetic()[alive]
        self.count += 1

    def trajectories(self, dt_fs: float, exploded: np.ndarray) -> Trajectories:
        return Trajectories(
            self.positions,
            self.velocities,
            self.potential,
            self.kinetic,
            self.steps,
            dt_fs,
            exploded,
        )


def _check_run(state: _State, dt_fs: float, n_steps: int, every: int, on_explosion: str) -> None:
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
    if on_explosion not in ("raise", "stop"):
        raise InputError(f"on_explosion: found {on_explosion!r}, expected 'raise' or 'stop'")
