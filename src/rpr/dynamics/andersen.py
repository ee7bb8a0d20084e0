"""Molecular dynamics of one trajectory with an Andersen thermostat, resumable to the last bit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, CalculatorError
from ase.md.andersen import Andersen

from rpr.data.failures import write_failures
from rpr.data.frame_set import FrameSet, frame_shape
from rpr.dynamics import checkpoint
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import BOND_RANGE
from rpr.molecule.torsion import dihedral_angle
from rpr.units import FS

#: Kinetic temperature in K above which a trajectory exploded; ten times the thermostat's if higher.
HIGHEST_TEMPERATURE = 10_000.0
_RECORDED = ("positions", "velocities", "forces", "energy", "dipole")
_FAULT = "fault"


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
    log: Callable[[str], None] | None = None,
) -> FrameSet:
    """Run velocity Verlet with an Andersen thermostat (:class:`ase.md.andersen.Andersen`).

    The state after every `checkpoint_every`-th step goes into `checkpoint_path`: positions,
    momenta, forces, the state of the random numbers, and what the calculator remembers of earlier
    frames.  A run that finds its checkpoint goes on from there and ends with the same numbers, to
    the last bit, as one that was never interrupted, provided that the calculator's results depend
    on nothing but the positions and the state it gives (`get_state`, `set_state`) and that it
    runs on one thread (several add up numbers in an order of their own); other calculators agree
    within their own tolerance.  A checkpoint of other settings is not used.
    `n_steps` may differ: a finished trajectory can be made longer.

    With `properties` the frames are labelled as they are made.  A step whose labels are not sound
    (a property could not be computed, or the electrons are in a wrong state) does not end the
    trajectory; it is left out of the frames and stands in the table of failures.  A state is wrong
    from the step where the energy jumps up to the step where it jumps down.  Where it jumps down
    without having jumped up, all steps before are wrong.

    Parameters
    ----------
    atoms
        Start: positions and velocities; not changed.
    calculator
        Gives energy and forces, and the dipole if it can.  What it knows of the soundness of its
        last frame it tells as `faults` and `jump`, like `rpr.labels.calculator.LabelCalculator`.
    dt_fs
        Time step in fs.
    n_steps
        Number of steps.
    temperature_K
        Temperature of the thermostat in K.
    andersen_probability
        Probability that the thermostat redraws a component of a velocity in one step; 0 gives
        dynamics at constant energy.
    seed
        Seed of the random numbers, used together with `trajectory`.
    trajectory
        Number of the trajectory.
    molecule
        Its bonds tell an explosion, its dihedral is recorded; by default taken from `atoms`.
    fix_center_of_mass
        Keep the centre of mass at rest.
    properties
        Labels of each frame besides energy, forces and dipole, such as ``polarizability``.  The
        calculator must compute them together with the forces.
    failures_path
        CSV ``frame,trajectory,step,reason`` of the steps that are left out; ``frame`` is empty.
    checkpoint_path
        Where the state is kept; None keeps none.  It stays when the run has ended.
    checkpoint_every
        Steps from one checkpoint to the next.
    log
        Called with a line of text now and then.

    Returns
    -------
    FrameSet
        Steps 1 to `n_steps` (the start is left out): positions, velocities, energy, forces,
        dipole if known, `properties`, trajectory, step and dihedral.

    Raises
    ------
    InputError
        If a setting makes no sense.
    ConvergenceError
        If the trajectory explodes or the calculator fails (names trajectory and step), or no step
        has sound labels.
    """
    _check_settings(dt_fs, n_steps, temperature_K, andersen_probability, checkpoint_every)
    run = _Run(
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
    say = log or (lambda line: None)
    if checkpoint_path is not None:
        state, reason = checkpoint.load(checkpoint_path, fingerprint=run.fingerprint)
        if state is not None:
            run.restore(state)
            say(f"trajectory {trajectory}: goes on after step {run.step}")
        elif reason:
            say(f"trajectory {trajectory}: begins anew, {reason}")
    while run.step < n_steps:
        run.advance()
        due = run.step % checkpoint_every == 0 or run.step == n_steps
        if checkpoint_path is not None and due:
            checkpoint.save(checkpoint_path, fingerprint=run.fingerprint, state=run.state())
        say(run.progress(n_steps))
    failures = run.failures(n_steps)
    for step, fault in failures.items():
        say(f"trajectory {trajectory}: step {step} has no sound labels: {fault}")
    if failures_path is not None:
        write_failures(failures_path, [("", trajectory, *found) for found in failures.items()])
    return run.frames(n_steps)


class _Run:
    """A trajectory under way: what has been recorded, and how to take the next step."""

    def __init__(
        self,
        atoms: Atoms,
        calculator: Calculator,
        *,
        molecule: Molecule,
        properties: tuple[str, ...],
        **settings,
    ):
        self.molecule = molecule
        self.shapes = {name: frame_shape(name, molecule.n_atoms) for name in properties}
        self.settings = settings
        self.calculator = calculator
        self.atoms = Atoms(atoms.numbers, positions=atoms.positions)
        self.atoms.set_momenta(atoms.get_momenta())
        self.atoms.calc = calculator
        self.rng = np.random.default_rng([settings["seed"], settings["trajectory"]])
        self.thermostat = Andersen(
            self.atoms,
            settings["dt_fs"] * FS,
            temperature_K=settings["temperature_K"],
            andersen_prob=settings["andersen_probability"],
            fixcm=settings["fix_center_of_mass"],
            rng=self.rng,
        )
        self.step = 0
        self.forces: np.ndarray | None = None
        self.recorded = tuple(dict.fromkeys((*_RECORDED, *properties)))
        self.records: dict[str, list[np.ndarray]] = {name: [] for name in self.recorded}
        self.faults: list[str] = []
        self.in_wrong_state = False
        made = {"properties": properties} if properties else {}
        self.fingerprint = checkpoint.fingerprint(
            {
                **settings,
                **made,
                "symbols": molecule.symbols,
                "calculator": _calculator_name(calculator),
            },
            self.atoms.positions,
            self.atoms.get_momenta(),
        )

    def advance(self) -> None:
        """Take one step and record the frame it ends at."""
        try:
            self.forces = self.thermostat.step(self.forces)
        except (ConvergenceError, CalculatorError) as error:
            self._refuse_explosion(self.step + 1)
            raise ConvergenceError(
                f"trajectory {self.settings['trajectory']}, step {self.step + 1}: {error}; "
                "loosen the method's convergence or reduce dt_fs"
            ) from error
        self.step += 1
        frame = {
            "positions": self.atoms.get_positions(),
            "velocities": self.atoms.get_velocities() * FS,
            "forces": self.forces,
            "energy": self.atoms.get_potential_energy(),
        }
        if "dipole" in self.calculator.implemented_properties:
            frame["dipole"] = self.atoms.get_dipole_moment()
        faults = list(getattr(self.calculator, "faults", ()))
        for name, shape in self.shapes.items():
            found = self.calculator.results.get(name)
            frame[name] = np.full(shape, np.nan) if found is None else found
            if found is None and not faults:
                faults.append(f"{name}: the calculator gave none")
        self._refuse_explosion(self.step)
        for name, value in frame.items():
            self.records[name].append(np.array(value, dtype=float))
        self._note(faults, getattr(self.calculator, "jump", 0.0))

    def _note(self, faults: list[str], jump: float) -> None:
        """Record what is wrong with the labels of the step just taken, and of those before."""
        if jump > 0.0:
            self.in_wrong_state = True
        elif jump < 0.0 and self.in_wrong_state:
            self.in_wrong_state = False
        elif jump < 0.0:
            late = f"state: energy lies {-jump:.3f} eV above what step {self.step} explains"
            self.faults = [fault or late for fault in self.faults]
        elif self.in_wrong_state:
            faults = [*faults, "state: as in the step before, whose energy is too high"]
        self.faults.append("; ".join(faults))

    def state(self) -> dict[str, np.ndarray]:
        """All that the next steps depend on, and the frames so far."""
        remembered = self.calculator.get_state() if _has_state(self.calculator) else {}
        return {
            "step": np.array(self.step),
            "momenta": self.atoms.get_momenta(),
            "random": np.array(json.dumps(self.rng.bit_generator.state)),
            "in_wrong_state": np.array(self.in_wrong_state),
            f"frames_{_FAULT}": np.array(self.faults, dtype=str),
            **{f"calculator_{name}": np.asarray(v) for name, v in remembered.items()},
            **{f"frames_{name}": np.array(v) for name, v in self.records.items() if v},
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        self.step = int(state["step"])
        self.records = {name: list(state.get(f"frames_{name}", [])) for name in self.recorded}
        self.faults = list(map(str, state.get(f"frames_{_FAULT}", [""] * self.step)))
        self.in_wrong_state = bool(state.get("in_wrong_state", False))
        self.atoms.set_positions(self.records["positions"][-1])
        self.atoms.set_momenta(state["momenta"])
        self.forces = self.records["forces"][-1].copy()
        self.rng.bit_generator.state = json.loads(str(state["random"]))
        if _has_state(self.calculator):
            prefix = "calculator_"
            remembered = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
            self.calculator.set_state(remembered)

    def frames(self, n_steps: int) -> FrameSet:
        """Frames of steps 1 to `n_steps`, without those that have no sound labels."""
        failures = self.failures(n_steps)
        steps = np.array([k for k in range(1, n_steps + 1) if k not in failures])
        if not len(steps):
            raise ConvergenceError(
                f"trajectory {self.settings['trajectory']}: none of {n_steps} steps could be "
                f"labelled; step 1: {failures[1]}"
            )
        columns = {name: np.array(v)[steps - 1] for name, v in self.records.items() if v}
        positions = columns.pop("positions")
        dihedral = self.molecule.dihedral
        return FrameSet(
            self.molecule.symbols,
            positions,
            **columns,
            trajectory=np.full(len(steps), self.settings["trajectory"]),
            step=steps,
            dihedral=None if dihedral is None else dihedral_angle(positions, dihedral),
        )

    def failures(self, n_steps: int) -> dict[int, str]:
        """Steps without sound labels and why; none where the steps are not labelled here."""
        if not self.shapes:
            return {}
        return {k: fault for k, fault in enumerate(self.faults[:n_steps], start=1) if fault}

    def progress(self, n_steps: int) -> str:
        """Where the trajectory is, in words."""
        return (
            f"trajectory {self.settings['trajectory']}: step {self.step} of {n_steps}, "
            f"{self.step * self.settings['dt_fs']:g} fs, "
            f"energy {float(self.records['energy'][-1]):.6f} eV, "
            f"temperature {self.atoms.get_temperature():.0f} K"
        )

    def _refuse_explosion(self, step: int) -> None:
        fault = _explosion(self.atoms, self.molecule, self.settings["temperature_K"])
        if not fault and self.forces is not None and not np.isfinite(self.forces).all():
            fault = "a force is not a finite number"
        if fault:
            raise ConvergenceError(
                f"trajectory {self.settings['trajectory']} exploded at step {step} "
                f"({step * self.settings['dt_fs']:g} fs): {fault}; reduce dt_fs (now "
                f"{self.settings['dt_fs']:g}), or change the seed of the initial conditions"
            )


def _explosion(atoms: Atoms, molecule: Molecule, temperature_K: float) -> str:
    """What is wrong with a frame that no bound molecule would have, or nothing."""
    if not np.isfinite(atoms.positions).all() or not np.isfinite(atoms.get_momenta()).all():
        return "a position or velocity is not a finite number"
    for i, j in molecule.bonds:
        length = np.linalg.norm(atoms.positions[i] - atoms.positions[j])
        reference = np.linalg.norm(molecule.reference[i] - molecule.reference[j])
        if not BOND_RANGE[0] < length / reference < BOND_RANGE[1]:
            pair = f"{molecule.symbols[i]}{i}-{molecule.symbols[j]}{j}"
            return f"bond {pair} is {length:.2f} Angstrom, {reference:.2f} in the reference"
    if atoms.get_temperature() > max(HIGHEST_TEMPERATURE, 10.0 * temperature_K):
        return f"its kinetic temperature is {atoms.get_temperature():.0f} K"
    return ""


def _has_state(calculator: Calculator) -> bool:
    return hasattr(calculator, "get_state") and hasattr(calculator, "set_state")


def _calculator_name(calculator: Calculator) -> str:
    if hasattr(calculator, "fingerprint"):
        return calculator.fingerprint()
    return type(calculator).__name__


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
