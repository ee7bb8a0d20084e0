"""Rotors found from bonds, geometries turned about them, and which geometries are the same."""

import numpy as np
import pytest
from ase.build import molecule as example
from scipy.spatial.transform import Rotation

from rpr.dynamics import wigner
from rpr.dynamics.sampling import sample_minima, scanned_minima, torus_points, without_torsion
from rpr.errors import ConvergenceError, InputError
from rpr.molecule.equivalence import distance, distinct
from rpr.molecule.molecule import Molecule, read_molecule
from rpr.molecule.permutation_inversion import find_group
from rpr.molecule.plausibility import check_stretch, check_unit
from rpr.molecule.rigid_body import rigid_body_basis
from rpr.molecule.rotors import (
    check_chain,
    clashes,
    find_rotors,
    fragments,
    rotor_dihedrals,
    suggest_anchors,
    turn_rotors,
)
from rpr.molecule.torsion import scan_angles, scan_dihedral, set_dihedral
from rpr.studies.families import families


def named(name, dihedral=None):
    return Molecule.from_atoms(example(name), dihedral=dihedral)


@pytest.fixture(scope="module")
def ethanedithiol(root):
    return read_molecule(
        root / "resources/geometries/ethanedithiol_anti.xyz", anchors=(0, 3), dihedral=(0, 1, 2, 3)
    )


@pytest.mark.parametrize(
    ("name", "bonds", "folds"),
    [
        ("H2O", [], []),
        ("CH4", [], []),
        ("C2H2", [], []),
        ("C2H4", [], []),
        ("C6H6", [], []),
        ("CH3CN", [], []),  # in line with the methyl group
        ("cyclobutane", [], []),
        ("H2O2", [(0, 1)], [1]),
        ("CH3OH", [(0, 1)], [3]),
        ("CH3CH2OH", [(1, 2), (0, 1)], [1, 3]),  # the hydroxyl group before the heavier methyl one
        ("HCOOH", [(0, 1)], [1]),
        ("trans-butane", [(1, 2), (0, 1), (2, 3)], [1, 3, 3]),
        ("butadiene", [(1, 2)], [1]),  # not its double bonds
    ],
)
def test_rotors_of_known_molecules(name, bonds, folds):
    rotors = find_rotors(named(name))
    assert [tuple(sorted(rotor.dihedral[1:3])) for rotor in rotors] == bonds
    assert [rotor.fold for rotor in rotors] == folds


def test_principal_rotor_is_the_skeleton(ethanedithiol):
    rotors = find_rotors(ethanedithiol)
    assert [rotor.dihedral for rotor in rotors] == [(0, 1, 2, 3), (8, 0, 1, 2), (1, 2, 3, 9)]
    moment = rotors[1].reduced_moment  # a light end turns against a heavy one: nearly its own
    s, h = ethanedithiol.reference[[0, 8]]
    axis = (ethanedithiol.reference[1] - s) / np.linalg.norm(ethanedithiol.reference[1] - s)
    own = 1.008 * np.linalg.norm(np.cross(h - s, axis)) ** 2
    assert 0.95 * own < moment < own


def test_reduced_moment_of_two_equal_ends():
    molecule = named("H2O2")
    (rotor,) = find_rotors(molecule)
    h, o, p = molecule.reference[[2, 0, 1]]
    axis = (p - o) / np.linalg.norm(p - o)
    own = 1.008 * np.linalg.norm(np.cross(h - o, axis)) ** 2
    np.testing.assert_allclose(rotor.reduced_moment, own / 2, rtol=1e-3)


