"""Canonical axes: equivariance, properness, sign rules, and molecules that have no frame."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as g2
from scipy.spatial.transform import Rotation

from rpr.axes.canonical import AXES, canonical_axes, check_axes, rotor_type, three_atoms
from rpr.axes.rotation import to_axes, to_axes_positions, to_laboratory
from rpr.errors import InputError
from rpr.molecule.inertia import inertia_tensor
from rpr.molecule.molecule import Molecule
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


def shaken(molecule, n_frames, *, amplitude=0.05, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(scale=amplitude, size=(n_frames, molecule.n_atoms, 3))
    return molecule.reference + noise


def rotate(positions, rotations, shift=0.0):
    return np.einsum("fij,faj->fai", rotations, positions) + shift


@pytest.fixture(scope="module")
def dce():
    return dichloroethane()


@pytest.fixture(scope="module")
def rotations():
    return Rotation.random(60, random_state=3).as_matrix()


FUNCTIONS_OF_THE_MOLECULE = [
    name for name in AXES if not name.endswith("raw") and name != "laboratory"
]


@pytest.mark.parametrize("name", AXES)
def test_frames_are_proper_rotations(name, dce):
    frames = canonical_axes(name, shaken(dce, 40), dce)
    product = frames.rotations @ np.swapaxes(frames.rotations, 1, 2)
    assert np.abs(product - np.eye(3)).max() < 1e-13
    assert np.abs(np.linalg.det(frames.rotations) - 1).max() < 1e-13
    assert frames.defined.all()


@pytest.mark.parametrize("name", FUNCTIONS_OF_THE_MOLECULE)
def test_canonical_coordinates_do_not_see_rotation_and_translation(name, dce, rotations):
    positions = shaken(dce, len(rotations))
    moved = rotate(positions, rotations, shift=[3.0, -7.0, 11.0])
    before = canonical_axes(name, positions, dce)
    after = canonical_axes(name, moved, dce)
    difference = to_axes_positions(moved, after) - to_axes_positions(positions, before)
    assert np.abs(difference).max() < 1e-11
    assert np.abs(after.axis_gap - before.axis_gap).max() < 1e-11


def test_raw_axes_are_not_a_function_of_the_molecule(dce, rotations):
    positions = np.repeat(shaken(dce, 1), len(rotations), axis=0)
    moved = rotate(positions, rotations)
    coordinates = to_axes_positions(moved, canonical_axes("inertia-raw", moved, dce))
    assert np.ptp(coordinates, axis=0).max() > 1.0


def test_laboratory_is_the_identity(dce):
    frames = canonical_axes("laboratory", shaken(dce, 3), dce)
    assert np.array_equal(frames.rotations, np.broadcast_to(np.eye(3), (3, 3, 3)))


def test_inertia_frame_diagonalises_the_tensor_in_ascending_order(dce):
    positions = shaken(dce, 20)
    coordinates = to_axes_positions(positions, canonical_axes("inertia", positions, dce))
    tensor = inertia_tensor(coordinates, dce.masses)
    moments = np.einsum("fii->fi", tensor)
    assert np.abs(tensor - moments[:, :, None] * np.eye(3)).max() < 1e-10
    assert (np.diff(moments, axis=1) > 0).all()
    assert np.abs(np.einsum("a,fax->fx", dce.masses, coordinates)).max() < 1e-10


def test_default_rule_puts_the_first_anchor_on_positive_a_and_b(dce):
    positions = shaken(dce, 50)
    coordinates = to_axes_positions(positions, canonical_axes("inertia", positions, dce))
    assert (coordinates[:, 0, :2] > 0).all()


def test_rules_choose_among_the_same_axes(dce):
    positions = shaken(dce, 30)
    anchors = canonical_axes("inertia", positions, dce)
    for rule in ("raw", "pair", "largest", "skew", "aligned"):
        other = canonical_axes(f"inertia-{rule}", positions, dce)
        overlap = np.einsum("fix,fix->fi", anchors.rotations, other.rotations)
        assert np.abs(np.abs(overlap) - 1).max() < 1e-12


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_tensors_of_any_rank_rotate_there_and_back(rank, rotations):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(rotations), *[3] * rank))
    canonical = to_axes(values, rotations)
    assert np.abs(to_laboratory(canonical, rotations) - values).max() < 1e-13


def test_rank_one_and_two_follow_the_stated_convention(rotations):
    rng = np.random.default_rng(1)
    mu = rng.normal(size=(len(rotations), 3))
    alpha = rng.normal(size=(len(rotations), 3, 3))
    expected_mu = np.array([r @ m for r, m in zip(rotations, mu, strict=True)])
    expected_alpha = np.array([r @ a @ r.T for r, a in zip(rotations, alpha, strict=True)])
    assert np.allclose(to_axes(mu, rotations), expected_mu, atol=1e-13)
    assert np.allclose(to_axes(alpha, rotations), expected_alpha, atol=1e-13)


def test_eckart_conditions_hold(dce):
    positions = shaken(dce, 20)
    coordinates = to_axes_positions(positions, canonical_axes("eckart", positions, dce))
    reference = dce.reference - dce.masses @ dce.reference / dce.masses.sum()
    angular = np.einsum("a,fax->fx", dce.masses, np.cross(reference[None], coordinates))
    assert np.abs(angular).max() < 1e-10


def test_kabsch_agrees_with_scipy(dce, rotations):
    positions = rotate(shaken(dce, len(rotations)), rotations)
    frames = canonical_axes("kabsch", positions, dce)
    reference = dce.reference - dce.reference.mean(axis=0)
    for frame in range(5):
        centred = positions[frame] - positions[frame].mean(axis=0)
        expected = Rotation.align_vectors(reference, centred)[0].as_matrix()
        assert np.abs(frames.rotations[frame] - expected).max() < 1e-10


def turned(molecule, degrees):
    """Dihedral turned to each of several values, the second end moving."""
    positions = np.repeat(molecule.reference[None], len(degrees), axis=0)
    start = dihedral_angle(molecule.reference[None], molecule.dihedral)[0]
    axis = molecule.reference[2] - molecule.reference[1]
    axis /= np.linalg.norm(axis)
    for frame, angle in enumerate(degrees):
        turn = Rotation.from_rotvec(np.radians(angle - start) * axis)
        end = [3, 6, 7]
        positions[frame, end] = turn.apply(molecule.reference[end] - molecule.reference[2])
        positions[frame, end] += molecule.reference[2]
    return positions


def test_bond_axis_turns_exactly_when_the_ends_are_exchanged(dce):
    positions = turned(dce, [40.0, 110.0, -75.0])
    swapped = positions[:, [3, 2, 1, 0, 6, 7, 4, 5]]
    before = canonical_axes("bond-axis", positions, dce).rotations
    after = canonical_axes("bond-axis", swapped, dce).rotations
    half_turn = after @ np.swapaxes(before, 1, 2)
    assert np.abs(half_turn - np.diag([-1.0, 1.0, -1.0])).max() < 1e-12


def test_dipole_axis_changes_its_name_where_two_moments_meet(dce):
    angles = np.arange(60.0, 180.0, 1.0)
    frames = canonical_axes("inertia", turned(dce, angles), dce)
    smallest = angles[frames.axis_gap.argmin()]
    assert 120 < smallest < 140
    assert frames.near_degenerate[frames.axis_gap.argmin()]
    assert not frames.near_degenerate[0]


def test_frames_without_anchors_use_the_furthest_atom(rotations):
    water = Molecule.from_atoms(g2("H2O"))
    positions = shaken(water, len(rotations))
    moved = rotate(positions, rotations)
    coordinates = to_axes_positions(moved, canonical_axes("inertia", moved, water))
    assert (coordinates[:, 1, :2] > 0).all()  # the first hydrogen


LINEAR = [g2("HCl"), g2("CO2")]


@pytest.mark.parametrize("atoms", LINEAR, ids=lambda atoms: atoms.get_chemical_formula())
@pytest.mark.parametrize("name", ["inertia", "three-atom", "kabsch", "eckart"])
def test_linear_molecules_have_no_frame_and_the_message_says_what_does(atoms, name):
    molecule = Molecule.from_atoms(atoms)
    with pytest.raises(InputError, match=r"linear.*'laboratory'"):
        canonical_axes(name, molecule.reference[None], molecule)
    assert canonical_axes("laboratory", molecule.reference[None], molecule).defined.all()


def test_spherical_top_has_no_inertia_frame_but_an_eckart_frame():
    methane = Molecule.from_atoms(g2("CH4"))
    assert rotor_type(methane) == "spherical"
    with pytest.raises(InputError, match=r"spherical top.*'eckart'"):
        check_axes("inertia", methane)
    assert canonical_axes("eckart", methane.reference[None], methane).defined.all()


@pytest.mark.parametrize("plane", [False, True])
def test_three_atoms_are_not_in_line(plane):
    ends = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]][
        : 4 if plane else 6
    ]
    symbols = f"{'Xe' if plane else 'S'}F{len(ends)}"
    molecule = Molecule.from_atoms(Atoms(symbols, positions=1.75 * np.array([[0, 0, 0], *ends])))
    axes = canonical_axes("three-atom", molecule.reference[None], molecule)
    assert np.linalg.det(axes.rotations[0]) == pytest.approx(1.0)
    assert axes.axis_gap[0] > 0.5


def test_bond_axis_jumps_where_the_dihedral_does(dce):
    axes = canonical_axes("bond-axis", turned(dce, [179.99, -179.99, 60.0]), dce)
    jump = axes.rotations[0] @ axes.rotations[1].T
    assert np.abs(jump - np.diag([1.0, -1.0, -1.0])).max() < 1e-3
    assert axes.sign_margin[:2].max() < 1e-3
    assert axes.sign_margin[2] == pytest.approx(np.cos(np.radians(30.0)))


def test_symmetric_top_is_flagged():
    ammonia = Molecule.from_atoms(g2("NH3"))
    assert rotor_type(ammonia) == "symmetric"
    frames = canonical_axes("inertia", ammonia.reference[None], ammonia)
    assert frames.near_degenerate.all()


def test_unknown_frame_and_missing_dihedral_are_named():
    water = Molecule.from_atoms(g2("H2O"))
    with pytest.raises(InputError, match="expected one of inertia"):
        check_axes("inertial", water)
    with pytest.raises(InputError, match="needs a molecule with a dihedral"):
        canonical_axes("bond-axis", water.reference[None], water)


def test_every_sign_rule_is_what_it_says(dce):
    positions = shaken(dce, 50)
    pair, largest, skew = (
        to_axes_positions(positions, canonical_axes(f"inertia-{rule}", positions, dce))
        for rule in ("pair", "largest", "skew")
    )
    assert (pair[:, 0, 0] > 0).all()  # the first anchor on a, the second on b
    assert (pair[:, 3, 1] > 0).all()
    own = largest[:, 0]
    order = np.argsort(-np.abs(own), axis=1)
    assert (np.take_along_axis(own, order[:, :2], axis=1) > 0).all()
    assert (np.einsum("a,fax->fx", dce.masses, skew**3)[:, :2] > 0).all()
    reference = dce.reference[None]
    aligned, plain = (
        to_axes_positions(reference, canonical_axes(name, reference, dce))
        for name in ("inertia-aligned", "inertia")
    )
    np.testing.assert_allclose(aligned, plain, atol=1e-9)


def test_the_margin_is_the_distance_of_the_anchor_from_the_jump(dce):
    positions = shaken(dce, 50)
    axes = canonical_axes("inertia", positions, dce)
    own = to_axes_positions(positions, axes)[:, 0]
    expected = np.abs(own[:, :2]).min(axis=1) / np.linalg.norm(own, axis=1)
    np.testing.assert_allclose(axes.sign_margin, expected)


def test_charge_axes_diagonalise_the_tensor_of_nuclear_charges(dce):
    positions = shaken(dce, 20)
    coordinates = to_axes_positions(positions, canonical_axes("inertia-charge", positions, dce))
    tensor = inertia_tensor(coordinates, dce.numbers.astype(float))
    assert np.abs(tensor * (1 - np.eye(3))).max() < 1e-9
    assert np.abs(np.einsum("a,fax->fx", dce.numbers, coordinates)).max() < 1e-9


def test_three_atoms_are_the_heaviest():
    molecule = Molecule.from_atoms(g2("CH3Cl"))
    middle, first, _ = three_atoms(molecule)
    assert [molecule.symbols[k] for k in (middle, first)] == ["C", "Cl"]
