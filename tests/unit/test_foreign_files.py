"""Files that other programs wrote: keys, units, orders, trajectories, and damage."""

import gzip
import re
import tracemalloc

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import Trajectory, read, write

from rpr.cli.frame_options import ATOMIC_UNITS, UNITS
from rpr.data.atoms_files import first_atoms, iter_atoms, write_atoms
from rpr.data.extxyz import iter_frames, read_frames
from rpr.data.keys import Keys
from rpr.errors import InputError
from rpr.molecule.molecule import read_geometry
from rpr.units import ACCEPTED, BOHR, BOHR3, DEBYE, HARTREE

POSITIONS = np.array([[0.0, 0.0, 0.119], [0.0, 0.763, -0.477], [0.0, -0.763, -0.477]])
ALPHA = np.array([[1.0, 0.1, 0.2], [0.1, 1.4, 0.3], [0.2, 0.3, 1.9]])
ORDER = "xx yy zz yz xz xy"


def image(k=0, **info):
    return Atoms("OH2", positions=POSITIONS + 0.01 * k, info=dict(info))


def test_keys_of_another_program(tmp_path):
    atoms = image(REF_dipole=[0.0, 0.0, 1.8], REF_polarizability=ALPHA.ravel(), E=-76.0)
    atoms.arrays["gradient"] = np.arange(9.0).reshape(3, 3)
    write(tmp_path / "a.xyz", atoms)
    frames = read_frames(
        tmp_path / "a.xyz",
        dipole="REF_dipole",
        polarizability="REF_polarizability",
        energy="E",
        forces="gradient",
        gradients=True,
        units={
            "dipole": "debye",
            "polarizability": "bohr^3",
            "energy": "hartree",
            "forces": "hartree/bohr",
        },
    )
    np.testing.assert_allclose(frames.dipole, [[0, 0, 1.8 * DEBYE]], rtol=1e-14)
    np.testing.assert_allclose(frames.polarizability, [ALPHA * BOHR3], rtol=1e-14)
    np.testing.assert_allclose(frames.energy, [-76.0 * HARTREE], rtol=1e-14)
    np.testing.assert_allclose(frames.forces[0, 2, 2], -8.0 * HARTREE / BOHR, rtol=1e-14)


def test_a_wrong_key_is_an_error_that_lists_the_keys(tmp_path):
    write(tmp_path / "a.xyz", image(REF_dipole=[0.0, 0.0, 1.8], E=-76.0))
    listed = r"E, REF_dipole \[3\]"
    with pytest.raises(InputError, match=rf"a\.xyz: found no key 'mu' for the dipole.*{listed}"):
        read_frames(tmp_path / "a.xyz", dipole="mu")
    with pytest.raises(InputError, match=rf"found no dipole.*--dipole-key.*{listed}"):
        read_frames(tmp_path / "a.xyz", require=["dipole"])
    assert read_frames(tmp_path / "a.xyz").known == ()


def test_wrong_units_and_orders_are_refused():
    with pytest.raises(InputError, match=r"found 'D' for dipole, expected one of e\*Angstrom, de"):
        Keys(units={"dipole": "D"})
    with pytest.raises(InputError, match="found 'xx yy zz', expected each of"):
        Keys(polarizability_order="xx yy zz")


@pytest.mark.parametrize("order", [ORDER, "xx,xy,xz,yy,yz,zz", "XX YX YY ZX ZY ZZ"])
def test_six_numbers_need_their_order(tmp_path, order):
    names = order.lower().replace(",", " ").split()
    six = [ALPHA["xyz".index(a), "xyz".index(b)] for a, b in names]
    write(tmp_path / "a.xyz", [image(polarizability=six)] * 2)
    frames = read_frames(tmp_path / "a.xyz", polarizability_order=order)
    np.testing.assert_array_equal(frames.polarizability, [ALPHA, ALPHA])
    words = r"a\.xyz: frame 0: polarizability \(key 'polarizability'\) has six numbers"
    with pytest.raises(InputError, match=words):
        read_frames(tmp_path / "a.xyz")


def test_every_unit_has_a_stored_one_first():
    assert all(next(iter(units.values())) == 1.0 for units in ACCEPTED.values())
    np.testing.assert_allclose(ACCEPTED["polarizability"]["e^2*Angstrom^2/eV"], 1 / 0.0694462, 1e-6)


