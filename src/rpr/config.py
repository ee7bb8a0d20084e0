"""Checks of a run's configuration before anything is computed, and what follows from it.

The closed schema ``workflow/schemas/config.schema.yaml`` knows names, types and ranges; this module
words its errors so that they name the key and the nearest valid one, and adds what a schema cannot
say: sizes that must fit together, atoms that must exist, names that the library must know.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from rpr.errors import InputError

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
        Naming the key, what was found and what is expected; for an unknown key or name the nearest
        valid one.
    """
    error = best_match(Draft202012Validator(schema).iter_errors(config), key=_relevance)
    if error is not None:
        raise InputError(f"configuration: {_explain(error)}")


def with_defaults(config: Mapping, schema: Mapping) -> dict:
    """Copy of `config` in which every key that the schema gives a default is present."""
    return _filled(config, schema, schema)


def check_consistency(config: Mapping) -> None:
    """Check what a schema cannot express; `config` has all its keys.

    Raises
    ------
    InputError
        Naming the key and the remedy.
    """
    symbols = _read_geometries(config["molecule"])
    _check_atoms(config["molecule"], len(symbols))
    _check_methods(config, symbols)
    _check_names(config)
    _check_source(config)
    _check_sizes(config)


def stage_seed(seed: int, *stage: str | int) -> int:
    """Seed of one stage (or one job of it): the first 32 bits of a SHA-256 of `seed` and its name.

    Independent of the order in which jobs run, and different for each stage.
    """
    text = "/".join(str(part) for part in (seed, *stage))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def shards(n_frames: int, size: int) -> list[str]:
    """Names of the shards that `n_frames` frames fall into: ``0000``, ``0001``, ...

    Examples
    --------
    >>> shards(60, 25)
    ['0000', '0001', '0002']
    """
    return [f"{k:04d}" for k in range(math.ceil(n_frames / size))]


def shard_range(shard: str, n_frames: int, size: int) -> tuple[int, int]:
    """First frame of a shard and the one after its last.

    Examples
    --------
    >>> shard_range("0002", 60, 25)
    (50, 60)
    """
    first = int(shard) * size
    return first, min(first + size, n_frames)


def free_megabytes(mem_mb: float) -> float:
    """What a job's memory (MB) leaves for the computation, beside Snakemake's own processes.

    On a cluster two of them run within the job, of some 200 MB each.

    Examples
    --------
    >>> free_megabytes(2000)
    1500
    """
    return mem_mb - 500


def geometry_names(config: Mapping) -> dict[str, str]:
    """Files of the minima by name, the stem of the file; the first is the reference.

    Raises
    ------
    InputError
        If two files have the same stem.
    """
    paths = config["molecule"]["geometries"]
    names = {os.path.splitext(os.path.basename(path))[0]: path for path in paths}
    if len(names) < len(paths):
        raise InputError(
            f"molecule/geometries: found two files of one name in {', '.join(paths)}; rename one"
        )
    return names


def n_md_frames(config: Mapping) -> int:
    """Number of frames that the molecular dynamics makes."""
    return config["initial_conditions"]["n_trajectories"] * config["md"]["n_steps"]


def n_label_frames(config: Mapping) -> int:
    """Number of MD frames that get labels."""
    chosen = config["labels"]["n_frames"]
    return n_md_frames(config) if chosen is None else chosen


