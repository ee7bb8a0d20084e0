"""Thermal trajectories for spectra: constant energy between encounters with a thermostat.

All trajectories start at minima, with Boltzmann velocities, and are equilibrated by Langevin
dynamics.  Then segments at constant energy, from which spectra are computed, alternate with short
stretches of Langevin dynamics, which are not recorded: a small molecule exchanges energy between
its vibrations so slowly that one segment alone would keep, for tens of ps, the energy that each
vibration happened to start with.  No molecule moves or rotates as a whole.

Properties are predicted from each segment when it is complete, and the segments of all
trajectories are written together with what the next ones depend on, so that an interrupted run
resumes and ends with the same numbers.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from rpr.data.segments import Segments, join, write_segments
from rpr.data.settings import Settings
from rpr.dynamics.batch import Potential, run
from rpr.dynamics.langevin import Thermostat, run_langevin
from rpr.dynamics.segment_parts import SegmentParts, State
from rpr.dynamics.trajectories import Trajectories
from rpr.dynamics.velocities import thermal_velocities
from rpr.errors import InputError
from rpr.files import fingerprint
from rpr.molecule.molecule import Molecule
from rpr.molecule.rigid_body import is_linear

_LOG = logging.getLogger(__name__)

#: Frames whose properties are predicted at once.
BLOCK = 2048

#: Function that gives a property of positions, [n_frames, n_atoms, 3] in Angstrom.
Observable = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ThermalSettings(Settings):
    """How thermal trajectories are run.

    Parameters
    ----------
    temperature_K
        Temperature in K.
    time_ps
        Time that is recorded of each trajectory, in ps.
    segment_ps
        Longest segment at constant energy in ps; `time_ps` is cut into equal ones.
    interval_fs
        Time between records in fs, rounded to whole time steps.
    dt_fs
        Time step in fs.
    equilibration_ps, rest_ps
        Langevin dynamics before the first segment, and between segments, in ps.
    friction_per_ps
        Friction of the Langevin dynamics in 1/ps.
    seed
        Seed of the random numbers; each trajectory has its own, which follow from its number.
    """

    temperature_K: float = 300.0
    time_ps: float = 20.0
    segment_ps: float = 5.0
    interval_fs: float = 3.0
    dt_fs: float = 0.5
    equilibration_ps: float = 2.0
    rest_ps: float = 0.5
    friction_per_ps: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive(or_zero=("equilibration_ps", "rest_ps", "seed"))
        if self.n_times < 3:
            raise InputError(
                f"time_ps: found {self.time_ps:g}, which is {self.n_times} records every "
                f"{self.interval_fs:g} fs in a segment, expected three or more"
            )

    @property
    def thermostat(self) -> Thermostat:
        """The Langevin dynamics."""
        return Thermostat(self.temperature_K, self.friction_per_ps, self.dt_fs)

    @property
    def every(self) -> int:
        """Time steps between records."""
        return max(1, round(self.interval_fs / self.dt_fs))

    @property
    def n_segments(self) -> int:
        """Number of segments of each trajectory."""
        return max(1, int(np.ceil(self.time_ps / self.segment_ps - 1e-9)))

    @property
    def n_times(self) -> int:
        """Number of records of each segment."""
        record_ps = 1e-3 * self.every * self.dt_fs
        return round(self.time_ps / self.n_segments / record_ps) + 1

    def steps(self, time_ps: float) -> int:
        """Time steps in a time."""
        return round(1e3 * time_ps / self.dt_fs)


def run_thermal(
    path: str | os.PathLike,
    model: Potential,
    minima: np.ndarray,
    molecule: Molecule,
    settings: ThermalSettings,
    *,
    trajectories: Sequence[int],
    observables: Mapping[str, Observable] | None = None,
    label: str = "",
    write: Callable[[str | os.PathLike, Segments], None] = write_segments,
    on_progress: Callable[[int], None] | None = None,
) -> Segments:
    """Run trajectories and write their segments; resume where an earlier run was interrupted.

    Parameters
    ----------
    path
        File that is written; unfinished work lies beside it.
    model
        Potential, whose ``predict(positions)`` returns energies (eV) and forces (eV/Angstrom).
    minima : array, [n_minima, n_atoms, 3]
        Geometries in Angstrom at which trajectories start, in turn by their number.  If all of them
        are linear, the molecule counts as linear.
    molecule
        Its symbols, masses and bonds are used.
    settings
        How trajectories are run.
    trajectories
        Numbers of the trajectories; a trajectory depends on its number, not on which others run
        with it (up to the rounding of sums).
    observables
        Properties to predict, ``dipole`` and ``polarizability`` or one of them.
    label
        Which potential and models these are, so that other ones do not resume this run.
    write
        Writes the file from all segments; the default is a file of :mod:`rpr.data.segments`.
    on_progress
        Called with the number of finished segments, when a run resumes and after each segment;
        the segments are logged, too.

    Returns
    -------
    Segments
        Ordered by segment, then trajectory.

    Raises
    ------
    InputError
        If a setting is out of range, or there are no trajectories.
    ConvergenceError
        If a trajectory explodes.
    """
    if not len(trajectories):
        raise InputError("trajectories: found none, expected at least one number")
    observables = dict(observables or {})
    own = fingerprint(
        {**asdict(settings), "numbers": list(trajectories), "of": sorted(observables), "by": label},
        np.asarray(minima),
    )
    parts = SegmentParts(path, own)
    done = parts.finished(settings.n_segments)
    if done:
        _LOG.info("resumes after segment %d of %d", len(done), settings.n_segments)
        if on_progress is not None:
            on_progress(len(done))
    before = parts.state(len(done)) if done else None
    for segments, state, report in _segments(
        model, minima, molecule, settings, trajectories, observables, before, len(done)
    ):
        parts.write(len(done), segments, state)
        done.append(segments)
        _LOG.info("segment %d of %d: %s", len(done), settings.n_segments, report)
        if on_progress is not None:
            on_progress(len(done))
    joined = join(done)
    write(path, joined)
    parts.remove(settings.n_segments)
    return joined


def _segments(
    model: Potential,
    minima: np.ndarray,
    molecule: Molecule,
    settings: ThermalSettings,
    trajectories: Sequence[int],
    observables: Mapping[str, Observable],
    state: State | None,
    n_done: int,
) -> Iterator[tuple[Segments, State, str]]:
    """Segments number `n_done` and later, the state after each, and a line about it."""
    masses = molecule.masses
    linear = all(is_linear(minimum, masses) for minimum in minima) or None  # else the reference
    x, v, rngs = _start(minima, masses, settings, trajectories, state)
    for number in range(n_done, settings.n_segments):
        x, v = run_langevin(
            model,
            x,
            v,
            masses,
            settings.thermostat,
            n_steps=settings.steps(settings.rest_ps if number else settings.equilibration_ps),
            rngs=rngs,
            molecule=molecule,
            linear=linear,
        )
        made = run(
            model,
            x,
            v,
            masses,
            dt_fs=settings.dt_fs,
            n_steps=(settings.n_times - 1) * settings.every,
            every=settings.every,
            molecule=molecule,
        )
        x, v = made.positions[:, -1], made.velocities[:, -1]
        segments = _recorded(made, molecule, settings, trajectories, observables)
        random = [json.dumps(rng.bit_generator.state) for rng in rngs]
        state = {"state_positions": x, "state_velocities": v, "state_random": np.array(random)}
        kinetic, fluctuation = made.kinetic.mean(), made.fluctuation().max()
        report = f"mean kinetic energy {kinetic:.4f} eV, total energy +- {fluctuation:.1e} eV"
        yield segments, state, report


def _start(
    minima: np.ndarray,
    masses: np.ndarray,
    settings: ThermalSettings,
    trajectories: Sequence[int],
    state: State | None,
) -> tuple[np.ndarray, np.ndarray, list[np.random.Generator]]:
    """Positions, velocities and random numbers of a state, or without one at the minima."""
    rngs = [np.random.default_rng([settings.seed, k]) for k in trajectories]
    if state is None:
        x = np.array([minima[k % len(minima)] for k in trajectories], dtype=float)
        return x, thermal_velocities(x, masses, settings.temperature_K, rngs), rngs
    for rng, text in zip(rngs, state["state_random"], strict=True):
        rng.bit_generator.state = json.loads(str(text))
    return state["state_positions"], state["state_velocities"], rngs


def _recorded(
    made: Trajectories,
    molecule: Molecule,
    settings: ThermalSettings,
    trajectories: Sequence[int],
    observables: Mapping[str, Observable],
) -> Segments:
    """A segment at constant energy of each trajectory, with its properties."""
    return Segments(
        molecule.symbols,
        made.positions,
        np.array(trajectories),
        settings.every * settings.dt_fs,
        settings.dt_fs,
        settings.temperature_K,
        energy=made.potential,
        kinetic=made.kinetic,
        **{name: observe(function, made.positions) for name, function in observables.items()},
    )


def observe(function: Observable, positions: np.ndarray) -> np.ndarray:
    """A property along segments, predicted in blocks.

    Parameters
    ----------
    function
        Property [n_frames, ...] of positions [n_frames, n_atoms, 3], such as ``model.predict``.
    positions : array, [n_segments, n_times, n_atoms, 3]
        Angstrom.

    Returns
    -------
    array, [n_segments, n_times, ...]
    """
    flat = positions.reshape(-1, *positions.shape[2:])
    values = [function(flat[k : k + BLOCK]) for k in range(0, len(flat), BLOCK)]
    joined = np.concatenate(values)
    return joined.reshape(*positions.shape[:2], *joined.shape[1:])
