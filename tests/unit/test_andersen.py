"""Dynamics: a killed trajectory ends as if it had not been killed, and explosions are told."""

import contextlib
import itertools
import logging
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from threadpoolctl import threadpool_limits

from rpr.data.extxyz import read_frames, write_frames
from rpr.data.failures import read_failures
from rpr.dynamics import checkpoint
from rpr.dynamics.andersen import run_trajectory
from rpr.dynamics.velocities import boltzmann, kinetic_energy
from rpr.errors import ConvergenceError, InputError
from rpr.files import unfinished_path
from rpr.labels import engine as engines
from rpr.labels.calculator import LabelCalculator
from rpr.labels.dft.field_response import FieldResponse
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import ALL_PROPERTIES
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.molecule.torsion import dihedral_angle
from rpr.units import FS, KB

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"


class Springs(Calculator):
    """Springs between all pairs of atoms; can be told to break at a call, like a killed job."""

    implemented_properties = ("energy", "forces", "dipole")

    def __init__(self, positions, *, constant=10.0, die_at=None, poison_at=None, kick_at=None):
        super().__init__()
        self.rest = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
        self.constant, self.calls = constant, 0
        self.die_at, self.poison_at, self.kick_at = die_at, poison_at, kick_at

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        if self.calls == self.die_at:
            raise KeyboardInterrupt
        arms = self.atoms.positions[:, None] - self.atoms.positions[None]
        lengths = np.linalg.norm(arms, axis=-1) + np.eye(len(arms))
        stretch = lengths - self.rest - np.eye(len(arms))
        forces = -self.constant * np.sum((stretch / lengths)[:, :, None] * arms, axis=1)
        if self.calls == self.poison_at:
            forces[1, 2] = np.nan
        if self.calls == self.kick_at:
            forces[5] += 1e5
        self.results = {
            "energy": 0.25 * self.constant * np.sum(stretch**2),
            "forces": forces,
            "dipole": self.atoms.positions[0] - self.atoms.positions[-1],
        }


@pytest.fixture(scope="module")
def molecule():
    atoms = read_geometry(GEOMETRIES / "dichloroethane_gauche.xyz")
    return Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))


def start(molecule, temperature_K=300.0, seed=5):
    atoms = molecule.to_atoms()
    rng = np.random.default_rng(seed)
    velocities = boltzmann(atoms.positions, molecule.masses, temperature_K=temperature_K, rng=rng)
    atoms.set_velocities(velocities / FS)
    return atoms


@contextlib.contextmanager
def logged(lines):
    """What the library logs meanwhile is added to `lines`."""
    logger, handler = logging.getLogger("rpr.dynamics.andersen"), logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def run(molecule, calculator=None, atoms=None, lines=None, **changes):
    settings = {
        "dt_fs": 0.5,
        "n_steps": 12,
        "temperature_K": 298.0,
        "andersen_probability": 0.1,
        "seed": 3,
        "trajectory": 4,
        "molecule": molecule,
    } | changes
    calculator = calculator or Springs(molecule.reference)
    with logged([] if lines is None else lines):
        return run_trajectory(atoms or start(molecule), calculator, **settings)


def assert_same(a, b):
    assert a.known == b.known
    for name in ("positions", *a.known):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_frames_are_steps_one_to_n(molecule):
    frames = run(molecule)
    assert np.array_equal(frames.step, np.arange(1, 13))
    assert np.array_equal(frames.trajectory, np.full(12, 4))
    assert np.array_equal(frames.dihedral, dihedral_angle(frames.positions, molecule.dihedral))
    assert not np.array_equal(frames.positions[0], molecule.reference)
    assert frames.known == (
        "energy", "forces", "dipole", "trajectory", "step", "dihedral", "velocities",
    )  # fmt: skip


def test_energy_and_forces_belong_to_their_frame(molecule):
    frames = run(molecule)
    for k in (0, 7, 11):
        atoms = molecule.to_atoms(frames.positions[k])
        atoms.calc = Springs(molecule.reference)
        assert frames.energy[k] == atoms.get_potential_energy()
        assert np.array_equal(frames.forces[k], atoms.get_forces())
        assert np.array_equal(frames.dipole[k], atoms.get_dipole_moment())


