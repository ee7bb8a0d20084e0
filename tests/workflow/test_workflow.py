"""The workflow resolves for every configuration, and its files keep the project's habits."""

import ast
import hashlib
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from ase.io import read

from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet
from rpr.data.synthetic import analytic_labels, dichloroethane
from rpr.labels.method import Method
from rpr.report.generated_tables import configuration_table, models_table, replace_table
from rpr.run.config import make_plan
from rpr.run.deposit_files import write_deposit
from rpr.run.provenance import provenance, software
from rpr.run.schema import with_defaults


def snakemake(root, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--nocolor", *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def jobs(root, *arguments):
    """Number of jobs of each rule in a dry run from scratch."""
    done = snakemake(root, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)}


def overlay(tmp_path, **keys):
    path = tmp_path / "overlay.yaml"
    path.write_text(yaml.safe_dump({"run": "a_run_that_never_ran", **keys}))
    return path


def test_the_study_of_the_second_molecule_computes_no_label(root):
    found = jobs(root, "--configfile", "config/ethanedithiol.yaml", "--config", "run=never_ran")
    assert {"train_model", "judge_claims"} <= set(found)
    assert not {"label_frames", "label_test_frames", "optimise_geometry"} & set(found)


def test_paper_run_resolves_in_full(root):
    found = jobs(root, "--configfile", "config/paper.yaml", "--config", "run=a_run_that_never_ran")
    assert found["run_trajectory"] == 70
    assert found["take_labels"] == 1
    assert "label_frames" not in found  # the dynamics has the level of the labels
    assert found["label_test_frames"] == math.ceil(1200 / 70)
    assert found["benchmark_descriptor"] >= 9
    assert found["all"] == 1


def test_a_deposit_needs_neither_models_nor_a_test_set(root, tmp_path):
    found = jobs(root, "deposit", "--configfile", overlay(tmp_path, deposit={"n_checked": 0}))
    assert {"write_deposit", "draw_labels", "take_labels"} <= set(found)
    assert not {"label_test_frames", "train_model", "train_kreg", "benchmark_descriptor"} & set(
        found
    )


def test_one_level_of_theory_has_one_reference_geometry(root, tmp_path):
    assert jobs(root, "--configfile", overlay(tmp_path))["optimise_geometry"] == 2  # both minima
    found = jobs(
        root, "--configfile", "config/molecule.yaml",
        "--config", "molecule=resources/geometries/methanol.xyz", "run=a_run_that_never_ran",
    )  # fmt: skip
    assert found["optimise_geometry"] == 1


def test_derivatives_come_with_all_labels_and_are_not_computed_again(root, tmp_path):
    study = {"fewer_labels": {"n_frames": 20, "n_test_frames": 5}}
    found = jobs(root, "--configfile", overlay(tmp_path, **study))
    assert {"label_derivatives", "choose_with_derivatives"} <= set(found)
    study["labels"] = {"dipole_derivatives": True}
    found = jobs(root, "--configfile", overlay(tmp_path, **study))
    assert "choose_with_derivatives" in found
    assert "label_derivatives" not in found


def test_labels_of_another_level_are_jobs_of_their_own(root, tmp_path):
    labels = {"method": {"grid_level": 4}, "n_frames": 450, "shard_size": 25}
    found = jobs(root, "--configfile", overlay(tmp_path, labels=labels))
    assert found["label_frames"] == 450 / 25
    assert "take_labels" not in found


def test_misspelt_key_stops_before_anything_runs(root, tmp_path):
    done = snakemake(root, "--configfile", overlay(tmp_path, labels={"n_frame": 3}))
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert "unknown key labels/n_frame" in text
    assert "did you mean 'n_frames'" in text


def test_own_files_need_no_dynamics_and_no_dft(root, tmp_path):
    path = tmp_path / "frames.extxyz"
    geometry = root / "resources/geometries/dichloroethane_anti.xyz"
    path.write_text(400 * geometry.read_text())
    files = {"frames": str(path), "test_set": str(path)}
    found = jobs(
        root, "--configfile", overlay(tmp_path, labels={"source": "files", "files": files})
    )
    computed = {"optimise_geometry", "run_trajectory", "label_frames", "label_test_frames"}
    assert not (computed | {"run_kreg_dynamics"}) & set(found)
    assert found["assemble_dataset"] == found["tabulate_dihedrals"] == 1


