"""Normal modes without rigid-body motion, and the thermal Wigner distribution of each of them."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.vibrations import VibrationsData

from rpr.dynamics import wigner
from rpr.errors import InputError
from rpr.molecule.molecule import read_geometry
from rpr.molecule.normal_modes import normal_modes
from rpr.molecule.rigid_body import rigid_body_basis, without_rigid_body_motion
from rpr.units import FS

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
HBAR = units._hbar * units.J * units.s


def spring_hessian(positions: np.ndarray, seed: int = 0) -> np.ndarray:
    """Hessian of springs between all pairs of atoms, at rest at `positions` (eV/Angstrom^2)."""
    rng = np.random.default_rng(seed)
    hessian = np.zeros((positions.size, positions.size))
    for i in range(len(positions)):
        for j in range(i):
            along = positions[i] - positions[j]
            distance = np.linalg.norm(along)
            stretch = np.zeros_like(positions)
            stretch[i], stretch[j] = along / distance, -along / distance
            constant = rng.uniform(20.0, 30.0) if distance < 1.9 else rng.uniform(0.1, 1.0)
            hessian += constant * np.outer(stretch.ravel(), stretch.ravel())
    return hessian


@pytest.fixture(scope="module")
def dichloroethane():
    atoms = read_geometry(GEOMETRIES / "dichloroethane_anti.xyz")
    return atoms, spring_hessian(atoms.positions)


@pytest.fixture(scope="module")
def modes_by_ase(dichloroethane):
    """Energies (eV) and mass-weighted modes of the 18 vibrations, by ASE."""
    atoms, hessian = dichloroethane
    energies, modes = VibrationsData.from_2d(atoms, hessian).get_energies_and_modes()
    weighted = modes[6:] * np.sqrt(atoms.get_masses())[:, None]
    weighted /= np.linalg.norm(weighted, axis=(1, 2), keepdims=True)
    return energies[6:].real, weighted


@pytest.mark.parametrize(
    ("atoms", "size"),
    [
        (Atoms("H"), 3),
        (Atoms("CO", [(0, 0, 0), (0, 0, 1.1)]), 5),
        (Atoms("OCO", np.outer([-1.2, 0, 1.2], [1, 2, 3]) / 3.74), 5),
        (Atoms("OH2", [(0, 0, 0), (0.8, 0.6, 0), (-0.8, 0.6, 0)]), 6),
    ],
)
def test_number_of_rigid_body_motions(atoms, size):
    basis = rigid_body_basis(atoms.positions + 3.0, atoms.get_masses())
    assert basis.shape == (3 * len(atoms), size)
    assert np.allclose(basis.T @ basis, np.eye(size), atol=1e-12)


def test_rigid_body_motion_is_removed_and_nothing_else(dichloroethane):
    atoms, _ = dichloroethane
    masses, rng = atoms.get_masses(), np.random.default_rng(0)
    velocities = rng.standard_normal((8, 3))
    left = without_rigid_body_motion(velocities, atoms.positions, masses)
    arms = atoms.positions - atoms.get_center_of_mass()
    assert np.allclose(masses @ left, 0.0, atol=1e-12)
    assert np.allclose(masses @ np.cross(arms, left), 0.0, atol=1e-12)
    assert np.allclose(without_rigid_body_motion(left, atoms.positions, masses), left)
    rigid = np.cross(rng.standard_normal(3), arms) + rng.standard_normal(3)
    assert np.allclose(without_rigid_body_motion(rigid, atoms.positions, masses), 0.0, atol=1e-12)


def test_wavenumbers_agree_with_ase(dichloroethane, modes_by_ase):
    atoms, hessian = dichloroethane
    modes = normal_modes(atoms.positions, atoms.get_masses(), hessian)
    assert modes.wavenumbers.shape == (18,)
    assert np.allclose(modes.quanta, modes_by_ase[0], rtol=1e-8)
    assert np.all(np.diff(modes.wavenumbers) >= 0)


def test_diatomic_wavenumber_is_that_of_the_formula():
    """(1/2 pi c) sqrt(k/mu) in SI units, with k = 100 eV/Angstrom^2."""
    atoms = Atoms("CO", [(0, 0, 0), (0, 0, 1.13)])
    hessian = np.zeros((6, 6))
    hessian[np.ix_([2, 5], [2, 5])] = 100.0 * np.array([[1, -1], [-1, 1]])
    masses = atoms.get_masses()
    modes = normal_modes(atoms.positions, masses, hessian)
    reduced = masses.prod() / masses.sum() * 1.66053907e-27
    expected = np.sqrt(100.0 * 16.0217663 / reduced) / (2 * np.pi * 2.99792458e10)
    assert modes.wavenumbers == pytest.approx([expected], rel=1e-6)


def test_modes_do_not_see_a_gradient_along_rotations(dichloroethane):
    """A Hessian away from a stationary point couples to rotations; projection removes that."""
    atoms, hessian = dichloroethane
    masses = atoms.get_masses()
    root = np.repeat(np.sqrt(masses), 3)
    rotation = rigid_body_basis(atoms.positions, masses)[:, 4] * root
    before = normal_modes(atoms.positions, masses, hessian)
    after = normal_modes(atoms.positions, masses, hessian + 0.01 * np.outer(rotation, rotation))
    assert np.allclose(before.wavenumbers, after.wavenumbers)


def test_imaginary_modes_are_negative_numbers_and_described(dichloroethane):
    atoms, hessian = dichloroethane
    modes = normal_modes(atoms.positions, atoms.get_masses(), -hessian)
    assert modes.imaginary.all()
    text = modes.describe(0, tuple(atoms.get_chemical_symbols()))
    assert text.startswith("mode 0 (")
    assert "i cm^-1, mostly atoms " in text


@pytest.mark.parametrize("temperature", [0.0, 298.0, 3000.0])
def test_every_mode_has_the_quantum_thermal_energy(dichloroethane, modes_by_ase, temperature):
    """<KE> = <PE> = (hbar w / 4) coth(hbar w / 2kT), coordinates and momenta alike."""
    atoms, hessian = dichloroethane
    quanta, vectors = modes_by_ase
    n = 20_000
    positions, velocities = wigner.sample(atoms, hessian, temperature_K=temperature, n=n, seed=3)
    root = np.sqrt(atoms.get_masses())[:, None]
    coordinates = np.tensordot((positions - atoms.positions) * root, vectors, axes=([1, 2], [1, 2]))
    momenta = np.tensordot(velocities / FS * root, vectors, axes=([1, 2], [1, 2]))
    potential = 0.5 * np.mean(((quanta / HBAR) * coordinates) ** 2, axis=0)
    kinetic = 0.5 * np.mean(momenta**2, axis=0)
    expected = quanta / 4
    if temperature:
        expected = expected / np.tanh(quanta / (2 * units.kB * temperature))
    error = 5.0 * np.sqrt(2.0 / n)  # five standard errors of a variance
    assert np.allclose(potential, expected, rtol=error)
    assert np.allclose(kinetic, expected, rtol=error)


def test_total_energy_is_that_of_the_modes(dichloroethane, modes_by_ase):
    """The same in Cartesian coordinates: no mode is lost and nothing is added."""
    atoms, hessian = dichloroethane
    positions, velocities = wigner.sample(atoms, hessian, temperature_K=298.0, n=20_000, seed=1)
    moved = (positions - atoms.positions).reshape(len(positions), -1)
    potential = 0.5 * np.einsum("ni,ij,nj->n", moved, hessian, moved).mean()
    kinetic = 0.5 * np.mean(np.sum((velocities / FS) ** 2, axis=2) @ atoms.get_masses())
    quanta = modes_by_ase[0]
    expected = np.sum(quanta / 4 / np.tanh(quanta / (2 * units.kB * 298.0)))
    assert potential == pytest.approx(expected, rel=0.02)
    assert kinetic == pytest.approx(expected, rel=0.02)


def test_high_temperature_is_classical(dichloroethane):
    atoms, hessian = dichloroethane
    modes = normal_modes(atoms.positions, atoms.get_masses(), hessian)
    _, momenta = wigner.widths(modes, temperature_K=1e6)
    assert np.allclose(momenta**2, units.kB * 1e6, rtol=1e-3)


def test_coordinates_and_momenta_are_independent(dichloroethane, modes_by_ase):
    atoms, hessian = dichloroethane
    positions, velocities = wigner.sample(atoms, hessian, temperature_K=298.0, n=4000, seed=0)
    both = np.concatenate([positions - atoms.positions, velocities], axis=1)
    root = np.sqrt(np.tile(atoms.get_masses(), 2))[:, None]
    vectors = modes_by_ase[1]
    zeros = np.zeros_like(vectors)
    basis = np.concatenate(
        [np.concatenate([vectors, zeros], axis=1), np.concatenate([zeros, vectors], axis=1)]
    )
    normal = np.tensordot(both * root, basis, axes=([1, 2], [1, 2]))  # -> [n, 36]
    correlation = np.corrcoef(normal.T) - np.eye(36)
    assert np.abs(correlation).max() < 5.0 / np.sqrt(4000)


def test_molecule_neither_moves_nor_turns(dichloroethane):
    atoms, hessian = dichloroethane
    positions, velocities = wigner.sample(atoms, hessian, temperature_K=298.0, n=5, seed=0)
    masses = atoms.get_masses()
    arms = atoms.positions - atoms.get_center_of_mass()
    for moved in (positions - atoms.positions, velocities):
        assert np.allclose(np.einsum("a,nai->ni", masses, moved), 0.0, atol=1e-10)
        turning = np.einsum("a,nai->ni", masses, np.cross(arms, moved))
        assert np.allclose(turning, 0.0, atol=1e-10)


def test_points_depend_on_the_seed_and_not_on_their_number(dichloroethane):
    atoms, hessian = dichloroethane
    few = wigner.sample(atoms, hessian, temperature_K=298.0, n=3, seed=7)
    many = wigner.sample(atoms, hessian, temperature_K=298.0, n=9, seed=7)
    other = wigner.sample(atoms, hessian, temperature_K=298.0, n=3, seed=8)
    for a, b, c in zip(few, many, other, strict=True):
        assert np.allclose(a, b[:3], rtol=0.0, atol=1e-12)
        assert not np.allclose(a, c)


def test_distribution_turns_with_the_molecule(dichloroethane):
    """The spread of each distance does not depend on the orientation of the reference."""
    atoms, hessian = dichloroethane
    modes = normal_modes(atoms.positions, atoms.get_masses(), hessian)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    block = np.kron(np.eye(8), turn)
    turned = normal_modes(atoms.positions @ turn.T, atoms.get_masses(), block @ hessian @ block.T)
    assert np.allclose(modes.wavenumbers, turned.wavenumbers, rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature_K": -1.0}, "temperature_K: found -1.0, expected zero or more"),
        ({"temperature_K": float("nan")}, "temperature_K: found nan"),
        ({"n": 0}, "n: found 0, expected at least one point"),
        ({"hessian": np.zeros((9, 9))}, r"hessian: found shape \(9, 9\), expected \(24, 24\)"),
        ({"hessian": np.full((24, 24), np.nan)}, "hessian: found NaN"),
        ({"hessian": np.triu(np.ones((24, 24)))}, "hessian: found an asymmetry"),
        ({"hessian": -np.eye(24)}, "is imaginary, but a Wigner distribution needs a minimum"),
    ],
)
def test_impossible_requests_are_input_errors(dichloroethane, change, message):
    atoms, hessian = dichloroethane
    settings = {"hessian": hessian, "temperature_K": 298.0, "n": 1, "seed": 0} | change
    with pytest.raises(InputError, match=message):
        wigner.sample(atoms, settings.pop("hessian"), **settings)
