"""The manifest of a deposit: what it must say, and whether files, atoms and method fit it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rpr.errors import InputError
from rpr.files import sha256
from rpr.labels.method import Method

#: Roles of the files of a deposit.
ROLES = ("frames", "test_set", "thermal", "md", "reference", "derivatives")
#: Format of the manifests that are written.
FORMAT = 2
#: Formats of the manifests that are read; in format 2, two roles may share a file.
READABLE = (1, 2)


def read_manifest(path: str | os.PathLike) -> dict:
    """Read a manifest and check that it has what every reader needs.

    Raises
    ------
    InputError
        If it is not readable, of another format, or lacks a key.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(
            f"{path}: not readable as a manifest ({error}); expected the manifest.json of a deposit"
        ) from error
    missing = {"format", "symbols", "method", "files"} - set(content)
    if missing:
        raise InputError(f"{path}: the key {sorted(missing)[0]} is missing from this manifest")
    if content["format"] not in READABLE:
        known = " or ".join(map(str, READABLE))
        raise InputError(f"{path}: found format {content['format']}, expected {known}")
    unknown = sorted(set(content["files"]) - set(ROLES))
    if unknown or "frames" not in content["files"]:
        raise InputError(
            f"{path}: found files {', '.join(content['files'])}, expected frames and perhaps "
            f"{', '.join(ROLES[1:])}"
        )
    for role, entry in content["files"].items():
        if absent := sorted({"path", "sha256", "n_frames"} - set(entry)):
            raise InputError(f"{path}: the key files/{role}/{absent[0]} is missing")
    return content


def check_file(manifest: str | os.PathLike, path: Path, expected: str) -> None:
    """Refuse a file that is missing or does not have the SHA-256 `expected`."""
    if not path.is_file():
        raise InputError(f"{manifest}: its file {path} does not exist; fetch the deposit again")
    if (found := sha256(path)) != expected:
        raise InputError(
            f"{path}: found SHA-256 {found}, expected {expected} ({manifest}); "
            "the file was changed or damaged, fetch the deposit again"
        )


def check_symbols(
    manifest: str | os.PathLike, found: Sequence[str], expected: Sequence[str]
) -> None:
    """Refuse other atoms, or the same in another order."""
    if tuple(found) != tuple(expected):
        raise InputError(
            f"{manifest}: found atoms {' '.join(found)}, expected {' '.join(expected)} in this "
            "order; bring molecule/geometries into the deposit's order"
        )


def check_method(
    manifest: str | os.PathLike,
    found: Mapping[str, object],
    wanted: Mapping[str, object],
    same_settings: bool,
) -> None:
    """Refuse another level of theory; with `same_settings` also other numerical settings."""
    keys: tuple[str, ...] = ("code", "functional", "basis")
    if same_settings:
        wanted = Method.from_config(wanted).as_dict()
        keys = tuple(dict.fromkeys((*keys, *wanted)))
    for key in keys:
        if str(found.get(key, "")).lower() != str(wanted.get(key, "")).lower():
            raise InputError(
                f"{manifest}: found method/{key} {found.get(key)!r}, but labels/method/{key} is "
                f"{wanted.get(key)!r}; set labels/method to the level of the deposit"
            )
