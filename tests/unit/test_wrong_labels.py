"""Files that are wrong in one way each: training says what is wrong, and how to read them."""

from dataclasses import replace

import numpy as np
import pytest

from rpr.axes.rotation import random_rotations
from rpr.cli.main import main
from rpr.data.consistency.battery import check_frames, check_labels
from rpr.data.consistency.conventions import ORDERS, check_order
from rpr.data.consistency.finding import IMPLAUSIBLE, OK
from rpr.data.consistency.origin import check_origin, laboratory_charge
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet
from rpr.errors import InputError, PlausibilityWarning
from rpr.labels.assemble import assemble
from rpr.models.covariant import CovariantRegression
from rpr.models.kreg.potential import KREG
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.molecule.dipole_origin import derivatives_about_centre, dipole_about_centre
from rpr.molecule.molecule import Molecule
from rpr.units import BOHR, BOHR3, DEBYE, HARTREE

HYDRONIUM = np.array([[0, 0, 0.3], [0.94, 0, 0], [-0.47, 0.81, 0], [-0.47, -0.81, 0]])


@pytest.fixture(scope="module")
def frames(root):
    return read_frames(root / "resources/deposit/test_set.extxyz")


@pytest.fixture(scope="module")
def molecule(frames):
    return Molecule.from_atoms(frames.atoms(0), anchors=(0, 3), dihedral=(0, 1, 2, 3))


def hydronium(charge=1.0, spread=0.5, n_frames=30):
    """An ion of point charges, turned and moved; its dipoles are about the laboratory's origin."""
    rng = np.random.default_rng(0)
    positions = HYDRONIUM + rng.normal(scale=0.06, size=(n_frames, 4, 3))
    positions = positions @ random_rotations(n_frames, rng)
    positions -= np.average(positions, axis=1, weights=[15.999, 1.008, 1.008, 1.008])[:, None]
    positions += rng.normal(scale=spread, size=(n_frames, 1, 3))
    charges = np.array([charge - 1.35, 0.45, 0.45, 0.45])
    dipole = np.einsum("a,fax->fx", charges, positions)
    return FrameSet(("O", "H", "H", "H"), positions, dipole=dipole)


def moved_by(frames, charge):
    """The frames with their dipoles moved to the centre of mass with a charge."""
    masses = molecule_of(frames).masses
    mu = dipole_about_centre(frames.dipole, frames.positions, masses, charge)
    return replace(frames, dipole=mu)


def molecule_of(frames):
    return Molecule.from_atoms(frames.atoms(0))


def trained(frames, folder, *options, property="dipole", keep=("dipole",)):
    """Exit status of ``rpr train`` on a file with these labels."""
    labels = {name: getattr(frames, name) for name in keep}
    write_frames(folder / "wrong.extxyz", FrameSet(frames.symbols, frames.positions, **labels))
    words = ("train", folder / "wrong.extxyz", "-o", folder / "m.npz", "--property", property)
    return main([str(word) for word in (*words, "--n-train", 10, "--overwrite", *options)])


def test_dipoles_of_ions_about_the_laboratory_are_refused_and_moved(tmp_path, capsys):
    frames = hydronium()
    assert trained(frames, tmp_path) == 2
    told = capsys.readouterr().err
    assert "dipoles change by 1.00 e for each Angstrom" in told
    assert "--dipole-origin center-of-mass --charge 1" in told
    moved = ("--dipole-origin", "center-of-mass", "--charge", "1")
    assert trained(frames, tmp_path, *moved) == 0
    assert "implausible" not in capsys.readouterr().err
    assert trained(frames, tmp_path, "--accept-implausible") == 0


def test_a_wrong_charge_is_told_from_dipoles_that_were_moved_already(tmp_path, capsys):
    move = ("--dipole-origin", "center-of-mass", "--charge")
    assert trained(hydronium(2.0), tmp_path, *move, "1") == 2
    told = capsys.readouterr().err
    assert "they were moved to the centre of mass with the charge 1" in told
    assert "its charge is 2 (--dipole-origin center-of-mass --charge 2;" in told
    assert trained(hydronium(2.0), tmp_path, *move, "2") == 0
    moved = moved_by(hydronium(), 1.0)
    assert trained(moved, tmp_path, *move, "1") == 2
    assert "but refer to it already; leave out --dipole-origin" in capsys.readouterr().err
    assert trained(moved, tmp_path) == 0
    partial = hydronium(0.55)  # what is left, -0.45 e, is less than half of a charge
    (found,) = [
        finding
        for finding in check_frames(moved_by(partial, 1.0), molecule_of(partial), moved_charge=1)
        if finding.check.startswith("dipole moves")
    ]
    assert "leave out --dipole-origin" in found.text


@pytest.mark.parametrize(("charge", "spread"), [(0.0, 2.0), (1.0, 0.0), (-1.0, 0.002)])
def test_dipoles_that_move_with_the_molecule_pass(charge, spread):
    """A neutral molecule anywhere, and an ion at rest."""
    frames = hydronium(charge, spread)
    assert check_origin(frames, Molecule.from_atoms(frames.atoms(0))).verdict == OK


