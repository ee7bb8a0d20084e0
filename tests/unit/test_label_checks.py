"""Checks of labels: what is extreme, what was turned, and what differs."""

import numpy as np
import pytest

from rpr.axes.rotation import random_rotations, rotate_frames
from rpr.data.distributions import frame_quantities
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane
from rpr.errors import InputError
from rpr.studies import label_checks
from rpr.units import BOHR, HARTREE

N_FRAMES = 40


@pytest.fixture
def frames():
    molecule = dichloroethane()
    noise = np.random.default_rng(0).normal(size=(N_FRAMES, molecule.n_atoms, 3))
    place = np.arange(N_FRAMES)
    positions = molecule.reference + 0.02 * noise
    return labelled(FrameSet(molecule.symbols, positions, trajectory=place // 10, step=place % 10))


def labelled(frames):
    labels = analytic_labels(frames.positions, dichloroethane())
    frames.dipole, frames.polarizability = labels
    frames.energy = np.sum((frames.positions - frames.positions.mean(axis=0)) ** 2, axis=(1, 2))
    frames.forces = -2 * (frames.positions - frames.positions.mean(axis=1, keepdims=True))
    return frames


def test_quantities_do_not_depend_on_the_orientation(frames):
    turned = rotate_frames(frames, random_rotations(len(frames), 3))
    assert np.abs(turned.positions - frames.positions).max() > 0.5
    for name, (values, _) in frame_quantities(frames).items():
        np.testing.assert_allclose(frame_quantities(turned)[name][0], values, rtol=1e-10)


def test_turned_labels_are_those_of_the_turned_molecule(frames):
    derivatives = ("dipole_derivatives", "polarizability_derivatives")
    for name, tensors in zip(derivatives, differences(frames.positions), strict=True):
        setattr(frames, name, tensors)
    turned = rotate_frames(frames, random_rotations(len(frames), 3))
    for name, tensors in zip(derivatives, differences(turned.positions), strict=True):
        np.testing.assert_allclose(getattr(turned, name), tensors, atol=2e-6)
    dipole, polarizability = analytic_labels(turned.positions, dichloroethane())
    np.testing.assert_allclose(turned.dipole, dipole, atol=1e-10)
    np.testing.assert_allclose(turned.polarizability, polarizability, atol=1e-10)


def differences(positions):
    """d mu_k / d R_Ax in e and d alpha_kl / d R_Ax in Angstrom^2 of the analytic labels."""
    tensors = [np.empty((*positions.shape, *(3,) * rank)) for rank in (1, 2)]
    for place in np.ndindex(positions.shape[1:]):
        step = np.zeros(positions.shape[1:])
        step[place] = 1e-3
        ends = [analytic_labels(positions + s * step, dichloroethane()) for s in (1, -1)]
        for tensor, ahead, behind in zip(tensors, *ends, strict=True):
            tensor[:, *place] = (ahead - behind) / 2e-3
    return tensors


def test_half_of_the_checked_frames_are_the_most_extreme(frames):
    frames.energy[[7, 31]] += np.array([50.0, -50.0])
    chosen = label_checks.choose(frames, 6, seed=0)
    assert {7, 31} <= set(chosen)
    assert len(set(chosen)) == 6
    assert len(label_checks.choose(frames, N_FRAMES, seed=0)) == N_FRAMES
    with pytest.raises(InputError, match="n_frames: found 100, but only 40 frames"):
        label_checks.choose(frames, 100, seed=0)
    np.testing.assert_array_equal(label_checks.choose(frames, 4, seed=0), chosen[:4])


def test_extreme_frames_are_listed_with_their_bond(frames):
    frames.positions[5, 0] *= 1.3
    frames.energy[5] += 50.0
    table = label_checks.outliers(frames, dichloroethane())
    first = table.iloc[0]
    assert (first["trajectory"], first["step"], first["quantity"]) == (0, 5, "energy")
    assert first["bond"].startswith("Cl0-") or first["bond"].endswith("Cl0")
    assert first["bond_length"] > first["bond_median"] + 0.2


def test_deviations_are_found_in_atomic_units(frames):
    chosen = label_checks.frames_to_check(frames, 6, check="reoriented", seed=1)
    found = chosen.subset(np.array([2, 0]))
    found.energy[0] += HARTREE * 1e-3
    found.dipole[1, 2] -= 2e-3 * BOHR
    table = label_checks.summary(label_checks.deviations(chosen, found, check="reoriented"))
    table = table.set_index("quantity")
    assert table.loc["energy", "max"] == pytest.approx(1e-3)
    assert table.loc["energy", "rms"] == pytest.approx(1e-3 / np.sqrt(2))
    assert table.loc["dipole", "max"] == pytest.approx(2e-3)
    assert table.loc["forces", "max"] == 0.0
    assert set(table["n_frames"]) == {2}


def test_labels_of_another_level_are_refused(frames):
    other = frames.subset(np.arange(3))
    label_checks.check_level_of_theory(label_checks.summary(deviations(frames, other)))
    other.energy = other.energy + 0.01 * HARTREE
    with pytest.raises(InputError, match=r"frames: .* by 0\.01 hartree"):
        label_checks.check_level_of_theory(label_checks.summary(deviations(frames, other)))


def deviations(expected, found):
    return label_checks.deviations(expected, found, check="plain")


def test_deviations_of_other_frames_are_refused(frames):
    few = frames.subset(np.arange(3))
    with pytest.raises(InputError, match="check plain: trajectory 0 step 3 has no labels"):
        label_checks.deviations(few, frames, check="plain")
    moved = few.subset(np.arange(3))
    moved.positions = moved.positions + 0.1
    with pytest.raises(InputError, match="step 0 has another geometry"):
        label_checks.deviations(few, moved, check="plain")
