"""The molecule: bonds, dihedral angles, and the checks of its geometry file."""

import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as g2
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rpr.data.synthetic import dichloroethane
from rpr.errors import InputError
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.molecule.plausibility import broken_bond, check_overlap
from rpr.molecule.torsion import dihedral_angle

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
DCE_BONDS = ((0, 1), (1, 2), (1, 4), (1, 5), (2, 3), (2, 6), (2, 7))


@pytest.mark.parametrize("path", sorted(GEOMETRIES.glob("*.xyz")), ids=lambda p: p.stem)
def test_geometries_of_the_project_are_sound(path):
    atoms = read_geometry(path)
    molecule = Molecule.from_atoms(atoms)
    reached = {0}
    for _ in range(molecule.n_atoms):
        reached |= {k for bond in molecule.bonds if reached & set(bond) for k in bond}
    assert reached == set(range(molecule.n_atoms))
    assert "optimised with" in path.read_text()


@pytest.mark.parametrize(("name", "angle"), [("anti", 180.0), ("gauche", 68.1)])
def test_dichloroethane_has_the_documented_order(name, angle):
    order = ["Cl", "C", "C", "Cl", "H", "H", "H", "H"]
    atoms = read_geometry(GEOMETRIES / f"dichloroethane_{name}.xyz", symbols=order)
    molecule = Molecule.from_atoms(atoms, anchors=(0, 3), dihedral=(0, 1, 2, 3))
    assert molecule.bonds == DCE_BONDS
    found = dihedral_angle(molecule.reference[None], molecule.dihedral)[0]
    assert found == pytest.approx(angle, abs=0.05)
    assert np.array_equal(molecule.numbers, [17, 6, 6, 17, 1, 1, 1, 1])
    assert np.array_equal(molecule.to_atoms().positions, molecule.reference)


@settings(deadline=None)
@given(st.floats(-179.999, 179.999))
def test_dihedral_has_the_iupac_sign(angle):
    """Seen along the central bond, the far bond is turned clockwise by the angle."""
    turn = np.radians(angle)
    # Looking along +z from atom 1 to atom 2, clockwise is from +x towards +y.
    far = [np.cos(turn), np.sin(turn), 1.0]
    chain = np.array([[[1.0, 0, 0], [0, 0, 0], [0, 0, 1.0], far]])
    assert dihedral_angle(chain, (0, 1, 2, 3))[0] == pytest.approx(angle, abs=1e-9)
    assert dihedral_angle(chain, (3, 2, 1, 0))[0] == pytest.approx(angle, abs=1e-9)


def test_dihedral_agrees_with_ase_and_changes_sign_on_reflection():
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((50, 4, 3))
    ours = dihedral_angle(frames, (0, 1, 2, 3))
    ase = np.array([Atoms("H4", positions=x).get_dihedral(0, 1, 2, 3) for x in frames])
    assert np.allclose((ours - ase + 180.0) % 360.0, 180.0)
    assert np.allclose(dihedral_angle(-frames, (0, 1, 2, 3)), -ours)
    turned = frames @ Rotation.random(rng=rng).as_matrix().T + 1.0
    assert np.allclose(dihedral_angle(turned, (0, 1, 2, 3)), ours)


def test_dihedral_of_180_degrees_is_positive():
    flat = np.array([[[1.0, 0, 0], [0, 0, 0], [0, 0, 1.0], [-1.0, 0, 1.0]]])
    assert dihedral_angle(flat, (0, 1, 2, 3))[0] == 180.0
    assert dihedral_angle(-flat, (0, 1, 2, 3))[0] == 180.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dihedral": (0, 1, 2, 8)}, r"dihedral: found atom index 8, expected 0\.\.7"),
        ({"anchors": (-1,)}, r"anchors: found atom index -1, expected 0\.\.7"),
        ({"anchors": (0, "Cl")}, r"anchors: found atom index 'Cl', expected 0\.\.7"),
        ({"anchors": (0.5,)}, r"anchors: found atom index 0\.5, expected 0\.\.7"),
        ({"dihedral": (0, 1, 1, 3)}, "dihedral: found 0, 1, 1, 3, expected each atom only once"),
        ({"dihedral": (0, 1, 2)}, "dihedral: found 3 atom indices, expected four"),
        ({"anchors": (3, 3)}, "anchors: found 3, 3, expected each atom only once"),
    ],
)
def test_atoms_that_do_not_exist_are_refused(wrong, message):
    atoms = read_geometry(GEOMETRIES / "dichloroethane_anti.xyz")
    with pytest.raises(InputError, match=message):
        Molecule.from_atoms(atoms, **wrong)


