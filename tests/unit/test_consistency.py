"""Checks of frames: right data pass, and each kind of wrong data is found by its check."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from rpr.axes.rotation import random_rotations
from rpr.data.consistency import energies, geometries, tensors
from rpr.data.consistency.battery import check_frames, check_outliers
from rpr.data.consistency.finding import IMPLAUSIBLE, NOT_TESTED, NOTE, OK
from rpr.data.consistency.neighbours import neighbour_pairs, superpose
from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet, concatenate
from rpr.data.reference_frame import choose_reference
from rpr.errors import InputError
from rpr.labels.calculated_frame import check_calculated
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.results import ALL_PROPERTIES
from rpr.models.derivatives import check_translation
from rpr.molecule.molecule import Molecule
from rpr.units import BOHR, BOHR3, DEBYE, HARTREE, KCAL_MOL

WATER = Molecule.from_atoms(Atoms("OHH", [[0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48]]))


@pytest.fixture(scope="module")
def frames(root):
    return read_frames(root / "resources/deposit/test_set.extxyz")


@pytest.fixture(scope="module")
def molecule(frames):
    return Molecule.from_atoms(frames.atoms(choose_reference(frames)[0]))


@pytest.fixture(scope="module")
def pairs(frames):
    return neighbour_pairs(frames)


def verdicts(frames, molecule):
    return {found.check: found.verdict for found in check_frames(frames, molecule)}


def scaled(frames, **factors):
    """The same frames with quantities in other units."""
    return replace(frames, **{name: getattr(frames, name) * f for name, f in factors.items()})


def changed(frames, **quantities):
    return replace(frames, **quantities)


def test_right_frames_pass_every_check(frames, molecule):
    found = verdicts(frames, molecule)
    assert set(found.values()) == {OK}
    assert len(found) == 21


def test_frames_without_labels_are_not_judged_by_them(frames, molecule):
    bare = verdicts(FrameSet(frames.symbols, frames.positions), molecule)
    assert set(bare.values()) == {OK, NOT_TESTED}
    assert bare["unit of polarizability"] == NOT_TESTED


def test_one_frame_and_one_atom_are_accepted():
    helium = FrameSet(("He",), np.zeros((1, 1, 3)), energy=np.array([-79.0]))
    molecule = Molecule(("He",), np.zeros((1, 3)))
    assert IMPLAUSIBLE not in verdicts(helium, molecule).values()


@pytest.mark.parametrize(
    ("factor", "unit"), [(1 / BOHR, "bohr"), (0.1, "nanometres"), (100.0, "picometres")]
)
def test_positions_in_other_units(frames, molecule, factor, unit):
    (found,) = check_frames(replace(frames, positions=frames.positions * factor), molecule)
    assert found.verdict == IMPLAUSIBLE
    assert unit in found.text


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (-1.0, "gradients"),
        (BOHR / HARTREE, "hartree/bohr"),
        (-BOHR / HARTREE, "hartree/bohr, with the sign of gradients"),
        (1 / KCAL_MOL, "kcal/mol/Angstrom"),
        (4.184 / KCAL_MOL, "kJ/mol/Angstrom"),
    ],
)
def test_forces_in_other_units(frames, molecule, factor, words):
    wrong = scaled(frames, forces=factor)
    found = energies.check_force_unit(wrong, molecule)
    assert found.verdict == IMPLAUSIBLE
    assert words in found.text


@pytest.mark.parametrize(
    ("energy", "forces", "words"),
    [
        (1 / HARTREE, 1.0, "energies may be in hartree"),
        (1 / HARTREE, BOHR / HARTREE, "energies may be in hartree"),
        (1 / KCAL_MOL, 1.0, "energies may be in kcal/mol"),
        (1.0, -1.0, "sign of gradients"),
    ],
)
def test_energies_in_other_units(frames, molecule, pairs, energy, forces, words):
    wrong = scaled(frames, energy=energy, forces=forces)
    found = energies.check_energies(wrong, molecule, pairs)
    assert found.verdict == IMPLAUSIBLE
    assert words in found.text


def test_energies_and_forces_in_the_same_wrong_unit_are_found_by_stiffness(frames, molecule):
    wrong = verdicts(scaled(frames, energy=1 / KCAL_MOL, forces=1 / KCAL_MOL), molecule)
    assert wrong["energies against forces"] == OK
    assert wrong["unit and sign of forces"] == IMPLAUSIBLE


def test_forces_of_other_frames(frames, molecule, pairs):
    shuffled = changed(frames, forces=np.roll(frames.forces, 7, axis=0))
    found = energies.check_energies(shuffled, molecule, pairs)
    assert found.verdict in (IMPLAUSIBLE, NOT_TESTED)
    assert found.verdict != OK


@pytest.mark.parametrize(
    ("factor", "unit"), [(1 / BOHR3, "bohr^3"), (0.0694462, "e^2*Angstrom^2/eV")]
)
def test_polarizability_in_other_units(frames, molecule, factor, unit):
    found = tensors.check_polarizability_unit(scaled(frames, polarizability=factor), molecule)
    assert found.verdict == IMPLAUSIBLE
    assert unit in found.text


def test_the_small_polarizability_of_a_small_basis_is_a_note(frames, molecule):
    found = tensors.check_polarizability_unit(scaled(frames, polarizability=0.4), molecule)
    assert found.verdict == NOTE


def test_dipoles_in_debye(frames, molecule):
    found = tensors.check_dipole_size(scaled(frames, dipole=1 / DEBYE), molecule)
    assert found.verdict == IMPLAUSIBLE
    assert "debye" in found.text


def test_a_polarizability_that_is_not_symmetric_or_not_positive(frames):
    wrong = frames.polarizability.copy()
    wrong[3, 0, 1] += 0.5
    found = tensors.check_symmetric(changed(frames, polarizability=wrong))
    assert (found.verdict, found.text) == (IMPLAUSIBLE, "frame 3: the tensor is not symmetric")
    found = tensors.check_symmetric(scaled(frames, polarizability=-1.0))
    assert found.verdict == IMPLAUSIBLE


@pytest.mark.parametrize("quantity", ["dipole", "polarizability"])
@pytest.mark.parametrize("kind", ["other axes", "other frames", "inverse rotation"])
def test_values_that_do_not_turn(frames, pairs, quantity, kind):
    """Positions are turned at random; values stay, turn the other way, or are of other frames."""
    values = getattr(frames, quantity)
    if kind == "other frames":
        wrong = changed(frames, **{quantity: np.roll(values, 31, axis=0)})
        found = tensors.check_turning(wrong, pairs, quantity)
    else:
        q = random_rotations(len(frames), np.random.default_rng(1))
        positions = frames.positions @ np.swapaxes(q, 1, 2)
        if kind == "inverse rotation" and quantity == "dipole":
            values = np.einsum("fji,fj->fi", q, values)
        elif kind == "inverse rotation":
            values = np.swapaxes(q, 1, 2) @ values @ q
        wrong = changed(frames, positions=positions, **{quantity: values})
        found = tensors.check_turning(wrong, neighbour_pairs(wrong), quantity)
    assert found.verdict == IMPLAUSIBLE, found.text


def test_frames_in_one_orientation_say_nothing_about_turning(frames):
    one = FrameSet(frames.symbols, frames.positions[:1] + 0.001 * np.arange(20.0)[:, None, None])
    one.positions[:, 0] += np.random.default_rng(0).normal(scale=0.01, size=(20, 3))
    one.dipole = np.tile(frames.dipole[:1], (20, 1))
    found = tensors.check_turning(one, neighbour_pairs(one), "dipole")
    assert found.verdict == NOT_TESTED


def test_exchanged_atoms(frames, molecule):
    positions = frames.positions.copy()
    positions[[4, 9]] = positions[[4, 9]][:, [0, 1, 2, 3, 5, 4, 6, 7]]  # two hydrogens of a carbon
    found = geometries.check_handedness(replace(frames, positions=positions), molecule)
    assert found.verdict == IMPLAUSIBLE
    assert found.text == "2 frames (4, 9): like atoms are exchanged, in frame 4 at atom 1"
    positions = frames.positions.copy()
    positions[6] = positions[6][[0, 1, 2, 3, 4, 6, 5, 7]]  # hydrogens of different carbons
    found = geometries.check_bonds(replace(frames, positions=positions), molecule)
    assert found.verdict == IMPLAUSIBLE
    assert found.text.startswith("frame 6: bonds broken, or atoms in another order")


def test_mirror_images_are_worth_a_note(frames, molecule):
    positions = frames.positions.copy()
    positions[:5] *= -1
    found = geometries.check_handedness(replace(frames, positions=positions), molecule)
    assert found.verdict == NOTE


def test_one_hand_is_worth_a_note(frames, molecule):
    """Frames of one sign of the dihedral: some models then fail for the other."""
    assert geometries.check_hands(frames, molecule).verdict == OK
    one = geometries.check_hands(frames.subset(frames.dihedral > 0), molecule)
    assert one.verdict == NOTE
    assert "one hand only" in one.text


def test_derivatives_of_the_dipole(water):
    """Right order and unit pass; transposed ones and debye do not."""

    def check(frames):
        return tensors.check_dipole_derivatives(frames, WATER)

    assert check(water).verdict == OK
    transposed = replace(water, dipole_derivatives=np.swapaxes(water.dipole_derivatives, 2, 3))
    found = check(transposed)
    assert found.verdict == IMPLAUSIBLE
    assert "another order" in found.text
    found = check(scaled(water, dipole_derivatives=1 / DEBYE))
    assert found.verdict == IMPLAUSIBLE
    shifted = water.dipole_derivatives + 0.1
    found = check(changed(water, dipole_derivatives=shifted))
    assert "no charge" in found.text


@pytest.mark.parametrize("shift", [0.0, 0.001, 0.005, 0.015])
def test_checks_and_training_have_the_same_limits(water, shift):
    """Derivatives that sum to the shift over three atoms, with a limit of 0.003 e."""
    derivatives = water.dipole_derivatives + shift / 3 * np.eye(3)
    found = tensors.check_dipole_derivatives(changed(water, dipole_derivatives=derivatives), WATER)
    if shift < 0.003:
        check_translation(derivatives, "dipole", np.arange(1))
        assert found.verdict == OK
    else:
        with pytest.raises(InputError, match="sum over the atoms"):
            check_translation(derivatives, "dipole", np.arange(1))
        assert found.verdict == IMPLAUSIBLE


def test_derivatives_of_an_ion_are_those_about_a_fixed_point(water):
    """Point charges of 1 e in all: the dipole is that about the centre of mass."""
    charges = np.array([0.0, 0.5, 0.5])
    x = water.positions
    born = np.broadcast_to(charges[:, None, None] * np.eye(3), (1, 3, 3, 3))
    centre = np.einsum("a,fax->fx", WATER.masses / WATER.masses.sum(), x)
    about = np.einsum("a,fax->fx", charges, x - centre[:, None])
    ion = changed(water, dipole=about, dipole_derivatives=born)
    found = tensors.check_dipole_derivatives(ion, WATER)
    assert found.verdict == OK
    assert "charge of 1.00 e" in found.text
    found = tensors.check_dipole_derivatives(changed(ion, dipole=about + 1.0), WATER)
    assert found.verdict == IMPLAUSIBLE
    assert "about its centre of mass" in found.text


def test_repeated_geometries(frames, molecule):
    """A geometry that occurs twice is worth a note; two energies of it are implausible."""
    turned = frames.subset(np.arange(3))
    rotation = random_rotations(1, np.random.default_rng(0))[0]
    turned.positions = turned.positions @ rotation.T
    doubled = concatenate([frames, turned])
    found = geometries.check_repeated(doubled)
    assert found.verdict == NOTE
    assert f"3 of {len(frames) + 3} frames are copies of others" in found.text
    doubled.energy[-1] += 0.1
    found = geometries.check_repeated(doubled)
    assert found.verdict == IMPLAUSIBLE
    assert f"frames 2 and {len(frames) + 2}" in found.text


def test_outliers(frames):
    dipole = frames.dipole.copy()
    dipole[17] *= 30
    found = check_outliers(changed(frames, dipole=dipole), "dipole")
    assert found.verdict == IMPLAUSIBLE
    assert found.text.endswith("; far outside: frame 17")


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_superposition_finds_the_rotation(frames, mirror):
    rotations = mirror * random_rotations(10, np.random.default_rng(2))
    first = frames.positions[:10]
    found, left = superpose(first, first @ np.swapaxes(rotations, 1, 2) + 3.0)
    np.testing.assert_allclose(found, rotations, atol=1e-10)
    np.testing.assert_allclose(left, 0.0, atol=1e-10)


def test_planar_frames_are_superposed_by_a_rotation():
    water = np.array([[[0.0, 0.0, 0.12], [0.0, 0.76, -0.48], [0.0, -0.76, -0.48]]])
    rotation = random_rotations(1, np.random.default_rng(3))
    found, _ = superpose(water, water @ np.swapaxes(rotation, 1, 2))
    np.testing.assert_allclose(found, rotation, atol=1e-7)


def test_reference_is_the_frame_of_lowest_energy_or_in_the_middle(frames):
    assert choose_reference(frames) == (int(np.argmin(frames.energy)), "the frame of lowest energy")
    bare = FrameSet(frames.symbols, frames.positions)
    k, words = choose_reference(bare)
    assert words == "the frame closest to the median distances"
    assert 0 <= k < len(frames)


@pytest.fixture(scope="module")
def water():
    """One frame of water with labels of another method than that of the check."""
    positions = np.array([[[0.0, 0.05, 0.117], [0.02, 0.757, -0.471], [-0.03, -0.81, -0.44]]])
    method = Method(functional="pbe0", basis="6-31g")
    labels = make_engine(method, ("O", "H", "H")).compute(positions[0], ALL_PROPERTIES)
    return FrameSet(
        ("O", "H", "H"),
        positions,
        energy=np.array([labels.energy]),
        forces=labels.forces[None],
        dipole=labels.dipole[None],
        polarizability=labels.polarizability[None],
        dipole_derivatives=labels.dipole_derivatives[None],
    )


def test_labels_of_another_method_agree_with_the_calculated_frame(water):
    assert [found.verdict for found in check_calculated(water)] == [OK] * 4


@pytest.mark.parametrize(
    ("name", "factor", "words"),
    [
        ("dipole", 1 / BOHR, "e*bohr"),
        ("dipole", 1 / DEBYE, "debye"),
        ("dipole", -1.0, "the sign is reversed"),
        ("forces", -1.0, "gradients"),
        ("forces", BOHR / HARTREE, "hartree/bohr"),
        ("energy", 1 / HARTREE, "hartree"),
        ("polarizability", 1 / BOHR3, "bohr^3"),
    ],
)
def test_the_calculated_frame_settles_units_and_signs(water, name, factor, words):
    only = FrameSet(water.symbols, water.positions, **{name: getattr(water, name) * factor})
    (found,) = check_calculated(only)
    assert found.verdict == IMPLAUSIBLE
    assert words in found.text


def test_rough_methods_settle_signs_but_no_units(water):
    for factor, verdict in ((1 / BOHR, NOTE), (-1.0, IMPLAUSIBLE)):
        only = FrameSet(water.symbols, water.positions, dipole=factor * water.dipole)
        (found,) = check_calculated(only, rough=True)
        assert found.verdict == verdict


def test_what_cannot_be_calculated_is_said(water):
    (found,) = check_calculated(water, charge=1)
    assert found.verdict == NOT_TESTED
    assert "open shells" in found.text
