"""What a computation rests on is found in the imports of its script."""

import ast
import shutil
from pathlib import Path

import pytest

import rpr
from rpr.run import dependencies
from rpr.run.dependencies import closure, code_digest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the library that can be edited, and the digest of a script that rests on it."""
    root = tmp_path / "rpr"
    shutil.copytree(Path(rpr.__file__).parent, root)
    monkeypatch.setattr(dependencies, "_ROOT", root)

    def digest(script, *modules):
        for function in (code_digest, dependencies._imports, dependencies._statements):
            function.cache_clear()
        return code_digest(SCRIPTS / script, *modules)

    yield root, digest
    monkeypatch.undo()
    digest("train_model.py")


def test_imports_of_imports_are_found():
    found = set(closure({"rpr.models.covariant"}))
    assert {"rpr.models", "rpr.regression.covariant_kernel", "rpr.regression.ridge"} <= found
    assert not {"rpr.errors", "rpr.labels.engine", "rpr.models.kreg.potential"} & found


def test_modules_imported_as_a_whole_and_packages_are_found():
    found = closure({"rpr.labels.engine"})
    assert "rpr.labels.dft.scf" in found
    assert "rpr.labels.dft" in found  # import rpr.labels.dft
    assert "rpr.regression.ridge" in closure({"rpr.models.covariant"})  # from ... import ridge


def test_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError):
        closure({"rpr.nothing"})


def test_the_text_of_a_syntax_tree_is_that_of_every_version_of_python():
    """Python 3.12 has type parameters, and 3.13 leaves out empty lists."""
    tree = ast.parse("def f(x, *, y=None):\n    return x + 0\n")
    assert dependencies._normal(tree) == (
        "Module(body=[FunctionDef(name='f', args=arguments(args=[arg(arg='x')], "
        "kwonlyargs=[arg(arg='y')], kw_defaults=[Constant()]), body=[Return(value=BinOp("
        "left=Name(id='x', ctx=Load()), op=Add(), right=Constant(value=0)))])])"
    )


def test_a_changed_constant_changes_the_digest_and_a_comment_does_not(copied):
    root, digest = copied
    before = digest("train_model.py", "rpr.models.covariant")
    kernel = root / "regression" / "covariant_kernel.py"
    source = kernel.read_text()
    kernel.write_text(f"{source}\n# a remark\n\n\n")
    assert digest("train_model.py", "rpr.models.covariant") == before
    kernel.write_text(f"{source}\nCHANGED = 1\n")
    assert digest("train_model.py", "rpr.models.covariant") != before
    assert digest("split_frames.py") == digest("split_frames.py")


def test_a_model_does_not_rest_on_the_code_of_another(copied):
    root, digest = copied
    before = digest("train_model.py", "rpr.models.symmetrized")
    with (root / "models" / "covariant.py").open("a") as stream:
        stream.write("CHANGED = 1\n")
    assert digest("train_model.py", "rpr.models.symmetrized") == before
