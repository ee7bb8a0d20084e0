"""Frames of a molecule in thermal equilibrium on a learnt potential.

Many independent chains start with dihedrals spread over the circle.  Langevin dynamics alternates
with torsional moves (:mod:`rpr.dynamics.torsional_moves`), both of which keep the distribution
exp(-V/kT), so that all conformations of both hands have their Boltzmann weights.  The first part of
each chain is discarded, and frames of one chain are far apart in time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from rpr.data.frame_set import FrameSet
from rpr.data.settings import Settings
from rpr.dynamics.batch import Potential
from rpr.dynamics.langevin import Thermostat, run_langevin
from rpr.dynamics.torsional_moves import move_torsions
from rpr.dynamics.trajectories import collect
from rpr.dynamics.velocities import thermal_velocities
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import turn_dihedral

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ThermalFramesSettings(Settings):
    """How frames in thermal equilibrium are sampled.

    Parameters
    ----------
    n_frames
        Number of frames.
    n_chains
        Number of independent chains.
    temperature_K
        Temperature in K.
    equilibration_ps
        Time of each chain that is discarded, in ps.
    interval_ps
        Time between frames of one chain, in ps.
    moves_every_fs
        Time between torsional moves, in fs.
    friction_per_ps
        Friction of the Langevin dynamics in 1/ps.
    dt_fs
        Time step in fs.
    seed
        Seed of the random numbers.
    """

    n_frames: int
    n_chains: int = 60
    temperature_K: float = 300.0
    equilibration_ps: float = 5.0
    interval_ps: float = 1.0
    moves_every_fs: float = 50.0
    friction_per_ps: float = 5.0
    dt_fs: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive(or_zero=("equilibration_ps", "seed"))

    @property
    def thermostat(self) -> Thermostat:
        """The Langevin dynamics."""
        return Thermostat(self.temperature_K, self.friction_per_ps, self.dt_fs)

    @property
    def steps_between_moves(self) -> int:
        """Time steps from one torsional move to the next."""
        return max(1, round(self.moves_every_fs / self.dt_fs))

    def rounds(self, time_ps: float) -> int:
        """Rounds of dynamics with one torsional move at the end, in a time."""
        return round(1e3 * time_ps / (self.steps_between_moves * self.dt_fs))


def long_sample(thermal: Mapping, *, seed: int) -> ThermalFramesSettings:
    """Settings of a sample whose distribution is looked at: 100 frames of each chain, 0.1 ps apart.

    Parameters
    ----------
    thermal
        Settings by name, of which number and interval of the frames are replaced.
    seed
        Seed of the random numbers.
    """
    changed = {"n_frames": 100 * thermal["n_chains"], "interval_ps": 0.1, "seed": seed}
    return ThermalFramesSettings(**{**thermal, **changed})


def sample_thermal_frames(
    model: Potential,
    molecule: Molecule,
    settings: ThermalFramesSettings,
) -> FrameSet:
    """Frames with the Boltzmann distribution of a potential, in random order.

    Parameters
    ----------
    model
        Potential, whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    molecule
        Its reference geometry, masses, bonds and dihedral are used.  Without a dihedral, there are
        no torsional moves.
    settings
        How the frames are sampled.

    Returns
    -------
    FrameSet
        With energy on the potential, `trajectory` (the chain), `step` and dihedral.  The centre of
        mass of each frame is at the origin, and its orientation is random.

    Raises
    ------
    InputError
        If a setting is out of range.
    ConvergenceError
        If a bond breaks.
    """
    per_chain = -(-settings.n_frames // settings.n_chains)
    rngs = [np.random.default_rng([settings.seed, k]) for k in range(settings.n_chains)]
    x = _starts(molecule, rngs)
    v = thermal_velocities(x, molecule.masses, settings.temperature_K, rngs, rigid_body_motion=True)
    discarded = settings.rounds(settings.equilibration_ps)
    interval = max(1, settings.rounds(settings.interval_ps))
    recorded, accepted = [], []
    for number in range(1, discarded + interval * per_chain + 1):
        x, v, moved = _round(model, molecule, settings, x, v, rngs)
        x -= np.average(x, axis=1, weights=molecule.masses)[:, None]
        accepted.append(moved)
        if number > discarded and (number - discarded) % interval == 0:
            recorded.append((number * settings.steps_between_moves, x.copy()))
    steps = np.array([step for step, _ in recorded])
    positions = np.stack([x for _, x in recorded], axis=1)
    energy = np.stack([model.predict(x)[0] for _, x in recorded], axis=1)
    frames = collect(molecule, positions, steps, energy=energy)
    if molecule.dihedral is not None:
        _LOG.info("%.1f %% of the torsional moves were accepted", 100 * np.mean(accepted))
    order = np.random.default_rng([settings.seed, settings.n_chains]).permutation(len(frames))
    return frames.subset(order[: settings.n_frames])


def _starts(molecule: Molecule, rngs: list[np.random.Generator]) -> np.ndarray:
    """The reference geometry with dihedrals spread over the circle, in random orientations."""
    n = len(rngs)
    x = np.repeat(molecule.reference[None], n, axis=0)
    if molecule.dihedral is not None:
        x = turn_dihedral(x, molecule, 360.0 * (np.arange(n) + 0.5) / n)
    x = x - np.average(x, axis=1, weights=molecule.masses)[:, None]
    turns = np.array([Rotation.random(rng=rng).as_matrix() for rng in rngs])
    return x @ turns.transpose(0, 2, 1)


def _round(
    model: Potential,
    molecule: Molecule,
    settings: ThermalFramesSettings,
    x: np.ndarray,
    v: np.ndarray,
    rngs: list[np.random.Generator],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Langevin dynamics, then one torsional move: positions, velocities, accepted moves."""
    x, v = run_langevin(
        model,
        x,
        v,
        molecule.masses,
        settings.thermostat,
        n_steps=settings.steps_between_moves,
        rngs=rngs,
        molecule=molecule,
        rigid_body_motion=True,
    )
    if molecule.dihedral is None:
        return x, v, np.zeros(len(x), dtype=bool)
    x, accepted = move_torsions(model, x, molecule, temperature_K=settings.temperature_K, rngs=rngs)
    return x, v, accepted
