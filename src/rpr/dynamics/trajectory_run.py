"""The state of one trajectory with an Andersen thermostat: steps, records, soundness of labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, CalculatorError
from ase.md.andersen import Andersen

from rpr.data.frame_set import FrameSet, frame_shape
from rpr.errors import ConvergenceError
from rpr.files import fingerprint
from rpr.molecule.molecule import Molecule
from rpr.molecule.plausibility import broken_bond
from rpr.molecule.torsion import dihedral_angle
from rpr.units import FS

#: Kinetic temperature in K above which a trajectory exploded; ten times the thermostat's if higher.
HIGHEST_TEMPERATURE = 10_000.0
_RECORDED = ("positions", "velocities", "forces", "energy", "dipole")
_FAULT = "fault"


class TrajectoryRun:
    """A trajectory under way: what has been recorded so far, and how to take the next step.

    The arguments are those of :func:`rpr.dynamics.andersen.run_trajectory`.
    """

    def __init__(
        self,
        atoms: Atoms,
        calculator: Calculator,
        *,
        molecule: Molecule,
        properties: tuple[str, ...],
        **settings: Any,
    ) -> None:
        self.molecule = molecule
        self.shapes = {name: frame_shape(name, molecule.n_atoms) for name in properties}
        self.settings = settings
        self.calculator = calculator
        self._stateful: Any = calculator if hasattr(calculator, "get_state") else None
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
        self.fingerprint = fingerprint(
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
        remembered = self._stateful.get_state() if self._stateful else {}
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
        if self._stateful:
            prefix = "calculator_"
            remembered = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
            self._stateful.set_state(remembered)

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
    broken = broken_bond(atoms.positions[None], molecule.reference, molecule.bonds)
    if broken is not None:
        pair = "-".join(f"{molecule.symbols[k]}{k}" for k in broken.atoms)
        length, expected = broken.length, broken.expected
        return f"bond {pair} is {length:.2f} Angstrom, {expected:.2f} in the reference"
    if atoms.get_temperature() > max(HIGHEST_TEMPERATURE, 10.0 * temperature_K):
        return f"its kinetic temperature is {atoms.get_temperature():.0f} K"
    return ""


def _calculator_name(calculator: Calculator) -> str:
    if hasattr(calculator, "fingerprint"):
        return calculator.fingerprint()
    return type(calculator).__name__
