"""Runs from one geometry: what is found from its bonds, and what is refused before any job."""

import os
import re
import subprocess
import sys

import pytest
import yaml
from ase.build import molecule as example
from ase.io import write

from rpr.errors import InputError
from rpr.run.config import make_plan
from rpr.run.one_geometry import completed, expanded
from rpr.run.schema import check_schema, with_defaults


@pytest.fixture(scope="module")
def schema(root):
    return yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text())


def resolved(schema, **keys):
    config = expanded({"run": "mine", **keys})
    check_schema(config, schema)
    return completed(with_defaults(config, schema), schema)


def geometry(tmp_path, atoms, name="any.xyz"):
    path = tmp_path / name
    write(path, example(atoms) if isinstance(atoms, str) else atoms, format="xyz")
    return str(path)


@pytest.mark.parametrize(
    ("name", "dihedral", "anchors"),
    [
        ("H2O2", [2, 0, 1, 3], [2, 3]),
        ("CH3OH", [2, 0, 1, 3], [2, 3]),
        ("H2O", None, [0, 1]),
        ("C6H6", None, None),
    ],
)
def test_dihedral_and_anchors_are_found(schema, tmp_path, name, dihedral, anchors):
    path = geometry(tmp_path, name, "a_molecule.xyz")
    config = resolved(schema, run=None, molecule=path)
    assert config["run"] == "a_molecule"
    assert config["molecule"]["name"] == "a molecule"
    assert config["molecule"]["geometries"] == [path]
    assert config["molecule"]["dihedral"] == dihedral
    assert anchors is None or config["molecule"]["anchors"] == anchors
    assert make_plan(config).searched


def test_what_is_given_is_kept(schema, tmp_path):
    path = geometry(tmp_path, "CH3CH2OH")
    given = {"geometry": path, "name": "ethanol", "dihedral": None, "anchors": [2]}
    config = resolved(schema, run="mine", molecule=given)
    assert config["run"] == "mine"
    assert config["molecule"] | given == config["molecule"]


def test_labelled_frames_need_no_search(schema, tmp_path):
    path = geometry(tmp_path, "H2O")
    labels = {"source": "files", "method": {"code": "pyscf", "functional": "hf"}}
    config = resolved(schema, molecule=path, labels=labels)
    assert not make_plan(config).searched


def moved(atoms, by):
    atoms = atoms.copy()
    atoms.positions += by
    return atoms


def in_bohr(name):
    atoms = example(name)
    atoms.positions /= 0.529177
    return atoms


@pytest.mark.parametrize(
    ("atoms", "words"),
    [
        (example("H2O") + moved(example("H2O"), [4, 0, 0]), ["2 molecules", "0 1 2; 3 4 5"]),
        (in_bohr("CH3OH"), ["bohr", "multiply"]),
        ("CH3", ["9 electrons", "molecule/charge"]),
        (example("H2O") + moved(example("H2O"), [0.1, 0, 0]), ["Angstrom apart"]),
        ("O", ["1 atoms, expected 2 to 20"]),
        (
            example("C6H6") + moved(example("C6H6"), [0, 0, 4]),
            ["24 atoms", "molecule/geometries"],
        ),
    ],
    ids=["two molecules", "bohr", "radical", "overlap", "atom", "large"],
)
def test_geometries_that_make_no_run_are_refused(schema, tmp_path, atoms, words):
    path = geometry(tmp_path, atoms)
    with pytest.raises(InputError) as caught:
        resolved(schema, molecule=path)
    for word in ["molecule/geometry", "any.xyz", *words]:
        assert word in str(caught.value)


def test_many_methyl_groups_are_no_obstacle(schema, tmp_path):
    """The group of isobutane has 162 elements; without the rotations of methyl groups it has 6."""
    path = geometry(tmp_path, "isobutane")
    assert resolved(schema, molecule=path)["molecule"]["geometries"] == [path]


def test_a_charge_makes_an_ion_a_closed_shell(schema, tmp_path):
    path = geometry(tmp_path, "CH3")
    assert resolved(schema, molecule={"geometry": path, "charge": 1})["molecule"]["charge"] == 1


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"run": None}, "no geometry"),
        ({"molecule": "nowhere.xyz"}, r"nowhere\.xyz does not exist"),
        ({"molecule": {"geometry": "a.xyz", "geometries": ["b.xyz"]}}, "both geometry and"),
    ],
)
def test_impossible_combinations_are_refused(schema, keys, words):
    with pytest.raises(InputError, match=words):
        resolved(schema, **keys)


def snakemake(root, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--nocolor", *map(str, arguments)],
        cwd=cwd or root,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_one_file_on_the_command_line_is_a_run(root, tmp_path):
    path = geometry(tmp_path, "CH4", "a_molecule_that_never_ran.xyz")  # a spherical top
    done = snakemake(
        root, "--dry-run", "--configfile", "config/molecule.yaml", "--config", f"molecule={path}"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)}
    assert jobs["scan_torsions"] == jobs["optimise_minima"] == jobs["train_kreg"] == 1
    assert not {"tabulate_scheme", "benchmark_descriptor", "compare_published"} & set(jobs)


TINY = {
    "run": "tiny",
    "initial_conditions": {"n_trajectories": 40},
    "split": {"n_train": 30, "n_test": 8},
    "learning_curve": {"sizes": [10, 30]},
    "kreg": {"n_train": 30, "sizes": [10, 30]},
    "test_set": {"n_trajectories": 6, "n_steps": 20, "every": 10, "record_every": 10},
    "models": {"n_rotations": 5},
}


def test_from_one_geometry_to_errors(root, tmp_path):
    """A whole run with GFN2-xTB, tiny, from a geometry that nothing is known of."""
    pytest.importorskip("tblite")
    for name in ("config.yaml", "config", "resources"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    path = geometry(tmp_path, "H2O2")
    done = snakemake(
        root, "--snakefile", root / "Snakefile", "--directory", tmp_path, "--cores", "2",
        "results/tiny/tables/test_set.csv", "--configfile", "config/molecule.yaml", "tiny.yaml",
        "--config", f"molecule={path}", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    results = tmp_path / "results/tiny"
    assert (results / "geometries/minima/minima.csv").read_text().count("\n") == 2  # one minimum
    assert (results / "dataset/failures.csv").read_text().count("\n") == 1  # the header
    table = (results / "tables/test_set.csv").read_text()
    for words in ("covariant,mu_inv,rotated", "covariant,alpha_inv,held_out_trajectories"):
        assert words in table
