"""The dihedral scan: one end turns as a whole, and both hands make 70 trajectories."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as g2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rpr.errors import InputError
from rpr.molecule.molecule import Molecule, read_geometry
from rpr.molecule.torsion import (
    dihedral_angle,
    scan_angles,
    scan_dihedral,
    set_dihedral,
    turn_dihedral,
    turned_atoms,
)

GEOMETRIES = Path(__file__).parents[2] / "resources" / "geometries"
CHAIN = (0, 1, 2, 3)


def load(name: str, dihedral=CHAIN) -> Molecule:
    return Molecule.from_atoms(read_geometry(GEOMETRIES / f"{name}.xyz"), dihedral=dihedral)


def shaken(molecule: Molecule, n: int = 6, size: float = 0.08) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal((n, molecule.n_atoms, 3))
    return molecule.reference + size * noise


def distances(positions: np.ndarray, atoms: list[int]) -> np.ndarray:
    part = positions[:, atoms]
    return np.linalg.norm(part[:, :, None] - part[:, None], axis=-1)


@pytest.mark.parametrize(
    ("name", "dihedral", "expected"),
    [
        ("dichloroethane_anti", CHAIN, (3, 6, 7)),
        ("dichloroethane_gauche", CHAIN, (3, 6, 7)),
        ("dichloroethane_anti", (3, 2, 1, 0), (0, 4, 5)),
        ("dichloroethane_anti", (4, 1, 2, 6), (3, 6, 7)),
        ("hydrogen_peroxide", CHAIN, (3,)),
        ("ethanedithiol_gauche", CHAIN, (3, 6, 7, 9)),
        ("ethanedithiol_gauche", (1, 2, 3, 9), (9,)),
    ],
)
def test_the_whole_far_end_turns(name, dihedral, expected):
    assert turned_atoms(load(name, dihedral)) == expected


@settings(max_examples=25, deadline=None)
@given(st.floats(-179.9, 180.0))
@example(180.0)
def test_dihedral_is_set_and_all_else_stays(angle):
    molecule = load("dichloroethane_anti")
    before = shaken(molecule)
    after = set_dihedral(before, molecule, angle)
    error = dihedral_angle(after, CHAIN) - angle
    assert np.allclose((error + 180.0) % 360.0, 180.0, atol=1e-9)  # -180 is 180
    # The near end does not move at all; each end with the axis stays rigid: no bond length, bond
    # angle or inner torsion changes.
    near, far = [0, 1, 2, 4, 5], [1, 2, 3, 6, 7]
    assert np.array_equal(after[:, near], before[:, near])
    assert np.allclose(distances(after, far), distances(before, far), atol=1e-12)
    hydrogen = (4, 1, 2, 6)
    turned = dihedral_angle(after, CHAIN) - dihedral_angle(before, CHAIN)
    found = dihedral_angle(after, hydrogen) - dihedral_angle(before, hydrogen)
    assert np.allclose((found - turned + 180.0) % 360.0, 180.0)


def test_handedness_is_kept():
    """The end is turned, not mirrored: the signed volume at each carbon stays."""
    molecule = load("dichloroethane_anti")
    before = shaken(molecule)
    after = set_dihedral(before, molecule, 30.0)
    for centre, others in ((1, (0, 4, 5)), (2, (3, 6, 7))):
        volumes = [
            np.linalg.det(frames[:, list(others)] - frames[:, [centre]])
            for frames in (before, after)
        ]
        assert np.allclose(*volumes)


def test_agrees_with_ase():
    molecule = load("dichloroethane_gauche")
    before = shaken(molecule)
    after = set_dihedral(before, molecule, 100.0)
    for x, y in zip(before, after, strict=True):
        atoms = Atoms(molecule.symbols, positions=x)
        atoms.set_dihedral(*CHAIN, 100.0, indices=[3, 6, 7])
        assert np.allclose(atoms.positions, y, atol=1e-10)


def test_every_frame_may_have_its_own_angle_and_the_input_is_not_changed():
    molecule = load("dichloroethane_anti")
    before = shaken(molecule, 3)
    copy = before.copy()
    after = set_dihedral(before, molecule, [0.0, 90.0, -120.0])
    assert np.allclose(dihedral_angle(after, CHAIN), [0.0, 90.0, -120.0])
    assert np.array_equal(before, copy)


@pytest.fixture(scope="module")
def sampled():
    """Frames with a spread about the anti minimum, whose dihedral is 180 degrees."""
    molecule = load("dichloroethane_anti")
    return molecule, shaken(molecule, 70)


def deviation(degrees, equilibrium) -> np.ndarray:
    """Difference of two angles in [-180, 180)."""
    return (np.asarray(degrees) - equilibrium + 180.0) % 360.0 - 180.0


def test_shift_keeps_the_deviation_from_equilibrium(sampled):
    molecule, before = sampled
    equilibrium = dihedral_angle(molecule.reference[None], CHAIN)[0]
    spread = deviation(dihedral_angle(before, CHAIN), equilibrium)
    assert spread.std() > 3.0
    angles = scan_angles(70)
    after = scan_dihedral(before, molecule, angles)
    assert np.allclose(deviation(dihedral_angle(after, CHAIN), angles), spread, atol=1e-9)
    both = [scan_dihedral(before, molecule, angles, dihedral=d) for d in ("shift", "set")]
    assert np.array_equal(after, both[0])
    assert np.allclose(deviation(dihedral_angle(both[1], CHAIN), angles), 0.0, atol=1e-9)


def test_shift_turns_the_whole_end_and_nothing_else(sampled):
    molecule, before = sampled
    after = scan_dihedral(before, molecule, scan_angles(70))
    near, far = [0, 1, 2, 4, 5], [1, 2, 3, 6, 7]
    assert np.array_equal(after[:, near], before[:, near])
    assert np.allclose(distances(after, far), distances(before, far), atol=1e-12)
    turned = deviation(dihedral_angle(after, CHAIN), dihedral_angle(before, CHAIN))
    for atoms in ((4, 1, 2, 6), (5, 1, 2, 7), (0, 1, 2, 7)):
        found = deviation(dihedral_angle(after, atoms), dihedral_angle(before, atoms))
        assert np.allclose(deviation(found, turned), 0.0, atol=1e-9)


def test_shift_by_nothing_changes_nothing(sampled):
    molecule, before = sampled
    assert np.allclose(turn_dihedral(before, molecule, 0.0), before, atol=1e-14)
    assert np.allclose(scan_dihedral(before, molecule, 180.0), before, atol=1e-12)


def test_shift_starts_from_the_dihedral_of_the_reference():
    molecule = load("dichloroethane_gauche")
    equilibrium = dihedral_angle(molecule.reference[None], CHAIN)[0]
    assert 50.0 < abs(equilibrium) < 80.0
    after = scan_dihedral(molecule.reference[None], molecule, -40.0)
    assert dihedral_angle(after, CHAIN)[0] == pytest.approx(-40.0)


def test_unknown_treatment_of_the_dihedral_is_an_input_error(sampled):
    molecule, before = sampled
    with pytest.raises(InputError, match="dihedral: found 'add', expected shift or set"):
        scan_dihedral(before, molecule, 0.0, dihedral="add")
    with pytest.raises(InputError, match=r"degrees: found shape \(3,\).* 70 frames"):
        scan_dihedral(before, molecule, np.zeros(3))


def test_both_hands_are_the_seventy_of_the_paper():
    angles = scan_angles(70)
    assert np.array_equal(angles, [k for k in range(-175, 180, 5) if k])
    assert np.array_equal(angles, -angles[::-1])
    assert np.array_equal(scan_angles(140), np.tile(angles, 2))


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, [90]),
        (2, [-90, 90]),
        (3, [-120, 5, 120]),
        (4, [-135, -45, 45, 135]),
        (6, [-150, -90, -30, 30, 90, 150]),
        (72, [*(k for k in range(-175, 180, 5) if k), -90, 90]),
    ],
)
def test_other_numbers_of_trajectories_of_both_hands(n, expected):
    assert np.array_equal(scan_angles(n, scan="both_hands"), expected)


@pytest.mark.parametrize("n", range(2, 71))
def test_fewer_angles_are_even_over_the_circle_and_balanced(n):
    angles = scan_angles(n)
    assert len(set(angles)) == n
    assert abs(np.sum(np.sign(angles))) == n % 2
    if n % 2 == 0:
        assert np.array_equal(angles, -angles[::-1])
    gaps = np.diff([*angles, angles[0] + 360.0])
    assert np.abs(gaps - 360.0 / n).max() <= 10.0  # two steps of the scan


def test_every_second_trajectory_is_every_second_angle():
    angles = scan_angles(70)[::2]
    assert np.array_equal(angles, [*range(-175, 0, 10), *range(10, 180, 10)])


def test_one_hand_makes_seventy_of_thirty_seven():
    """0, 5, ..., 180 once and 10, 15, ..., 170 again."""
    angles = scan_angles(70, scan="one_hand")
    assert np.array_equal(angles[:37], np.arange(0, 181, 5))
    assert np.array_equal(angles[37:], np.arange(10, 171, 5))


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, [90]),
        (2, [0, 180]),
        (3, [0, 90, 180]),
        (5, [0, 45, 90, 135, 180]),
        (37, range(0, 181, 5)),
        (38, [*range(0, 181, 5), 90]),
        (74, [*range(0, 181, 5)] * 2),
    ],
)
def test_other_numbers_of_trajectories_of_one_hand(n, expected):
    assert np.array_equal(scan_angles(n, scan="one_hand"), list(expected))


@pytest.mark.parametrize("n", range(1, 112, 5))
def test_angles_of_one_hand_are_as_even_as_they_can_be(n):
    angles = scan_angles(n, scan="one_hand")
    assert len(angles) == n
    counts = np.bincount((angles / 5).astype(int), minlength=37)
    assert counts.max() - counts.min() <= 1
    if n > 1:
        assert angles.min() == 0
        assert angles.max() == 180


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_trajectories": 0}, "n_trajectories: found 0, expected at least 1"),
        ({"n_trajectories": 3, "scan": "hands"}, "scan: found 'hands', .* both_hands, one_hand"),
    ],
)
def test_impossible_scans_are_input_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        scan_angles(**arguments)


@pytest.mark.parametrize(
    ("atoms", "dihedral", "message"),
    [
        (g2("C6H6"), (0, 1, 2, 3), "the bond 1-2 is part of a ring"),
        (g2("CH3CH2OH"), (2, 0, 1, 4), "are not on opposite sides|are not bonded"),
        (g2("CH3CH2OH"), None, "found none, expected the indices of four"),
    ],
)
def test_dihedrals_that_cannot_be_turned(atoms, dihedral, message):
    molecule = Molecule.from_atoms(atoms, dihedral=dihedral)
    with pytest.raises(InputError, match=message):
        turned_atoms(molecule)


def test_dihedral_in_the_wrong_order():
    with pytest.raises(InputError, match="middle atoms 0 and 3 are not bonded"):
        turned_atoms(load("dichloroethane_anti", (1, 0, 3, 2)))
    with pytest.raises(InputError, match="atoms 2 and 4 are not bonded"):
        turned_atoms(load("dichloroethane_anti", (0, 2, 4, 3)))
    with pytest.raises(InputError, match="atoms 3 and 0 are not on opposite sides"):
        turned_atoms(load("dichloroethane_anti", (3, 1, 2, 0)))


def test_atoms_in_line_are_an_input_error():
    molecule = load("hydrogen_peroxide")
    frames = np.repeat(molecule.reference[None], 2, axis=0)
    frames[1, 0] = 2 * frames[1, 1] - frames[1, 2]
    with pytest.raises(InputError, match="frame 1: atoms 0, 1, 2 are in line"):
        set_dihedral(frames, molecule, 90.0)


def test_angles_must_fit_the_frames():
    molecule = load("hydrogen_peroxide")
    frames = np.repeat(molecule.reference[None], 2, axis=0)
    with pytest.raises(InputError, match=r"degrees: found shape \(3,\).* 2 frames"):
        set_dihedral(frames, molecule, [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="expected one finite angle"):
        set_dihedral(frames, molecule, np.nan)
