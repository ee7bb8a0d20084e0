"""Parts of the documentation that are generated: configuration, models, and what steps are worth.

``python -m rpr.run.generated_tables SCHEMA DOCS [EVIDENCE]`` rewrites what stands between marks in
``DOCS/configuration.md`` (from the schema) and ``DOCS/library.md`` (from the registry of models),
and in ``DOCS/symmetry.md`` from ``steps.csv``, ``steps.txt``, ``peers.csv`` and
``peers_by_set.csv`` of the folder EVIDENCE, which the target `evidence` makes, if they are there.
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
    tables = [
        ("configuration.md", "configuration", configuration_table(schema)),
        ("library.md", "models", models_table()),
    ]
    if len(arguments) > 2:
        evidence = Path(arguments[2])
        if (evidence / "steps.csv").exists():
            sentences = (evidence / "steps.txt").read_text(encoding="utf-8").splitlines()
            paragraphs = [textwrap.fill(sentence, 110) for sentence in sentences]
            text = "\n\n".join([steps_tables(_rows(evidence / "steps.csv")), *paragraphs])
            tables.append(("symmetry.md", "steps", text))
        if (evidence / "peers.csv").exists():
            rows = [_rows(evidence / name) for name in ("peers.csv", "peers_by_set.csv")]
            tables.append(("symmetry.md", "peers", peers_tables(*rows)))
    for page, name, table in tables:
        path = Path(arguments[1]) / page
        text = replace_table(path.read_text(encoding="utf-8"), name, table)
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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


def peers_tables(rows: Sequence[Mapping[str, str]], by_set: Sequence[Mapping[str, str]]) -> str:
    """Rows of ``peers.csv`` and ``peers_by_set.csv`` as Markdown, one table for each property.

    Models have their errors; other programs, whose names the registry does not have, also the
    ratio of their error to that of the covariant model with its interval, the model of lower
    error, and the errors of both for each training set.
    """
    tables = []
    for component in dict.fromkeys(row["component"] for row in rows):
        found = {(r["model"], r["test_set"]): r for r in rows if r["component"] == component}
        test_sets = {r["test_set"]: r["n_test"] for r in found.values()}
        models = sorted({model for model, _ in found}, key=_place)
        body = [[m, *(_error(found.get((m, t)), 3) for t in test_sets)] for m in models]
        for model in (m for m in models if m not in registry.REGISTRY):
            pairs = [found[model, name] for name in test_sets]
            body.append([f"{model} / covariant", *(_ratio(pair) for pair in pairs)])
            body.append(["lower error", *(pair["lower_error"] for pair in pairs)])
            sets = [
                [r for r in by_set if (r["component"], r["test_set"]) == (component, t)]
                for t in test_sets
            ]
            for number, repeat in enumerate(dict.fromkeys(r["seed"] for r in by_set), start=1):
                cells = [_pair(part, model, repeat) for part in sets]
                body.append([f"{model}; covariant, training set {number}", *cells])
        property, unit = _OF_COMPONENT[component]
        names = [f"{name.replace('_', ' ')} ({n})" for name, n in test_sets.items()]
        tables.append(_markdown([f"{property} ({unit})", *names], body))
    return "\n\n".join(tables)


def _place(model: str) -> int:
    names = list(registry.MODELS)
    return names.index(model) if model in names else len(names)


def _ratio(row: Mapping[str, str]) -> str:
    ratio = f"{float(row['ratio']):.2f}"
    if not row["ratio_low"]:
        return ratio
    return f"{ratio} [{float(row['ratio_low']):.2f}, {float(row['ratio_high']):.2f}]"


def _pair(rows: Sequence[Mapping[str, str]], model: str, repeat: str) -> str:
    """Errors of a program and of the covariant model for one training set."""
    for row in rows:
        if (row["above"], row["seed"]) == (model, repeat):
            return f"{float(row['rmse_above']):.3g}; {float(row['rmse_below']):.3g}"
    return ""


def _error(row: Mapping[str, str] | None, digits: int = 2) -> str:
    return f"{float(row['rmse']):.{digits}g}" if row else ""


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
