"""Deposits: labelled frames kept as files with a manifest that says what they are.

A deposit is a folder with ``manifest.json`` and the files it names::

    {"format": 1, "symbols": ["Cl", "C", ...], "method": {...}, "versions": {...}, "commit": ...,
     "files": {"frames": {"path": "frames.extxyz", "sha256": "...", "n_frames": 600},
               "test_set": {...}, "md": {...}, "reference": {...}}}

The roles of files are ``frames`` (required: labelled, in the random order of the pool, so that the
first frames, however many, are a valid set), ``test_set`` (labelled), ``md`` (the trajectories) and
``reference`` (one frame, the reference geometry). A file may be compressed with gzip. ``documents``
are further files, with their SHA-256: checks of the labels, distributions, failures, and the order
of the pool. If frames were taken from another deposit, ``extends`` is its origin: the
configuration, versions and commit that made those frames.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rpr.data.distributions import bond_lengths_by_elements
from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import FrameSet, find_frames
from rpr.errors import InputError, require_package
from rpr.files import atomic_path, sha256, write_json
from rpr.molecule.molecule import find_bonds
from rpr.run.manifest import (
    FORMAT,
    check_file,
    check_method,
    check_symbols,
    read_manifest,
)

if TYPE_CHECKING:
    from pandas import DataFrame

COVERAGE = 5  #: degrees of the absolute dihedral
_CONTENT = ("format", "symbols", "method", "files", "documents")


def frame_counts(manifest: str | os.PathLike) -> dict[str, int]:
    """Number of frames of each role in a deposit."""
    return {role: entry["n_frames"] for role, entry in read_manifest(manifest)["files"].items()}


def level(manifest: str | os.PathLike) -> dict[str, object]:
    """Level of theory of the labels of a deposit, with its numerical settings."""
    return dict(read_manifest(manifest)["method"])


def check_fits(
    manifest: str | os.PathLike,
    *,
    symbols: Sequence[str],
    method: Mapping[str, object],
    same_settings: bool = False,
) -> None:
    """Refuse a deposit of other atoms or of another level of theory, without opening its files.

    Parameters
    ----------
    manifest
        Path of ``manifest.json``.
    symbols, method, same_settings
        As for :func:`read_deposit`.

    Raises
    ------
    InputError
        Names what was found and what was expected.
    """
    content = read_manifest(manifest)
    check_symbols(manifest, content["symbols"], symbols)
    check_method(manifest, content["method"], method, same_settings)


def check_prefix(source: str | os.PathLike, available: int, wanted: int | None) -> None:
    """Refuse to take more frames from the beginning of a deposit than it has."""
    if wanted is not None and wanted > available:
        raise InputError(
            f"labels/n_frames: found {wanted}, but {source} has {available} frames; "
            "ask for fewer, or null for all"
        )


def origin(manifest: str | os.PathLike) -> dict[str, object]:
    """What made the frames of a deposit, for the manifest of a deposit that takes them.

    Parameters
    ----------
    manifest
        Path of ``manifest.json``.

    Returns
    -------
    dict
        ``files``, with SHA-256 and number of frames by role, and what else the manifest says:
        configuration, versions, commit, and what the deposit ``extends`` itself.
    """
    content = read_manifest(manifest)
    about = {key: value for key, value in content.items() if key not in _CONTENT}
    files = {
        role: {key: entry[key] for key in ("sha256", "n_frames")}
        for role, entry in content["files"].items()
    }
    return {"files": files, **about}


def read_deposit(
    manifest: str | os.PathLike,
    role: str = "frames",
    *,
    symbols: Sequence[str] | None = None,
    method: Mapping[str, object] | None = None,
    n_frames: int | None = None,
    same_settings: bool = False,
) -> FrameSet:
    """Frames of one role, after checks of checksum, atoms and method.

    Parameters
    ----------
    manifest
        Path of ``manifest.json``.
    role
        One of `ROLES`.
    symbols
        Expected chemical symbols, in the order of the run's reference geometry.
    method
        Expected level of theory of the labels.
    n_frames
        Take only this many frames from the beginning (role ``frames``).
    same_settings
        Also refuse labels of other numerical settings, for a run that computes more of the same;
        otherwise only code, functional and basis must agree.

    Returns
    -------
    FrameSet

    Raises
    ------
    InputError
        If the manifest, file, atoms, method or number of frames are not what was asked for.
    """
    content = read_manifest(manifest)
    if role not in content["files"]:
        raise InputError(f"{manifest}: has no {role}, found {', '.join(content['files'])}")
    if symbols is not None:
        check_symbols(manifest, content["symbols"], symbols)
    if method is not None:
        check_method(manifest, content["method"], method, same_settings)
    entry = content["files"][role]
    path = Path(manifest).parent / entry["path"]
    check_file(manifest, path, entry["sha256"])
    frames = read_frames(path)
    if role != "frames" or n_frames is None:
        return frames
    check_prefix(path, len(frames), n_frames)
    return frames.subset(np.arange(n_frames))


def read_document(manifest: str | os.PathLike, name: str) -> DataFrame | None:
    """A table among the documents of a deposit, or None if it has no such document.

    Raises
    ------
    InputError
        If the file is missing or changed.
    """
    expected = read_manifest(manifest).get("documents", {}).get(name)
    if expected is None:
        return None
    path = Path(manifest).parent / name
    check_file(manifest, path, expected)
    return require_package("pandas", extra="plots").read_csv(path)


def check_extends(pool: FrameSet, known: FrameSet) -> None:
    """Refuse labelled frames that a run would not label itself.

    Parameters
    ----------
    pool
        Frames that the run labels, in its order.
    known
        Labelled frames of a deposit.

    Raises
    ------
    InputError
        If a known frame is not in the pool.
    """
    lost = int(np.sum(find_frames(known, pool) < 0))
    if lost:
        raise InputError(
            f"labels/deposit: {lost} of its {len(known)} labelled frames are not among the "
            f"{len(pool)} that this run labels; take the seed of the deposit (it is in its "
            "manifest) and at least as many labels/n_frames as it has"
        )


def write_deposit(
    folder: str | os.PathLike,
    files: Mapping[str, FrameSet],
    *,
    method: Mapping[str, object],
    about: Mapping[str, object],
    documents: Sequence[str | os.PathLike] = (),
) -> Path:
    """Write a deposit; returns the path of its manifest.

    Parameters
    ----------
    folder
        Folder of the deposit, created if missing.
    files
        Frames of each role.
    method
        Level of theory of the labels.
    about
        What the manifest says besides, such as software, seeds and configuration.
    documents
        Files that are copied beside the frames, such as checks, figures and the order of the pool.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    reference = files.get("reference")
    bonds = () if reference is None else find_bonds(reference.atoms(0))
    entries = {}
    for role, frames in files.items():
        path = folder / f"{role}.extxyz.gz"
        _write_compressed(path, frames)
        entries[role] = {
            "path": path.name,
            "sha256": sha256(path),
            "n_frames": len(frames),
            "statistics": _statistics(frames, bonds),
        }
    content = {
        "format": FORMAT,
        "symbols": list(files["frames"].symbols),
        "method": dict(method),
        "files": entries,
        "documents": {path.name: _copy(path, folder) for path in map(Path, documents)},
        **about,
    }
    write_json(folder / "manifest.json", content)
    return folder / "manifest.json"


