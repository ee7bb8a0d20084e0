"""The configuration as a Markdown table, generated from its schema.

``python -m rpr.run.schema_table SCHEMA PAGE`` replaces the table between the two marks of a page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from rpr.errors import InputError
from rpr.files import atomic_path

BEGIN = "<!-- configuration table: written by `make docs` -->"
END = "<!-- end of the configuration table -->"
HEADER = ("| key | default | unit | meaning | paper |", "| :-- | :-- | :-- | :-- | :-- |")


def markdown_table(schema: Mapping) -> str:
    """One row for each key of a JSON schema, nested keys as ``group/key``."""
    lines = [*HEADER]
    for key, entry in _leaves(schema, schema, ""):
        default = f"`{_compact(entry['default'])}`" if "default" in entry else ""
        unit, paper = entry.get("unit", ""), entry.get("paper", "")
        cells = [f"`{key}`", default, unit, _meaning(entry), paper]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def replace_table(text: str, table: str) -> str:
    """`text` with `table` between the two marks.

    Raises
    ------
    InputError
        If the marks are not there.
    """
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise InputError(f"configuration table: expected the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: list[str]) -> None:
    """Write the table of the schema `arguments[0]` into the file `arguments[1]`."""
    schema = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    page = Path(arguments[1])
    text = replace_table(page.read_text(encoding="utf-8"), markdown_table(schema))
    with atomic_path(page) as temporary:
        temporary.write_text(text, encoding="utf-8")


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
