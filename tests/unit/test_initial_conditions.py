"""Initial conditions of test trajectories: all dihedrals, thermal, uniformly rotated."""

from pathlib import Path

import numpy as np
import pytest

from rpr.dynamics.initial_conditions import as_frames, rotated_initial_conditions
from rpr.dynamics.trajectories import collect
from rpr.dynamics.velocities import kinetic_energy
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.molecule.torsion import dihedral_angle
from rpr.units import KB

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"


@pytest.fixture(scope="module")
def molecule():
    atoms = read_geometry(GEOMETRIES / "dichloroethane_anti.xyz")
    return Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))


def test_twenty_four_dihedrals_fifteen_degrees_apart(molecule):
    found = rotated_initial_conditions(molecule)
    expected = {*range(-165, 181, 15)}
    assert set(found.dihedral) == expected
    measured = dihedral_angle(found.positions, molecule.dihedral)
    assert np.allclose((measured - found.dihedral + 180.0) % 360.0, 180.0, atol=1e-7)


def test_rotation_is_proper_and_applies_to_positions_and_velocities(molecule):
    found = rotated_initial_conditions(molecule, n=6)
    assert np.allclose(np.linalg.det(found.rotations), 1.0)
    back = np.einsum("nji,naj->nai", found.rotations, found.positions)
    velocities = np.einsum("nji,naj->nai", found.rotations, found.velocities)
    # Rotated back, the near end (Cl1, C1, C2, H, H) lies where the reference has it.
    near = [0, 1, 2, 4, 5]
    assert np.allclose(back[:, near], molecule.reference[near], atol=1e-9)
    arms = back - np.average(back, axis=1, weights=molecule.masses)[:, None]
    turning = np.einsum("a,nai->ni", molecule.masses, np.cross(arms, velocities))
    assert np.allclose(turning, 0.0, atol=1e-10)


def test_rotations_are_uniform_on_the_sphere(molecule):
    """Each axis points anywhere: mean 0, <z z^T> = 1/3, and the angle has density 1 - cos."""
    rotations = rotated_initial_conditions(molecule, n=3000).rotations
    assert np.abs(rotations.mean(axis=0)).max() < 5 / np.sqrt(3 * 3000)
    assert np.allclose((rotations**2).mean(axis=0), 1 / 3, atol=5 * 0.3 / np.sqrt(3000))
    angle = np.arccos(np.clip((np.trace(rotations, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert angle.mean() == pytest.approx(np.pi / 2 + 2 / np.pi, abs=0.06)


def test_velocities_are_thermal(molecule):
    velocities = rotated_initial_conditions(molecule, n=2000, temperature_K=300.0).velocities
    energy = kinetic_energy(velocities, molecule.masses)
    assert energy.mean() == pytest.approx(0.5 * 18 * KB * 300.0, rel=0.04)
    assert np.allclose(np.einsum("a,nai->ni", molecule.masses, velocities), 0.0, atol=1e-12)


def test_a_start_depends_on_its_number_and_the_seed(molecule):
    one, same, other = (rotated_initial_conditions(molecule, n=4, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.positions, same.positions)
    assert not np.allclose(one.rotations, other.rotations)
    assert np.array_equal(
        rotated_initial_conditions(molecule, n=8, seed=1).rotations[:4], one.rotations
    )


def test_collect_orders_by_trajectory_and_leaves_out_the_start(molecule):
    rng = np.random.default_rng(0)
    positions = molecule.reference + 0.05 * rng.standard_normal((3, 5, 8, 3))
    frames = collect(molecule, positions, [0, 200, 400, 600, 800], energy=np.ones((3, 5)))
    assert len(frames) == 12
    assert np.array_equal(frames.trajectory, np.repeat([0, 1, 2], 4))
    assert np.array_equal(frames.step, [200, 400, 600, 800] * 3)
    assert np.array_equal(frames.positions[5], positions[1, 2])
    assert np.allclose(frames.dihedral, dihedral_angle(frames.positions, (0, 1, 2, 3)))


def test_numbers_of_the_paper(molecule):
    """24 trajectories of 5 ps, a frame every 100 fs: 1200 frames."""
    positions = np.broadcast_to(molecule.reference, (24, 51, 8, 3))
    assert len(collect(molecule, positions, np.arange(0, 10_001, 200))) == 1200


def test_impossible_requests_are_input_errors(molecule):
    with pytest.raises(InputError, match="n: found 0"):
        rotated_initial_conditions(molecule, n=0)
    with pytest.raises(InputError, match="temperature_K: found -1"):
        rotated_initial_conditions(molecule, temperature_K=-1.0)
    with pytest.raises(InputError, match=r"positions: found shape \(3, 8, 3\)"):
        collect(molecule, np.zeros((3, 8, 3)), [1])


def test_without_a_dihedral_all_start_at_the_reference():
    water = Molecule.from_atoms(read_geometry(GEOMETRIES / "water.xyz"))
    first = rotated_initial_conditions(water, n=3)
    back = np.einsum("kij,kai->kaj", first.rotations, first.positions)
    np.testing.assert_allclose(back, np.repeat(water.reference[None], 3, axis=0), atol=1e-12)
    assert first.dihedral is None


def test_initial_conditions_are_frames_of_their_own(molecule):
    found = rotated_initial_conditions(molecule, n=5)
    frames = as_frames(molecule, found.positions, found.velocities)
    assert frames.trajectory.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(np.cos(np.radians(frames.dihedral - found.dihedral)), 1.0)


def test_trajectories_begin_at_the_minima_in_turn(molecule):
    gauche = read_geometry(GEOMETRIES / "dichloroethane_gauche.xyz").positions
    minima = np.array([molecule.reference, gauche])
    found = rotated_initial_conditions(molecule, n=6, minima=minima)
    lengths = np.linalg.norm(found.positions[:, 0] - found.positions[:, 1], axis=1)
    expected = [np.linalg.norm(x[0] - x[1]) for x in minima]
    np.testing.assert_allclose(lengths, 3 * expected, atol=1e-10)
