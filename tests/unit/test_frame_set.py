"""Frame sets: round trips are exact, and what is wrong with a file is said."""

import gzip

import numpy as np
import pytest
from ase import Atoms
from ase.io import read, write

from rpr.data.atoms_files import iter_atoms
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet, as_positions, concatenate, find_frames
from rpr.data.from_atoms import frames_from_atoms
from rpr.data.own_files import read_own
from rpr.errors import InputError

SYMBOLS = ("O", "H", "H")
WATER = np.array([[0.0, 0.0, 0.119], [0.0, 0.763, -0.477], [0.0, -0.763, -0.477]])


def labelled(n_frames: int = 4, seed: int = 0) -> FrameSet:
    rng = np.random.default_rng(seed)
    return FrameSet(
        SYMBOLS,
        WATER + 0.05 * rng.standard_normal((n_frames, 3, 3)),
        energy=-2000.0 + rng.standard_normal(n_frames) / 3,
        forces=rng.standard_normal((n_frames, 3, 3)) * 1e-7,
        dipole=rng.standard_normal((n_frames, 3)),
        polarizability=rng.standard_normal((n_frames, 3, 3)),
        trajectory=np.arange(n_frames) // 2,
        step=np.arange(n_frames) + 1,
        dihedral=rng.uniform(-180, 180, n_frames),
        velocities=rng.standard_normal((n_frames, 3, 3)) * 1e-3,
        dipole_derivatives=rng.standard_normal((n_frames, 3, 3, 3)),
        polarizability_derivatives=rng.standard_normal((n_frames, 3, 3, 3, 3)),
    )


def file_with(tmp_path, old: str, new: str):
    """A file of labelled frames in which `old` is replaced by `new` once."""
    path = tmp_path / "frames.extxyz"
    write_frames(path, labelled())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize("n_frames", [1, 4])
def test_round_trip_is_exact(tmp_path, n_frames):
    frames = labelled(n_frames)
    write_frames(tmp_path / "a.extxyz", frames)
    again = read_frames(tmp_path / "a.extxyz")
    assert again.symbols == SYMBOLS
    for name in ("positions", *frames.known):
        assert np.array_equal(getattr(again, name), getattr(frames, name)), name
        assert getattr(again, name).dtype == getattr(frames, name).dtype
    write_frames(tmp_path / "b.extxyz", again)
    assert (tmp_path / "a.extxyz").read_bytes() == (tmp_path / "b.extxyz").read_bytes()


@pytest.mark.parametrize("dropped", [(), ("energy", "trajectory", "dipole_derivatives"), "all"])
def test_own_files_are_read_as_ase_reads_them(tmp_path, dropped):
    frames = labelled()
    for name in frames.known if dropped == "all" else dropped:
        setattr(frames, name, None)
    path = tmp_path / "frames.extxyz"
    write_frames(path, frames)
    own, by_ase = read_own(path), frames_from_atoms(list(iter_atoms(path)))
    assert own.symbols == by_ase.symbols
    assert own.known == by_ase.known == frames.known
    for name in ("positions", *frames.known):
        assert np.array_equal(getattr(own, name), getattr(by_ase, name)), name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('pbc="F F F"', 'pbc="T F F"'),
        ("energy=", "REF_energy="),
        ("trajectory=", "trajectory=0.5 x="),
        ("forces:R:3", "forces:R:2"),
        ("\n3\n", "\n2\n"),
        ("\nO ", "\nN "),
    ],
)
def test_files_that_differ_in_any_way_are_left_to_the_general_reader(tmp_path, old, new):
    path = file_with(tmp_path, old, new)
    assert read_own(path) is None


def test_frames_share_no_memory():
    given = labelled()
    positions, alpha = given.positions.copy(), np.tile(np.eye(3), (len(given), 1, 1))
    frames = FrameSet(given.symbols, positions, polarizability=alpha)
    positions += 1.0
    frames[:2].positions[:] = 0.0
    frames[0].info["polarizability"] *= 2.0
    np.testing.assert_array_equal(frames.positions, given.positions)
    np.testing.assert_array_equal(frames.polarizability, alpha)


