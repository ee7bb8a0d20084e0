"""The packages of the library lie in layers, and imports point down."""

import ast
from pathlib import Path

import pytest

import rpr

ROOT = Path(rpr.__file__).parent
#: A package imports from the rows below its own, never from its own row or above.
LAYERS = (
    {"errors", "units", "files", "version"},
    {"molecule"},
    {"axes", "data", "regression"},
    {"labels", "models", "dynamics", "spectra"},
    {"studies", "run"},
    {"report"},
    {"cli"},
    {"__main__"},
)
ROW = {package: row for row, packages in enumerate(LAYERS) for package in packages}
MODULES = {
    ".".join(("rpr", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}


def imports(path: Path) -> set[str]:
    """Modules of the library that a file imports, also within functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if name in MODULES else node.module for name in names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name in MODULES}


def package(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"rpr"}))
def test_imports_point_down(module):
    for target in imports(MODULES[module]):
        inside = package(target) == package(module)
        assert inside or ROW[package(target)] < ROW[package(module)], f"{module} imports {target}"


def test_there_is_no_circle():
    waiting = {module: imports(path) for module, path in MODULES.items()}
    while free := {module for module, targets in waiting.items() if not targets & waiting.keys()}:
        waiting = {module: targets for module, targets in waiting.items() if module not in free}
    assert not waiting


def test_the_top_of_the_package_stays_small():
    assert len(list(ROOT.glob("*.py"))) <= 6


@pytest.mark.parametrize(
    ("room", "outside"),
    [
        ("rpr.labels.dft", {"rpr.errors", "rpr.units"}),
        ("rpr.models.kreg", {"rpr.models.model_file", "rpr.models.estimator"}),
        ("rpr.report.figures", {"rpr.report", "rpr.report.style", "rpr.report.summaries"}),
    ],
)
def test_an_inner_room_knows_little_of_its_outer_room(room, outside):
    outer = room.rpartition(".")[0]
    for module in (name for name in MODULES if name.startswith(room)):
        for target in imports(MODULES[module]):
            if target.startswith(outer) and not target.startswith(room):
                assert target in outside, f"{module} imports {target}"


def test_only_some_studies_touch_files():
    """Those that the docstring of the package names; another may fingerprint what it is given."""
    readers = {"rpr.data.extxyz", "rpr.data.atoms_files", "rpr.files"}
    files = {f"rpr.studies.{name}" for name in ("exchange", "minima_file", "tables")}
    for module in {name for name in MODULES if name.startswith("rpr.studies.")} - files:
        text = MODULES[module].read_text(encoding="utf-8")
        assert "import os" not in text, module
        assert "pathlib" not in text, module
        text = text.replace("from rpr.files import fingerprint\n", "")
        assert not any(f"from {reader} import" in text for reader in readers), module


def test_the_dft_code_needs_nothing_but_errors_and_units():
    for module in (name for name in MODULES if name.startswith("rpr.labels.dft")):
        for target in imports(MODULES[module]):
            assert target.startswith("rpr.labels.dft") or target in {"rpr.errors", "rpr.units"}
