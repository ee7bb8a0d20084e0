"""Trajectories at the paper's level are whole, start where they should, and obey mechanics."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from rpr.data.consistency.battery import check_frames
from rpr.files import read_arrays
from rpr.molecule.molecule import read_molecule
from rpr.molecule.torsion import dihedral_angle, scan_angles
from rpr.run.deposit import read_deposit

N_TRAJECTORIES, N_STEPS, DT_FS = 70, 100, 0.5


@pytest.fixture(scope="module")
def folder(root):
    return root / "resources/paper"


@pytest.fixture(scope="module")
def frames(root):
    """All frames of the dynamics, by trajectory and step."""
    return read_deposit(root / "resources/deposit/manifest.json", "md")


@pytest.fixture(scope="module")
def molecule(folder):
    path = folder / "geometries/md/dichloroethane_anti.xyz"
    return read_molecule(path, anchors=(0, 3), dihedral=(0, 1, 2, 3))


def test_trajectories_are_whole_and_start_at_their_initial_conditions(folder, frames):
    start = read_arrays(folder / "md/initial_conditions.npz")
    whole = np.repeat(np.arange(N_TRAJECTORIES), N_STEPS)
    np.testing.assert_array_equal(frames.trajectory, whole)
    np.testing.assert_array_equal(frames.step, np.tile(np.arange(1, N_STEPS + 1), N_TRAJECTORIES))
    free = start["positions"] + DT_FS * start["velocities"]
    np.testing.assert_allclose(frames.positions[::N_STEPS], free, atol=0.05)  # forces, thermostat


def test_starts_are_the_scan_of_both_hands_with_the_sampled_deviation(folder, molecule):
    start = read_arrays(folder / "md/initial_conditions.npz")["positions"]
    angles = dihedral_angle(start, molecule.dihedral)
    deviation = (angles - scan_angles(N_TRAJECTORIES) + 180.0) % 360.0 - 180.0
    assert 3.0 < np.std(deviation) < 20.0  # degrees; the torsion of the Wigner distribution
    assert abs(np.mean(deviation)) < 4.0 * np.std(deviation) / np.sqrt(N_TRAJECTORIES)


def test_forces_do_the_work_that_energies_change_by(frames):
    """dE = -F . dx, integrated from step to step along cubic splines, through the kicks, too."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    times = np.arange(N_STEPS)
    between = times[:-1, None] + (1 + nodes) / 2
    for k in range(N_TRAJECTORIES):
        chosen = frames.subset(np.arange(k * N_STEPS, (k + 1) * N_STEPS))
        path = CubicSpline(times, chosen.positions.reshape(N_STEPS, -1))
        force = CubicSpline(times, chosen.forces.reshape(N_STEPS, -1))
        power = -np.einsum("nkd,nkd->nk", force(between), path(between, 1))
        change = np.diff(chosen.energy)
        assert np.sqrt(np.mean((change - power @ weights / 2) ** 2)) < 0.005 * np.std(change)


def test_labels_contradict_neither_geometries_nor_each_other(frames, molecule):
    assert frames.dipole_derivatives is not None
    found = check_frames(frames, molecule)
    assert not [finding for finding in found if finding.is_implausible]
