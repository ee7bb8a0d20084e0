"""Parts of the documentation that are generated: configuration, models, and what steps are worth.

``python -m rpr.run.generated_tables SCHEMA DOCS [EVIDENCE]`` rewrites what stands between marks in
``DOCS/configuration.md`` (from the schema) and ``DOCS/library.md`` (from the registry of models),
and in ``DOCS/symmetry.md`` from ``steps.csv`` and ``steps.txt`` of the folder EVIDENCE, which the
target `evidence` makes, if they are there.
"""

from __future__ import annotations

import csv
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from rpr.errors import InputError
from rpr.files import atomic_path
from rpr.models import registry

BEGIN = "<!-- {} table: written by `make docs` -->"
END = "<!-- end of the {} table -->"
_OF_COMPONENT = {"mu_inv": ("dipole", "D"), "alpha_inv": ("polarizability", "bohr³")}


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
    if len(arguments) > 2 and (evidence := Path(arguments[2]) / "steps.csv").exists():
        with evidence.open(encoding="utf-8", newline="") as file:
            steps = steps_tables(list(csv.DictReader(file)))
        sentences = evidence.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        paragraphs = [textwrap.fill(sentence, 110) for sentence in sentences]
        tables["symmetry.md"] = ("steps", "\n\n".join([steps, *paragraphs]))
    for page, (name, table) in tables.items():
        path = Path(arguments[1]) / page
        text = replace_table(path.read_text(encoding="utf-8"), name, table)
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def steps_tables(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of ``steps.csv`` as Markdown, one table for each property: errors, and gains.

    Gains are those on rotated frames, with their intervals.
    """
    tables = []
    for component in dict.fromkeys(row["component"] for row in rows):
        found = {(r["step"], r["test_set"]): r for r in rows if r["component"] == component}
        test_sets = list(dict.fromkeys(test_set for _, test_set in found))
        property, unit = _OF_COMPONENT[component]
        body = [
            [
                step,
                *(_error(found.get((step, name))) for name in test_sets),
                _gain(found.get((step, "rotated"))),
            ]
            for step in dict.fromkeys(step for step, _ in found)
        ]
        names = [name.replace("_", " ") for name in test_sets]
        tables.append(_markdown([f"{property} ({unit})", *names, "gain, rotated"], body))
    return "\n\n".join(tables)


def _error(row: Mapping[str, str] | None) -> str:
    return f"{float(row['rmse']):.2g}" if row else ""


def _gain(row: Mapping[str, str] | None) -> str:
    if not row or not row["gain"]:
        return ""
    gain = f"{float(row['gain']):.2g}"
    if not row["gain_low"]:
        return gain
    return f"{gain} [{float(row['gain_low']):.2g}, {float(row['gain_high']):.2g}]"


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
