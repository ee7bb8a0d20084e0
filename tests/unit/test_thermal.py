"""Thermal trajectories: equipartition, rest of the whole molecule, resuming, files of segments."""

import dataclasses

import numpy as np
import pytest
from ase import Atoms
from test_batch_dynamics import Springs, water

from rpr.data.frame_set import FrameSet
from rpr.data.segments import (
    Segments,
    join,
    read_segments,
    renumbered,
    segments_of_frames,
    write_segments,
)
from rpr.dynamics.langevin import Thermostat, run_langevin
from rpr.dynamics.thermal import ThermalSettings, run_thermal
from rpr.dynamics.velocities import kinetic_energy, thermal_velocities
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.rigid_body import without_rigid_body_motion, without_rigid_body_motions
from rpr.units import KB

T = 300.0
SHORT = ThermalSettings(
    time_ps=0.06,
    segment_ps=0.02,
    interval_fs=2.0,
    equilibration_ps=0.02,
    rest_ps=0.01,
    seed=4,
)


def equilibrated(n, dt_fs, n_steps=400):
    molecule = water()
    rngs = [np.random.default_rng([5, k]) for k in range(n)]
    positions = np.repeat(molecule.reference[None], n, axis=0)
    velocities = thermal_velocities(positions, molecule.masses, T, rngs)
    return run_langevin(
        Springs(molecule),
        positions,
        velocities,
        molecule.masses,
        Thermostat(T, 40.0, dt_fs),
        n_steps=n_steps,
        rngs=rngs,
        molecule=molecule,
    )


def test_langevin_dynamics_has_the_boltzmann_distribution():
    """Three vibrations: kT/2 each on average, and the variance of their sum, also at long steps."""
    n, molecule = 200, water()
    positions, velocities = equilibrated(n, 0.8, n_steps=150)
    potential = Springs(molecule).predict(positions)[0] / (KB * T)
    assert potential.mean() == pytest.approx(1.5, abs=4 * np.sqrt(1.5 / n))
    assert potential.var() == pytest.approx(1.5, rel=0.6)
    kinetic = kinetic_energy(velocities, molecule.masses) / (KB * T)
    assert 1.1 < kinetic.mean() < 1.75  # at whole steps it is smaller by (w dt / 2)^2


class Rod:
    """Three atoms that rest on a line: E = k/2 [(r1 - d)^2 + (r2 - d)^2] + q/2 |r1 + r2|^2."""

    stretch, bend, length = 40.0, 4.0, 1.16  # eV/Angstrom^2, Angstrom

    def predict(self, positions):
        arms = positions[:, 1:] - positions[:, :1]
        r = np.linalg.norm(arms, axis=2)
        sum_ = arms.sum(axis=1)
        energy = 0.5 * self.stretch * ((r - self.length) ** 2).sum(axis=1)
        energy += 0.5 * self.bend * (sum_**2).sum(axis=1)
        pull = self.stretch * ((r - self.length) / r)[..., None] * arms
        pull += self.bend * sum_[:, None]
        return energy, np.concatenate([pull.sum(axis=1, keepdims=True), -pull], axis=1)


def test_both_bends_of_a_linear_molecule_are_warm():
    """Four vibrations: kT/2 each on average, kinetic and potential."""
    n, d = 200, Rod.length
    molecule = Molecule.from_atoms(Atoms("CO2", [[0, 0, 0], [0, 0, d], [0, 0, -d]]))
    rngs = [np.random.default_rng([7, k]) for k in range(n)]
    x = np.repeat(molecule.reference[None], n, axis=0)
    v = thermal_velocities(x, molecule.masses, T, rngs)
    settings = {"n_steps": 300, "rngs": rngs, "molecule": molecule}
    x, v = run_langevin(Rod(), x, v, molecule.masses, Thermostat(T, 40.0, 0.8), **settings)
    for energy in (Rod().predict(x)[0], kinetic_energy(v, molecule.masses)):
        assert (energy / (KB * T)).mean() == pytest.approx(2.0, abs=4 * np.sqrt(2.0 / n))


def test_a_molecule_is_linear_where_it_starts(tmp_path):
    """The reference geometry may be a bent frame of the training set."""
    d = Rod.length
    bent = Molecule.from_atoms(Atoms("CO2", [[0, 0, 0], [0.3, 0, d], [0.3, 0, -d]]))
    straight = np.array([[[0, 0, 0], [0, 0, d], [0, 0, -d]]], dtype=float)
    settings = ThermalSettings(
        temperature_K=T, time_ps=0.01, equilibration_ps=0.25, friction_per_ps=40.0, dt_fs=0.8,
        interval_fs=0.8,
    )  # fmt: skip
    n = 200
    found = run_thermal(tmp_path / "a.npz", Rod(), straight, bent, settings, trajectories=range(n))
    kinetic = found.kinetic[:, 0] / (KB * T)
    assert kinetic.mean() == pytest.approx(2.0, abs=4 * np.sqrt(2.0 / n))


