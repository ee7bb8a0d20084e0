"""What needs no more than numpy, scipy, ASE and threadpoolctl works without all other packages."""

import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

import rpr

ROOT = Path(__file__).parents[2]
HEAVY = (
    *("pandas", "matplotlib", "contourpy", "pyscf", "tblite", "snakemake", "jsonschema", "jinja2"),
    *("yaml", "sklearn"),
)
BLOCKER = f"""
import sys
from importlib.abc import MetaPathFinder

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def run(code, tmp_path, *, but=()):
    """Run code in a fresh interpreter that cannot import the heavy packages, but for some."""
    script = tmp_path / "script.py"
    blocker = BLOCKER.replace(repr(HEAVY), repr(tuple(name for name in HEAVY if name not in but)))
    script.write_text(blocker + textwrap.dedent(code))
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_training_predicting_and_the_calculator(tmp_path):
    code = """
        import warnings
        import numpy as np
        import rpr
        from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames

        molecule = dichloroethane()
        positions = random_frames(molecule, 40, seed=0)
        dipole, polarizability = analytic_labels(positions, molecule)
        frames = rpr.FrameSet(
            molecule.symbols, positions, dipole=dipole, polarizability=polarizability,
            energy=np.zeros(40), forces=np.zeros_like(positions),
        )
        rpr.write_frames("frames.extxyz", frames)
        frames = rpr.read_frames("frames.extxyz")
        settings = {"molecule": molecule, "n_search": 15, "max_iterations": 2}
        for name in ("dipole", "polarizability"):
            model = rpr.CovariantRegression(property=name, **settings).fit(frames)
            assert model.score(frames) > 0.99
            model.save(f"{name}.npz")
        ridge = {"sigma": 2.0, "lambda_energy": 1e-6, "lambda_forces": 1e-6}
        with warnings.catch_warnings():  # few negative dihedrals, and forces that are zero
            warnings.simplefilter("ignore", rpr.PlausibilityWarning)
            rpr.RotatePredictRotate(molecule=molecule).fit(frames)
            rpr.KREG(molecule=molecule, **ridge).fit(frames).save("potential.npz")
        parts = ("potential", "dipole", "polarizability")
        atoms = frames[0]
        atoms.calc = rpr.Calculator(**{name: f"{name}.npz" for name in parts})
        atoms.get_forces()
        print(atoms.get_dipole_moment().shape, rpr.__version__)
    """
    assert run(code, tmp_path) == f"(3,) {rpr.__version__}\n"


def test_everything_of_the_library_is_importable(tmp_path):
    code = """
        import importlib, pkgutil
        import rpr

        for part in rpr._PARTS:
            package = importlib.import_module(f"rpr.{part}")
            for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"rpr.{part}."):
                importlib.import_module(module.name)
        for name in rpr.__all__:
            getattr(rpr, name)
    """
    run(code, tmp_path)


@pytest.mark.parametrize(
    ("method", "package"), [("gfn2-xtb", "tblite"), ("lda,vwn --basis sto-3g", "pyscf")]
)
def test_an_engine_is_all_that_labels_need(method, package, tmp_path):
    pytest.importorskip(package)
    code = f"""
        from rpr.cli.main import main

        if __name__ == "__main__":  # processes that label read this file, too
            water = "3\\n\\nO 0 0 0\\nH 0.96 0 0\\nH -0.24 0.93 0\\n"
            open("water.xyz", "w").write(2 * water)
            main("label water.xyz -o labelled.extxyz --functional {method}".split())
            import rpr
            print(rpr.read_frames("labelled.extxyz").dipole.shape)
    """
    assert run(code, tmp_path, but=[package]).splitlines()[-1] == "(2, 3)"


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("from rpr.labels.method import Method; Method().check()", "labels"),
        ("from rpr.labels.engine import make_engine; from rpr.labels.method import Method; "
         "make_engine(Method(code='tblite', functional='gfn2-xtb'), 'OHH')", "xtb"),
        ("import rpr.studies.evaluation", "plots"),
        ("import rpr.report.figures.fig5_scatter", "plots"),
        ("from rpr.data.splits import read_split; read_split('split.csv')", "plots"),
        ("from rpr.run.schema import check_schema; check_schema({}, {})", "workflow"),
    ],
)  # fmt: skip
def test_what_is_missing_names_the_extra(code, extra, tmp_path):
    code = f"""
        try:
            {code}
        except ImportError as error:
            print(error)
    """
    message = run(code, tmp_path)
    assert "not installed" in message
    assert f"with its extra '{extra}'" in message


def test_the_distribution_is_light():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = {requirement.split(">")[0] for requirement in project["dependencies"]}
    assert core == {"ase", "numpy", "scipy", "threadpoolctl"}
    assert project["name"] == "rotate-predict-rotate"
    extras = project["optional-dependencies"]
    assert {"labels", "plots", "workflow", "xtb", "all", "test"} <= set(extras)