@pytest.mark.parametrize("source", ["files", "deposit"])
def test_one_file_of_frames_becomes_the_dataset(root, tmp_path, source):
    atoms = read(root / "resources/geometries/dichloroethane_anti.xyz")
    rng = np.random.default_rng(0)
    positions = atoms.positions + 0.02 * rng.normal(size=(20, len(atoms), 3))
    dipole, polarizability = analytic_labels(positions, dichloroethane())
    between = positions[:, :, None] - positions[:, None]
    distance = np.linalg.norm(between, axis=-1) + np.eye(len(atoms))
    stretch = distance - atoms.get_all_distances() - np.eye(len(atoms))
    frames = FrameSet(
        tuple(atoms.get_chemical_symbols()),
        positions,
        energy=5 * (stretch**2).sum(axis=(1, 2)),  # springs of 20 eV/Angstrom^2
        forces=-20 * (between * (stretch / distance)[..., None]).sum(axis=2),
        dipole=dipole,
        polarizability=polarizability,
    )
    write_frames(tmp_path / "mine.extxyz", frames)
    method = Method().as_dict()
    manifest = write_deposit(tmp_path / "deposit", {"frames": frames}, method=method, about={})
    labels = {"source": source, "n_frames": 20}
    if source == "files":
        labels["files"] = dict.fromkeys(("frames", "test_set"), str(tmp_path / "mine.extxyz"))
    else:
        labels["deposit"] = str(manifest)
    sizes = {"split": {"n_train": 10, "n_test": 5}, "kreg": {"n_train": 10, "sizes": [10]}}
    sizes["learning_curve"] = {"sizes": [10]}
    path = overlay(tmp_path, labels=labels, **sizes)
    for name in ("config.yaml", "resources"):
        (tmp_path / name).symlink_to(root / name)
    target = "results/a_run_that_never_ran/dataset/frames.extxyz"
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", root / "Snakefile",
         "--directory", tmp_path, target, "--configfile", path],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    np.testing.assert_array_equal(read_frames(tmp_path / target).dipole, frames.dipole)


def test_deposit_replaces_dynamics_and_labels(root, tmp_path):
    atoms = read(root / "resources/geometries/dichloroethane_anti.xyz")
    frames = FrameSet(tuple(atoms.get_chemical_symbols()), np.array([atoms.positions] * 450))
    files = dict.fromkeys(("frames", "reference"), frames)
    method = Method().as_dict()
    manifest = write_deposit(tmp_path / "without", files, method=method, about={})
    labels = {"source": "deposit", "deposit": str(manifest)}
    found = jobs(root, "--configfile", overlay(tmp_path, labels=labels))
    assert found["read_deposit"] == 2
    assert found["label_test_frames"] > 0  # the deposit holds no test set
    assert not {"optimise_geometry", "run_trajectory", "label_frames"} & set(found)
    files["test_set"] = frames
    labels["deposit"] = str(write_deposit(tmp_path / "with", files, method=method, about={}))
    found = jobs(root, "--configfile", overlay(tmp_path, labels=labels))
    assert found["read_deposit"] == 3
    assert not {"label_test_frames", "run_kreg_dynamics"} & set(found)


def test_deposit_is_extended_without_dynamics(root, tmp_path):
    atoms = read(root / "resources/geometries/dichloroethane_anti.xyz")
    md = FrameSet(tuple(atoms.get_chemical_symbols()), np.array([atoms.positions] * 800))
    few = md.subset(np.arange(3))
    manifest = write_deposit(
        tmp_path / "deposit", {"frames": few, "md": md, "reference": few},
        method=Method().as_dict(), about={},
    )  # fmt: skip
    labels = {"source": "compute", "deposit": str(manifest), "n_frames": None}
    found = jobs(root, "deposit", "--configfile", overlay(tmp_path, labels=labels))
    assert found["read_deposit"] == 3
    assert found["label_frames"] == 800 / 25  # of the deposit's dynamics, not of md/n_steps
    assert not {"optimise_geometry", "run_trajectory"} & set(found)


def test_the_documentation_shows_the_schema_and_the_models(root):
    schema = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())
    page = (root / "docs/configuration.md").read_text()
    assert replace_table(page, "configuration", configuration_table(schema)) == page, "`make docs`"
    page = (root / "docs/library.md").read_text()
    assert replace_table(page, "models", models_table()) == page, "run `make docs`"


