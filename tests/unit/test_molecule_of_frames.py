"""Bonds, pyramids and torsions that only frames show; groups without listing automorphisms."""

import warnings

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as example

import rpr
from rpr.cli.main import main
from rpr.data.extxyz import write_frames
from rpr.data.frame_set import FrameSet
from rpr.data.molecule_of_frames import find_molecule
from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.model_file import molecule_from_json, molecule_to_json
from rpr.models.registry import make_model
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import MOST_AVERAGED, find_group, group_text


def alkane(n):
    """All-trans CnH2n+2."""
    half = np.radians(56.0)
    carbons = [
        np.array([k * 1.53 * np.sin(half), (k % 2) * 1.53 * np.cos(half), 0.0]) for k in range(n)
    ]
    hydrogens = []
    for k, carbon in enumerate(carbons):
        up = 1 if k % 2 else -1
        hydrogens += [carbon + np.array([0.0, 0.63 * up, z]) for z in (-0.89, 0.89)]
    for k, side in ((0, -1), (n - 1, 1)):
        down = -1 if k % 2 else 1
        hydrogens.append(
            carbons[k] + 1.09 * np.array([side * np.sin(half), down * np.cos(half), 0])
        )
    return Atoms("C" * n + "H" * (2 * n + 2), np.array([*carbons, *hydrogens]))


@pytest.mark.parametrize("n", [3, 5, 8, 11])
def test_alkanes_have_36_feasible_elements(n):
    """3^2 turns of methyl groups, exchange of the ends, inversion with all CH2 exchanged."""
    group = find_group(Molecule.from_atoms(alkane(n)))
    assert (len(group), group.inversions.sum()) == (36, 18)
    assert group.names[0] == "E"


@pytest.mark.parametrize(("name", "order"), [("full", 36), ("without-methyl", 4), ("none", 1)])
def test_a_subgroup_on_request(name, order):
    group = find_group(Molecule.from_atoms(alkane(5), group=name))
    elements = {
        (*p, s)
        for p, s in zip(group.permutations.tolist(), group.inversions, strict=True)
        for p in [tuple(p)]
    }
    assert len(elements) == len(group) == order
    for p, s in zip(group.permutations, group.inversions, strict=True):  # closed
        for q, t in zip(group.permutations, group.inversions, strict=True):
            assert (*q[p].tolist(), s ^ t) in elements


def test_a_large_group_loses_methyl_rotations_and_says_so():
    isobutane = example("isobutane")
    molecule = Molecule.from_atoms(isobutane)
    assert len(find_group(Molecule.from_atoms(isobutane, group="full"))) == 162 > MOST_AVERAGED
    group = find_group(molecule)
    assert len(group) == 6
    assert "the full group has 162" in group_text(molecule, group)
    again = molecule_from_json(molecule_to_json(molecule))
    assert len(find_group(again)) == 6
    old = {
        k: v
        for k, v in molecule_to_json(molecule).items()
        if k not in ("group", "inverting", "turning")
    }
    assert len(find_group(molecule_from_json(old))) == 162  # of earlier versions
    with pytest.raises(InputError, match="group: found 'half', expected one of auto"):
        Molecule.from_atoms(isobutane, group="half")


def shared_proton(n_frames=60, seed=0):
    """Formate-like O-C-O with a proton that moves between the oxygens; labels are of charges."""
    rng = np.random.default_rng(seed)
    where = rng.uniform(-0.5, 0.5, size=n_frames)
    base = np.array([[0, 0, 0], [1.1, 0.6, 0], [-1.1, 0.6, 0], [0, -1.1, 0.0]])
    positions = np.zeros((n_frames, 5, 3))
    positions[:, :4] = base + rng.normal(scale=0.03, size=(n_frames, 4, 3))
    positions[:, 4] = np.array([0.0, 1.1, 0.0]) + where[:, None] * [1.0, 0, 0]
    positions[:, 4] += rng.normal(scale=0.03, size=(n_frames, 3))
    dipole = np.einsum("a,fax->fx", [0.4, -0.5, -0.5, 0.1, 0.5], positions)
    return FrameSet(("C", "O", "O", "H", "H"), positions, dipole=dipole)


def test_bonds_of_a_moving_proton_are_left_out():
    frames = shared_proton()
    frames.positions[:, 4, 1] += 0.3
    reference = frames.atoms(int(np.argmax(frames.positions[:, 4, 0])))
    plain = Molecule.from_atoms(reference)
    assert (1, 4) in plain.bonds
    found = find_molecule(frames, reference=reference)
    assert found.molecule.bonds == ((0, 1), (0, 2), (0, 3))
    assert found.notes[0].startswith("hydrogen 4 moves from atom to atom: its bonds 1-4")
    assert "(1 2)" in find_group(found.molecule).names  # the oxygens are alike
    assert "(1 2)" not in find_group(plain).names
    given = find_molecule(frames, reference=reference, bonds=[(1, 0), (0, 2)])
    assert given.molecule.bonds == ((0, 1), (0, 2))


def test_exchanged_hydrogens_do_not_move():
    """Numbers of two hydrogens that are exchanged in some frames are an error, no motion."""
    rng = np.random.default_rng(0)
    positions = example("CH3OH").positions + rng.normal(scale=0.02, size=(30, 6, 3))
    positions[:5] = positions[:5][:, [0, 1, 3, 2, 4, 5]]
    found = find_molecule(FrameSet(tuple(example("CH3OH").symbols), positions))
    assert len(found.molecule.bonds) == 5
    assert not found.notes