def _write_compressed(path: Path, frames: FrameSet) -> None:
    with tempfile.NamedTemporaryFile(suffix=".extxyz") as plain:
        write_frames(plain.name, frames)
        content = Path(plain.name).read_bytes()
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(content, mtime=0))


def _copy(path: Path, folder: Path) -> str:
    """Copy a file; its SHA-256."""
    with atomic_path(folder / path.name) as temporary:
        shutil.copyfile(path, temporary)
    return sha256(path)


def _statistics(frames: FrameSet, bonds: Sequence[tuple[int, int]]) -> dict[str, object]:
    statistics: dict[str, object] = {}
    if frames.energy is not None:
        statistics["energy_min_eV"] = float(frames.energy.min())
        statistics["energy_max_eV"] = float(frames.energy.max())
    if frames.dihedral is not None:
        statistics["dihedral_min_degrees"] = float(frames.dihedral.min())
        statistics["dihedral_max_degrees"] = float(frames.dihedral.max())
        statistics["negative_dihedrals"] = int((frames.dihedral < 0).sum())
        covered = np.unique(np.floor(np.abs(frames.dihedral) / COVERAGE).astype(int))
        statistics["covered_5_degree_intervals_of_36"] = int(np.sum(covered < 180 // COVERAGE))
    if bonds:
        lengths = bond_lengths_by_elements(frames, bonds)
        statistics["bonds_Angstrom"] = {
            name: [float(r.min()), float(r.max())] for name, r in lengths.items()
        }
    return statistics
