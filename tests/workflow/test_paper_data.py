"""Trajectories at the paper's level are whole, start where they should, and obey mechanics."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from rpr.data.consistency.battery import check_frames
from rpr.data.extxyz import read_frames
from rpr.data.frame_set import concatenate
from rpr.files import read_arrays
from rpr.molecule.molecule import read_molecule

N_STEPS, DT_FS = 100, 0.5


@pytest.fixture(scope="module")
def folder(root):
    return root / "resources/paper"


@pytest.fixture(scope="module")
def trajectories(folder):
    """Frames by file."""
    paths = sorted((folder / "md/trajectories").glob("*.extxyz.gz"))
    return {path: read_frames(path) for path in paths}


def test_trajectories_are_whole_and_start_at_their_initial_conditions(folder, trajectories):
    start = read_arrays(folder / "md/initial_conditions.npz")
    for path, frames in trajectories.items():
        number = int(path.name[:3])
        failures = (path.parent / f"{number:03d}_failures.csv").read_text().splitlines()[1:]
        assert len(frames) == N_STEPS - len(failures)
        assert set(frames.trajectory) == {number}
        assert np.all(np.diff(frames.step) > 0)
        free = start["positions"][number] + DT_FS * start["velocities"][number]
        assert frames.step[0] == 1
        np.testing.assert_allclose(frames.positions[0], free, atol=0.05)  # forces and thermostat


def test_forces_do_the_work_that_energies_change_by(trajectories):
    """dE = -F . dx, integrated from step to step along cubic splines, through the kicks, too."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    for frames in trajectories.values():
        times = np.arange(len(frames))
        path = CubicSpline(times, frames.positions.reshape(len(frames), -1))
        force = CubicSpline(times, frames.forces.reshape(len(frames), -1))
        between = times[:-1, None] + (1 + nodes) / 2
        power = -np.einsum("nkd,nkd->nk", force(between), path(between, 1))
        change = np.diff(frames.energy)
        assert np.sqrt(np.mean((change - power @ weights / 2) ** 2)) < 0.005 * np.std(change)


def test_labels_contradict_neither_geometries_nor_each_other(folder, trajectories):
    molecule = read_molecule(
        folder / "geometries/md/dichloroethane_anti.xyz", anchors=(0, 3), dihedral=(0, 1, 2, 3)
    )
    assert all(frames.dipole_derivatives is not None for frames in trajectories.values())
    found = check_frames(concatenate(list(trajectories.values())), molecule)
    assert not [finding for finding in found if finding.is_implausible]
