"""What a computation rests on is found in the imports of its modules."""

import pytest

from rpr.source_files import with_imports


def test_imports_of_imports_are_found():
    found = with_imports(["studies/models"])
    assert {"covariant", "covariant_kernel", "kernel_regression", "ridge"} <= set(found)
    assert not {"errors", "labels/engine", "potential"} & set(found)


def test_modules_imported_as_a_whole_are_found():
    assert "labels/scf" in with_imports(["labels/engine"])
    assert "ridge" in with_imports(["covariant"])  # from rpr import ridge


def test_unknown_module_is_an_error():
    with pytest.raises(FileNotFoundError):
        with_imports(["nothing"])