def test_langevin_dynamics_does_not_move_or_turn_the_molecule():
    positions, velocities = equilibrated(3, 0.5, n_steps=100)
    masses = water().masses[:, None]
    assert np.abs((masses * velocities).sum(axis=1)).max() < 1e-12
    centred = positions - (masses * positions).sum(axis=1, keepdims=True) / masses.sum()
    assert np.abs(np.cross(centred, masses * velocities).sum(axis=1)).max() < 1e-10


def test_many_frames_at_once_lose_the_motion_that_each_loses():
    rng = np.random.default_rng(8)
    masses = np.array([1.0, 12.0, 16.0, 2.0])
    x, v = rng.standard_normal((2, 5, 4, 3))
    x[4, :, 1:] = 0.0  # linear
    together = without_rigid_body_motions(v, x, masses)
    for k in range(5):
        assert together[k] == pytest.approx(
            without_rigid_body_motion(v[k], x[k], masses), abs=1e-12
        )


class Charges:
    """Dipole of fixed charges."""

    def __init__(self):
        self.calls = 0

    def __call__(self, positions):
        self.calls += 1
        return positions.transpose(0, 2, 1) @ np.array([-0.8, 0.4, 0.4])


def run_short(path, trajectories=(0, 1, 2), model=None, observable=None, on_progress=None):
    molecule = water()
    return run_thermal(
        path,
        model or Springs(molecule),
        molecule.reference[None],
        molecule,
        SHORT,
        trajectories=trajectories,
        observables={"dipole": observable or Charges()},
        on_progress=on_progress,
    )


def test_segments_are_complete_and_read_back(tmp_path):
    made = run_short(tmp_path / "a.npz")
    assert made.positions.shape == (9, 11, 3, 3)
    assert made.trajectory.tolist() == [0, 1, 2] * 3
    assert (made.interval_fs, made.step_fs, made.temperature_K) == (2.0, 0.5, T)
    total = made.energy + made.kinetic
    assert total.std(axis=1).max() < 2e-3
    charges = made.positions.transpose(0, 1, 3, 2) @ np.array([-0.8, 0.4, 0.4])
    assert made.dipole == pytest.approx(charges)
    back = read_segments(tmp_path / "a.npz")
    assert back.symbols == made.symbols
    for name in ("positions", "energy", "kinetic", "dipole", "trajectory"):
        assert np.array_equal(getattr(back, name), getattr(made, name))
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_an_interrupted_run_ends_with_the_same_numbers(tmp_path, caplog):
    whole = run_short(tmp_path / "whole.npz")

    class Stopping(Springs):
        left = 130

        def predict(self, positions):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return super().predict(positions)

    with pytest.raises(KeyboardInterrupt):
        run_short(tmp_path / "part.npz", model=Stopping(water()))
    assert not (tmp_path / "part.npz").exists()
    done = []
    caplog.set_level("INFO", "rpr.dynamics.thermal")
    resumed = run_short(tmp_path / "part.npz", on_progress=done.append)
    assert caplog.messages[0] == "resumes after segment 1 of 3"
    assert caplog.messages[1].startswith("segment 2 of 3: mean kinetic energy 0.")
    assert done == [1, 2, 3]
    assert np.array_equal(resumed.positions, whole.positions)
    assert np.array_equal(resumed.dipole, whole.dipole)


