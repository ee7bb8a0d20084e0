"""Dynamics on a potential: against ASE, conservation, reversibility, explosions."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.md.verlet import VelocityVerlet

from rpr.dynamics.batch import run
from rpr.errors import ConvergenceError, ExtrapolationWarning, InputError
from rpr.models.calculator import KREGCalculator
from rpr.models.kreg.potential import KREG
from rpr.molecule.molecule import Molecule
from rpr.units import FS, KB, KCAL_MOL


def water() -> Molecule:
    return Molecule.from_atoms(
        Atoms("OH2", positions=[[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    )


class Springs:
    """Harmonic in all three distances of a triatomic molecule; forces are exact."""

    def __init__(self, molecule: Molecule, constant: float = 30.0):
        self.molecule, self.constant = molecule, constant
        self.i, self.j = np.triu_indices(3, 1)
        self.r0 = np.linalg.norm(molecule.reference[self.i] - molecule.reference[self.j], axis=1)

    def predict(self, positions):
        vectors = positions[:, self.i] - positions[:, self.j]
        r = np.linalg.norm(vectors, axis=2)
        pair = (self.constant * (r - self.r0) / r)[:, :, None] * vectors
        forces = np.zeros_like(positions)
        for k in range(3):
            forces[:, self.i[k]] -= pair[:, k]
            forces[:, self.j[k]] += pair[:, k]
        return 0.5 * self.constant * ((r - self.r0) ** 2).sum(axis=1), forces


def starts(molecule: Molecule, n: int, *, temperature: float = 300.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    positions = np.repeat(molecule.reference[None], n, axis=0)
    width = np.sqrt(KB * temperature / molecule.masses)[:, None] * FS  # Angstrom/fs
    return positions, width * rng.standard_normal(positions.shape)


@pytest.fixture(scope="module")
def kreg() -> KREG:
    molecule = water()
    rng = np.random.default_rng(0)
    positions = molecule.reference + 0.08 * rng.standard_normal((60, 3, 3))
    model = KREG(molecule=molecule, sigma=0.8, lambda_energy=1e-8, lambda_forces=1e-8)
    return model.fit(positions, *Springs(molecule).predict(positions))


def test_equals_ase(kreg):
    molecule = water()
    positions, velocities = starts(molecule, 2)
    found = run(kreg, positions, velocities, molecule.masses, dt_fs=0.5, n_steps=40, every=20)
    assert found.positions.shape == (2, 3, 3, 3)
    np.testing.assert_array_equal(found.steps, [0, 20, 40])
    np.testing.assert_array_equal(found.times_fs, [0.0, 10.0, 20.0])
    for t in range(2):
        atoms = molecule.to_atoms(positions[t])
        atoms.set_velocities(velocities[t] / FS)
        atoms.calc = KREGCalculator(kreg)
        VelocityVerlet(atoms, timestep=0.5 * FS).run(40)
        np.testing.assert_allclose(found.positions[t, -1], atoms.positions, atol=1e-8)
        np.testing.assert_allclose(found.velocities[t, -1], atoms.get_velocities() * FS, atol=1e-8)
        np.testing.assert_allclose(found.potential[t, -1], atoms.get_potential_energy(), atol=1e-7)
        np.testing.assert_allclose(found.kinetic[t, -1], atoms.get_kinetic_energy(), atol=1e-7)


def test_a_trajectory_does_not_depend_on_its_neighbours(kreg):
    molecule = water()
    positions, velocities = starts(molecule, 3)
    settings = {"dt_fs": 0.5, "n_steps": 30, "every": 30}
    together = run(kreg, positions, velocities, molecule.masses, **settings)
    alone = run(kreg, positions[1:2], velocities[1:2], molecule.masses, **settings)
    np.testing.assert_allclose(together.positions[1], alone.positions[0], atol=1e-9)


def test_energy_error_falls_with_the_square_of_the_time_step():
    molecule = water()
    positions, velocities = starts(molecule, 4)
    errors = []
    for dt in (0.5, 0.25, 0.125):
        result = run(
            Springs(molecule),
            positions,
            velocities,
            molecule.masses,
            dt_fs=dt,
            n_steps=int(50 / dt),
        )
        errors.append(result.fluctuation().mean())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2.0) < 0.15), orders


def test_kreg_conserves_energy_and_momentum(kreg):
    molecule = water()
    positions, velocities = starts(molecule, 4)
    result = run(kreg, positions, velocities, molecule.masses, dt_fs=0.25, n_steps=2000, every=10)
    assert result.drift().max() < 0.005 * KCAL_MOL
    assert result.fluctuation().max() < 0.02 * KCAL_MOL
    momentum = np.einsum("a,tsax->tsx", molecule.masses, result.velocities)
    np.testing.assert_allclose(momentum, momentum[:, :1].repeat(201, axis=1), atol=1e-9)


def test_time_can_be_reversed(kreg):
    molecule = water()
    positions, velocities = starts(molecule, 2)
    settings = {"dt_fs": 0.5, "n_steps": 100, "every": 100}
    there = run(kreg, positions, velocities, molecule.masses, **settings)
    back = run(kreg, there.positions[:, -1], -there.velocities[:, -1], molecule.masses, **settings)
    np.testing.assert_allclose(back.positions[:, -1], positions, atol=1e-8)


def test_geometries_outside_the_training_are_warned_of_once(kreg):
    class Strict:
        molecule, predict = kreg.molecule, kreg.predict
        predict_unchecked = kreg.predict_unchecked

        def outside_training(self, positions):
            return np.arange(len(positions)) == 1

    arguments = (kreg.molecule.reference[None], np.zeros((1, len(kreg.molecule.symbols), 3)))
    with pytest.warns(ExtrapolationWarning, match="1 of 3 frames") as found:
        run(Strict(), *arguments, kreg.molecule.masses, dt_fs=0.1, n_steps=2)
    assert len(found) == 1


def test_the_input_is_not_changed(kreg):
    molecule = water()
    positions, velocities = starts(molecule, 1)
    copies = positions.copy(), velocities.copy()
    seen = []
    run(
        kreg,
        positions,
        velocities,
        molecule.masses,
        dt_fs=0.5,
        n_steps=4,
        every=2,
        on_progress=seen.append,
    )
    np.testing.assert_array_equal(positions, copies[0])
    np.testing.assert_array_equal(velocities, copies[1])
    assert seen == [2, 4]


def test_explosion_names_trajectory_and_step():
    molecule = water()
    positions, velocities = starts(molecule, 3)
    velocities[1, 1] = [5.0, 0.0, 0.0]  # Angstrom/fs: bond gone within a step
    springs = Springs(molecule)
    with pytest.raises(ConvergenceError, match=r"trajectory 1 exploded at step 1: bond 0-1 is"):
        run(springs, positions, velocities, molecule.masses, dt_fs=0.5, n_steps=5)
    with pytest.raises(ConvergenceError, match="step 0"):
        run(springs, 3 * positions, velocities, molecule.masses, dt_fs=0.5, n_steps=5)


def test_energy_that_is_not_conserved_is_an_explosion():
    molecule = water()
    positions, velocities = starts(molecule, 2)

    class Pushed(Springs):
        def predict(self, positions):
            energy, forces = super().predict(positions)
            forces[1] += 4.0  # not the gradient of the energy
            return energy, forces

    with pytest.raises(ConvergenceError, match=r"trajectory 1 exploded .* total energy changed"):
        run(Pushed(molecule), positions, velocities, molecule.masses, dt_fs=0.5, n_steps=500)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_numbers_that_are_none_are_an_explosion(broken):
    molecule = water()
    positions, velocities = starts(molecule, 2)

    class Broken(Springs):
        calls = 0

        def predict(self, positions):
            energy, forces = super().predict(positions)
            self.calls += 1
            if self.calls > 3:
                forces[0] = broken
            return energy, forces

    with pytest.raises(ConvergenceError, match="trajectory 0 exploded at step 3"):
        run(Broken(molecule), positions, velocities, molecule.masses, dt_fs=0.5, n_steps=5)


def test_wrong_input(kreg):
    molecule = water()
    positions, velocities = starts(molecule, 2)

    def attempt(p=positions, v=velocities, m=molecule.masses, **changes):
        settings = {"dt_fs": 0.5, "n_steps": 2, "every": 1} | changes
        return run(kreg, p, v, m, **settings)

    with pytest.raises(InputError, match="positions: found shape"):
        attempt(p=positions[0])
    with pytest.raises(InputError, match="velocities: found shape"):
        attempt(v=velocities[:1])
    with pytest.raises(InputError, match="masses: found shape"):
        attempt(m=molecule.masses[:2])
    with pytest.raises(InputError, match="dt_fs: found 0"):
        attempt(dt_fs=0.0)


def test_calculator_is_one_of_ase(kreg):
    molecule = water()
    atoms = molecule.to_atoms()
    atoms.calc = KREGCalculator(kreg)
    assert isinstance(atoms.calc, Calculator)
    energy, forces = kreg.predict(molecule.reference[None])
    assert atoms.get_potential_energy() == pytest.approx(energy[0])
    np.testing.assert_allclose(atoms.get_forces(), forces[0])
    other = Atoms("H2O", positions=molecule.reference)
    other.calc = KREGCalculator(kreg)
    with pytest.raises(InputError, match="H H O"):
        other.get_potential_energy()