@pytest.mark.parametrize("die_at", [2, 7, 13])
@pytest.mark.parametrize("every", [1, 4])
def test_killed_trajectory_ends_with_the_same_bits(molecule, tmp_path, die_at, every):
    path = tmp_path / "trajectory.npz"
    settings = {"checkpoint_path": path, "checkpoint_every": every}
    with pytest.raises(KeyboardInterrupt):
        run(molecule, Springs(molecule.reference, die_at=die_at), **settings)
    lines = []
    calculator = Springs(molecule.reference)
    resumed = run(molecule, calculator, **settings, lines=lines)
    assert_same(resumed, run(molecule))
    done = (die_at - 2) // every * every
    assert resumed.step[-1] == 12
    if done:
        assert lines[0] == f"trajectory 4: resumes after step {done}"
        assert calculator.calls == 12 - done


def test_killed_again_and_again(molecule, tmp_path):
    path = tmp_path / "trajectory.npz"
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            run(molecule, Springs(molecule.reference, die_at=3), checkpoint_path=path)
    assert_same(run(molecule, checkpoint_path=path), run(molecule))


def test_finished_trajectory_is_not_computed_again_and_can_be_longer_or_shorter(molecule, tmp_path):
    path = tmp_path / "trajectory.npz"
    run(molecule, checkpoint_path=path)
    calculator = Springs(molecule.reference)
    assert_same(run(molecule, calculator, checkpoint_path=path), run(molecule))
    assert calculator.calls == 0
    assert_same(run(molecule, checkpoint_path=path, n_steps=5), run(molecule, n_steps=5))
    assert_same(run(molecule, checkpoint_path=path, n_steps=20), run(molecule, n_steps=20))


@pytest.fixture
def one_thread():
    """Several threads add up in an order of their own, which changes the last bits."""
    import pyscf.dft  # noqa: F401  (loads the libraries whose threads are limited)
    import tblite.interface  # noqa: F401

    with threadpool_limits(1):
        yield


B3LYP = Method(functional="b3lyp5", basis="sto-3g", grid_level=0, gradient_grid_level=0)
REAL = pytest.mark.parametrize(
    "method",
    [Method(code="tblite", functional="gfn2-xtb", basis=""), B3LYP],
    ids=lambda method: method.functional,
)
ALPHA = ("polarizability",)
WITH_DERIVATIVES = ("polarizability", "dipole_derivatives")


@pytest.fixture(scope="module")
def water():
    return Molecule.from_atoms(read_geometry(GEOMETRIES / "water.xyz"))


def run_real(water, method=B3LYP, properties=(), **changes):
    calculator = LabelCalculator(method, properties=properties, check_states=True)
    return run(water, calculator, properties=properties, **({"n_steps": 4} | changes))


@pytest.mark.usefixtures("one_thread")
@REAL
@pytest.mark.parametrize("properties", [(), ALPHA, WITH_DERIVATIVES], ids=len)
def test_killed_trajectory_of_real_labels_ends_with_the_same_bits(
    tmp_path, water, method, properties
):
    """The guess for the next self-consistent field and response is part of the checkpoint."""
    whole = run_real(water, method, properties)
    path = tmp_path / "trajectory.npz"
    run_real(water, method, properties, n_steps=2, checkpoint_path=path)
    resumed = run_real(water, method, properties, checkpoint_path=path)
    assert_same(resumed, whole)
    assert {*whole.known} & {*WITH_DERIVATIVES} == {*properties}


@pytest.mark.usefixtures("one_thread")
@REAL
def test_labels_do_not_change_the_trajectory(water, method):
    plain = run_real(water, method, n_steps=10)
    labelled = run_real(water, method, ALPHA, n_steps=10)
    for name in plain.known:
        assert np.array_equal(getattr(labelled, name), getattr(plain, name)), name


