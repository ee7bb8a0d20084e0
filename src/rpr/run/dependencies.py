"""The code that a computation depends on: a script and all library modules that it imports."""

from __future__ import annotations

import ast
import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

_CHECKS = (
    *("battery", "conventions", "energies", "finding"),
    *("geometries", "neighbours", "origin", "tensors"),
)
#: Modules that write, report or refuse, but decide no number.
NO_NUMBERS = frozenset(
    {
        *("rpr", "rpr.errors", "rpr.files", "rpr.version"),
        *("rpr.run.logs", "rpr.regression.resources", "rpr.data.training_range"),
        *(f"rpr.data.consistency.{name}" for name in _CHECKS),
    }
)

_ROOT = Path(__file__).parents[1]


@cache
def code_digest(script: str | os.PathLike, *modules: str) -> str:
    """Digest of a script and of every library module that it imports, directly or not.

    The digest changes if and only if a statement changes somewhere; comments, docstrings and layout
    do not count.  Rules carry it as a parameter, so that Snakemake repeats those jobs, and no
    others, whose numbers depend on edited code.

    Parameters
    ----------
    script
        Path of a Python file.
    *modules
        Modules that the script loads by name, such as ``rpr.models.covariant``.

    Returns
    -------
    str
        Sixteen hexadecimal digits.

    Raises
    ------
    ModuleNotFoundError
        If there is no module of a given name.

    Examples
    --------
    >>> from rpr import errors
    >>> len(code_digest(errors.__file__))
    16
    """
    digest = hashlib.sha256(_statements(Path(script)).encode())
    for module in closure(_imports(Path(script)) | set(modules)):
        digest.update(f"{module}\n{_statements(_path(module))}".encode())
    return digest.hexdigest()[:16]


def closure(modules: set[str] | frozenset[str]) -> list[str]:
    """Modules of the library and all that they import, sorted, without those in `NO_NUMBERS`.

    Parameters
    ----------
    modules
        Full names, such as ``rpr.models.registry``.

    Raises
    ------
    ModuleNotFoundError
        If there is no such module.

    Examples
    --------
    >>> closure({"rpr.molecule.rigid_body"})
    ['rpr.molecule', 'rpr.molecule.inertia', 'rpr.molecule.rigid_body']
    """
    found: set[str] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        found.add(module)
        package = module.rpartition(".")[0]
        waiting |= (_imports(_path(module)) | ({package} - {""})) - found
    return sorted(found - NO_NUMBERS)


def _path(module: str) -> Path:
    """Source of a module or of the `__init__` of a package."""
    base = _ROOT.joinpath(*module.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    raise ModuleNotFoundError(f"no module named {module!r}")


@cache
def _imports(path: Path) -> frozenset[str]:
    """Modules of the library that a file imports, also within its functions."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        ours = (name for name in names if name.split(".")[0] == "rpr")
        found.update(name for name in ours if _is_module(name))
    return frozenset(found)


def _is_module(name: str) -> bool:
    try:
        return _path(name).is_file()
    except ModuleNotFoundError:
        return False


@cache
def _statements(path: Path) -> str:
    """The syntax tree of a file as text, without docstrings, the same in all versions of Python."""
    tree = _tree(path)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            setattr(node, "body", body[1:])  # noqa: B010
    return _normal(tree)


def _normal(node: Any) -> str:
    """A part of a syntax tree as text; fields that are empty, as new ones are, do not count."""
    if isinstance(node, ast.AST):
        values = ((name, value) for name, value in ast.iter_fields(node) if name != "kind")
        kept = (f"{name}={_normal(value)}" for name, value in values if value not in (None, []))
        return f"{type(node).__name__}({', '.join(kept)})"
    if isinstance(node, list):
        return f"[{', '.join(map(_normal, node))}]"
    return repr(node)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
