"""``rpr check, train, predict, evaluate, info`` on frames of the deposit, and on rubbish."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ase.io import iread, read, write

import rpr
from rpr.cli.main import main
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.from_atoms import attach
from rpr.studies.model_errors import compare, error_table
from rpr.units import BOHR3, DEBYE, KCAL_MOL


def call(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="session")
def work(root, tmp_path_factory):
    """Folder with training and test frames, and models that the commands trained on them."""
    folder = tmp_path_factory.mktemp("cli")
    frames = read_frames(root / "resources/deposit/frames.extxyz")
    frames = replace(frames, dipole_derivatives=None)  # as most programs label
    write_frames(folder / "train.extxyz", frames.subset(np.arange(40)))
    write_frames(folder / "test.extxyz", frames.subset(np.arange(60, 100)))
    common = ("train", folder / "train.extxyz", "--reference", anti(root), "--level", "B3LYP")
    assert call(*common, "-o", folder / "dipole.npz", "--property", "dipole") == 0
    alpha = ("--property", "polarizability", "--n-train", 20)
    assert call(*common, "-o", folder / "polarizability.npz", *alpha) == 0
    energy = ("--property", "energy", "--n-train", 20)
    assert call(*common, "-o", folder / "pes.npz", *energy) == 0
    return folder


def anti(root):
    return root / "resources/geometries/dichloroethane_anti.xyz"


def test_train_reports_and_the_model_remembers(work, capsys):
    output = work / "again.npz"
    frames = work / "train.extxyz"
    assert call("train", frames, "-o", output, "--property", "dipole", "--seed", 3) == 0
    told = capsys.readouterr()
    assert "40 frames of C2H4Cl2" in told.err
    assert "dipole (e*Angstrom) from 'dipole'" in told.err
    assert "the frame of lowest energy" in told.out
    assert "group     4 permutation-inversions" in told.out
    assert " D (" in told.out
    assert "9 frames of " in told.out
    model = rpr.load(output)
    assert model.about["n_train"] == 40
    assert model.about["source"] == "train.extxyz"
    assert model.about["error"] in told.out
    test = read_frames(work / "test.extxyz")
    error = np.sqrt(np.mean((model.predict(test) - test.dipole) ** 2)) / DEBYE
    assert error < 0.2


def test_the_error_that_is_reported_is_that_of_frames_kept_out(work, capsys):
    """Trained again without the kept-out frames, the model has the error that was reported."""
    output, frames = work / "kept.npz", work / "train.extxyz"
    assert call("train", frames, "-o", output, "--property", "dipole", "--no-refit") == 0
    told = capsys.readouterr().out
    model = rpr.load(output)
    everything = read_frames(frames)
    trained = {x.tobytes() for x in model._arrays()["positions"]}
    held = everything.subset(np.array([x.tobytes() not in trained for x in everything.positions]))
    assert not set(held.trajectory) & set(
        everything.trajectory[[x.tobytes() in trained for x in everything.positions]]
    )
    error = np.sqrt(np.mean((model.predict(held) - held.dipole) ** 2)) / DEBYE
    assert f"dipole {error:.3g} D" in told
    assert f"on {len(held)} frames of" in told


def test_predict_writes_what_the_models_say_and_keeps_the_rest(work, root):
    models = [work / f"{name}.npz" for name in ("pes", "dipole", "polarizability")]
    assert call("predict", *models, work / "test.extxyz", "-o", work / "out.extxyz") == 0
    test = read_frames(work / "test.extxyz")
    found = read_frames(
        work / "out.extxyz",
        energy="RPR_energy",
        forces="RPR_forces",
        dipole="RPR_dipole",
        polarizability="RPR_polarizability",
    )
    energy, forces = rpr.load(models[0]).predict(test)
    expected = {
        "energy": energy,
        "forces": forces,
        "dipole": rpr.load(models[1]).predict(test),
        "polarizability": rpr.load(models[2]).predict(test),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name), values, atol=1e-9)
    kept = read_frames(work / "out.extxyz")
    for name in test.known:
        np.testing.assert_array_equal(getattr(kept, name), getattr(test, name))


def test_predict_without_a_prefix_gives_frames_that_ase_and_rpr_understand(work, tmp_path):
    images = read(work / "test.extxyz", index=":5")
    for atoms in images:
        atoms.calc = None
        del atoms.info["polarizability"]
    write(tmp_path / "bare.xyz", images)
    models = (work / "pes.npz", work / "dipole.npz")
    assert (
        call("predict", *models, tmp_path / "bare.xyz", "-o", tmp_path / "o.xyz", "--prefix", "")
        == 0
    )
    atoms = read(tmp_path / "o.xyz")
    assert np.isfinite(atoms.get_potential_energy())
    assert atoms.get_forces().shape == (8, 3)
    assert atoms.get_dipole_moment().shape == (3,)
    assert read_frames(tmp_path / "o.xyz").dipole is not None


def test_predict_in_blocks_is_the_same_and_goes_through_a_pipe(work, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("rpr.cli.predict._BLOCK", 7)
    assert call("predict", work / "dipole.npz", work / "test.extxyz", "-o", "-") == 0
    (tmp_path / "piped.extxyz").write_text(capsys.readouterr().out)
    found = read_frames(tmp_path / "piped.extxyz", dipole="RPR_dipole")
    test = read_frames(work / "test.extxyz")
    np.testing.assert_allclose(found.dipole, rpr.load(work / "dipole.npz").predict(test), atol=1e-9)


def test_predict_derivatives_and_uncertainty(work, tmp_path):
    """As the library has them, in the order of the labels, and usable as labels again."""
    models = (work / "dipole.npz", work / "polarizability.npz")
    options = ("--derivatives", "--uncertainty", "--prefix", "X_")
    output = tmp_path / "out.extxyz"
    assert call("predict", *models, work / "test.extxyz", "-o", output, *options) == 0
    found = read_frames(output, dipole_derivatives="X_dipole_derivatives")
    test = read_frames(work / "test.extxyz")
    _, jacobian, covariance = rpr.load(models[0]).predict(test, derivatives=True, covariance=True)
    for k, image in enumerate(iread(output, index=":5")):
        np.testing.assert_allclose(
            found.dipole_derivatives[k], np.moveaxis(jacobian[k], 0, 2), atol=1e-9
        )
        stored = image.info["X_dipole_covariance"].reshape(3, 3)
        np.testing.assert_allclose(stored, covariance[k], rtol=1e-6)
        assert image.info["X_polarizability_covariance"].shape == (36,)
        assert image.arrays["X_polarizability_derivatives"].shape == (8, 27)
    command = ("train", output, "-o", tmp_path / "m.npz", "--property", "dipole", "--n-train", 5)
    keys = ("--derivatives", "--dipole-derivatives-key", "X_dipole_derivatives")
    assert call(*command, *keys) == 0
    assert rpr.load(tmp_path / "m.npz").about["n_train"] == 5


def test_models_without_uncertainty_say_so(work, tmp_path, capsys):
    model = ("train", work / "train.extxyz", "-o", tmp_path / "m.npz", "--property", "dipole")
    assert call(*model, "--model", "folded", "--n-train", 30) == 0
    command = ("predict", tmp_path / "m.npz", work / "test.extxyz", "-o", tmp_path / "o.xyz")
    for option in ("--uncertainty", "--derivatives"):
        capsys.readouterr()
        assert call(*command, option) == 2
        assert "of kind folded predicts no" in capsys.readouterr().err


def test_atoms_in_another_order_are_matched(work, tmp_path, capsys):
    """Predictions and errors are the same, and forces come in the order of the file."""
    order = [7, 0, 2, 1, 4, 3, 6, 5]
    images = [atoms[order] for atoms in iread(work / "test.extxyz", index=":12")]
    for atoms, original in zip(images, iread(work / "test.extxyz"), strict=False):
        atoms.info["dipole"] = original.calc.results["dipole"]
    write(tmp_path / "mixed.xyz", images)
    models = (work / "pes.npz", work / "dipole.npz")
    assert call("predict", *models, tmp_path / "mixed.xyz", "-o", tmp_path / "o.xyz") == 0
    found = read_frames(tmp_path / "o.xyz", forces="RPR_forces", dipole="RPR_dipole")
    test = read_frames(work / "test.extxyz").subset(np.arange(12))
    np.testing.assert_allclose(found.dipole, rpr.load(models[1]).predict(test), atol=1e-6)
    forces = rpr.load(models[0]).predict(test)[1]
    np.testing.assert_allclose(found.forces, forces[:, order], atol=1e-5)
    tables = []
    for path in (tmp_path / "mixed.xyz", tmp_path / "same.xyz"):
        write(tmp_path / "same.xyz", list(iread(work / "test.extxyz", index=":12")))
        assert call("evaluate", models[1], path, "--csv", tmp_path / "e.csv") == 0
        tables.append(pd.read_csv(tmp_path / "e.csv"))
    np.testing.assert_allclose(tables[0]["rmse"], tables[1]["rmse"], rtol=1e-4)


def test_evaluate_measures_what_the_library_does(work, tmp_path, capsys):
    csv, plot = tmp_path / "errors.csv", tmp_path / "errors.png"
    command = ("evaluate", work / "polarizability.npz", work / "test.extxyz")
    assert call(*command, "--csv", csv, "--plot", plot) == 0
    told = capsys.readouterr().out
    table = pd.read_csv(csv)
    test = read_frames(work / "test.extxyz")
    error = rpr.load(work / "polarizability.npz").predict(test) - test.polarizability
    rmse = np.sqrt(np.mean(error**2)) / BOHR3
    np.testing.assert_allclose(table["rmse"][0], rmse, rtol=1e-10)
    assert (table["rmse_low"] < table["rmse"]).all()
    assert (table["rmse"] < table["rmse_high"]).all()
    assert table["component"].tolist() == ["all", *rpr.load(work / "polarizability.npz").components]
    assert f"{rmse:.3g}" in told
    assert "bootstrap over trajectories" in told
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "uncertainty: predicted RMSE" in told
    assert "in 90 %" in told


def test_evaluate_a_potential(work, capsys):
    assert call("evaluate", work / "pes.npz", work / "test.extxyz") == 0
    told = capsys.readouterr().out
    assert "energy (kcal/mol)" in told
    assert "forces (kcal/mol/Angstrom)" in told


def test_components_have_the_errors_of_the_whole(work):
    """In orthonormal axes the squares of the components add up to those of the vector."""
    test = read_frames(work / "test.extxyz")
    test.trajectory = None
    table = error_table(compare(rpr.load(work / "dipole.npz"), test), test)
    squares = table["rmse"] ** 2
    np.testing.assert_allclose(squares[0], squares[1:].mean(), rtol=1e-10)
    assert table["rmse_low"].notna().all()


def test_info_says_what_was_trained_on_what(work, capsys):
    assert call("info", work / "dipole.npz", work / "pes.npz") == 0
    told = capsys.readouterr().out
    for words in (
        "covariant kernel",
        "dipole in e Angstrom",
        "40 frames of train.extxyz",
        "level of theory     B3LYP",
        "20 frames of train.extxyz",
        "4 permutation-inversions",
        rpr.load(work / "dipole.npz").training_checksum_,
    ):
        assert words in told


def test_info_of_a_model_that_says_nothing_about_itself(work, tmp_path, capsys):
    model = rpr.load(work / "dipole.npz")
    model.about = {}
    model.save(tmp_path / "silent.npz")
    assert rpr.load(tmp_path / "silent.npz").about == {}
    assert call("info", tmp_path / "silent.npz") == 0
    told = capsys.readouterr().out
    assert "level of theory     not recorded" in told
    assert "40 frames; dihedral 0-1-2-3 from" in told


def test_a_file_of_another_program_needs_its_keys(work, tmp_path, capsys):
    images = read(work / "train.extxyz", index=":30")
    for atoms in images:
        atoms.info = {"REF_dipole": atoms.calc.results["dipole"] / DEBYE}
        atoms.calc = None
    write(tmp_path / "foreign.xyz", images)
    assert call("check", tmp_path / "foreign.xyz", "--no-calculation") == 0
    assert "found no labels; the keys of frame 0 are: REF_dipole [3]" in capsys.readouterr().err
    command = ("train", tmp_path / "foreign.xyz", "-o", tmp_path / "m.npz", "--property", "dipole")
    assert call(*command) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "--dipole-key" in told[0]
    assert "REF_dipole [3]" in told[0]
    assert call(*command, "--dipole-key", "mu") == 2
    assert "no key 'mu'" in capsys.readouterr().err
    keys = ("--dipole-key", "REF_dipole", "--dipole-unit", "debye")
    assert call(*command, *keys, "--n-train", 20) == 0
    told = capsys.readouterr()
    assert "dipole (debye) from 'REF_dipole'" in told.err
    assert "frame closest to the median distances" in told.out
    test = read_frames(work / "test.extxyz")
    prediction = rpr.load(tmp_path / "m.npz").predict(test)
    assert np.sqrt(np.mean((prediction - test.dipole) ** 2)) < 0.15


def test_check_passes_and_fails(work, tmp_path, capsys):
    assert call("check", work / "test.extxyz", "--no-calculation") == 0
    told = capsys.readouterr()
    assert "nothing implausible in" in told.out
    assert "energy (eV) from 'energy'" in told.err
    wrong = read_frames(work / "test.extxyz")
    wrong.energy = wrong.energy / KCAL_MOL
    write_frames(tmp_path / "wrong.xyz", wrong)
    assert call("check", tmp_path / "wrong.xyz", "--no-calculation") == 1
    told = capsys.readouterr().out
    assert "IMPLAUSIBLE  energies against forces" in told
    assert "the energies may be in kcal/mol" in told
    corrected = ("--energy-unit", "kcal/mol", "--no-calculation")
    assert call("check", tmp_path / "wrong.xyz", *corrected) == 0


def rubbish(work, tmp_path, kind):
    """A file of frames with something wrong."""
    path = tmp_path / "bad.extxyz"
    images = list(iread(work / "test.extxyz", index=":10"))
    if kind == "other atoms":
        images[3].symbols[0] = "Br"
    if kind == "another molecule":
        images = [atoms[[1, 2, 4]] for atoms in images]
    if kind == "NaN":
        images[4].positions[2, 1] = np.nan
    if kind == "NaN label":
        images[4].calc.results["dipole"] = np.full(3, np.nan)
    if kind == "bohr":
        for atoms in images:
            atoms.positions *= 1.89
    if kind != "missing":
        write(path, images)
    if kind == "truncated":
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-4]))
    if kind == "empty":
        path.write_text("")
    if kind == "picture":
        path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    return path


RUBBISH = {
    "missing": "no such file",
    "empty": "found no frames",
    "picture": "not readable as extended XYZ",
    "truncated": "ends within frame 9, after 4 of 8 atoms",
    "other atoms": "frame 3: found atoms Br",
    "NaN": "frame 4: position of atom 2 is not a finite number",
}


@pytest.mark.parametrize("kind", [*RUBBISH, "NaN label"])
@pytest.mark.parametrize("command", ["check", "train", "evaluate"])
def test_rubbish_is_one_line_that_names_file_and_frame(work, tmp_path, capsys, kind, command):
    path = rubbish(work, tmp_path, kind)
    words = {
        "check": ["check", path],
        "train": ["train", path, "-o", tmp_path / "m.npz", "--property", "dipole"],
        "evaluate": ["evaluate", work / "dipole.npz", path],
    }[command]
    assert call(*words) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"rpr: {path}")
    assert RUBBISH.get(kind, "frame 4: dipole is not a finite number") in told[0]
    assert not (tmp_path / "m.npz").exists()


@pytest.mark.parametrize("kind", [*RUBBISH, "another molecule", "bohr"])
def test_predict_refuses_rubbish_and_writes_nothing(work, tmp_path, capsys, kind):
    path = rubbish(work, tmp_path, kind)
    assert call("predict", work / "dipole.npz", path, "-o", tmp_path / "out.extxyz") == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert str(path) in told[0]
    assert not (tmp_path / "out.extxyz").exists()
    assert not list(tmp_path.glob(".out*"))


def test_positions_in_bohr_are_implausible(work, tmp_path, capsys):
    path = rubbish(work, tmp_path, "bohr")
    assert call("check", path) == 1
    assert "positions may be in bohr" in capsys.readouterr().out


def test_wrong_files_and_options_are_one_line(work, tmp_path, capsys):
    test = work / "test.extxyz"
    (tmp_path / "text.npz").write_text("no model")
    second, done = shutil.copy(work / "dipole.npz", tmp_path / "second.npz"), tmp_path / "done.xyz"
    assert call("predict", work / "dipole.npz", test, "-o", done) == 0
    for words, message in (
        (["predict", test, "-o", tmp_path / "o.xyz"], "found no model among the files"),
        (["predict", work / "dipole.npz", "-o", tmp_path / "o.xyz"], "expected one file of frames"),
        (
            ["predict", work / "dipole.npz", second, test, "-o", tmp_path / "o.xyz"],
            "predicts the dipole, as",
        ),
        (["predict", tmp_path / "none.npz", test, "-o", tmp_path / "o.xyz"], "no such model file"),
        (
            ["predict", tmp_path / "text.npz", test, "-o", tmp_path / "o.xyz"],
            "not readable as a model",
        ),
        (
            ["predict", work / "dipole.npz", done, "-o", tmp_path / "o.xyz"],
            "--prefix",
        ),
        (["predict", work / "dipole.npz", test, "-o", tmp_path], "is a folder"),
        (["predict", work / "dipole.npz", test, "-o", tmp_path / "o.traj"], "ends in .xyz or"),
        (
            ["predict", work / "pes.npz", test, "-o", tmp_path / "o.xyz", "--uncertainty"],
            "--uncertainty: found a model of the energy only",
        ),
        (["evaluate", work / "dipole.npz", test, "--plot", tmp_path / "a.docx"], "ends in .png or"),
        (["train", test, "-o", test / "m.npz", "--property", "dipole"], "is not a folder"),
        (
            ["train", test, "-o", tmp_path / "m.npz", "--property", "dipole", "--n-train", "39"],
            "n_train: found 39",
        ),
        (
            ["train", test, "-o", tmp_path / "m.npz", "--property", "energy", "--derivatives"],
            "--derivatives: found energy",
        ),
        (
            ["train", test, "-o", tmp_path / "m.npz", "--property", "energy", "--model", "folded"],
            "--model: found folded for an energy",
        ),
        (
            ["train", test, "-o", tmp_path / "m.npz", "--property", "dipole", "--derivatives"],
            "found no dipole_derivatives",
        ),
        (["info", test], "not readable as a model"),
    ):
        assert call(*words) == 2, words
        told = capsys.readouterr().err.splitlines()
        assert message in told[-1], told
        assert told[-1].startswith("rpr: ")


def test_evaluate_tells_of_another_level_and_train_of_repeated_frames(work, tmp_path, capsys):
    images = read(work / "test.extxyz", ":")
    for image in images:
        image.info["level_of_theory"] = "hf/sto-3g"
    write(tmp_path / "other.extxyz", images)
    assert call("evaluate", work / "dipole.npz", tmp_path / "other.extxyz") == 0
    assert "labels of hf/sto-3g, but" in capsys.readouterr().err
    write(tmp_path / "twice.extxyz", 2 * images[:12])
    words = ("train", tmp_path / "twice.extxyz", "-o", tmp_path / "m.npz", "--property", "dipole")
    assert call(*words, "--n-train", 10) == 0
    assert "repeated geometries: 12 of 24 frames are copies" in capsys.readouterr().err
    assert call(*words, "--n-train", 10) == 2
    assert "give --overwrite" in capsys.readouterr().err


def test_evaluate_tells_of_training_frames_however_turned(work, tmp_path, capsys):
    train, test = read(work / "train.extxyz", ":"), read(work / "test.extxyz", ":")
    for image in train[:3]:
        image.rotate(40, (1, 2, 3), center=(0.5, 0, 0))
        image.positions[:] *= -1
    write(tmp_path / "mixed.extxyz", [*test, *train[:3]])
    for name in ("dipole", "pes"):
        assert call("evaluate", work / f"{name}.npz", work / "test.extxyz") == 0
        assert "errors on them" not in capsys.readouterr().err
    model = rpr.load(work / "dipole.npz")
    assert model.in_training(tmp_path / "mixed.extxyz").tolist() == [False] * 40 + [True] * 3
    assert call("evaluate", work / "dipole.npz", work / "train.extxyz") == 0
    assert "40 of 40 frames of" in capsys.readouterr().err


def test_quantities_without_a_unit_beside_atomic_units_are_told(work, tmp_path, capsys):
    test, unit = work / "test.extxyz", ("--polarizability-unit", "bohr^3")
    call("check", test, "--no-calculation", *unit)
    told = capsys.readouterr().err
    assert "e*Angstrom is taken for the unit of dipole, but polarizability is in bohr^3" in told
    assert "give --dipole-unit e*bohr if dipole is in atomic units, too, else" in told
    call("check", test, "--no-calculation", *unit, "--dipole-unit", "e*bohr")
    told = capsys.readouterr().err
    assert "unit of dipole" not in told
    assert "eV is taken for the unit of energy" in told
    steps = ("--interval", "2fs", "--temperature", "300", "--dipole-unit", "e*bohr")
    call("spectra", test, "-o", tmp_path / "s", *steps)
    told = capsys.readouterr().err
    assert "unit of polarizability" in told
    assert "unit of energy" not in told  # `spectra` has no option for it


def test_training_on_contradictory_labels_is_refused(work, tmp_path, capsys):
    """Gradients given as forces: what is fitted is no potential, and it is said."""
    frames = read_frames(work / "train.extxyz")
    frames.forces = -frames.forces
    write_frames(tmp_path / "gradients.xyz", frames)
    command = ("train", tmp_path / "gradients.xyz", "-o", tmp_path / "m.npz")
    assert call(*command, "--property", "energy", "--n-train", 5) == 2
    assert "energies against forces" in capsys.readouterr().err
    accepted = ("--n-train", 5, "--accept-implausible")
    assert call(*command, "--property", "energy", *accepted) == 0
    told = capsys.readouterr().err
    assert "rpr: warning: implausible unit and sign of forces" in told
    assert "these are gradients" in told


def test_dipoles_that_are_all_zero_are_refused_in_one_line(tmp_path, root, capsys):
    """The dipole of a tetrahedral methane is zero."""
    frames = read_frames(root / "resources/geometries/methane.xyz")
    frames.dipole = np.zeros((1, 3))
    write_frames(tmp_path / "methane.xyz", frames)
    command = ("train", tmp_path / "methane.xyz", "-o", tmp_path / "m.npz", "--property", "dipole")
    assert call(*command) == 2
    told = capsys.readouterr().err.splitlines()
    assert "dipole: all values of the 1 training frames are zero" in told[-1]


def test_values_are_attached_where_readers_look(work):
    atoms = read(work / "test.extxyz")
    attach(atoms, {"dipole_derivatives": np.arange(72.0).reshape(8, 3, 3), "energy": 1.0}, "X_")
    assert atoms.arrays["X_dipole_derivatives"].shape == (8, 9)
    assert atoms.info["X_energy"] == 1.0
