"""Which motions move a molecule as a whole."""

import numpy as np
import pytest
from ase.build import molecule as g2

from rpr.axes.canonical import rotor_type
from rpr.molecule.molecule import Molecule
from rpr.molecule.rigid_body import is_linear, rigid_body_basis


@pytest.mark.parametrize(("bend", "linear"), [(0.0, True), (0.3, True), (3.0, False)])
def test_a_molecule_is_linear_for_axes_and_for_vibrations_alike(bend, linear):
    atoms = g2("CO2")
    atoms.rotate(bend, "x", center=atoms.positions[0])
    atoms.positions[1] = g2("CO2").positions[1]
    molecule = Molecule.from_atoms(atoms)
    assert (rotor_type(molecule) == "linear") == linear
    assert is_linear(molecule.reference, molecule.masses) == linear
    n_motions = rigid_body_basis(molecule.reference, molecule.masses).shape[1]
    assert 9 - n_motions == (4 if linear else 3)


def test_water_moves_in_six_ways():
    water = Molecule.from_atoms(g2("H2O"))
    basis = rigid_body_basis(water.reference, water.masses)
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-12)