@pytest.mark.usefixtures("one_thread")
def test_labels_made_on_the_way_are_those_of_the_frames(water):
    labelled = run_real(water, properties=WITH_DERIVATIVES)
    engine = make_engine(B3LYP, water.symbols)
    for k in (0, 3):
        labels = engine.compute(labelled.positions[k], ALL_PROPERTIES[:-1])
        assert labelled.energy[k] == pytest.approx(labels.energy, abs=1e-6)
        assert np.allclose(labelled.forces[k], labels.forces, atol=1e-4)
        assert np.allclose(labelled.dipole[k], labels.dipole, atol=1e-5)
        assert np.allclose(labelled.polarizability[k], labels.polarizability, atol=1e-4)
        assert np.allclose(labelled.dipole_derivatives[k], labels.dipole_derivatives, atol=3e-4)


def failing_response(monkeypatch, *, at):
    """Let the response equations of calls `at`, counted from the start, not converge."""
    calls = itertools.count()

    def respond(*args, **kwargs):
        if next(calls) in at:
            raise ConvergenceError("response equations not converged")
        return FieldResponse(*args, **kwargs)

    monkeypatch.setattr("rpr.labels.engine.FieldResponse", respond)


@pytest.mark.usefixtures("one_thread")
def test_a_step_without_polarizability_is_on_record_and_the_trajectory_goes_on(
    tmp_path, monkeypatch, water
):
    plain, lines = run_real(water, n_steps=6), []
    failing_response(monkeypatch, at=(2, 4))  # the start is 0
    settings = {"failures_path": tmp_path / "f.csv", "checkpoint_path": tmp_path / "t.npz"}
    run_real(water, properties=ALPHA, n_steps=3, **settings)
    frames = run_real(water, properties=ALPHA, n_steps=6, **settings, lines=lines)
    failures = read_failures([tmp_path / "f.csv"])
    assert failures["step"].tolist() == [2, 4]
    assert failures["trajectory"].tolist() == [4, 4]
    assert "polarizability: ConvergenceError: response" in failures["reason"][0]
    assert "trajectory 4: step 2 has no sound labels: polarizability" in "\n".join(lines)
    sound = plain.subset(~np.isin(plain.step, [2, 4]))
    for name in sound.known:
        assert np.array_equal(getattr(frames, name), getattr(sound, name)), name
    write_frames(tmp_path / "t.extxyz", frames)
    assert_same(read_frames(tmp_path / "t.extxyz", require=ALPHA), frames)


def test_a_trajectory_without_any_label_is_an_error(monkeypatch, water):
    failing_response(monkeypatch, at=range(9))
    with pytest.raises(ConvergenceError, match="trajectory 4: none of 4 steps could be labelled"):
        run_real(water, properties=ALPHA)


def test_a_calculator_that_gives_no_polarizability_is_told(molecule):
    with pytest.raises(ConvergenceError, match="step 1: polarizability: the calculator gave none"):
        run(molecule, properties=ALPHA)
    with pytest.raises(InputError, match="found 'quadropole', expected one of energy"):
        run(molecule, properties=["quadropole"])


def test_unlabelled_checkpoint_is_not_used_for_labels(water, tmp_path):
    path, lines = tmp_path / "trajectory.npz", []
    run_real(water, checkpoint_path=path)
    labelled = run_real(water, properties=ALPHA, checkpoint_path=path, lines=lines)
    assert "other settings" in lines[0]
    assert labelled.polarizability.shape == (4, 3, 3)


class Jumping(engines.FittedEngine):
    """An engine that finds another state for some steps, whatever its guess."""

    heights: ClassVar[dict[int, float]] = {}
    step = -1
    last = None

    def compute(self, positions, properties):
        labels = super().compute(positions, properties)
        if not np.array_equal(positions, self.last):
            self.step, self.last = self.step + 1, positions
        labels.energy += self.heights.get(self.step, 0.0)
        return labels


