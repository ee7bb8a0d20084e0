"""Molecular dynamics of one trajectory with an Andersen thermostat, resumable to the last bit."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from ase import Atoms
from ase.calculators.calculator import Calculator

from rpr.data.failures import write_failures
from rpr.data.frame_set import FrameSet
from rpr.dynamics import checkpoint
from rpr.dynamics.trajectory_run import TrajectoryRun
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule

_LOG = logging.getLogger(__name__)


def run_trajectory(
    atoms: Atoms,
    calculator: Calculator,
    *,
    dt_fs: float,
    n_steps: int,
    temperature_K: float,
    andersen_probability: float,
    seed: int,
    trajectory: int = 0,
    molecule: Molecule | None = None,
    fix_center_of_mass: bool = True,
    properties: Sequence[str] = (),
    failures_path: str | os.PathLike | None = None,
    checkpoint_path: str | os.PathLike | None = None,
    checkpoint_every: int = 1,
) -> FrameSet:
    """Run velocity Verlet with an Andersen thermostat (:class:`ase.md.andersen.Andersen`).

    Every step is logged.  The state after every `checkpoint_every`-th step is saved: positions,
    momenta, forces, the state of the random numbers, and what the calculator remembers of earlier
    frames.  A run that finds its checkpoint resumes and ends with the same numbers, to the last
    bit, as one that was never interrupted.  This requires that the results of the calculator depend
    only on the positions and on the state it gives (`get_state`, `set_state`), and that it runs on
    one thread, because several threads add numbers in varying order; other calculators agree within
    their tolerance.  A checkpoint of other settings is kept and not used (:mod:`rpr.files`);
    `n_steps` may differ, so that a finished trajectory can be made longer.

    With `properties` the frames are labelled as they are made.  A step whose labels are not sound,
    because a property could not be computed or the electrons are in a wrong state, does not end
    the trajectory: it is left out of the frames and listed in the table of failures.  The state is
    wrong from the step at which the energy jumps up to the step at which it jumps down.  If it
    jumps down without having jumped up, all steps before are wrong.

    Parameters
    ----------
    atoms
        Initial positions and velocities; not changed.
    calculator
        Gives energy and forces, and the dipole if it can.  Its attributes `faults` and `jump`, if
        any, tell whether its last labels are sound (`rpr.labels.calculator.LabelCalculator`).
    dt_fs
        Time step in fs.
    n_steps
        Number of steps.
    temperature_K
        Temperature of the thermostat in K.
    andersen_probability
        Probability that the thermostat redraws a component of a velocity in one step; with 0 the
        energy is constant.
    seed
        Seed of the random numbers, used together with `trajectory`.
    trajectory
        Number of the trajectory.
    molecule
        Its bonds are watched and its dihedral is recorded; by default made of `atoms`.
    fix_center_of_mass
        Whether the centre of mass is kept at rest.
    properties
        Labels of each frame besides energy, forces and dipole, such as ``polarizability``.  The
        calculator must compute them together with the forces.
    failures_path
        CSV file ``frame,trajectory,step,reason`` of the steps that are left out; ``frame`` is
        empty.
    checkpoint_path
        Checkpoint file, to whose name a fingerprint is added; it is not deleted at the end.  None
        saves no checkpoint.
    checkpoint_every
        Steps from one checkpoint to the next.

    Returns
    -------
    FrameSet
        Steps 1 to `n_steps` (the start is left out): positions, velocities, energy, forces,
        dipole if known, `properties`, trajectory, step and dihedral.

    Raises
    ------
    InputError
        If a setting has an impossible value.
    ConvergenceError
        If the trajectory explodes or the calculator fails (names trajectory and step), or no step
        has sound labels.
    """
    _check_settings(dt_fs, n_steps, temperature_K, andersen_probability, checkpoint_every)
    run = TrajectoryRun(
        atoms,
        calculator,
        molecule=molecule or Molecule.from_atoms(atoms),
        dt_fs=dt_fs,
        temperature_K=temperature_K,
        andersen_probability=andersen_probability,
        seed=seed,
        trajectory=trajectory,
        fix_center_of_mass=fix_center_of_mass,
        properties=tuple(properties),
    )
    if checkpoint_path is not None:
        _resume(run, checkpoint_path, trajectory)
    while run.step < n_steps:
        run.advance()
        due = run.step % checkpoint_every == 0 or run.step == n_steps
        if checkpoint_path is not None and due:
            checkpoint.save(checkpoint_path, fingerprint=run.fingerprint, state=run.state())
        _LOG.info(run.progress(n_steps))
    failures = run.failures(n_steps)
    for step, fault in failures.items():
        _LOG.info("trajectory %s: step %d has no sound labels: %s", trajectory, step, fault)
    if failures_path is not None:
        write_failures(failures_path, [("", trajectory, *found) for found in failures.items()])
    return run.frames(n_steps)


def _resume(run: TrajectoryRun, checkpoint_path: str | os.PathLike, trajectory: int) -> None:
    """Continue from the checkpoint of these settings, if there is one."""
    state, reason = checkpoint.load(checkpoint_path, fingerprint=run.fingerprint)
    if state is not None:
        run.restore(state)
        _LOG.info("trajectory %s: resumes after step %d", trajectory, run.step)
    elif reason:
        _LOG.info("trajectory %s: starts from step 0, %s", trajectory, reason)


def _check_settings(
    dt_fs: float,
    n_steps: int,
    temperature_K: float,
    andersen_probability: float,
    checkpoint_every: int,
) -> None:
    if not dt_fs > 0.0:
        raise InputError(f"dt_fs: found {dt_fs}, expected a positive time in fs")
    if not temperature_K >= 0.0:
        raise InputError(f"temperature_K: found {temperature_K}, expected zero or more (kelvin)")
    if not 0.0 <= andersen_probability <= 1.0:
        raise InputError(
            f"andersen_probability: found {andersen_probability}, expected a probability, 0 to 1"
        )
    for key, value in (("n_steps", n_steps), ("checkpoint_every", checkpoint_every)):
        if value < 1:
            raise InputError(f"{key}: found {value}, expected at least 1")