def test_dipoles_about_an_atom_move_with_the_molecule():
    frames = hydronium()
    frames.dipole = frames.dipole - frames.positions[:, 0]
    assert check_origin(frames, Molecule.from_atoms(frames.atoms(0))).verdict == OK


def test_the_charge_is_found():
    for charge in (-2.0, -1.0, 1.0, 2.0):
        frames = hydronium(charge)
        found, left = laboratory_charge(frames, Molecule.from_atoms(frames.atoms(0)))
        assert found == pytest.approx(charge, abs=1e-9)
        assert left < 1e-6


def test_moved_dipoles_and_derivatives_agree_with_each_other():
    """mu - Q R does not depend on the place; its derivatives are those by finite differences."""
    charges, masses = np.array([-0.35, 0.45, 0.45, 0.45]), np.array([16.0, 1.0, 1.0, 2.0])
    born = charges[None, :, None, None] * np.eye(3)

    def moved(positions):
        dipole = np.einsum("a,fax->fx", charges, positions)
        born_about_centre = derivatives_about_centre(born, masses, 1)
        return dipole_about_centre(dipole, positions, masses, 1), born_about_centre

    x = HYDRONIUM[None]
    np.testing.assert_allclose(moved(x)[0], moved(x + 7.0)[0], atol=1e-12)
    step = np.zeros_like(x)
    step[0, 3, 1] = 1e-3
    slope = (moved(x + step)[0] - moved(x - step)[0]) / 2e-3
    np.testing.assert_allclose(slope[0], moved(x)[1][0, 3, 1], atol=1e-10)
    np.testing.assert_allclose(moved(x)[1].sum(axis=1), 0.0, atol=1e-12)


def test_moving_needs_a_charge(tmp_path):
    write_frames(tmp_path / "a.xyz", hydronium())
    with pytest.raises(InputError, match="found no charge, expected that of the ion"):
        read_frames(tmp_path / "a.xyz", dipole_origin="center-of-mass")
    with pytest.raises(InputError, match="dipole_origin: found 'com', expected one of as given"):
        read_frames(tmp_path / "a.xyz", dipole_origin="com", charge=1)


def reordered(tensors, read, written):
    """Tensors whose six elements were written in one order, and read in another."""
    places = dict(zip(read.split(), written.split(), strict=True))
    wrong = np.empty_like(tensors)
    for a in "xyz":
        for b in "xyz":
            k, m = ("xyz".index(letter) for letter in places["".join(sorted(a + b))])
            wrong[:, "xyz".index(a), "xyz".index(b)] = tensors[:, k, m]
    return wrong


@pytest.mark.parametrize(("read", "written"), [(0, 1), (1, 0), (0, 2), (3, 4), (0, 3), (4, 0)])
@pytest.mark.parametrize("one_orientation", [False, True])
def test_elements_in_another_order_are_named(frames, molecule, read, written, one_orientation):
    if one_orientation:
        frames = in_one_orientation(frames)
    wrong = reordered(frames.polarizability, ORDERS[read], ORDERS[written])
    found = check_order(replace(frames, polarizability=wrong), molecule, "polarizability")
    assert found.verdict == IMPLAUSIBLE
    assert f"taken as {ORDERS[read]} are {ORDERS[written]}" in found.text


def in_one_orientation(frames):
    """The same frames, superposed on the first with their labels."""
    from rpr.data.consistency.neighbours import superpose

    first = np.repeat(frames.positions[:1], len(frames), axis=0)
    q, _ = superpose(frames.positions, first)
    return replace(
        frames,
        positions=frames.positions @ np.swapaxes(q, 1, 2),
        dipole=np.einsum("fij,fj->fi", q, frames.dipole),
        polarizability=q @ frames.polarizability @ np.swapaxes(q, 1, 2),
        forces=None,
    )


@pytest.mark.parametrize("one_orientation", [False, True])
def test_axes_in_another_order_are_named(frames, molecule, one_orientation):
    if one_orientation:
        frames = in_one_orientation(frames)
    wrong = replace(frames, dipole=frames.dipole[:, [2, 0, 1]])
    found = check_order(wrong, molecule, "dipole")
    assert found.verdict == IMPLAUSIBLE
    assert "with the axes y z x of the labels as x y z" in found.text
    assert check_order(frames, molecule, "dipole").verdict == OK
    assert check_order(frames, molecule, "polarizability").verdict == OK