@pytest.mark.parametrize(
    ("high", "words"),
    [
        ([3], {3: "above what the frame before explains, also from another guess"}),
        ([3, 4, 5], {3: "above", 4: "as in the step before", 5: "as in the step before"}),
        ([6], {6: "above"}),
        ([0, 1, 2], {1: "above what step 3 explains", 2: "above what step 3 explains"}),
        ([0], {}),  # the start is no frame
    ],
)
@pytest.mark.parametrize("stop", [2, 3, 4])
def test_steps_in_a_wrong_state_are_never_kept(tmp_path, monkeypatch, water, high, words, stop):
    monkeypatch.setattr(engines, "FittedEngine", Jumping)
    monkeypatch.setattr(Jumping, "heights", dict.fromkeys(high, 2.0))
    settings = {"failures_path": tmp_path / "f.csv", "checkpoint_path": tmp_path / "t.npz"}
    with contextlib.suppress(ConvergenceError):  # of no sound step, up to here
        run_real(water, properties=ALPHA, n_steps=stop, **settings)
    monkeypatch.setattr(Jumping, "step", stop)
    frames = run_real(water, properties=ALPHA, n_steps=6, **settings)
    failures = read_failures([tmp_path / "f.csv"])
    found = dict(zip(failures["step"], failures["reason"], strict=True))
    assert set(found) == set(words)
    for step, reason in words.items():
        assert reason in found[step]
    assert frames.step.tolist() == [k for k in range(1, 7) if k not in words]


def test_a_wrong_state_of_the_guess_alone_is_left(monkeypatch, water):
    """A step that is high only with the guess from its past is computed anew, and kept."""

    class Trapped(engines.FittedEngine):
        fresh = False

        def reset(self):
            super().reset()
            self.fresh = True

        def compute(self, positions, properties):
            trapped = not self.fresh and len(self._history) == 3
            labels = super().compute(positions, properties)
            labels.energy += 2.0 * trapped
            return labels

    plain = run_real(water, properties=ALPHA)
    monkeypatch.setattr(engines, "FittedEngine", Trapped)
    frames = run_real(water, properties=ALPHA)
    assert np.allclose(frames.energy, plain.energy, atol=1e-5)
    assert frames.step.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "change",
    [
        {"dt_fs": 0.25},
        {"temperature_K": 310.0},
        {"seed": 4},
        {"trajectory": 5},
        {"andersen_probability": 0.2},
        {"fix_center_of_mass": False},
    ],
)
def test_checkpoint_of_other_settings_is_kept_for_them(molecule, tmp_path, change):
    path = tmp_path / "trajectory.npz"
    run(molecule, checkpoint_path=path)
    lines = []
    changed = run(molecule, **change, checkpoint_path=path, lines=lines)
    assert "starts from step 0" in lines[0]
    assert "other settings" in lines[0]
    assert_same(changed, run(molecule, **change))
    lines.clear()
    assert_same(run(molecule, checkpoint_path=path, lines=lines), run(molecule))
    assert lines == ["trajectory 4: resumes after step 12"]


def test_checkpoint_without_fingerprint_in_its_name_is_taken_over(molecule, tmp_path):
    path, lines = tmp_path / "trajectory.npz", []
    run(molecule, checkpoint_path=path)
    next(tmp_path.iterdir()).rename(path)
    run(molecule, seed=4, checkpoint_path=path)
    assert path.exists()
    assert_same(run(molecule, checkpoint_path=path, lines=lines), run(molecule))
    assert lines == ["trajectory 4: resumes after step 12"]
    assert not path.exists()


def test_checkpoint_of_another_code_or_charge_is_not_used(monkeypatch):
    water = LabelCalculator(Method(functional="hf", basis="sto-3g"))
    ion = LabelCalculator(water.method, charge=1)
    before = water.fingerprint()
    assert ion.fingerprint() != before
    monkeypatch.setattr("rpr.labels.calculator.label_version", lambda charge: -1)
    assert water.fingerprint() != before


@pytest.mark.parametrize("keep", [0, 100, 5000])
def test_damaged_checkpoint_is_not_used(molecule, tmp_path, keep):
    path = tmp_path / "trajectory.npz"
    run(molecule, checkpoint_path=path)
    (written,) = tmp_path.iterdir()
    written.write_bytes(written.read_bytes()[:keep])
    lines = []
    assert_same(run(molecule, checkpoint_path=path, lines=lines), run(molecule))
    assert "not readable" in lines[0]