def test_the_command_line_accepts_the_same_units():
    assert {name: tuple(units) for name, units in ACCEPTED.items()} == UNITS
    assert list(UNITS) == list(ACCEPTED)
    atomic = {"hartree": HARTREE, "hartree/bohr": HARTREE / BOHR, "e*bohr": BOHR, "bohr^3": BOHR3}
    sizes = {unit: size for units in ACCEPTED.values() for unit, size in units.items()}
    assert {unit: sizes[unit] for unit in ATOMIC_UNITS} == atomic | {"bohr^2": BOHR**2}


def test_trajectory_of_ase(tmp_path):
    with Trajectory(tmp_path / "a.traj", "w") as trajectory:
        for k in range(3):
            atoms = image(k, polarizability=ALPHA.ravel())
            atoms.calc = SinglePointCalculator(
                atoms, energy=-1.0 * k, forces=np.full((3, 3), 0.1 * k), dipole=np.arange(3.0)
            )
            trajectory.write(atoms)
    frames = read_frames(tmp_path / "a.traj")
    assert frames.known == ("energy", "forces", "dipole", "polarizability")
    np.testing.assert_array_equal(frames.energy, [0.0, -1.0, -2.0])
    damaged = tmp_path / "b.traj"
    damaged.write_bytes((tmp_path / "a.traj").read_bytes()[:100])
    with pytest.raises(InputError, match=r"b\.traj: frame 0: not readable as a trajectory of ASE"):
        read_frames(damaged)
    with pytest.raises(InputError, match=r"none\.traj: .*there is no such file"):
        read_frames(tmp_path / "none.traj")


def test_the_first_frame_alone(tmp_path):
    images = [image(k) for k in range(3)]
    write(tmp_path / "a.xyz", images)
    write(tmp_path / "a.traj", images)
    (tmp_path / "empty.xyz").touch()
    for name in ("a.xyz", "a.traj"):
        np.testing.assert_allclose(first_atoms(tmp_path / name).positions, POSITIONS)
    with pytest.raises(InputError, match=r"empty\.xyz: found no frames"):
        first_atoms(tmp_path / "empty.xyz")


def test_blocks_are_the_whole_file(tmp_path):
    write(tmp_path / "a.xyz", [image(k, energy=float(k)) for k in range(7)])
    blocks = list(iter_frames(tmp_path / "a.xyz", block=3))
    assert [len(block) for block in blocks] == [3, 3, 1]
    whole = read_frames(tmp_path / "a.xyz")
    np.testing.assert_array_equal(np.concatenate([b.positions for b in blocks]), whole.positions)
    np.testing.assert_array_equal(np.concatenate([b.energy for b in blocks]), whole.energy)


def test_trajectories_may_have_names_and_dihedrals_another_meaning(tmp_path):
    names = ["b", "b", "a", "b", "c"]
    images = [image(k, trajectory=name, dihedral=np.ones(4)) for k, name in enumerate(names)]
    write(tmp_path / "a.xyz", images)
    frames = read_frames(tmp_path / "a.xyz")
    assert frames.trajectory.tolist() == [0, 0, 1, 0, 2]
    assert frames.dihedral is None
    blocks = iter_frames(tmp_path / "a.xyz", block=2)
    assert [block.trajectory.tolist() for block in blocks] == [[0, 0], [1, 0], [2]]
    names = [5, 5, 0, 1, "x", 5, "y"]
    images = [image(k, trajectory=name, dihedral=60.0) for k, name in enumerate(names)]
    images[3].info["dihedral"] = "T"
    write(tmp_path / "a.xyz", images)
    assert read_frames(tmp_path / "a.xyz").trajectory.tolist() == [5, 5, 0, 1, 6, 5, 7]
    assert read_frames(tmp_path / "a.xyz").dihedral is None
    blocks = [block.trajectory.tolist() for block in iter_frames(tmp_path / "a.xyz", block=3)]
    assert blocks == [[5, 5, 0], [1, 6, 5], [7]]


@pytest.mark.parametrize(
    ("symbol", "words"),
    [("D", "D is no element; write isotopes"), ("Q", "Q is no element"), ("X", "found an atom X")],
)
def test_what_is_no_element_is_refused(tmp_path, symbol, words):
    write(tmp_path / "a.xyz", image(0))
    text = (tmp_path / "a.xyz").read_text()
    (tmp_path / "a.xyz").write_text(re.sub(r"\bO\b", symbol, text))
    for reader in (read_frames, read_geometry):
        with pytest.raises(InputError, match=re.escape(words)):
            reader(tmp_path / "a.xyz")