def test_cell_of_the_geometry_does_not_matter():
    atoms = g2("H2O")
    isolated = Molecule.from_atoms(atoms).bonds
    atoms.set_cell([2.0, 2.0, 2.0])
    atoms.pbc = True
    assert Molecule.from_atoms(atoms).bonds == isolated


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not readable as a geometry"),
        ("2\n\nH 0 0 0\n", "not readable as a geometry"),
        ("2\n\nH 0 0 0\nQq 0 0 1\n", "not readable as a geometry"),
        ("2\n\nO 0 0 0\nH 0 0 nan\n", "position of atom 1 is not a finite number"),
        ("2\n\nO 0 0 0\nH 0 0 0.1\n", r"atoms 0 and 1 are 0\.100 Angstrom apart.*in Angstrom\?"),
        ("1\n\nH 0 0 0\n1\n\nH 0 0 0\n", "found 2 geometries, expected one geometry"),
        ("2\n\nH 0 0 0\nO 0 0 1\n", "found atoms H O, expected O H in this order; reorder"),
    ],
)
def test_bad_geometry_file_is_an_input_error(tmp_path, content, message):
    path = tmp_path / "start.xyz"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_geometry(path, symbols=("O", "H"))
    assert "start.xyz" in str(caught.value)


def test_missing_geometry_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.xyz: not readable.*there is no such file"):
        read_geometry(tmp_path / "none.xyz")


def test_overlap_names_frame_and_atoms():
    frames = np.array([[[0, 0, 0], [0, 0, 1.0]], [[0, 0, 0], [0, 0, 0.3]]])
    check_overlap(frames[:1], "frames")
    with pytest.raises(InputError, match=r"frames: frame 1: atoms 0 and 1 are 0\.300 Angstrom"):
        check_overlap(frames, "frames")


def test_the_first_broken_bond_is_found():
    reference = np.array([[0.0, 0, 0], [0, 0, 1.0], [0, 0, 2.5]])
    frames = np.repeat(reference[None], 4, axis=0)
    bonds = ((0, 1), (1, 2))
    assert broken_bond(frames, reference, bonds) is None
    assert broken_bond(frames, reference, ()) is None
    frames[2, 2] = [0, 0, 5.0]
    frames[3] = np.nan
    assert broken_bond(frames, reference, bonds) == (2, (1, 2), 4.0, 1.5)
    assert broken_bond(frames[3:], reference, bonds).atoms == (0, 1)


def test_neighbours_change_nothing_of_a_molecule():
    """They are found once; a molecule stays itself, unchangeable, and can be pickled."""
    molecule = dichloroethane()
    before = repr(molecule), hash(molecule)
    assert molecule.neighbours == ((1,), (0, 2, 4, 5), (1, 3, 6, 7), (2,), (1,), (1,), (2,), (2,))
    assert molecule.neighbours is molecule.neighbours
    assert (repr(molecule), hash(molecule)) == before
    assert molecule != dichloroethane()
    with pytest.raises(FrozenInstanceError):
        molecule.neighbours = ()
    assert pickle.loads(pickle.dumps(molecule)).neighbours == molecule.neighbours
    without = replace(molecule, bonds=molecule.bonds[1:])
    assert without.neighbours[0] == ()


def test_a_molecule_is_printed_in_one_line():
    expected = (
        "Molecule: C2H4Cl2 (8 atoms Cl C C Cl H H H H, 7 bonds, anchors 0 3, dihedral 0-1-2-3)"
    )
    assert repr(dichloroethane()) == str(dichloroethane()) == expected
