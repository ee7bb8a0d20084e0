"""What a computation rests on is found in the imports of its modules."""

import pytest

from rpr.run.dependencies import with_imports


def test_imports_of_imports_are_found():
    found = with_imports(["models/registry"])
    assert {"models/covariant", "regression/kernel_regression", "regression/ridge"} <= set(found)
    assert not {"errors", "labels/engine", "models/kreg/potential"} & set(found)


def test_modules_imported_as_a_whole_are_found():
    assert "labels/dft/scf" in with_imports(["labels/engine"])
    assert "regression/ridge" in with_imports(["models/covariant"])  # from rpr import ridge


def test_unknown_module_is_an_error():
    with pytest.raises(FileNotFoundError):
        with_imports(["nothing"])