def test_two_writers_of_one_checkpoint_leave_a_whole_one(tmp_path):
    path = tmp_path / "shared.npz"
    stop, faults = threading.Event(), []

    def write(value):
        while not stop.is_set():
            state = {"a": np.full(2000, value), "b": np.full(2000, value)}
            checkpoint.save(path, fingerprint="f", state=state)

    writers = [threading.Thread(target=write, args=(float(k),)) for k in range(2)]
    for writer in writers:
        writer.start()
    seen = 0
    while seen < 150 and all(writer.is_alive() for writer in writers):
        state, reason = checkpoint.load(path, fingerprint="f")
        seen += state is not None
        if reason or (state and not np.array_equal(state["a"], state["b"])):
            faults.append(reason or "mixed")
    stop.set()
    for writer in writers:
        writer.join()
    assert not faults
    assert seen == 150
    assert list(tmp_path.iterdir()) == [unfinished_path(path, "f")]


def test_two_runs_of_one_trajectory_do_not_disturb_each_other(molecule, tmp_path):
    path = tmp_path / "trajectory.npz"
    results = {}

    def work(k):
        results[k] = run(molecule, n_steps=40, checkpoint_path=path)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(results[0], results[1])
    assert_same(run(molecule, n_steps=40, checkpoint_path=path), results[0])


def test_energy_drift_falls_with_the_square_of_the_time_step(molecule):
    drifts = []
    for dt, n_steps in ((0.5, 100), (0.25, 200)):
        frames = run(molecule, dt_fs=dt, n_steps=n_steps, andersen_probability=0.0)
        total = frames.energy + kinetic_energy(frames.velocities, molecule.masses)
        drifts.append(np.ptp(total[n_steps // 100 - 1 :: n_steps // 100]))
    assert drifts[0] < 2e-3
    assert 3.0 < drifts[0] / drifts[1] < 5.0


def test_thermostat_holds_the_temperature(molecule):
    """Mean kinetic energy (3 n_atoms - 3) kT/2, the centre of mass at rest."""
    frames = run(molecule, n_steps=2500, temperature_K=400.0, andersen_probability=0.1)
    mean = kinetic_energy(frames.velocities, molecule.masses)[200:].mean()
    assert mean == pytest.approx(0.5 * 21 * KB * 400.0, rel=0.06)
    momenta = np.einsum("a,fai->fi", molecule.masses, frames.velocities)
    assert np.abs(momenta).max() < 1e-10


def test_trajectories_have_their_own_random_numbers(molecule):
    kinds = [{"trajectory": 0}, {"trajectory": 1}, {"trajectory": 0, "seed": 9}]
    ends = [run(molecule, **kind).positions[-1] for kind in kinds]
    assert not np.allclose(ends[0], ends[1])
    assert not np.allclose(ends[0], ends[2])


def test_start_is_not_changed(molecule):
    atoms = start(molecule)
    positions, momenta = atoms.get_positions(), atoms.get_momenta()
    run_trajectory(
        atoms, Springs(molecule.reference), dt_fs=0.5, n_steps=3, temperature_K=298.0,
        andersen_probability=0.1, seed=0,
    )  # fmt: skip
    assert np.array_equal(atoms.positions, positions)
    assert np.array_equal(atoms.get_momenta(), momenta)
    assert atoms.calc is None


def test_frames_go_through_a_file_unchanged(molecule, tmp_path):
    frames = run(molecule)
    write_frames(tmp_path / "t.extxyz", frames)
    assert_same(read_frames(tmp_path / "t.extxyz"), frames)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            {"kick_at": 4},
            r"trajectory 4 exploded at step 3 \(1\.5 fs\): its kinetic temperature is",
        ),
        ({"poison_at": 6}, r"trajectory 4 exploded at step 5 \(2\.5 fs\): a position or velocity"),
    ],
)
def test_explosion_names_trajectory_step_and_remedy(molecule, tmp_path, fault, message):
    path = tmp_path / "trajectory.npz"
    calculator = Springs(molecule.reference, **fault)
    with pytest.raises(ConvergenceError, match=message) as caught:
        run(molecule, calculator, checkpoint_path=path)
    assert "reduce dt_fs (now 0.5)" in str(caught.value)
    # The checkpoint holds the last sound step: the same trajectory without the fault goes on.
    assert_same(run(molecule, checkpoint_path=path), run(molecule))


