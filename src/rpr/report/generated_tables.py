"""Parts of the documentation that are generated: configuration, models, and tables of a run.

``python -m rpr.report.generated_tables SCHEMA DOCS [RESULTS]`` rewrites what stands between marks
in ``DOCS/configuration.md`` (from the schema) and ``DOCS/library.md`` (from the registry of
models), and, from the folder RESULTS of a run, the tables of :data:`RESULTS` and the steps of the
ablation in ``DOCS/symmetry.md``.  Tables whose files are not there stay as they are.
"""

from __future__ import annotations

import csv
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from rpr.errors import InputError
from rpr.files import atomic_path
from rpr.models import registry
from rpr.report.result_tables import (
    calibration_tables,
    fewer_labels_table,
    hands_table,
    markdown,
    peers_tables,
    steps_tables,
    validation_tables,
    ways_table,
)

BEGIN = "<!-- {} table: written by `make docs` -->"
END = "<!-- end of the {} table -->"
#: Page and name of a table, what makes it, and the files of a run from which it is made.
RESULTS: dict[tuple[str, str], tuple[Callable[..., str], tuple[str, ...]]] = {
    ("symmetry.md", "peers"): (
        peers_tables,
        ("evidence/peers.csv", "evidence/peers_by_set.csv"),
    ),
    ("protocol.md", "hands"): (hands_table, ("tables/test_set.csv",)),
    ("protocol.md", "validation"): (validation_tables, ("evidence/validation.csv",)),
    ("uncertainty.md", "calibration"): (calibration_tables, ("tables/calibration.csv",)),
    ("learning_derivatives.md", "fewer labels"): (
        fewer_labels_table,
        ("tables/fewer_labels.csv",),
    ),
    ("ways.md", "ways"): (ways_table, ("ways/ways.csv",)),
}


def configuration_table(schema: Mapping) -> str:
    """One row for each key of a JSON schema, nested keys as ``group/key``, as Markdown."""
    rows = []
    for key, entry in _leaves(schema, schema, ""):
        default = f"`{_compact(entry['default'])}`" if "default" in entry else ""
        unit, paper = entry.get("unit", ""), entry.get("paper", "")
        rows.append([f"`{key}`", default, unit, _meaning(entry), paper])
    return markdown(("key", "default", "unit", "meaning", "paper"), rows)


def models_table() -> str:
    """One row for each model that is compared, and for the potential, as Markdown."""
    rows = []
    for name in (*registry.MODELS, "arbitrary-sign", "kreg"):
        entry = registry.REGISTRY[name]
        settings = ", ".join(f'{key}="{value}"' for key, value in entry.settings.items())
        estimator = entry.estimator().__name__ + (f"({settings})" if settings else "")
        rows.append([f"`{name}`", f"`{estimator}`", entry.summary, entry.needs])
    return markdown(("name in runs", "class", "what it is", "needs of a molecule"), rows)


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

    A third argument is the folder of the results of a run.
    """
    schema = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    tables = [
        ("configuration.md", "configuration", configuration_table(schema)),
        ("library.md", "models", models_table()),
    ]
    if len(arguments) > 2:
        tables += _of_results(Path(arguments[2]))
    for page, name, table in tables:
        path = Path(arguments[1]) / page
        text = replace_table(path.read_text(encoding="utf-8"), name, table)
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _of_results(results: Path) -> Iterator[tuple[str, str, str]]:
    """Page, name and text of the tables whose files the results have."""
    for (page, name), (make, files) in RESULTS.items():
        paths = [results / file for file in files]
        if all(path.exists() for path in paths):
            yield page, name, make(*map(_rows, paths))
    steps = results / "evidence/steps.csv"
    if steps.exists():
        sentences = steps.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        paragraphs = [textwrap.fill(sentence, 110) for sentence in sentences]
        yield "symmetry.md", "steps", "\n\n".join([steps_tables(_rows(steps)), *paragraphs])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