def test_some_frames_may_have_no_derivatives(tmp_path):
    given = labelled()
    tensors = np.zeros((*given.positions.shape, 3))
    tensors[1] = np.nan
    frames = FrameSet(given.symbols, given.positions, dipole_derivatives=tensors)
    write_frames(tmp_path / "f.extxyz", frames)
    np.testing.assert_array_equal(read_frames(tmp_path / "f.extxyz").dipole_derivatives, tensors)
    tensors[0, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match="frame 0: dipole_derivatives is not a finite number"):
        FrameSet(given.symbols, given.positions, dipole_derivatives=tensors).check()


def test_odd_arguments_are_told(tmp_path):
    write_frames(tmp_path / "f.extxyz", labelled())
    with pytest.raises(InputError, match="quantity: found 'dipol', expected one of energy"):
        read_frames(tmp_path / "f.extxyz", require="dipol")
    with pytest.raises(InputError, match="found no frames to write"):
        write_frames(tmp_path / "g.extxyz", labelled()[[]])
    with pytest.raises(InputError, match=r"trajectory: found \[0.5, .* expected a whole number"):
        FrameSet(["H"], np.zeros((2, 1, 3)), trajectory=[0.5, 1])
    with pytest.raises(InputError, match=r"a unit of 'positions', expected one of energy"):
        read_frames(tmp_path / "f.extxyz", units={"positions": "bohr"})


def test_a_byte_order_mark_is_read_over(tmp_path):
    write_frames(tmp_path / "f.extxyz", labelled())
    text = (tmp_path / "f.extxyz").read_text()
    (tmp_path / "b.extxyz").write_text(text, encoding="utf-8-sig")
    np.testing.assert_array_equal(
        read_frames(tmp_path / "b.extxyz").positions, labelled().positions
    )


def test_compressed_file_reads_as_the_plain_one(tmp_path):
    write_frames(tmp_path / "f.extxyz", labelled())
    packed = tmp_path / "f.extxyz.gz"
    write_frames(packed, labelled())
    assert gzip.decompress(packed.read_bytes()) == (tmp_path / "f.extxyz").read_bytes()
    write_frames(tmp_path / "again.extxyz.gz", labelled())
    assert (tmp_path / "again.extxyz.gz").read_bytes() == packed.read_bytes()
    np.testing.assert_array_equal(read_frames(packed).forces, labelled().forces)
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"f\.extxyz\.gz: not readable as extended XYZ"):
        read_frames(packed)


def test_unknown_quantities_stay_unknown(tmp_path):
    write_frames(tmp_path / "a.extxyz", FrameSet(SYMBOLS, WATER[None]))
    assert read_frames(tmp_path / "a.extxyz").known == ()


def test_ase_reads_what_is_written(tmp_path):
    frames = labelled()
    write_frames(tmp_path / "a.extxyz", frames)
    images = read(tmp_path / "a.extxyz", index=":")
    assert len(images) == len(frames)
    assert not images[1].pbc.any()
    assert images[1].get_potential_energy() == frames.energy[1]
    assert np.array_equal(images[1].get_forces(), frames.forces[1])
    assert np.array_equal(images[1].get_dipole_moment(), frames.dipole[1])
    assert np.array_equal(images[1].info["polarizability"], frames.polarizability[1].ravel())
    assert images[1].info["step"] == 2


def test_reads_what_ase_writes(tmp_path):
    image = Atoms("OH2", positions=WATER, info={"polarizability": np.eye(3), "trajectory": 3})
    write(tmp_path / "a.extxyz", [image, image])
    frames = read_frames(tmp_path / "a.extxyz")
    assert np.array_equal(frames.polarizability, np.array([np.eye(3)] * 2))
    assert np.array_equal(frames.trajectory, [3, 3])


