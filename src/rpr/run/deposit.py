"""Deposits: labelled frames kept as files with a manifest that says what they are.

A deposit is a folder with ``manifest.json`` and the files it names::

    {"format": 2, "symbols": ["Cl", "C", ...], "method": {...}, "versions": {...}, "commit": ...,
     "files": {"frames": {"path": "frames.extxyz", "sha256": "...", "n_frames": 600},
               "test_set": {...}, "md": {...}, "reference": {...}}}

The roles of files are ``frames`` (required: labelled, in the random order of the pool, so that the
first frames, however many, are a valid set), ``test_set`` (labelled), ``md`` (the trajectories) and
``reference`` (one frame, the reference geometry), ``thermal`` (labelled frames in thermal
equilibrium), and ``derivatives`` (frames of the others, labelled once more with the derivatives of
the dipole; the file of ``frames`` where these have them). A file may be compressed with gzip; new
deposits are not, because ASE reads compressed extended XYZ in quadratic time.

Where the dynamics labelled all of its frames, trajectories and labels are one file: ``md`` names
the file of ``frames``, and says with ``"sorted_by": ["trajectory", "step"]`` how to bring them into
the order of the dynamics. Deposits of format 1 always have two files.
``documents`` are further files, with their SHA-256: checks of the labels, distributions, failures,
and the order of the pool. ``additions`` say what made files that were added later. If frames
were taken from another deposit, ``extends`` is its origin: the configuration, versions and commit
that made those frames. Deposits are written by :mod:`rpr.run.deposit_files`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rpr.data.extxyz import read_frames
from rpr.data.frame_set import FrameSet, find_frames
from rpr.errors import InputError, require_package
from rpr.run.manifest import check_file, check_method, check_symbols, read_manifest

if TYPE_CHECKING:
    from pandas import DataFrame

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
    if keys := entry.get("sorted_by"):
        frames = frames.subset(np.lexsort([getattr(frames, key) for key in reversed(keys)]))
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


def require_document(manifest: str | os.PathLike, name: str) -> DataFrame:
    """A table among the documents of a deposit.

    Raises
    ------
    InputError
        If the deposit has no such document, or the file is missing or changed.
    """
    table = read_document(manifest, name)
    if table is None:
        raise InputError(f"{manifest}: has no document {name}, expected one")
    return table


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
