"""Which modules of the library a computation rests on, so that an edit of one repeats it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

#: Modules that write, report or refuse, and decide no number.
NO_NUMBERS = frozenset({"errors", "files", "run/logs", "regression/resources"})
_ROOT = Path(__file__).parents[1]


def with_imports(modules: Sequence[str]) -> list[str]:
    """Modules and all modules of the library that they import, directly or not, sorted.

    Parameters
    ----------
    modules
        Names relative to the package, such as ``studies/models``.

    Returns
    -------
    list of str
        Without those in `NO_NUMBERS`.

    Raises
    ------
    FileNotFoundError
        If there is no such module.

    Examples
    --------
    >>> with_imports(["metrics", "sign_rules"])
    ['metrics', 'sign_rules']
    """
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(_imports(module))
    return sorted(found - NO_NUMBERS)


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of the library that the source of one names in its imports."""
    tree = ast.parse((_ROOT / f"{module}.py").read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    found = set()
    for node in statements:
        package, *inner = (node.module or "").split(".")
        if package == "rpr" and not node.level:
            base = "/".join(inner)
            names = [base, *("/".join([*inner, alias.name]) for alias in node.names)]
            found.update(name for name in names if (_ROOT / f"{name}.py").is_file())
    return frozenset(found)