def umbrella(both):
    rng = np.random.default_rng(1)
    positions = example("NH3").positions + rng.normal(scale=0.03, size=(40, 4, 3))
    if both:
        positions[::2, :, 2] *= -1
    dipole = np.einsum("a,fax->fx", [-0.9, 0.3, 0.3, 0.3], positions)
    return FrameSet(("N", "H", "H", "H"), positions, dipole=dipole)


@pytest.mark.parametrize(("both", "order"), [(True, 12), (False, 6)])
def test_umbrella_inversion_is_seen_in_the_frames(both, order):
    found = find_molecule(umbrella(both))
    assert len(find_group(found.molecule)) == order
    assert bool(found.notes) == both
    assert len(find_group(find_molecule(umbrella(both), inverting=[]).molecule)) == 6
    assert len(find_group(find_molecule(umbrella(both), inverting=[0]).molecule)) == 12


def biaryl(angles):
    """Butadiene-like H2B-BH2: two planar ends, one turned against the other."""
    positions = []
    for angle in np.radians(angles):
        c, s = np.cos(angle), np.sin(angle)
        ends = [
            [-0.6, 1.03, 0],
            [-0.6, -1.03, 0],
            [2.3, 1.03 * c, 1.03 * s],
            [2.3, -1.03 * c, -1.03 * s],
        ]
        positions.append([[0, 0, 0], [1.7, 0, 0], *ends])
    return FrameSet(("B", "B", "H", "H", "H", "H"), np.array(positions))


def test_a_bond_between_planar_ends_turns_if_the_frames_say_so():
    stiff, free = biaryl(np.linspace(-40, 40, 30)), biaryl(np.linspace(0, 180, 30))
    one = find_molecule(stiff)
    assert one.molecule.turning == ()
    both = find_molecule(free)
    assert both.molecule.turning == ((0, 1),)
    assert "bond 0-1 between planar atoms turns" in both.notes[0]
    assert len(find_group(both.molecule)) == 2 * len(find_group(one.molecule))
    assert find_molecule(stiff, turning=[(1, 0)]).molecule.turning == ((0, 1),)


def test_options_of_the_command_line(tmp_path, capsys):
    write_frames(tmp_path / "f.extxyz", shared_proton())
    words = [
        "train",
        str(tmp_path / "f.extxyz"),
        "-o",
        str(tmp_path / "m.npz"),
        "--property",
        "dipole",
        "--overwrite",
    ]
    assert main([*words, "--n-train", "12"]) == 0
    told = capsys.readouterr().out
    assert "hydrogen 4 moves from atom to atom" in told
    options = [
        "--bonds",
        "0-1,0-2 0-3",
        "--group",
        "none",
        "--inverting",
        "none",
        "--turning",
        "none",
    ]
    assert main([*words, "--n-train", "12", *options]) == 0
    told = capsys.readouterr().out
    assert "bonds     0-1 0-2 0-3" in told
    assert "group     1 permutation-inversions: E (none)" in told
    assert len(rpr.load(tmp_path / "m.npz").group_) == 1
    assert main([*words, "--bonds", "0:1"]) == 2
    assert (
        "--bonds: found '0:1', expected pairs of atoms such as 0-1 1-2" in capsys.readouterr().err
    )


SMALL = ("H2", "HCl", "CO2", "C2H2", "H2O", "NH3", "CH4", "H2CO", "C2H4", "LiH", "N2", "HCN")


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("property", ["dipole", "polarizability"])
def test_the_default_model_works_for_every_small_molecule(name, property, tmp_path):
    """Diatomics, linear molecules, spherical tops: fit, predict, save and load with defaults."""
    atoms = example(name)
    rng = np.random.default_rng(0)
    positions = atoms.positions + rng.normal(scale=0.04, size=(24, len(atoms), 3))
    charges = atoms.numbers / atoms.numbers.sum() - 1.0 / len(atoms)
    values = np.einsum("a,fax->fx", charges, positions)
    if property == "polarizability":
        d = positions[:, 1:] - positions[:, :1]
        values = np.eye(3) + np.einsum("fax,fay->fxy", d, d)
    labels = FrameSet(tuple(atoms.symbols), positions, **{property: values})
    found = find_molecule(labels).molecule
    if property == "dipole" and name in ("H2", "N2"):
        with pytest.raises(InputError, match=f"{name[0] * 2} has no dipole"):
            CovariantRegression(molecule=found).fit(labels)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CovariantRegression(
            molecule=found, property=property, n_search=20, max_iterations=5
        )
        model.fit(labels)
        predicted = model.predict(labels)
        model.save(tmp_path / "m.npz")
        again = rpr.load(tmp_path / "m.npz").predict(labels)
    assert np.isfinite(predicted).all()
    np.testing.assert_array_equal(again, predicted)
    spread = max(float(values.std()), 1e-3)
    assert np.sqrt(np.mean((predicted - values) ** 2)) < 0.3 * spread


@pytest.mark.parametrize(
    "name", ["rotate-predict-rotate", "laboratory", "covariant", "symmetrized"]
)
def test_models_need_no_anchors(name):
    """Without anchors the descriptor of the published model has the coordinates of all atoms."""
    frames = umbrella(both=False)
    molecule = find_molecule(frames, anchors=()).molecule
    assert molecule.anchors == ()
    model = make_model(name, property="dipole", molecule=molecule)
    model.check_molecule()
    predicted = model.fit(frames).predict(frames)
    assert np.sqrt(np.mean((predicted - frames.dipole) ** 2)) < 0.1 * frames.dipole.std()