def test_turning_rotors_gives_the_dihedrals_and_keeps_bonds_and_angles(ethanedithiol):
    rotors = find_rotors(ethanedithiol)
    angles = np.array([[60.0, -170.0, 20.0], [-75.0, 100.0, 179.0]])
    start = np.repeat(ethanedithiol.reference[None], 2, axis=0)
    turned = turn_rotors(start, ethanedithiol, rotors, angles)
    np.testing.assert_allclose(rotor_dihedrals(turned, rotors), angles, atol=1e-9)
    for i, j in [*ethanedithiol.bonds, (0, 2), (4, 5), (8, 1)]:  # bonds, and ends of angles
        lengths = np.linalg.norm(turned[:, i] - turned[:, j], axis=1)
        expected = np.linalg.norm(ethanedithiol.reference[i] - ethanedithiol.reference[j])
        np.testing.assert_allclose(lengths, expected, atol=1e-10)


def test_clashes_are_found(ethanedithiol):
    assert not clashes(ethanedithiol.reference[None], ethanedithiol)[0]
    close = ethanedithiol.reference.copy()
    close[9] = close[8] + [0.0, 0.0, 0.9]
    assert clashes(close[None], ethanedithiol)[0]


def test_fragments_and_anchors():
    two = example("H2O")
    far = two.copy()
    far.positions += [4.0, 0.0, 0.0]
    assert fragments(Molecule.from_atoms(two + far)) == [[0, 1, 2], [3, 4, 5]]
    assert suggest_anchors(named("H2O")) == (0, 1)
    assert suggest_anchors(named("H2O2", (2, 0, 1, 3))) == (2, 3)


def test_a_dihedral_over_atoms_without_bonds_is_refused(ethanedithiol):
    check_chain(ethanedithiol)
    wrong = Molecule.from_atoms(ethanedithiol.to_atoms(), dihedral=(0, 1, 4, 2))
    with pytest.raises(InputError, match="atoms 4 and 2 are not bonded"):
        check_chain(wrong)


def test_images_under_the_group_and_rotations_are_the_same(ethanedithiol):
    group = find_group(ethanedithiol)
    rng = np.random.default_rng(0)
    gauche = set_dihedral(ethanedithiol.reference[None], ethanedithiol, 70.0)[0]
    images = group.act_on_positions(gauche[None])[:, 0]
    rotations = Rotation.random(len(images), rng=rng).as_matrix()
    turned = np.einsum("gij,gaj->gai", rotations, images) + rng.normal(size=(len(images), 1, 3))
    for image in turned:
        assert distance(image, gauche, group) < 1e-6
    rotors = find_rotors(ethanedithiol)
    angles = rotor_dihedrals(gauche[None], rotors)
    opposite = turn_rotors(gauche[None], ethanedithiol, rotors, -angles)
    assert distance(opposite[0], gauche, group) < 0.1  # the mirror image, but for small angles
    assert distance(ethanedithiol.reference, gauche, group) > 0.3
    assert distinct(np.array([gauche, *turned, ethanedithiol.reference]), group) == [0, 5]


def test_hands_of_a_chiral_molecule_differ():
    atoms = example("CH4")
    atoms.symbols[:] = ["C", "F", "Cl", "Br", "H"]
    atoms.positions[1:] *= np.array([1.25, 1.6, 1.75, 1.0])[:, None]
    molecule = Molecule.from_atoms(atoms)
    group = find_group(molecule)
    assert distance(molecule.reference, -molecule.reference, group) > 0.5