def test_hot_molecule_counts_as_exploded(molecule):
    atoms = start(molecule, temperature_K=3e4)
    with pytest.raises(ConvergenceError, match=r"kinetic temperature is \d{5} K"):
        run_trajectory(
            atoms, Springs(molecule.reference), dt_fs=0.1, n_steps=1, temperature_K=298.0,
            andersen_probability=0.0, seed=0, molecule=molecule,
        )  # fmt: skip


def test_broken_bond_counts_as_exploded(molecule):
    atoms = start(molecule, temperature_K=4000.0)
    loose = Springs(molecule.reference, constant=1e-9)
    message = (
        r"exploded at step \d+ .*: bond (Cl|C)\d-(Cl|C|H)\d is \d\.\d\d Angstrom, [12]\.\d\d in"
    )
    with pytest.raises(ConvergenceError, match=message):
        run_trajectory(
            atoms, loose, dt_fs=0.5, n_steps=500, temperature_K=298.0,
            andersen_probability=0.0, seed=0, molecule=molecule,
        )  # fmt: skip


def test_wigner_starts_do_not_count_as_exploded(molecule):
    """Zero-point motion alone is about 1000 K and stretches C-H bonds to 1.6 Angstrom."""
    atoms = start(molecule, temperature_K=2500.0)
    arm = atoms.positions[4] - atoms.positions[1]
    atoms.positions[4] = atoms.positions[1] + 1.58 * arm / np.linalg.norm(arm)
    frames = run_trajectory(
        atoms, Springs(molecule.reference), dt_fs=0.5, n_steps=20, temperature_K=298.0,
        andersen_probability=0.01, seed=0, molecule=molecule,
    )  # fmt: skip
    assert len(frames) == 20


def test_failed_labels_name_trajectory_and_step(molecule):
    class Failing(Springs):
        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            if self.calls == 3:
                raise ConvergenceError("SCF not converged in 50 cycles")

    with pytest.raises(ConvergenceError, match="trajectory 4, step 2: SCF not converged in 50"):
        run(molecule, Failing(molecule.reference))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt_fs": -0.5}, "dt_fs: found -0.5, expected a positive time in fs"),
        ({"dt_fs": float("nan")}, "dt_fs: found nan"),
        ({"n_steps": 0}, "n_steps: found 0, expected at least 1"),
        ({"temperature_K": -1.0}, "temperature_K: found -1.0"),
        ({"andersen_probability": 1.5}, "andersen_probability: found 1.5, .* 0 to 1"),
        ({"checkpoint_every": 0}, "checkpoint_every: found 0"),
    ],
)
def test_impossible_settings_are_input_errors(molecule, change, message):
    with pytest.raises(InputError, match=message):
        run(molecule, **change)


class OtherLevel(Springs):
    """The same forces, said to be of another level of theory."""

    def fingerprint(self):
        return "another level of theory"


@pytest.mark.parametrize("what", ["positions", "velocities", "calculator"])
def test_checkpoint_of_another_start_or_level_is_not_used(molecule, tmp_path, what):
    path, lines = tmp_path / "trajectory.npz", []
    run(molecule, checkpoint_path=path)
    atoms = start(molecule)
    if what == "positions":
        atoms.positions[4, 2] += 0.01
    if what == "velocities":
        atoms.set_momenta(-atoms.get_momenta())
    calculator = (OtherLevel if what == "calculator" else Springs)(molecule.reference)
    options = {"checkpoint_path": path, "lines": lines}
    run(molecule, calculator, atoms=atoms, **options)
    assert "other settings" in lines[0]
