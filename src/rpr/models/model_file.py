"""Trained models as single ``.npz`` files: arrays, and metadata as JSON; no pickle.

Layout: one entry per array, and ``metadata``, a JSON text (UTF-8 bytes) with ``format``,
``format_version``, ``kind`` (which estimator), ``versions`` (of the libraries that wrote it),
``checksum`` (SHA-256 over all arrays) and ``model``, whatever the estimator stored.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from rpr.errors import InputError
from rpr.files import atomic_path, read_failure
from rpr.molecule.molecule import Molecule
from rpr.version import __version__

FORMAT = "rpr-model"
FORMAT_VERSION = 2
_METADATA = "metadata"


@dataclass(frozen=True, eq=False)
class StoredModel:
    """Content of a model file."""

    kind: str
    arrays: dict[str, np.ndarray]
    metadata: dict
    versions: dict[str, str]


def save_model(
    path: str | os.PathLike, kind: str, arrays: Mapping[str, np.ndarray], metadata: Mapping
) -> None:
    """Write a model file, atomically.

    Parameters
    ----------
    path
        Path of the file, usually ending in ``.npz``.
    kind
        `KIND` of the estimator.
    arrays
        Numerical, boolean or string arrays by name.
    metadata
        Names, hyper-parameters, units, the molecule, and whatever else JSON can hold.

    Raises
    ------
    InputError
        If an array has a reserved name or would need pickle.
    """
    arrays = {name: np.asarray(values) for name, values in arrays.items()}
    for name, values in arrays.items():
        if name == _METADATA or values.dtype.hasobject:
            raise InputError(f"arrays: {name!r} cannot be stored (reserved name or Python objects)")
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "versions": _versions(),
        "checksum": checksum(arrays),
        "model": dict(metadata),
    }
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **arrays, **{_METADATA: text})  # type: ignore[arg-type]


def load_model(path: str | os.PathLike, kind: str | None = None) -> StoredModel:
    """Read a model file and check that it is whole.

    Parameters
    ----------
    path
        A file written by `save_model`.
    kind
        Kind that the caller can use; None takes any.

    Raises
    ------
    InputError
        If the file is missing, damaged, from another program, from a later version, or of
        another kind.
    """
    arrays = _read_arrays(path)
    header = _with_current_names(_read_header(path, arrays.pop(_METADATA, np.empty(0))))
    if header["checksum"] != checksum(arrays):
        raise InputError(f"{path}: damaged: the arrays do not match their checksum; save it again")
    found = header["kind"]
    if kind is not None and found != kind:
        raise InputError(f"{path}: found a model of kind {found!r}, expected {kind!r}")
    return StoredModel(found, arrays, header["model"], header["versions"])


def _with_current_names(header: dict) -> dict:
    """A header in which names of format 1 are replaced by those of format 2."""
    if header["format_version"] >= 2:
        return header
    model = dict(header["model"])
    if "frame" in model:
        model["axes"] = model.pop("frame")
    if "molecule" in model:
        molecule = dict(model["molecule"])
        molecule["anchors"] = molecule.pop("marked")
        model["molecule"] = molecule
    kind = {"cured": "folded"}.get(header["kind"], header["kind"])
    return header | {"kind": kind, "model": model}


@contextmanager
def reading(path: str | os.PathLike) -> Iterator[None]:
    """Context in which an estimator takes what it needs from a file.

    Raises
    ------
    InputError
        If something is missing in the file or not what it should be.
    """
    try:
        yield
    except InputError:
        raise
    except KeyError as error:
        raise InputError(f"{path}: damaged: {error} is missing; save the model again") from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: damaged: an entry is not what a model needs ({read_failure(error)}); save "
            "the model again"
        ) from error


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and bytes of arrays, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape};".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def molecule_to_json(molecule: Molecule) -> dict:
    """`molecule` in the types of JSON, from which `molecule_from_json` makes exactly the same."""
    return {
        "symbols": list(molecule.symbols),
        "reference": molecule.reference.tolist(),
        "anchors": list(molecule.anchors),
        "dihedral": list(molecule.dihedral) if molecule.dihedral else None,
        "bonds": [list(pair) for pair in molecule.bonds],
        "group": molecule.group,
        "inverting": list(molecule.inverting),
        "turning": [list(pair) for pair in molecule.turning],
    }


def molecule_from_json(content: Mapping) -> Molecule:
    """The molecule that `molecule_to_json` wrote."""
    return Molecule(
        symbols=tuple(content["symbols"]),
        reference=np.array(content["reference"], dtype=float),
        anchors=tuple(content["anchors"]),
        dihedral=tuple(content["dihedral"]) if content["dihedral"] else None,
        bonds=tuple(tuple(pair) for pair in content["bonds"]),
        group=content.get("group", "full"),  # files written by earlier versions have none
        inverting=tuple(content.get("inverting", ())),
        turning=tuple((i, j) for i, j in content.get("turning", ())),
    )


def _read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("a single array")
        with archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise InputError(f"{path}: no such model file") from None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        reason = "no archive of arrays" if "pickle" in str(error) else read_failure(error)
        raise InputError(
            f"{path}: not readable as a model file ({reason}); it is damaged or was not written by "
            "rpr"
        ) from error


def _read_header(path: str | os.PathLike, text: np.ndarray) -> dict:
    try:
        header = json.loads(text.tobytes().decode())
        foreign = header["format"] != FORMAT
        newer = not foreign and header["format_version"] > FORMAT_VERSION
        complete = {"kind", "checksum", "model", "versions"} <= header.keys()
    except (AttributeError, KeyError, TypeError, ValueError):
        foreign, newer, complete = True, False, False
    if newer:
        raise InputError(
            f"{path}: format version {header['format_version']}, expected at most "
            f"{FORMAT_VERSION}; update rpr"
        )
    if foreign or not complete:
        raise InputError(f"{path}: an .npz archive, but not a model written by rpr")
    return header


def _versions() -> dict[str, str]:
    found = {"rpr": __version__}
    for package in ("numpy", "scipy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