def test_the_frame_is_named_in_later_blocks(tmp_path):
    images = [image(k, energy=float(k)) for k in range(7)]
    images[5].info["energy"] = np.nan
    write(tmp_path / "a.xyz", images)
    with pytest.raises(InputError, match="frame 5: energy is not a finite number"):
        list(iter_frames(tmp_path / "a.xyz", block=3))
    images[5] = Atoms("HOH", positions=POSITIONS)
    write(tmp_path / "a.xyz", images)
    with pytest.raises(InputError, match="frame 5: found atoms H O H, expected O H H"):
        list(iter_frames(tmp_path / "a.xyz", block=3))


def test_memory_does_not_grow_with_the_file(tmp_path):
    text = "3\n\nO 0 0 0.119\nH 0 0.763 -0.477\nH 0 -0.763 -0.477\n"
    peaks = []
    for n_frames in (400, 1600):
        (tmp_path / "a.xyz").write_text(text * n_frames)
        tracemalloc.start()
        assert sum(1 for _ in iter_atoms(tmp_path / "a.xyz")) == n_frames
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("packed", [False, True])
def test_a_truncated_file_names_the_frame(tmp_path, packed):
    write(tmp_path / "a.xyz", [image(k) for k in range(3)])
    text = (tmp_path / "a.xyz").read_text()
    cut = "".join(text.splitlines(keepends=True)[:-2])
    path = tmp_path / ("b.xyz.gz" if packed else "b.xyz")
    path.write_bytes(gzip.compress(cut.encode()) if packed else cut.encode())
    with pytest.raises(InputError, match=r"it ends within frame 2, after 1 of 3 atoms"):
        read_frames(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("3\n", "three\n", "frame 0 begins with 'three', expected the number"),
        ("O ", "Qq ", "frame 0: not readable as extended XYZ"),
        ("0.763", "0.7x3", "frame 0: not readable as extended XYZ"),
    ],
)
def test_damaged_lines_name_the_frame(tmp_path, old, new, words):
    write(tmp_path / "a.xyz", [image(), image()])
    text = (tmp_path / "a.xyz").read_text().replace(old, new, 1)
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(InputError, match=words):
        read_frames(tmp_path / "a.xyz")


def test_atoms_are_written_with_all_they_carry(tmp_path):
    """Positions to the last bit, results of a calculator, and values of `info` of every kind."""
    atoms = image(
        name='a "quoted" text', n=3, flag=True, alpha=ALPHA, pair=[1.5, 2.5], note="two\nlines"
    )
    atoms.positions += np.pi * 1e-3
    atoms.arrays["weights"] = np.array([True, False, True])
    atoms.arrays["tensors"] = np.arange(27.0).reshape(3, 3, 3) / 7
    atoms.set_cell([5.0, 6.0, 7.0, 80.0, 90.0, 100.0])
    atoms.calc = SinglePointCalculator(
        atoms,
        energy=np.pi,
        dipole=np.array([1.0, 2.0, 3.0]) / 3,
        forces=POSITIONS / 3,
        stress=np.arange(6.0),
    )
    write_atoms(tmp_path / "a.xyz.gz", [atoms])
    (again,) = iter_atoms(tmp_path / "a.xyz.gz")
    with gzip.open(tmp_path / "a.xyz.gz", "rt") as stream:
        by_ase = read(stream, format="extxyz")
    for found in (again, by_ase):
        np.testing.assert_array_equal(found.positions, atoms.positions)
        np.testing.assert_array_equal(found.cell, atoms.cell)
        for key, value in atoms.calc.results.items():
            np.testing.assert_array_equal(found.calc.results[key], value)
        assert found.info["name"] == 'a "quoted" text'
        assert found.info["note"] == "two lines"
        assert (found.info["n"], found.info["flag"]) == (3, True)
        np.testing.assert_array_equal(found.info["alpha"], ALPHA.ravel())
        np.testing.assert_array_equal(found.info["pair"], [1.5, 2.5])
        np.testing.assert_array_equal(found.arrays["weights"], [True, False, True])
        np.testing.assert_array_equal(
            found.arrays["tensors"].reshape(3, 3, 3) * 7, np.arange(27.0).reshape(3, 3, 3)
        )
