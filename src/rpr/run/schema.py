"""The closed schema of a configuration: names, types, ranges and defaults.

They are in ``workflow/schemas/config.schema.yaml``; this module words errors so that they name the
key and the nearest valid one.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rpr.errors import InputError, require_package

if TYPE_CHECKING:
    from jsonschema import ValidationError

_TYPE_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of keys",
    "null": "null",
}


def check_schema(config: Mapping, schema: Mapping) -> None:
    """Check `config` against the closed `schema`.

    Raises
    ------
    InputError
        Names the key, what was found and what is expected; for an unknown key or name the nearest
        valid one, and for a former key its name of today.
    """
    jsonschema = require_package("jsonschema", extra="workflow")
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    error = jsonschema.exceptions.best_match(errors, key=_relevance)
    if error is not None:
        raise InputError(f"configuration: {_explain(error)}")


def with_defaults(config: Mapping, schema: Mapping) -> dict:
    """Copy of `config` in which every key that the schema gives a default is present."""
    return _filled(config, schema, schema)


def nearest(name: object, known: Sequence[str]) -> str:
    """Words that suggest the nearest of the known names and list them all."""
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}known: {', '.join(known)}"


def _relevance(error: ValidationError) -> tuple:
    return (error.validator == "additionalProperties", -len(error.path))


def _explain(error: ValidationError) -> str:
    key = "/".join(str(part) for part in error.absolute_path) or "top level"
    found = f"found {error.instance!r}"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known))[0]
        prefix = "" if key == "top level" else f"{key}/"
        for name, entry in error.schema["properties"].items():
            if entry.get("formerly") == unknown:
                return f"the key {prefix}{unknown} is called {prefix}{name} now; rename it"
        return f"unknown key {prefix}{unknown}; {nearest(unknown, known)}"
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"{key}: the key {missing[0]} is missing"
    if error.validator == "type":
        wanted = error.validator_value
        wanted = [wanted] if isinstance(wanted, str) else wanted
        hint = _text_number_hint(error.instance, wanted)
        return f"{key}: {found}, expected {' or '.join(_TYPE_NAMES[t] for t in wanted)}{hint}"
    if error.validator == "enum":
        return f"{key}: {found}; {nearest(error.instance, [str(v) for v in error.validator_value])}"
    described = error.schema.get("description", "")
    return f"{key}: {error.message}" + (f" ({' '.join(described.split())})" if described else "")


def _text_number_hint(value: object, wanted: Sequence[str]) -> str:
    if not isinstance(value, str) or not {"number", "integer"} & set(wanted):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return " (YAML reads 1e-8 as text: write 1.0e-8)"


def _filled(value: Any, schema: Mapping, root: Mapping) -> Any:
    schema = _resolve(schema, root)
    if not isinstance(value, Mapping) or "properties" not in schema:
        return value
    filled = dict(value)
    for key, sub in schema["properties"].items():
        sub = _resolve(sub, root)
        if key not in filled and "default" in sub:
            filled[key] = sub["default"]
        elif key not in filled and _has_defaults(sub):
            filled[key] = {}
        if key in filled:
            filled[key] = _filled(filled[key], sub, root)
    return filled


def _resolve(schema: Mapping, root: Mapping) -> Mapping:
    if "$ref" not in schema:
        return schema
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}}


def _has_defaults(schema: Mapping) -> bool:
    return any("default" in s or _has_defaults(s) for s in schema.get("properties", {}).values())