def test_polarizability_is_read_row_by_row(tmp_path):
    """A rotated frame has an asymmetric tensor before it is symmetrised: order matters."""
    frames = FrameSet(SYMBOLS, WATER[None], polarizability=np.arange(9.0).reshape(1, 3, 3))
    write_frames(tmp_path / "a.extxyz", frames)
    assert np.array_equal(read_frames(tmp_path / "a.extxyz").polarizability, frames.polarizability)


def test_dipole_derivatives_are_a_column_of_nine_with_the_dipole_last(tmp_path):
    """Element (A, x, k) is d mu_k / d R_Ax: of an atom's nine numbers k runs fastest."""
    tensors = np.arange(27.0).reshape(1, 3, 3, 3)
    write_frames(tmp_path / "a.extxyz", FrameSet(SYMBOLS, WATER[None], dipole_derivatives=tensors))
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    assert lines[1].startswith("Properties=species:S:1:pos:R:3:dipole_derivatives:R:9 ")
    assert lines[3].split()[4:] == [repr(x) for x in np.arange(9.0, 18.0).tolist()]
    assert np.array_equal(read_frames(tmp_path / "a.extxyz").dipole_derivatives, tensors)


def test_polarizability_derivatives_are_a_column_of_27_with_the_polarizability_last(tmp_path):
    """Element (A, x, k, l) is d alpha_kl / d R_Ax: of an atom's 27 numbers l runs fastest."""
    tensors = np.arange(81.0).reshape(1, 3, 3, 3, 3)
    frames = FrameSet(SYMBOLS, WATER[None], polarizability_derivatives=tensors)
    write_frames(tmp_path / "a.extxyz", frames)
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    assert ":polarizability_derivatives:R:27 " in lines[1]
    assert lines[3].split()[4:] == [repr(x) for x in np.arange(27.0, 54.0).tolist()]
    assert np.array_equal(read_frames(tmp_path / "a.extxyz").polarizability_derivatives, tensors)


def test_born_effective_charges_are_not_taken_for_dipole_derivatives(tmp_path):
    image = Atoms("OH2", positions=WATER)
    image.new_array("born_effective_charges", np.arange(27.0).reshape(3, 9))
    write(tmp_path / "a.extxyz", image)
    assert read_frames(tmp_path / "a.extxyz").dipole_derivatives is None
    with pytest.raises(InputError, match="found no dipole_derivatives"):
        read_frames(tmp_path / "a.extxyz", require=["dipole_derivatives"])


def test_subset_and_concatenate_undo_each_other():
    frames = labelled(5)
    order = np.array([3, 1, 4, 0, 2])
    parts = [frames.subset(order[:2]), frames.subset(order[2:])]
    joined = concatenate(parts)
    for name in ("positions", *frames.known):
        assert np.array_equal(getattr(joined, name), getattr(frames, name)[order])
    assert len(frames.subset(frames.step > 3)) == 2


def test_a_set_is_indexed_like_an_array():
    frames = labelled()
    for index in (slice(1, 3), [2, 0], np.array([3]), frames.trajectory == 1):
        chosen = frames[index]
        assert isinstance(chosen, FrameSet)
        assert np.array_equal(chosen.positions, frames.positions[index])
        assert np.array_equal(chosen.dipole, frames.dipole[index])
    assert len(frames[:0]) == 0
    with pytest.raises(IndexError):
        frames[4]


def test_one_frame_is_atoms_with_all_its_labels():
    frames = labelled()
    atoms = frames[np.int64(-1)]
    assert isinstance(atoms, Atoms)
    assert atoms.get_potential_energy() == frames.energy[-1]
    assert np.array_equal(atoms.get_forces(), frames.forces[-1])
    assert np.array_equal(atoms.get_dipole_moment(), frames.dipole[-1])
    again = frames_from_atoms(list(frames))
    for name in set(frames.known) - {"velocities"}:
        assert np.array_equal(getattr(again, name), getattr(frames, name)), name