#: Scripts that several rules share, beside those that ``use rule ... as`` takes over.
SHARED = {
    **dict.fromkeys(
        ("assemble_dataset", "assemble_test_set", "assemble_derivatives"), "assemble_frames"
    ),
    **dict.fromkeys(("draw_ablation", "draw_thermal", "draw_ways"), "draw_figures"),
}


def rules(root):
    """File, name, script and text of each rule that has a script."""
    for path in sorted((root / "workflow/rules").glob("*.smk")):
        for card in re.split(r"\n(?=rule |use rule | +rule\b)", path.read_text())[1:]:
            if "script:" in card:
                name = re.match(r" *rule ?(\w*)", card)[1]
                yield path.name, name, SHARED.get(name, name or "draw_figures"), card


def test_each_rule_has_its_script_log_and_resources(root):
    for path, name, expected, card in rules(root):
        for directive in ("log:", "conda:", "resources:", "message:"):
            assert directive in card, f"{path}: rule {name} has no {directive}"
        rests_on = re.findall(r"\b(code|label_version)=", card)
        assert len(rests_on) == 1, (
            f"{path}: rule {name} names neither code nor label_version, or both"
        )
        script = re.search(r'"\.\./scripts/(\w+)\.py"', card)[1]
        assert script == expected
        assert (root / f"workflow/scripts/{script}.py").is_file()


def test_no_script_without_rule(root):
    scripts = {path.stem for path in (root / "workflow/scripts").glob("*.py")}
    assert scripts == {script for _, _, script, _ in rules(root)}