def test_labels_in_other_axes_are_refused(frames, tmp_path, capsys):
    turned = frames.positions @ random_rotations(len(frames), np.random.default_rng(1))
    assert trained(replace(frames, positions=turned), tmp_path) == 2
    assert "a program's standard orientation" in capsys.readouterr().err
    wrong = replace(frames, polarizability=reordered(frames.polarizability, *ORDERS[:2]))
    words = {"property": "polarizability", "keep": ("polarizability",)}
    assert trained(wrong, tmp_path, **words) == 2
    assert f"taken as {ORDERS[0]} are {ORDERS[1]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("property", "factors", "status", "words"),
    [
        ("dipole", {"dipole": 1 / DEBYE}, 0, "--dipole-unit debye"),
        ("polarizability", {"polarizability": 1 / BOHR3}, 0, "--polarizability-unit bohr^3"),
        ("energy", {"energy": 1 / HARTREE}, 2, "--energy-unit hartree"),
        ("energy", {"forces": -1.0}, 2, "--gradients"),
        ("energy", {"forces": -BOHR / HARTREE}, 2, "hartree/bohr, with the sign of gradients"),
        ("energy", {"forces": -BOHR / HARTREE, "energy": 1 / HARTREE}, 2, "hartree/bohr"),
    ],
)
def test_other_units_and_signs_are_told(frames, tmp_path, capsys, property, factors, status, words):
    wrong = replace(
        frames, **{name: factor * getattr(frames, name) for name, factor in factors.items()}
    )
    keep = ("energy", "forces") if property == "energy" else (property,)
    assert trained(wrong, tmp_path, property=property, keep=keep) == status
    told = capsys.readouterr().err
    assert words in told or status == 2
    findings = check_frames(wrong, Molecule.from_atoms(frames.atoms(0)))
    assert any(words in found.text for found in findings if found.is_implausible)


def test_dipoles_that_change_quickly_are_no_contradiction(frames, molecule):
    """Similar frames of a floppy ion may differ; labels that follow the shape are then accepted."""
    rng = np.random.default_rng(0)
    few = frames.subset(np.arange(40))
    charges = np.array([3.0, -3.0, 3.0, -3.0, 1.0, -1.0, 1.0, -1.0])
    few.positions = few.positions + rng.normal(scale=0.25, size=few.positions.shape)
    few.dipole = np.einsum("a,fax->fx", charges, few.positions)
    found = {finding.check: finding for finding in check_labels(few, molecule, ("dipole",))}
    assert not any(finding.contradiction for finding in found.values())


def test_the_library_warns_as_well(frames, molecule):
    settings = {"molecule": molecule, "n_search": 10, "max_iterations": 2}
    model = CovariantRegression(**settings)
    with pytest.warns(PlausibilityWarning, match="size of dipoles.*debye"):
        model.fit(frames.positions, frames.dipole / DEBYE)
    ion = hydronium()
    model = CovariantRegression(**settings | {"molecule": Molecule.from_atoms(ion.atoms(0))})
    with pytest.warns(PlausibilityWarning, match="about the laboratory's origin"):
        model.fit(ion)
    kreg = KREG(molecule=molecule, sigma=1.0, lambda_energy=1e-6, lambda_forces=1e-6)
    few = frames.subset(np.arange(60))
    with pytest.warns(PlausibilityWarning, match="gradients, not forces"):
        kreg.fit(few.positions, few.energy, -few.forces)


def test_one_geometry_and_one_hand_are_told(frames, molecule, tmp_path, capsys):
    same = frames.subset(np.zeros(12, dtype=int))
    found = check_labels(same, molecule, ("dipole",))[0]
    assert found.verdict == IMPLAUSIBLE
    assert "all 12 frames are the same geometry" in found.text
    with pytest.warns(PlausibilityWarning, match="are the same geometry"):
        CovariantRegression(molecule=molecule, n_search=5, max_iterations=2).fit(same)
    one = frames.subset(frames.dihedral > 0)
    with pytest.warns(PlausibilityWarning, match="one hand only"):
        RotatePredictRotate(molecule=molecule).fit(one)
    assert trained(one, tmp_path, "--model", "rotate-predict-rotate") == 0
    assert "one hand only" in capsys.readouterr().err
    for model in ("covariant", "symmetrized", "copies", "folded"):
        assert trained(one, tmp_path, "--model", model) == 0
        assert "one hand only" not in capsys.readouterr().err


def test_right_labels_make_no_warning(frames, molecule, recwarn):
    CovariantRegression(molecule=molecule, n_search=10, max_iterations=2).fit(frames)
    assert not [w for w in recwarn if issubclass(w.category, PlausibilityWarning)]


def test_a_run_on_given_frames_makes_the_same_checks(frames, molecule, tmp_path):
    path = tmp_path / "given.extxyz"
    write_frames(path, replace(frames, forces=-frames.forces))
    with pytest.raises(InputError, match=r"energies against forces: .*gradients.*rpr check"):
        assemble([path], molecule=molecule, given=True)
    assert len(assemble([path], molecule=molecule)) == len(frames)
    write_frames(path, replace(frames, dipole=frames.dipole / DEBYE))
    with pytest.warns(PlausibilityWarning, match="may be in debye"):
        assemble([path], molecule=molecule, given=True)
