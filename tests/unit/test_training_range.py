"""Frames outside the range of training are found, counted and told, and others are not."""

import json

import numpy as np
import pytest

import rpr
from rpr.cli.main import main
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import concatenate
from rpr.data.training_range import MARGIN, TrainingRange, outside_text
from rpr.errors import ExtrapolationWarning
from rpr.models.covariant import CovariantRegression
from rpr.models.rotate_predict_rotate import RotatePredictRotate
from rpr.models.training import train
from rpr.molecule.molecule import Molecule
from rpr.molecule.permutation_inversion import find_group


@pytest.fixture(scope="module")
def frames(root):
    return read_frames(root / "resources/deposit/frames.extxyz")


@pytest.fixture(scope="module")
def test_set(root):
    return read_frames(root / "resources/deposit/test_set.extxyz")


@pytest.fixture(scope="module")
def molecule(frames):
    return Molecule.from_atoms(frames.atoms(0), anchors=(0, 3), dihedral=(0, 1, 2, 3))


@pytest.fixture(scope="module")
def model(frames, molecule):
    chosen = np.random.default_rng(0).permutation(len(frames))[:60]
    model = CovariantRegression(molecule=molecule, n_search=20, max_iterations=3)
    return model.fit(frames.subset(chosen))


def stretched(frames, k, factor=1.4):
    """One frame with a C-Cl bond that is too long."""
    image = frames.subset(np.array([k]))
    image.positions[0, 0] += (factor - 1) * (image.positions[0, 0] - image.positions[0, 1])
    return image


def test_the_margin_decides():
    positions = np.zeros((2, 2, 3))
    positions[:, 1, 0] = 1.0, 2.0
    found = TrainingRange.of(positions, Molecule(("H", "H"), positions[0]))
    lengths = np.array(
        [1 - 1.1 * MARGIN, 1 - 0.9 * MARGIN, 1.5, 2 + 0.9 * MARGIN, 2 + 1.1 * MARGIN]
    )
    new = np.zeros((5, 2, 3))
    new[:, 1, 2] = lengths
    assert found.outside(new).tolist() == [True, False, False, False, True]
    again = TrainingRange.from_json(found.to_json())
    assert again.outside(new).tolist() == [True, False, False, False, True]


def test_training_frames_and_their_images_are_inside(frames, molecule):
    """Rotations never matter; images under the group only to models that tell them apart."""
    group = find_group(molecule)
    few = frames.subset(slice(0, 30)).positions
    alike = TrainingRange.of(few, molecule, permutations=group.permutations)
    for image in group.act_on_positions(few):
        assert not alike.outside(
            image @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
        ).any()
    one_hand = frames.subset(frames.dihedral > 30).positions
    apart = TrainingRange.of(one_hand, molecule, handed=True)
    assert not apart.outside(one_hand).any()
    assert apart.outside(-one_hand).mean() > 0.9


def test_exchanged_hydrogens_are_outside(frames, molecule, tmp_path):
    """One exchange at one carbon is no element of the group; a mirror image matters to some."""
    few = frames.subset(slice(0, 30)).positions
    exchanged = few[:, [0, 1, 2, 3, 5, 4, 6, 7]]
    group = find_group(molecule).permutations
    for handed, permutations in ((True, None), (False, group)):
        known = TrainingRange.of(few, molecule, permutations=permutations, handed=handed)
        known = TrainingRange.from_json(json.loads(json.dumps(known.to_json())))
        assert known.outside(exchanged).all()
        assert not known.outside(few).any()
        assert known.outside(-few).all() == handed


def test_few_frames_of_the_deposit_are_outside(frames, test_set, molecule):
    """1000 random training frames: none of the rotated frames, and hardly any random frame."""
    order = np.random.default_rng(0).permutation(len(frames))
    group = find_group(molecule).permutations
    found = TrainingRange.of(frames.positions[order[:1000]], molecule, permutations=group)
    assert not found.outside(test_set.positions).any()
    assert found.outside(frames.positions[order[1000:]]).mean() < 0.01
    apart = TrainingRange.of(frames.positions[order[:1000]], molecule, handed=True)
    assert apart.outside(test_set.positions).mean() < 0.05
    one_hand = frames.positions[order[frames.dihedral[order] > 0][:1000]]
    share = TrainingRange.of(one_hand, molecule, handed=True).outside(test_set.positions)
    assert share[test_set.dihedral > 0].mean() < 0.05
    other_hand = (test_set.dihedral < -30) & (test_set.dihedral > -135)
    assert share[other_hand].mean() > 0.94  # where the published model then fails


def test_a_model_warns_and_remembers(frames, model, tmp_path):
    wrong = concatenate([frames.subset(slice(0, 3)), stretched(frames, 3)])
    with pytest.warns(ExtrapolationWarning, match=r"of 4 frames (is|are) outside.*3"):
        model.predict(wrong)
    assert model.outside_training(wrong)[3]
    model.save(tmp_path / "m.npz")
    loaded = rpr.load(tmp_path / "m.npz")
    assert loaded.outside_training(wrong).tolist() == model.outside_training(wrong).tolist()


def test_the_published_model_warns_of_the_other_hand(frames, test_set, molecule):
    one = frames.subset(np.flatnonzero(frames.dihedral > 30)[:60])
    given = {"kernel": "matern2", "hyperparameters": (1.0, 1e-6)}
    published = RotatePredictRotate(molecule=molecule, **given).fit(one)
    with pytest.warns(ExtrapolationWarning, match="outside the range"):
        published.predict(test_set.subset(test_set.dihedral < -30))


def test_commands_tell_the_number_once(frames, model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("rpr.cli.predict._BLOCK", 2)
    model.save(tmp_path / "m.npz")
    mixed = concatenate([frames.subset(slice(0, 3)), *[stretched(frames, k) for k in (3, 4, 5)]])
    write_frames(tmp_path / "f.extxyz", mixed)
    count = int(model.outside_training(mixed).sum())
    assert count >= 3
    for words in (("predict", "-o", str(tmp_path / "out.extxyz")), ("evaluate",)):
        command, *options = words
        assert main([command, str(tmp_path / "m.npz"), str(tmp_path / "f.extxyz"), *options]) == 0
        told = capsys.readouterr().err
        assert told.count("outside the range") == 1
        assert f"dipole: {count} of 6 frames are outside" in told


def test_training_tells_the_numbers_that_frames_have_in_the_file(frames, molecule):
    """The frame that is stretched is kept out, and has another number there."""
    names = {"property": "dipole", "molecule": molecule, "refit": False, "features": "distances"}
    some = frames.subset(np.arange(30))
    kept_out = np.random.default_rng(0).permutation(30)[:6]  # as `train` chooses with this seed
    some.trajectory = None
    number = int(kept_out.max())
    some.positions[number] = stretched(frames, number).positions[0]
    with pytest.warns(ExtrapolationWarning, match=rf"^frames kept out: .*\b{number}\b") as told:
        train("covariant", some, **names)
    assert len([w for w in told if w.category is ExtrapolationWarning]) == 1


def test_no_text_without_frames():
    assert outside_text(np.zeros(5, dtype=bool)) == ""
    assert outside_text(np.ones(9, dtype=bool)).startswith("9 of 9 frames are outside")
