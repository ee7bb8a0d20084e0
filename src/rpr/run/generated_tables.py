"""Parts of the documentation that are generated: configuration, models, and what steps are worth.

``python -m rpr.run.generated_tables SCHEMA DOCS [EVIDENCE]`` rewrites what stands between marks in
``DOCS/configuration.md`` (from the schema) and ``DOCS/library.md`` (from the registry of models),
and in ``DOCS/symmetry.md`` from ``EVIDENCE/steps.txt``, which the target `evidence` makes, if it is
there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from rpr.errors import InputError
from rpr.files import atomic_path
from rpr.models import registry

BEGIN = "<!-- {} table: written by `make docs` -->"
END = "<!-- end of the {} table -->"


def configuration_table(schema: Mapping) -> str:
    """One row for each key of a JSON schema, nested keys as ``group/key``, as Markdown."""
    rows = []
    for key, entry in _leaves(schema, schema, ""):
        default = f"`{_compact(entry['default'])}`" if "default" in entry else ""
        unit, paper = entry.get("unit", ""), entry.get("paper", "")
        rows.append([f"`{key}`", default, unit, _meaning(entry), paper])
    return _markdown(("key", "default", "unit", "meaning", "paper"), rows)


def models_table() -> str:
    """One row for each model that is compared, and for the potential, as Markdown."""
    rows = []
    for name in (*registry.MODELS, "arbitrary-sign", "kreg"):
        entry = registry.REGISTRY[name]
        settings = ", ".join(f'{key}="{value}"' for key, value in entry.settings.items())
        estimator = entry.estimator().__name__ + (f"({settings})" if settings else "")
        rows.append([f"`{name}`", f"`{estimator}`", entry.summary, entry.needs])
    return _markdown(("name in runs", "class", "what it is", "needs of a molecule"), rows)


def replace_table(text: str, name: str, table: str) -> str:
    """`text` with `table` between the two marks of the table `name`.

    Raises
    ------
    InputError
        If the marks are not there.
    """
    begin, end = BEGIN.format(name), END.format(name)
    before, mark, rest = text.partition(begin)
    _, last, after = rest.partition(end)
    if not mark or not last:
        raise InputError(f"{name} table: expected the lines {begin!r} and {end!r}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def main(arguments: list[str]) -> None:
    """Rewrite the tables in the folder `arguments[1]`; `arguments[0]` is the schema.

    A third argument is the folder of the results of the target `evidence`.
    """
    schema = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    tables = {
        "configuration.md": ("configuration", configuration_table(schema)),
        "library.md": ("models", models_table()),
    }
    if len(arguments) > 2 and (steps := Path(arguments[2]) / "steps.txt").exists():
        tables["symmetry.md"] = ("steps", steps.read_text(encoding="utf-8").rstrip())
    for page, (name, table) in tables.items():
        path = Path(arguments[1]) / page
        text = replace_table(path.read_text(encoding="utf-8"), name, table)
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, [":--"] * len(header)]
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _leaves(schema: Mapping, root: Mapping, prefix: str) -> Iterator[tuple[str, Mapping]]:
    for name, entry in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        if "$ref" in entry:
            target = root["$defs"][entry["$ref"].rsplit("/", 1)[1]]
            yield key, entry
            if key == "md/method":
                yield from _leaves(target, root, f"{key}/")
        elif entry.get("type") == "object" and "properties" in entry:
            yield from _leaves(entry, root, f"{key}/")
        else:
            yield key, entry


def _meaning(entry: Mapping) -> str:
    text = " ".join(entry.get("description", "").split())
    choices = entry.get("enum") or entry.get("items", {}).get("enum")
    return f"{text} Choices: {', '.join(map(str, choices))}." if choices else text


def _compact(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return text.strip().removesuffix("...").strip()


if __name__ == "__main__":
    main(sys.argv[1:])