def n_test_frames(config: Mapping) -> int:
    """Number of frames of the rotated test set."""
    test = config["test_set"]
    return test["n_starts"] * (test["n_steps"] // test["every"])


def deposit_roles(config: Mapping) -> list[str]:
    """Roles of the files of the deposit that the run reads; none if it reads no deposit."""
    labels = config["labels"]
    if labels["deposit"] is None or labels["source"] == "files":
        return []
    from rpr import deposit  # only here: every job on a cluster would wait for its imports

    return deposit.roles(labels["deposit"])


def label_checks(config: Mapping) -> list[str]:
    """Checks of the labels of a deposit: ``stock`` (PySCF only) and ``rotated``."""
    if not config["deposit"]["n_checked"]:
        return []
    return ["stock", "rotated"] if config["labels"]["method"]["code"] == "pyscf" else ["rotated"]


def rotated_source(config: Mapping, deposit_roles: Sequence[str]) -> str:
    """Where the labelled test frames come from: ``compute``, ``deposit`` or ``files``."""
    if "test_set" in deposit_roles:
        return "deposit"
    labels = config["labels"]
    if labels["source"] == "files" and labels["files"]["test_set"] != "compute":
        return "files"
    return "compute"


def nearest(name: object, known: Sequence[str]) -> str:
    """Words that suggest the nearest of `known`, and list them all if there are few."""
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


def _filled(value: object, schema: Mapping, root: Mapping) -> object:
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


def _read_geometries(molecule: Mapping) -> list[str]:
    """Symbols of the reference, after a look at every geometry."""
    from ase.io import read

    expected: list[str] = []
    for path in molecule["geometries"]:
        if not os.path.isfile(path):
            raise InputError(f"molecule/geometries: file {path} does not exist")
        try:
            atoms = read(path)
        except Exception as error:
            raise InputError(
                f"molecule/geometries: {path} is not a readable XYZ file ({error})"
            ) from error
        _check_distances(path, atoms)
        found = atoms.get_chemical_symbols()
        expected = expected or found
        if found != expected:
            raise InputError(
                f"molecule/geometries: found atoms {' '.join(found)} in {path}, expected those of "
                f"{molecule['geometries'][0]} in the same order: {' '.join(expected)}"
            )
    return expected


def _check_distances(path: str, atoms) -> None:
    distances = atoms.get_all_distances()
    for i, j in _pairs(len(atoms)):
        if not distances[i, j] >= 0.4:
            raise InputError(
                f"molecule/geometries: atoms {i} and {j} of {path} are {distances[i, j]:.3f} "
                "Angstrom apart; expected at least 0.4 (is the file in Angstrom, is an atom "
                "listed twice?)"
            )


def _pairs(n: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(n) for j in range(i))


def _check_atoms(molecule: Mapping, n_atoms: int) -> None:
    for key in ("marked", "dihedral"):
        wrong = [i for i in molecule[key] or () if i >= n_atoms]
        if wrong:
            raise InputError(
                f"molecule/{key}: found atom {wrong[0]}, but {molecule['geometries'][0]} has "
                f"{n_atoms} atoms, counted from 0: expected 0..{n_atoms - 1}"
            )


def _check_methods(config: Mapping, symbols: Sequence[str]) -> None:
    from rpr.labels.method import Method

    for stage in ("md", "labels"):
        try:
            Method.from_config(dict(config[stage]["method"]), symbols)
        except InputError as error:
            raise InputError(f"{stage}/method: {error}") from error


def _check_names(config: Mapping) -> None:
    from rpr.frames import FRAMES
    from rpr.studies.models import ABLATIONS, MODELS

    frames, models = config["models"]["frames"], config["models"]
    _check_known("benchmark/frame", [config["benchmark"]["frame"]], FRAMES)
    _check_known("models/frames", frames, FRAMES)
    _check_known("models/names", models["names"], MODELS)
    _check_known("models/ablations", models["ablations"], ABLATIONS)
    if config["molecule"]["dihedral"] is None:
        lost = [n for n in models["names"] + models["ablations"] if n.startswith("cured")]
        if lost:
            raise InputError(
                f"models/names: {lost[0]} needs molecule/dihedral, which is null; leave it out "
                "(symmetrized does without)"
            )
    if "paper" not in models["names"]:
        raise InputError("models/names: paper is missing; the figures of the paper draw it")


def _check_known(key: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"{key}: found {name!r}; {nearest(name, known)}")


def _check_source(config: Mapping) -> None:
    labels = config["labels"]
    if labels["source"] == "deposit" or (labels["source"] == "compute" and labels["deposit"]):
        _require_file("labels/deposit", labels["deposit"], "the manifest of a deposit")
    if labels["source"] == "files":
        _require_file("labels/files/frames", labels["files"]["frames"], "an extended XYZ file")
        if labels["files"]["test_set"] != "compute":
            _require_file(
                "labels/files/test_set",
                labels["files"]["test_set"],
                "an extended XYZ file, or `compute`",
            )


def _require_file(key: str, path: str | None, expected: str) -> None:
    if path is None:
        raise InputError(f"{key}: found null, but labels/source needs here {expected}")
    if not os.path.isfile(path):
        raise InputError(f"{key}: file {path} does not exist; expected {expected}")


def _check_sizes(config: Mapping) -> None:
    labels, split, test = config["labels"], config["split"], config["test_set"]
    if test["every"] > test["n_steps"]:
        raise InputError(
            f"test_set/every: found {test['every']}, more than test_set/n_steps {test['n_steps']}: "
            "no frame would be labelled"
        )
    if test["every"] % test["record_every"]:
        raise InputError(
            f"test_set/record_every: found {test['record_every']}, which does not divide "
            f"test_set/every {test['every']}; labelled frames must be recorded ones"
        )
    if labels["source"] == "compute":
        available, made = n_label_frames(config), n_md_frames(config)
        if available > made:
            raise InputError(
                f"labels/n_frames: found {available}, but the dynamics makes {made} frames "
                "(initial_conditions/n_trajectories x md/n_steps)"
            )
        _check_split_sizes(split, available, config["initial_conditions"]["n_trajectories"])
    _check_curve_sizes(config)


def _check_split_sizes(split: Mapping, available: int, n_trajectories: int) -> None:
    wanted = split["n_train"] + split["n_test"]
    if wanted > available:
        raise InputError(
            f"split: n_train {split['n_train']} + n_test {split['n_test']} = {wanted}, but only "
            f"{available} frames get labels (labels/n_frames); label more or make the split smaller"
        )
    if n_trajectories < 2:
        raise InputError(
            "split/n_test: holding out whole trajectories needs at least 2, found "
            f"initial_conditions/n_trajectories {n_trajectories}"
        )


def _check_curve_sizes(config: Mapping) -> None:
    n_train = config["split"]["n_train"]
    named = {
        "learning_curve/sizes": config["learning_curve"]["sizes"],
        "kreg/sizes": config["kreg"]["sizes"],
        "kreg/n_train": [config["kreg"]["n_train"]],
    }
    for key, sizes in named.items():
        if max(sizes) > n_train:
            raise InputError(
                f"{key}: found {max(sizes)}, more than the training frames split/n_train {n_train}"
            )