def test_a_trajectory_depends_on_its_number_alone(tmp_path):
    both = run_short(tmp_path / "both.npz", trajectories=(1, 7))
    alone = run_short(tmp_path / "alone.npz", trajectories=(7,))
    assert alone.positions == pytest.approx(both.positions[both.trajectory == 7], abs=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time_ps": 0.0}, "time_ps: found 0.0"),
        ({"dt_fs": -1.0}, "dt_fs: found -1.0"),
        ({"rest_ps": -0.1}, "rest_ps: found -0.1"),
        ({"time_ps": 0.003}, "expected three or more"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        ThermalSettings(**change)


def test_frames_in_order_become_segments():
    n = 12
    frames = FrameSet(
        ("H", "H"),
        np.arange(n)[:, None, None] + np.zeros((n, 2, 3)),
        trajectory=np.repeat([0, 1], 6),
        step=np.array([0, 4, 8, 12, 16, 20, 0, 4, 8, 40, 44, 48]),
        dipole=np.arange(3 * n).reshape(n, 3),
    )
    found = segments_of_frames(frames, 2.0, temperature_K=T)
    assert found.positions[:, :, 0, 0].tolist() == [[0, 1, 2, 3, 4, 5]]
    found = segments_of_frames(frames.subset(np.arange(6, 12)), 2.0, temperature_K=T)
    assert found.positions[:, :, 0, 0].tolist() == [[6, 7, 8], [9, 10, 11]]
    assert found.dipole[1, 0].tolist() == [27, 28, 29]
    found = segments_of_frames(frames.subset(np.arange(5, 9)), 2.0, temperature_K=T)
    assert found.positions[:, :, 0, 0].tolist() == [[6, 7, 8]]  # after one frame of another run
    found = segments_of_frames(frames.subset(np.arange(8, 12)), 2.0, temperature_K=T)
    assert found.positions[:, :, 0, 0].tolist() == [[9, 10, 11]]  # after a gap


def test_trajectories_of_separate_runs_stay_apart():
    run = Segments(("H", "H"), np.zeros((3, 5, 2, 3)), np.array([0, 4, 4]), 2.0)
    joined = join(renumbered([run, run]))
    assert joined.trajectory.tolist() == [0, 1, 1, 2, 3, 3]


def test_segments_that_do_not_fit_are_refused(tmp_path):
    good = Segments(("H", "H"), np.zeros((2, 5, 2, 3)), np.arange(2), 2.0)
    with pytest.raises(InputError, match="found interval_fs 4, expected 2"):
        join([good, good.replace(interval_fs=4.0)])
    with pytest.raises(InputError, match="dipole: found shape"):
        good.replace(dipole=np.zeros((2, 4, 3)))
    write_segments(tmp_path / "a.npz", good)
    assert len(join([good, read_segments(tmp_path / "a.npz")])) == 4
    (tmp_path / "b.npz").write_text("rubbish")
    with pytest.raises(InputError, match=r"b\.npz: not readable"):
        read_segments(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", positions=np.zeros((1, 5, 2, 3)))
    with pytest.raises(InputError, match="found no interval_fs, symbols, trajectory"):
        read_segments(tmp_path / "c.npz")


class Stopping(Springs):
    """A potential that is interrupted."""

    left = 130

    def predict(self, positions):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().predict(positions)


def run_two(path, **changes):
    molecule = water()
    given = {"model": Springs(molecule), "minima": molecule.reference[None], "settings": SHORT}
    options = {"label": "a", "trajectories": (0, 1), "observables": {"dipole": Charges()}}
    given |= {key: changes.pop(key) for key in given.keys() & changes.keys()}
    return run_thermal(
        path, given["model"], given["minima"], molecule, given["settings"], **{**options, **changes}
    )


@pytest.mark.parametrize(
    "change",
    [
        {"label": "b"},
        {"trajectories": (0, 2)},
        {"settings": dataclasses.replace(SHORT, seed=5)},
        {"minima": 1.01 * water().reference[None]},
        {"observables": None},
    ],
)
def test_segments_of_another_run_are_not_continued(tmp_path, change, caplog):
    with pytest.raises(KeyboardInterrupt):
        run_two(tmp_path / "a.npz", model=Stopping(water()))
    caplog.clear()
    caplog.set_level("INFO", "rpr.dynamics.thermal")
    found = run_two(tmp_path / "a.npz", **change)
    assert caplog.messages[0].startswith("segment 1 of")
    expected = run_two(tmp_path / "b.npz", **change)
    for name in ("positions", "energy", "kinetic", "trajectory"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_settings_are_picked_out_of_a_section():
    """Of a configuration, which has keys for others, too."""
    given = {"time_ps": 8.0, "n_trajectories": 24, "seed": 1}
    found = ThermalSettings.from_mapping(given, seed=2)
    assert found == ThermalSettings(time_ps=8.0, seed=2)
    with pytest.raises(InputError, match="rest_ps: found -1, expected zero or a positive number"):
        ThermalSettings.from_mapping({"rest_ps": -1})


def test_a_bond_that_breaks_in_langevin_dynamics_is_told():
    molecule = water()
    positions = np.repeat(molecule.reference[None], 2, axis=0)
    velocities = np.zeros_like(positions)
    velocities[1, 1] = [0.5, 0, 0]
    with pytest.raises(ConvergenceError, match="trajectory 1: bond 0-1 broke at step"):
        run_langevin(
            Springs(molecule, 1e-9),
            positions,
            velocities,
            molecule.masses,
            Thermostat(300.0, 1.0, 0.5),
            n_steps=40,
            rngs=[np.random.default_rng(k) for k in range(2)],
            molecule=molecule,
        )