def test_frames_of_a_set_survive_the_writers_of_ase(tmp_path):
    frames = labelled()
    write(tmp_path / "frames.extxyz", list(frames))
    again = read_frames(tmp_path / "frames.extxyz")
    for name in ("energy", "dipole", "polarizability", "dipole_derivatives", "trajectory"):
        expected = getattr(frames, name)
        np.testing.assert_allclose(getattr(again, name), expected, atol=1e-7, err_msg=name)


def test_a_set_is_printed_in_one_line():
    assert str(labelled(1)) == (
        "FrameSet: 1 frame of H2O (3 atoms) with energy, forces, dipole, polarizability, "
        "trajectory, step, dihedral, velocities, dipole_derivatives, polarizability_derivatives"
    )
    assert repr(FrameSet(SYMBOLS, WATER[None][[0, 0]])) == (
        "FrameSet: 2 frames of H2O (3 atoms) without labels"
    )


def test_concatenate_drops_what_one_set_lacks_and_refuses_other_atoms():
    bare = FrameSet(SYMBOLS, WATER[None])
    assert concatenate([labelled(), bare]).known == ()
    with pytest.raises(InputError, match=r"set 1: found atoms H O H, expected O H H"):
        concatenate([bare, FrameSet(("H", "O", "H"), WATER[None])])


def test_frames_are_found_by_their_geometry_to_the_last_bit():
    frames = labelled(8)
    few = frames.subset(np.array([6, 2]))
    moved = few.subset(np.array([0]))
    moved.positions = np.nextafter(moved.positions, np.inf)
    np.testing.assert_array_equal(find_frames(concatenate([few, moved]), frames), [6, 2, -1])


def test_atoms_carry_velocities_of_the_frame():
    frames = labelled()
    image = frames.atoms(2)
    assert np.array_equal(image.positions, frames.positions[2])
    # 1 Angstrom/fs is 1e5 m/s: kinetic energy in eV from SI constants.
    energy = 0.5 * 1.66053907e-27 * 1e10 / 1.60217663e-19
    masses = image.get_masses()[:, None]
    expected = energy * np.sum(masses * frames.velocities[2] ** 2)
    assert image.get_kinetic_energy() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "name", ["energy", "forces", "dipole", "polarizability", "dihedral", "velocities", "positions"]
)
def test_nan_is_refused_with_its_place(tmp_path, name):
    frames = labelled()
    getattr(frames, name)[2, ...] = np.nan
    with pytest.raises(InputError, match=rf"bad\.extxyz: frame 2: .*{name.rstrip('s')}"):
        write_frames(tmp_path / "bad.extxyz", frames)
    assert not list(tmp_path.iterdir())


def test_nan_in_a_file_is_refused(tmp_path):
    path = file_with(tmp_path, "energy=", "energy=nan was=")
    with pytest.raises(InputError, match=r"frames\.extxyz: frame 0: energy is not a finite number"):
        read_frames(path)


def test_atoms_on_top_of_each_other_are_refused(tmp_path):
    frames = labelled()
    frames.positions[1, 2] = frames.positions[1, 1]
    with pytest.raises(InputError, match=r"frame 1: atoms 1 and 2 are 0\.000 Angstrom apart"):
        write_frames(tmp_path / "a.extxyz", frames)


def test_wrong_atom_order_is_told_from_another_molecule(tmp_path):
    write_frames(tmp_path / "a.extxyz", labelled())
    with pytest.raises(InputError, match=r"found atoms O H H, expected H O H .*reorder the atoms"):
        read_frames(tmp_path / "a.extxyz", symbols=("H", "O", "H"))
    with pytest.raises(InputError, match="use the same molecule"):
        read_frames(tmp_path / "a.extxyz", symbols=("S", "H", "H"))