def test_scripts_import_what_the_library_has(root):
    for path in (root / "workflow/scripts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("rpr"):
                for name in (alias.name for alias in node.names):
                    found = hasattr(importlib.import_module(node.module), name)
                    found = found or importlib.util.find_spec(f"{node.module}.{name}")
                    assert found, f"{path.name}: {node.module}.{name}"


def test_scripts_are_thin(root):
    for path in (root / "workflow/scripts").glob("*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 50, path.name
        assert "def " not in text, f"{path.name}: functions belong into the library"


def test_every_figure_has_a_caption_and_every_caption_a_figure(root):
    text = (root / "workflow/rules/figures.smk").read_text()
    figures = set(re.findall(r'^    "(\w+)": \{\n        "title"', text, re.MULTILINE))
    figures |= set(re.findall(r'FIGURES\["(\w+)"\] = \{\n +"title"', text))
    captions = {path.stem for path in (root / "workflow/report").glob("*.rst")}
    assert captions - figures == {"workflow", "claims", "published", "fig5_hands"}
    assert not figures - captions
    for figure in figures:
        caption = (root / f"workflow/report/{figure}.rst").read_text()
        assert "Look at: " in caption, figure
        assert "?" in caption.partition("Look at: ")[2] or "compare" in caption, figure


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["PYTHON=no_such_python"], "no_such_python was not found: install Python 3.11"),
        (["PYTHON=./old_python"], "3.11, 3.12 or 3.13 is needed"),
    ],
)
def test_make_says_what_is_wrong_with_python_in_one_line(root, tmp_path, arguments, words):
    old = tmp_path / "old_python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.1\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "envs"):
        (tmp_path / name).symlink_to(root / name)
    done = subprocess.run(
        ["make", "--no-print-directory", "setup", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert words in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def complete(root):
    """A complete configuration, as the workflow has it."""
    schema = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())
    return with_defaults(yaml.safe_load((root / "config.yaml").read_text()), schema)


def test_provenance_names_what_decided_the_results(complete, tmp_path):
    data = tmp_path / "frames.extxyz"
    write_frames(data, FrameSet(("H", "H"), np.array([[[0.0, 0, 0], [0, 0, 0.7]]] * 3)))
    record = provenance(complete, make_plan(complete), {"frames": data}, software=software())
    assert json.loads(json.dumps(record)) == record
    assert record["config"] == complete
    assert {"python", "rpr", "numpy", "pyscf"} <= set(record["versions"])
    frames = record["data"]["frames"]
    assert len(frames["sha256"]) == 64
    assert frames["n_frames"] == 3
    assert frames["level_of_theory"] == "b3lyp5/def2-svp"


def test_provenance_of_deposited_frames_names_no_dynamics(complete, root, tmp_path):
    data = tmp_path / "frames.extxyz"
    write_frames(data, FrameSet(("H", "H"), np.array([[[0.0, 0, 0], [0, 0, 0.7]]] * 3)))
    deposit = str(root / "resources/ethanedithiol/manifest.json")
    config = complete | {"labels": complete["labels"] | {"source": "deposit", "deposit": deposit}}
    record = provenance(config, make_plan(config), {"frames": data}, software={})
    assert not {"md", "initial_conditions", "optimisation"} & set(record["config"])
    assert record["config"]["labels"]["method"] == complete["labels"]["method"]


@pytest.mark.parametrize(
    ("level", "words"), [(None, "not stated"), ("CCSD/x", "CCSD/x, as stated by the user")]
)
def test_provenance_of_own_frames_claims_no_method(complete, tmp_path, level, words):
    data = tmp_path / "frames.extxyz"
    write_frames(data, FrameSet(("H", "H"), np.array([[[0.0, 0, 0], [0, 0, 0.7]]] * 3)))
    files = {"frames": str(data), "test_set": str(data), "level": level}
    config = complete | {"labels": complete["labels"] | {"source": "files", "files": files}}
    record = provenance(config, make_plan(config), {"frames": data, "test_set": data}, software={})
    assert {entry["level_of_theory"] for entry in record["data"].values()} == {words}
    assert not {"method", "n_frames"} & set(record["config"]["labels"])
    assert not {"md", "initial_conditions"} & set(record["config"])
    assert "b3lyp" not in json.dumps(record["config"])
    files["test_set"] = "compute"  # which is labelled here, at labels/method
    record = provenance(config, make_plan(config), {"frames": data, "test_set": data}, software={})
    assert record["data"]["frames"]["level_of_theory"] == words
    assert record["data"]["test_set"]["level_of_theory"] == "b3lyp5/def2-svp"


def test_comments_cost_no_label_and_a_changed_kernel_runs_what_uses_it(root, tmp_path):
    for name in ("src", "workflow", "config", "resources", "profiles", "envs"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("deposit"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(root / name, tmp_path)
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src"), "OMP_NUM_THREADS": "1"}
    base = "results/smoke"
    targets = [f"{base}/models/{model}_dipole_random.npz" for model in ("symmetrized", "covariant")]

    def snakemake(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "config/smoke.yaml",
             "--nocolor", *arguments, "--", *targets],
            cwd=tmp_path, capture_output=True, text=True, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def jobs():
        return set(re.findall(r"^(\w+) +\d+$", snakemake("--dry-run"), re.MULTILINE)) - {"total"}

    for line in snakemake("--summary").splitlines():
        if line.startswith("results/"):
            path = tmp_path / line.split("\t")[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    snakemake("--touch")
    engine = [*(tmp_path / "src/rpr/labels").rglob("*.py")]
    engine += [tmp_path / f"src/rpr/dynamics/{name}.py" for name in ("andersen", "optimise")]
    engine += (tmp_path / "workflow/scripts").glob("*.py")
    assert len(engine) > 20
    for path in engine:
        path.write_text(f"{path.read_text()}\n# a remark\n")
    assert jobs() == set()
    kernel = tmp_path / "src/rpr/regression/symmetrized_kernel.py"
    kernel.write_text(f"{kernel.read_text()}\nCHANGED = 1\n")
    assert jobs() == {"train_model"}
    assert "covariant" not in snakemake("--dry-run")


def test_conda_environments_are_made_again_when_the_lock_changes(root):
    digest = hashlib.sha256((root / "envs/requirements.lock").read_bytes()).hexdigest()
    assert digest in (root / "envs/environment.post-deploy.sh").read_text()


@pytest.mark.parametrize("name", ["methanol(1)", "h3o+"])
def test_geometries_may_have_any_name(root, tmp_path, name):
    geometry = tmp_path / f"{name}.xyz"
    shutil.copy(root / "resources/geometries/methanol.xyz", geometry)
    found = jobs(
        root,
        "--configfile",
        "config/molecule.yaml",
        "--config",
        f'molecule={{"geometry": "{geometry}"}}',
    )
    assert found["compute_frequencies"] == 1


def test_make_says_in_one_line_that_a_configuration_is_missing(root):
    done = subprocess.run(
        ["make", "--no-print-directory", "config-exists", "CONFIG=nowhere.yaml"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "nowhere.yaml does not exist" in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1
