"""Molecular dynamics on a learned potential, many trajectories at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rpr.dynamics.trajectories import Trajectories
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import BOND_LIMITS
from rpr.units import FS

#: Change of the total energy of a trajectory (eV) that no proper integration shows.
ENERGY_LIMIT = 1.0


class Potential(Protocol):
    """What dynamics needs of a model."""

    def predict(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [T] in eV and forces [T, A, 3] in eV/Angstrom."""


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
        Anything whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    positions : array, [T, A, 3]
        Angstrom.
    velocities : array, [T, A, 3]
        Angstrom/fs.
    masses : array, [A]
        u.
    dt_fs
        Time step in fs.
    n_steps
        Number of steps.
    every
        Every so many steps one is recorded, the start included.
    molecule
        Whose bonds are watched (default: ``model.molecule`` if there is one).
    on_explosion
        ``"raise"``, or ``"stop"`` to give up only the trajectory that exploded.
    progress
        Called with the number of each recorded step.

    Raises
    ------
    InputError
        If shapes do not fit, or a number is not positive.
    ConvergenceError
        If a bond breaks (`BOND_LIMITS`), or the total energy changes by more than `ENERGY_LIMIT`:
        names the trajectory and the step.
    """
    state = _State(positions, velocities, masses)
    _check_run(state, dt_fs, n_steps, every, on_explosion)
    watch = _Watch(molecule or getattr(model, "molecule", None), on_explosion, len(state.positions))
    recorder = _Recorder(state, n_steps // every + 1)
    watch.bonds(state, 0)
    potential, forces = model.predict(state.positions)
    acceleration = forces * state.to_acceleration
    watch.start(state, potential)
    recorder.record(0, state, potential, watch.exploded)
    for step in range(1, n_steps + 1):
        state.velocities += (0.5 * dt_fs) * acceleration
        state.positions += dt_fs * state.velocities
        watch.bonds(state, step)
        potential, forces = model.predict(state.positions)
        acceleration = forces * state.to_acceleration
        state.velocities += (0.5 * dt_fs) * acceleration
        watch.energy(state, potential, step)
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

    def __post_init__(self):
        self.positions = np.array(self.positions, dtype=float)
        self.velocities = np.array(self.velocities, dtype=float)
        self.masses = np.asarray(self.masses, dtype=float)
        # forces (eV/Angstrom) over masses (u) to Angstrom/fs^2
        self.to_acceleration = FS**2 / self.masses[:, None]
        self._half_masses = 0.5 * np.repeat(self.masses, 3) / FS**2

    def kinetic(self) -> np.ndarray:
        """Kinetic energies in eV, [T]."""
        flat = self.velocities.reshape(len(self.velocities), -1)
        return (flat * flat) @ self._half_masses


class _Watch:
    """Finds trajectories that explode; freezes them, or raises."""

    def __init__(self, molecule: Molecule | None, on_explosion: str, n_trajectories: int):
        self.on_explosion = on_explosion
        self.exploded = np.full(n_trajectories, -1)
        self.names = molecule.bonds if molecule is not None else ()
        bonds = np.array(self.names, dtype=int).reshape(-1, 2)
        self.first, self.second = bonds.T
        if len(bonds):
            vectors = molecule.reference[self.first] - molecule.reference[self.second]
            lengths = np.linalg.norm(vectors, axis=1)
            self.least, self.most = ((limit * lengths) ** 2 for limit in BOND_LIMITS)

    def bonds(self, state: _State, step: int) -> None:
        """Check bond lengths; a frozen trajectory goes back to its last good positions."""
        if self.names:
            vectors = state.positions[:, self.first] - state.positions[:, self.second]
            squares = np.einsum("tbx,tbx->tb", vectors, vectors)
            # written so that NaN counts as broken
            whole = (squares > self.least) & (squares < self.most)
            if not whole.all():
                for t, bond in np.argwhere(~whole):
                    a, b = self.names[bond]
                    length = np.sqrt(squares[t, bond])
                    self._explode(t, step, f"bond {a}-{b} is {length:.2f} Angstrom long")
        self._freeze(state)

    def start(self, state: _State, potential: np.ndarray) -> None:
        """Remember total energies and positions of the start."""
        self.total = potential + state.kinetic()
        self.last_good = state.positions.copy()

    def energy(self, state: _State, potential: np.ndarray, step: int) -> None:
        """Check total energies."""
        change = potential + state.kinetic() - self.total
        whole = np.abs(change) < ENERGY_LIMIT
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
    def __init__(self, state: _State, n_recorded: int):
        shape = (len(state.positions), n_recorded)
        self.positions = np.full(shape + state.positions.shape[1:], np.nan)
        self.velocities = np.full_like(self.positions, np.nan)
        self.potential, self.kinetic = np.full(shape, np.nan), np.full(shape, np.nan)
        self.steps = np.zeros(n_recorded, dtype=int)
        self.count = 0

    def record(self, step: int, state: _State, potential: np.ndarray, exploded: np.ndarray):
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
