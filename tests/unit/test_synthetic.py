"""Analytic labels: they turn, reflect and permute as dipoles and polarizabilities must."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rpr.axes.rotation import to_axes
from rpr.data.synthetic import analytic_labels, bond_charges, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule
from rpr.molecule.torsion import dihedral_angle

MOLECULE = dichloroethane()
FRAMES = random_frames(MOLECULE, 8, seed=2)
DIPOLE, POLARIZABILITY = analytic_labels(FRAMES, MOLECULE)


def test_labels_turn_with_the_molecule_and_ignore_its_place():
    R = Rotation.random(8, rng=0).as_matrix()
    moved = np.einsum("fij,faj->fai", R, FRAMES) + 7.0
    dipole, polarizability = analytic_labels(moved, MOLECULE)
    np.testing.assert_allclose(dipole, to_axes(DIPOLE, R), atol=1e-12)
    np.testing.assert_allclose(polarizability, to_axes(POLARIZABILITY, R), atol=1e-12)


def test_inversion_changes_the_sign_of_the_dipole_alone():
    dipole, polarizability = analytic_labels(-FRAMES, MOLECULE)
    np.testing.assert_allclose(dipole, -DIPOLE, atol=1e-12)
    np.testing.assert_allclose(polarizability, POLARIZABILITY, atol=1e-12)


@pytest.mark.parametrize("order", [[3, 2, 1, 0, 6, 7, 4, 5], [0, 1, 2, 3, 5, 4, 7, 6]])
def test_exchanging_equal_atoms_changes_nothing(order):
    dipole, polarizability = analytic_labels(FRAMES[:, order], MOLECULE)
    np.testing.assert_allclose(dipole, DIPOLE, atol=1e-12)
    np.testing.assert_allclose(polarizability, POLARIZABILITY, atol=1e-12)


def test_anti_conformer_has_no_dipole_and_gauche_has_one():
    anti, gauche = (
        random_frames(MOLECULE, 1, seed=0, displacement=0.0, dihedral_range=(a, a))
        for a in (180.0, 65.0)
    )
    assert np.abs(analytic_labels(anti, MOLECULE)[0]).max() < 1e-12
    assert np.linalg.norm(analytic_labels(gauche, MOLECULE)[0]) > 0.1


def test_molecule_is_neutral_and_chlorine_negative():
    charges = bond_charges(FRAMES, MOLECULE)
    np.testing.assert_allclose(charges.sum(axis=1), 0.0, atol=1e-14)
    assert (charges[:, [0, 3]] < 0.0).all()


def test_polarizability_is_symmetric_and_positive():
    np.testing.assert_array_equal(POLARIZABILITY, POLARIZABILITY.transpose(0, 2, 1))
    assert np.linalg.eigvalsh(POLARIZABILITY).min() > 0.0


def test_distant_atoms_are_polarized_independently():
    # without neighbours the molecule's polarizability is the sum over atoms
    atoms = Molecule(symbols=("C", "H"), reference=np.array([[0, 0, 0], [500.0, 0, 0]]))
    _, polarizability = analytic_labels(atoms.reference[None], atoms)
    np.testing.assert_allclose(polarizability[0], (1.2886 + 0.4138) * np.eye(3), atol=1e-6)


def test_random_frames_fill_the_dihedral_range():
    frames = random_frames(MOLECULE, 500, seed=0, dihedral_range=(-90.0, 90.0), displacement=0.0)
    angles = dihedral_angle(frames, MOLECULE.dihedral)
    assert -90.0 <= angles.min() < -80.0
    assert 80.0 < angles.max() <= 90.0
    again = random_frames(MOLECULE, 500, seed=0, dihedral_range=(-90.0, 90.0), displacement=0.0)
    np.testing.assert_array_equal(frames, again)


def test_unknown_element():
    helium = Molecule(symbols=("He",), reference=np.zeros((1, 3)))
    with pytest.raises(InputError, match="found He, expected elements"):
        analytic_labels(helium.reference[None], helium)