def test_atom_order_that_changes_within_a_file(tmp_path):
    images = [Atoms("OHH", positions=WATER), Atoms("HOH", positions=WATER)]
    write(tmp_path / "a.extxyz", images)
    with pytest.raises(InputError, match="frame 1: found atoms H O H, expected O H H"):
        read_frames(tmp_path / "a.extxyz")


def test_missing_quantity_is_named(tmp_path):
    write_frames(tmp_path / "a.extxyz", FrameSet(SYMBOLS, WATER[None]))
    with pytest.raises(InputError, match=r"a\.extxyz: found no dipole, .*label them first"):
        read_frames(tmp_path / "a.extxyz", require=("dipole",))


def test_quantity_missing_in_one_frame_is_named(tmp_path):
    path = file_with(tmp_path, "dipole=", "other=")
    with pytest.raises(InputError, match="frame 0 has no dipole, but others have"):
        read_frames(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("energy=", "energy=low was=", "energy does not hold numbers"),
        ("trajectory=0", "trajectory=0.5", "trajectory is not a whole number"),
        ('polarizability="', 'polarizability="1.0 ', "polarizability"),
        (
            "forces:R:3:velocities:R:3",
            "forces:R:2:velocities:R:4",
            "forces does not hold numbers of one shape",
        ),
        ("H  ", "H  x", "not readable as extended XYZ"),
        ("Properties=species:S:1:pos:R:3", "Properties=species:S:1:pos:Q:3", "not readable"),
    ],
)
def test_damaged_file_is_an_input_error(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message) as caught:
        read_frames(file_with(tmp_path, old, new))
    assert "frames.extxyz" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not xyz\n", b"3\n\nO 0 0 0\n", b"\x00\xff\xfe"])
def test_unreadable_file_is_an_input_error(tmp_path, content):
    path = tmp_path / "frames.extxyz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"frames\.extxyz: "):
        read_frames(path)


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.extxyz: not readable.*there is no such file"):
        read_frames(tmp_path / "none.extxyz")


def test_shapes_are_checked_when_a_set_is_made():
    with pytest.raises(InputError, match=r"dipole: found shape \(2, 3\), expected \(1, 3\)"):
        FrameSet(SYMBOLS, WATER[None], dipole=np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"dipole_derivatives: found shape \(1, 3, 9\)"):
        FrameSet(SYMBOLS, WATER[None], dipole_derivatives=np.zeros((1, 3, 9)))
    with pytest.raises(InputError, match=r"positions: found shape \(1, 3, 3\), expected .* 2, 3\]"):
        FrameSet(("O", "H"), WATER[None])


@pytest.mark.parametrize(
    "given",
    [
        WATER[None],
        Atoms("OH2", positions=WATER),
        [Atoms("OH2", positions=WATER)],
        FrameSet(SYMBOLS, WATER[None]),
        WATER[None].tolist(),
    ],
)
def test_as_positions_takes_all_kinds_of_frames(given):
    assert np.array_equal(as_positions(given, SYMBOLS), WATER[None])
    assert np.array_equal(as_positions(given), WATER[None])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (WATER, r"found shape \(3, 3\)"),
        ("frames.extxyz", "found str instead of positions.*read a file with read_fra"),
        ([[1.0, 2.0], [3.0]], "found list instead of positions"),
        (np.zeros((1, 4, 3)), r"found shape \(1, 4, 3\), expected \[n_frames, 3, 3\]"),
        (np.full((1, 3, 3), np.inf), "frame 0: a position is not a finite number"),
        (Atoms("HOH", positions=WATER), "found atoms H O H, expected O H H"),
        (FrameSet(("H", "O", "H"), WATER[None]), "found atoms H O H, expected O H H"),
        ([Atoms("OHH", positions=WATER), Atoms("HOH", positions=WATER)], "frame 1: found atoms"),
    ],
)
def test_as_positions_refuses_what_does_not_fit(given, message):
    with pytest.raises(InputError, match=message):
        as_positions(given, SYMBOLS)
