"""Permutation-inversion groups: known orders, group axioms, and real labels that transform so."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as g2
from pyscf import gto, scf

from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group, permutations_of
from rpr.molecule.torsion import dihedral_angle

DCE_POSITIONS = [
    [2.150, 0.560, 0.020],
    [0.760, -0.560, 0.000],
    [-0.760, 0.560, 0.000],
    [-2.150, -0.560, -0.020],
    [0.760, -1.180, 0.900],
    [0.760, -1.190, -0.890],
    [-0.760, 1.180, 0.900],
    [-0.760, 1.190, -0.890],
]


def dichloroethane():
    atoms = Atoms("ClCCClH4", positions=DCE_POSITIONS)
    return Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))


def ethanedithiol():
    """1,2-ethanedithiol: dichloroethane with SH for Cl."""
    positions = np.array(DCE_POSITIONS)
    ends = [[2.30, 1.40, 1.05], [-2.30, -1.40, 1.05]]
    atoms = Atoms("SCCSH6", positions=np.vstack([positions, ends]))
    return Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))


# Orders of the molecular symmetry groups of Bunker and Jensen: C2v(M), C3v(M), Td(M), the G4 of
# hydrogen peroxide, G36 of ethane, D2h(M), D3h(M), D6h(M).
KNOWN_ORDERS = {
    "H2O": 4,
    "NH3": 6,
    "CH4": 24,
    "H2O2": 4,
    "C2H6": 36,
    "C2H4": 8,
    "C3H6_D3h": 12,
    "C6H6": 24,
    "CH3OH": 6,
}


@pytest.mark.parametrize("name", KNOWN_ORDERS)
def test_orders_of_known_groups(name):
    assert len(find_group(Molecule.from_atoms(g2(name)))) == KNOWN_ORDERS[name]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [0, 2, 3, 4, 1], [1, 0, 2, 3, 4]])
def test_rotations_of_methyl_are_left_out_in_any_order_of_atoms(order):
    atoms = g2("CH3Cl")[order]
    assert len(find_group(Molecule.from_atoms(atoms))) == 6
    assert len(find_group(Molecule.from_atoms(atoms, group="without-methyl"))) == 2


def test_dichloroethane_has_the_four_feasible_elements():
    group = find_group(dichloroethane())
    assert group.names == ("E", "(0 3)(1 2)(4 6)(5 7)", "(4 5)(6 7)*", "(0 3)(1 2)(4 7)(5 6)*")
    assert len(permutations_of(group)) == 4


def test_ethanedithiol_has_rotating_thiol_hydrogens():
    molecule = ethanedithiol()
    assert (0, 8) in molecule.bonds
    group = find_group(molecule)
    assert len(group) == 4
    assert group.names[2] == "(4 5)(6 7)*"


def test_umbrella_inversion_doubles_ammonia_only_on_request():
    ammonia = Molecule.from_atoms(g2("NH3"))
    without, with_inversion = find_group(ammonia), find_group(ammonia, pyramidal_inversion=True)
    assert "E*" not in without.names
    assert (len(without), len(with_inversion)) == (6, 12)
    assert "E*" in with_inversion.names


def test_substitution_leaves_a_smaller_group():
    tetrahedron, bonds = g2("CH4").positions, ((0, 1), (0, 2), (0, 3), (0, 4))
    prochiral = Molecule(("C", "H", "H", "F", "Cl"), tetrahedron, bonds=bonds)
    chiral = Molecule(("C", "H", "F", "Cl", "Br"), tetrahedron, bonds=bonds)
    assert find_group(prochiral).names == ("E", "(1 2)*")
    assert find_group(chiral).names == ("E",)


@pytest.mark.parametrize("name", ["H2O", "NH3", "CH4", "H2O2", "C2H6"])
def test_elements_form_a_group(name):
    group = find_group(Molecule.from_atoms(g2(name)))
    elements = {
        (tuple(p.tolist()), bool(s))
        for p, s in zip(group.permutations, group.inversions, strict=True)
    }
    assert len(elements) == len(group)
    for p, s in elements:
        for q, t in elements:
            product = tuple(np.array(p)[list(q)].tolist()), s != t
            assert product in elements


def test_negative_dihedrals_are_images_of_positive_ones():
    molecule = dichloroethane()
    rng = np.random.default_rng(0)
    positions = molecule.reference + rng.normal(scale=0.2, size=(20, 8, 3))
    group = find_group(molecule)
    images = group.act_on_positions(positions)
    angles = np.array([dihedral_angle(x, molecule.dihedral) for x in images])
    assert np.allclose(angles, group.parities[:, None] * angles[0], atol=1e-9)


def field_polarizability(atoms, positions, step=2e-3):
    """Hartree-Fock polarizability from dipoles in finite fields, atomic units."""
    columns = []
    for axis in np.eye(3):
        dipoles = [hartree_fock(atoms, positions, sign * step * axis)[1] for sign in (1, -1)]
        columns.append((dipoles[0] - dipoles[1]) / (2 * step))
    return np.array(columns)


def hartree_fock(atoms, positions, field=(0.0, 0.0, 0.0)):
    mol = gto.M(
        atom=list(zip(atoms.get_chemical_symbols(), positions, strict=True)),
        basis="sto-3g",
        verbose=0,
    )
    mf = scf.RHF(mol)
    mf.conv_tol = 1e-11
    core = mf.get_hcore() + np.einsum("x,xij->ij", field, mol.intor("int1e_r"))
    mf.get_hcore = lambda *args: core
    mf.kernel()
    return mf.e_tot, mf.dip_moment(unit="au", verbose=0)


@pytest.mark.parametrize("name", ["H2O", "NH3", "H2O2"])
def test_real_labels_transform_as_the_group_says(name):
    """Energy stays, the dipole takes the sign of the inversion, the polarizability none."""
    atoms = g2(name)
    molecule = Molecule.from_atoms(atoms)
    group = find_group(molecule)
    rng = np.random.default_rng(4)
    positions = molecule.reference + rng.normal(scale=0.08, size=(molecule.n_atoms, 3))
    energy, dipole = hartree_fock(atoms, positions)
    alpha = field_polarizability(atoms, positions)
    chosen = [len(group) // 2, len(group) - 1]  # one element with inversion alone, one with both
    for image, parity in zip(
        group.act_on_positions(positions[None])[chosen, 0], group.parities[chosen], strict=True
    ):
        image_energy, image_dipole = hartree_fock(atoms, image)
        assert abs(image_energy - energy) < 1e-9
        assert np.abs(image_dipole - parity * dipole).max() < 1e-6
        assert np.abs(field_polarizability(atoms, image) - alpha).max() < 1e-3
    assert np.ptp(dipole) > 1e-2


def test_labels_of_dichloroethane_transform_as_the_group_says():
    molecule = dichloroethane()
    group = find_group(molecule)
    rng = np.random.default_rng(5)
    positions = molecule.reference + rng.normal(scale=0.08, size=(8, 3))
    atoms = molecule.to_atoms()
    energy, dipole = hartree_fock(atoms, positions)
    images = group.act_on_positions(positions[None])[1:, 0]
    for image, parity in zip(images, group.parities[1:], strict=True):
        image_energy, image_dipole = hartree_fock(atoms, image)
        assert abs(image_energy - energy) < 1e-9
        assert np.abs(image_dipole - parity * dipole).max() < 1e-6


def test_tensor_action_follows_rank():
    group = find_group(Molecule.from_atoms(g2("H2O2")))
    values = np.ones((2, 3)), np.ones((2, 3, 3))
    assert np.array_equal(group.act_on_tensors(values[0])[:, 0, 0], group.parities)
    assert np.array_equal(group.act_on_tensors(values[1])[:, 0, 0, 0], np.ones(len(group)))