def test_torus_points_cover_every_angle_evenly():
    points = torus_points(3, 96)
    assert points.min() >= -180.0
    assert points.max() < 180.0
    for column in points.T:
        assert np.histogram(column, bins=8, range=(-180, 180))[0].min() >= 6
    cells = {tuple(cell) for cell in (points // 90).astype(int)}
    assert len(cells) > 48  # of 64 cells of 90 degrees


def soft_hessian(molecule):
    return 20.0 * np.eye(3 * molecule.n_atoms)


def test_one_rotor_is_scanned_as_ever(root):
    molecule = read_molecule(
        root / "resources/geometries/dichloroethane_anti.xyz", anchors=(0, 3), dihedral=(0, 1, 2, 3)
    )
    minima, hessians = molecule.reference[None], soft_hessian(molecule)[None]
    settings = {"temperature_K": 300.0, "n": 7, "seed": 3}
    positions, _ = sample_minima(molecule, minima, hessians, **settings)
    plain, _ = wigner.sample(molecule.to_atoms(), hessians[0], **settings)
    expected = scan_dihedral(plain, molecule, scan_angles(7))
    np.testing.assert_array_equal(positions, expected)


def test_all_rotors_are_turned_and_minima_taken_in_turn(ethanedithiol):
    other = set_dihedral(ethanedithiol.reference[None], ethanedithiol, 70.0)[0]
    minima = np.array([ethanedithiol.reference, other])
    hessians = np.array([soft_hessian(ethanedithiol)] * 2)
    settings = {"temperature_K": 0.0, "n": 48, "seed": 3}
    positions, velocities = sample_minima(ethanedithiol, minima, hessians, **settings)
    assert not clashes(positions, ethanedithiol).any()
    angles = rotor_dihedrals(positions, find_rotors(ethanedithiol))
    for column in angles.T:
        assert (np.histogram(column, bins=6, range=(-180, 180))[0] > 2).all()
    still, _ = sample_minima(ethanedithiol, minima, hessians, **settings, rotors="dihedral")
    hydrogens = rotor_dihedrals(still, find_rotors(ethanedithiol))[:, 1:]
    assert np.abs(np.abs(hydrogens) - 65.0).max() < 30.0
    assert velocities.shape == positions.shape


def test_rotors_that_cannot_turn_are_told(ethanedithiol, monkeypatch):
    hessians = soft_hessian(ethanedithiol)[None]
    always = np.array([True])
    monkeypatch.setattr("rpr.dynamics.sampling.clashes", lambda positions, molecule: always)
    with pytest.raises(ConvergenceError, match="frame 0: atoms clash wherever the 3 rotors"):
        sample_minima(
            ethanedithiol, ethanedithiol.reference[None], hessians, temperature_K=0.0, n=2, seed=0
        )


def test_without_a_dihedral_nothing_is_turned(ethanedithiol):
    bare = Molecule.from_atoms(ethanedithiol.to_atoms())
    hessians = soft_hessian(bare)[None]
    settings = {"temperature_K": 0.0, "n": 3, "seed": 0}
    positions, _ = sample_minima(bare, bare.reference[None], hessians, **settings)
    assert np.abs(positions - bare.reference).max() < 0.5
    assert scanned_minima(bare, bare.reference[None], 3)[1] is None


def test_scanned_minima_have_their_angles(ethanedithiol):
    other = set_dihedral(ethanedithiol.reference[None], ethanedithiol, 70.0)[0]
    positions, angles = scanned_minima(
        ethanedithiol, np.array([ethanedithiol.reference, other]), 12
    )
    found = rotor_dihedrals(positions, find_rotors(ethanedithiol)[:1])[:, 0]
    np.testing.assert_allclose(np.cos(np.radians(found - angles)), 1.0, atol=1e-9)


def test_torsions_are_taken_out_of_displacements_and_nothing_else(ethanedithiol):
    """A rigid turn of an end vanishes to first order; what does not turn anything stays."""
    rotors = find_rotors(ethanedithiol)
    start = rotor_dihedrals(ethanedithiol.reference[None], rotors)
    turned = turn_rotors(ethanedithiol.reference[None], ethanedithiol, rotors, start + 1e-4)
    displacement = turned[0] - ethanedithiol.reference
    root = np.sqrt(ethanedithiol.masses)[:, None]
    rigid = rigid_body_basis(ethanedithiol.reference, ethanedithiol.masses)
    weighted = (root * displacement).ravel()
    internal = ((weighted - rigid @ (rigid.T @ weighted)).reshape(-1, 3)) / root
    left = without_torsion((ethanedithiol.reference + internal)[None], ethanedithiol, rotors)
    assert np.abs(left[0] - ethanedithiol.reference).max() < 1e-3 * np.abs(displacement).max()
    stretched = ethanedithiol.reference.copy()
    stretched[[0, 8]] += 0.1 * (stretched[0] - stretched[1])  # along the bond S-C
    kept = without_torsion(stretched[None], ethanedithiol, rotors)[0]
    found = np.linalg.norm(kept[0] - kept[1]) - np.linalg.norm(stretched[0] - stretched[1])
    assert abs(found) < 5e-3


def test_projected_starts_keep_bonds_of_light_atoms(root):
    molecule = read_molecule(
        root / "resources/geometries/hydrogen_peroxide.xyz", anchors=(), dihedral=(0, 1, 2, 3)
    )
    direction = np.zeros((4, 3))
    axis = molecule.reference[2] - molecule.reference[1]
    direction[3] = np.cross(axis, molecule.reference[3] - molecule.reference[2])
    direction[0] = -np.cross(axis, molecule.reference[0] - molecule.reference[1])
    flat = direction.ravel() / np.linalg.norm(direction)
    hessian = 400.0 * np.eye(12) - 399.5 * np.outer(flat, flat)  # a soft torsion
    settings = {"temperature_K": 300.0, "n": 40, "seed": 0}
    bond, torsion = {}, {}
    for mode in ("shift", "project"):
        positions, _ = sample_minima(
            molecule, molecule.reference[None], hessian[None], **settings, dihedral=mode
        )
        lengths = np.linalg.norm(positions[:, 3] - positions[:, 2], axis=1)
        bond[mode] = lengths.mean() - np.linalg.norm(molecule.reference[3] - molecule.reference[2])
        angles = rotor_dihedrals(positions, find_rotors(molecule))[:, 0]
        torsion[mode] = ((angles - scan_angles(40) + 180.0) % 360.0 - 180.0).std()
    assert bond["project"] < 0.5 * bond["shift"]  # straight motion lengthens the bond
    assert torsion["project"] < 0.1 * torsion["shift"]


def test_minima_of_light_ends_are_one_conformer(ethanedithiol):
    angles = [[180.0, 65, -65], [175.0, -64, -64], [69.0, 75, 75], [-60.0, 57, -170]]
    rotors = find_rotors(ethanedithiol)
    start = ethanedithiol.reference[None]
    versions = {
        f"minimum {k}": np.concatenate(
            [turn_rotors(start, ethanedithiol, rotors, sign * np.array([a])) for sign in (1, -1)]
        )
        for k, a in enumerate(angles)
    }
    found = families(versions, ethanedithiol)
    assert list(found.values()) == ["minimum 0", "minimum 0", "minimum 2", "minimum 2"]
    bare = Molecule.from_atoms(ethanedithiol.to_atoms())
    assert set(families(versions, bare).values()) == {"minimum 0"}


def test_atoms_in_another_order_are_named_as_the_cause(root):
    molecule = read_molecule(
        root / "resources/geometries/dichloroethane_anti.xyz", anchors=(0, 3), dihedral=(0, 1, 2, 3)
    )
    mixed = molecule.reference[[0, 1, 2, 3, 4, 6, 5, 7]]  # hydrogens of both carbons
    with pytest.raises(InputError, match="another order"):
        check_stretch(mixed[None], molecule.reference, molecule.bonds)
    carbons = molecule.reference[[0, 2, 1, 3, 4, 5, 6, 7]]
    with pytest.raises(InputError, match="another order"):
        check_unit(carbons[None], molecule.reference, molecule.bonds)
    with pytest.raises(InputError, match="bohr"):
        check_stretch(molecule.reference[None] / 0.529177, molecule.reference, molecule.bonds)
    long = molecule.reference.copy()
    long[4] += 1.2 * (long[4] - long[1])
    with pytest.raises(InputError, match="intact molecule in Angstrom"):
        check_stretch(long[None], molecule.reference, molecule.bonds)
