"""The workflow resolves for every configuration, and its files keep the project's habits."""

import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml
from ase.io import read

from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet
from rpr.labels.method import Method
from rpr.run.deposit import write_deposit
from rpr.run.schema_table import markdown_table, replace_table


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


def test_paper_run_resolves_in_full(root):
    found = jobs(root, "--configfile", "config/paper.yaml", "--config", "run=a_run_that_never_ran")
    assert found["run_trajectory"] == 70
    assert found["take_labels"] == 1
    assert "label_frames" not in found  # the dynamics has the level of the labels
    assert found["label_test_frames"] == math.ceil(1200 / 70)
    assert found["benchmark_descriptor"] >= 9
    assert found["all"] == 1


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
    path.write_text("frames")
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
    frames = FrameSet(
        tuple(atoms.get_chemical_symbols()),
        atoms.positions + 0.02 * rng.normal(size=(20, len(atoms), 3)),
        energy=rng.normal(size=20),
        forces=rng.normal(size=(20, len(atoms), 3)),
        dipole=rng.normal(size=(20, 3)),
        polarizability=np.array([np.diag(x) for x in rng.uniform(5, 9, size=(20, 3))]),
    )
    write_frames(tmp_path / "mine.extxyz", frames)
    method = Method().as_dict()
    manifest = write_deposit(tmp_path / "deposit", {"frames": frames}, method=method, about={})
    labels = {"source": source, "n_frames": 20, "deposit": str(manifest)}
    labels["files"] = dict.fromkeys(("frames", "test_set"), str(tmp_path / "mine.extxyz"))
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


def test_the_documentation_shows_the_schema(root):
    schema = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())
    page = (root / "docs/configuration.md").read_text()
    assert replace_table(page, markdown_table(schema)) == page, "run `make docs`"


#: Scripts that several rules share, beside those that ``use rule ... as`` takes over.
SHARED = {"assemble_dataset": "assemble_frames", "assemble_test_set": "assemble_frames"}


def rules(root):
    """File, name, script and text of each rule that has a script."""
    for path in sorted((root / "workflow/rules").glob("*.smk")):
        for card in re.split(r"\n(?=rule | +rule\b)", path.read_text())[1:]:
            name = re.match(r" *rule ?(\w*)", card)[1]
            if "script:" in card:
                yield path.name, name, SHARED.get(name, name or "draw_figure"), card


def test_each_rule_has_its_script_log_and_resources(root):
    for path, name, expected, card in rules(root):
        for directive in ("log:", "conda:", "resources:", "code="):
            assert directive in card, f"{path}: rule {name} has no {directive}"
        script = re.search(r'"\.\./scripts/(\w+)\.py"', card)[1]
        assert script == expected
        assert (root / f"workflow/scripts/{script}.py").is_file()


def test_no_script_without_rule(root):
    scripts = {path.stem for path in (root / "workflow/scripts").glob("*.py")}
    assert scripts == {script for _, _, script, _ in rules(root)}


def test_scripts_are_thin(root):
    for path in (root / "workflow/scripts").glob("*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 50, path.name
        assert "def " not in text, f"{path.name}: functions belong into the library"


def test_code_inputs_exist(root):
    for path in (root / "workflow/rules").glob("*.smk"):
        for call in re.findall(r"(?:library|sources)\(([^)]*)\)", path.read_text()):
            for module in re.findall(r'"([a-z_0-9/]+)"', call):
                assert (root / f"src/rpr/{module}.py").is_file(), f"{path.name}: {module}"


def test_every_figure_has_a_caption(root):
    text = (root / "workflow/rules/figures.smk").read_text()
    for figure in re.findall(r'^    "(\w+)": \{', text, re.MULTILINE):
        assert (root / f"workflow/report/{figure}.rst").is_file(), figure


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


def test_provenance_names_what_decided_the_results(root, tmp_path):
    from rpr.run.provenance import provenance

    data = tmp_path / "frames.extxyz"
    data.write_text("frames")
    record = provenance({"seed": 1}, [data])
    assert json.loads(json.dumps(record)) == record
    assert record["config"] == {"seed": 1}
    assert {"python", "rpr", "numpy", "pyscf"} <= set(record["versions"])
    assert len(record["sha256"][str(data)]) == 64
