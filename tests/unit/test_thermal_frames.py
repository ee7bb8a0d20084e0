"""Thermal frames: the distribution of a known torsional potential, by two independent routes."""

import numpy as np
import pytest
from ase import Atoms
from test_batch_dynamics import Springs, water

from rpr.dynamics import thermal_frames
from rpr.dynamics.mean_torque import (
    MeanTorqueSettings,
    fit_torque,
    free_energy,
    sample_torques,
    shares,
)
from rpr.dynamics.thermal_frames import ThermalFramesSettings, sample_thermal_frames
from rpr.dynamics.torsional_moves import move_torsions
from rpr.dynamics.torsional_restraint import RestrainedPotential, dihedral_gradient, torque
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle, turn_dihedral
from rpr.studies.thermal import thermal_distribution
from rpr.units import KB

T = 300.0
EDGES = np.arange(-180.0, 181.0, 30.0)


def peroxide() -> Molecule:
    positions = [[0.3, 0.9, 0.1], [0.0, 0.0, 0.0], [1.45, 0.0, 0.0], [1.2, -0.6, 0.75]]
    return Molecule.from_atoms(Atoms("HOOH", positions=positions), dihedral=(0, 1, 2, 3))


class Torsion:
    """Springs that do not depend on the dihedral, and U = a cos phi + b cos 3 phi + c sin phi."""

    PAIRS = ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3))
    A, B, C = 0.03, 0.05, 0.02  # eV

    def __init__(self):
        self.molecule = peroxide()
        self.i, self.j = np.array(self.PAIRS).T
        reference = self.molecule.reference
        self.r0 = np.linalg.norm(reference[self.i] - reference[self.j], axis=1)

    def torsion(self, phi):
        energy = self.A * np.cos(phi) + self.B * np.cos(3 * phi) + self.C * np.sin(phi)
        slope = -self.A * np.sin(phi) - 3 * self.B * np.sin(3 * phi) + self.C * np.cos(phi)
        return energy, slope

    def predict(self, positions):
        vectors = positions[:, self.i] - positions[:, self.j]
        r = np.linalg.norm(vectors, axis=2)
        pair = (20.0 * (r - self.r0) / r)[:, :, None] * vectors
        forces = np.zeros_like(positions)
        for k in range(len(self.PAIRS)):
            forces[:, self.i[k]] -= pair[:, k]
            forces[:, self.j[k]] += pair[:, k]
        energy, slope = self.torsion(np.radians(dihedral_angle(positions, (0, 1, 2, 3))))
        forces -= slope[:, None, None] * dihedral_gradient(positions, (0, 1, 2, 3))
        return energy + 10.0 * ((r - self.r0) ** 2).sum(axis=1), forces


def boltzmann_shares(edges=EDGES):
    phi = np.radians(np.arange(-179.95, 180.0, 0.1))
    weights = np.exp(-Torsion().torsion(phi)[0] / (KB * T))
    return np.histogram(np.degrees(phi), edges, weights=weights)[0] / weights.sum()


def chi_squared_per_interval(counts):
    expected = counts.sum() * boltzmann_shares()
    return np.mean((counts - expected) ** 2 / expected)


def distorted(n):
    rng = np.random.default_rng(3)
    molecule = peroxide()
    x = turn_dihedral(np.repeat(molecule.reference[None], n, axis=0), molecule, 47.0 * np.arange(n))
    return x + 0.05 * rng.standard_normal(x.shape)


def differences(function, x, step=1e-5):
    slopes = np.zeros_like(x)
    for atom, axis in np.ndindex(x.shape[1:]):
        moved = np.zeros_like(x)
        moved[:, atom, axis] = step
        slopes[:, atom, axis] = (function(x + moved) - function(x - moved)) / (2 * step)
    return slopes


def test_gradient_of_the_dihedral():
    x = distorted(8)
    slopes = differences(lambda p: np.radians(dihedral_angle(p, (0, 1, 2, 3))), x)
    assert dihedral_gradient(x, (0, 1, 2, 3)) == pytest.approx(slopes, abs=1e-8)


def test_forces_of_a_restraint_and_the_torque_of_a_turn():
    model, x = Torsion(), distorted(8)
    restrained = RestrainedPotential(model, model.molecule, 47.0 * np.arange(8) + 120.0, 3.0)
    forces = -differences(lambda p: restrained.predict(p)[0], x)
    assert restrained.predict(x)[1] == pytest.approx(forces, abs=1e-7)
    turned = [model.predict(turn_dihedral(x, model.molecule, d))[0] for d in (0.01, -0.01)]
    slope = (turned[0] - turned[1]) / np.radians(0.02)
    assert torque(x, model.predict(x)[1], model.molecule) == pytest.approx(-slope, abs=1e-6)


def test_moves_alone_have_the_boltzmann_distribution():
    model = Torsion()
    x = np.repeat(model.molecule.reference[None], 400, axis=0)
    rngs = [np.random.default_rng([1, k]) for k in range(len(x))]
    counts = np.zeros(len(EDGES) - 1)
    for number in range(120):
        x, accepted = move_torsions(model, x, model.molecule, temperature_K=T, rngs=rngs)
        if number % 20 == 19:  # nothing is left of the geometry 20 moves ago
            counts += np.histogram(dihedral_angle(x, (0, 1, 2, 3)), EDGES)[0]
    assert 0.05 < accepted.mean() < 0.95
    assert chi_squared_per_interval(counts) < 3.0


def test_thermal_frames_have_the_boltzmann_distribution():
    model = Torsion()
    settings = ThermalFramesSettings(
        1200, n_chains=200, equilibration_ps=0.3, interval_ps=0.1, moves_every_fs=10.0, seed=5
    )
    frames = sample_thermal_frames(model, model.molecule, settings)
    assert chi_squared_per_interval(np.histogram(frames.dihedral, EDGES)[0]) < 3.0
    springs = frames.energy - model.torsion(np.radians(frames.dihedral))[0]
    assert springs.mean() == pytest.approx(2.5 * KB * T, rel=0.1)  # five bonds and angles
    assert sorted(set(frames.trajectory)) == list(range(200))
    assert np.diff(frames.trajectory).min() < 0  # in random order
    centre = np.average(frames.positions, axis=1, weights=model.molecule.masses)
    assert np.abs(centre).max() < 1e-10


def test_mean_torques_give_the_same_distribution():
    model = Torsion()
    settings = MeanTorqueSettings(n_windows=36, n_replicas=3, equilibration_ps=0.1, time_ps=0.2)
    dihedrals, torques = sample_torques(model, model.molecule, settings)
    fitted = fit_torque(dihedrals.ravel(), torques.ravel(), order=6)
    assert shares(fitted, EDGES, T) == pytest.approx(boltzmann_shares(), abs=0.004)
    assert abs(fitted[0]) < 0.003  # the torque around the circle does no work


def test_free_energy_is_the_integral_of_the_torque():
    phi = np.arange(-180.0, 180.0, 1.0)
    energy, slope = Torsion().torsion(np.radians(phi))
    fitted = fit_torque(phi, -slope)
    assert free_energy(fitted, phi) == pytest.approx(energy, abs=1e-12)


def test_table_of_a_sample_holds_what_is_expected():
    model, rng = Torsion(), np.random.default_rng(0)
    settings = ThermalFramesSettings(600, n_chains=100, equilibration_ps=0.2, interval_ps=0.05)
    frames = sample_thermal_frames(model, model.molecule, settings)
    phi = rng.uniform(-180, 180, (3, 400))
    table = thermal_distribution(
        frames, phi, -model.torsion(np.radians(phi))[1], temperature_K=T, conformers=EDGES
    )
    assert table.groupby("part")[["sampled", "expected"]].sum().to_numpy() == pytest.approx(1.0)
    wide = table[table["part"] == "conformer"]
    assert wide["expected"].to_numpy() == pytest.approx(boltzmann_shares(), abs=1e-4)
    assert (wide["sampled_low"] <= wide["sampled"]).all()


def test_a_molecule_without_dihedral_has_thermal_frames():
    frames = sample_thermal_frames(
        Springs(water()),
        water(),
        ThermalFramesSettings(300, n_chains=100, equilibration_ps=0.3, interval_ps=0.1),
    )
    assert frames.dihedral is None
    assert frames.energy.mean() == pytest.approx(1.5 * KB * T, rel=0.25)


def test_settings_are_checked():
    with pytest.raises(InputError, match="interval_ps: found 0, expected a positive number"):
        ThermalFramesSettings(10, interval_ps=0)
    with pytest.raises(InputError, match="temperature_K: found 0"):
        move_torsions(Torsion(), distorted(1), peroxide(), temperature_K=0, rngs=[])


def test_chains_start_in_every_orientation():
    positions = thermal_frames._starts(water(), [np.random.default_rng(k) for k in range(300)])
    bonds = positions[:, 1:] - positions[:, :1]
    normal = np.cross(bonds[:, 0], bonds[:, 1])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    np.testing.assert_allclose(normal.T @ normal / 300, np.eye(3) / 3, atol=0.1)
