"""Writing the files of a deposit; :mod:`rpr.run.deposit` says what they are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rpr.data.distributions import bond_lengths_by_elements
from rpr.data.extxyz import write_frames
from rpr.data.frame_set import FrameSet
from rpr.files import atomic_path, sha256, write_json
from rpr.molecule.molecule import find_bonds
from rpr.run.manifest import FORMAT, check_file, read_manifest

COVERAGE = 5  #: degrees of the absolute dihedral
_ORDER = ("trajectory", "step")  # of the frames of a dynamics


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
    apart = {role: frames for role, frames in files.items() if role != "md"}
    entries = {role: _add_file(folder, role, frames, bonds) for role, frames in apart.items()}
    if "md" in files:
        shared = _is_one_file(files["md"], files["frames"])
        entries["md"] = (
            {**entries["frames"], "sorted_by": list(_ORDER)}
            if shared
            else _add_file(folder, "md", files["md"], bonds)
        )
    if files["frames"].dipole_derivatives is not None:
        entries.setdefault("derivatives", entries["frames"])
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


def carry_over(manifest: str | os.PathLike, source: str | os.PathLike) -> None:
    """Copy what a deposit lacks of the one it extends: files of further roles, and documents.

    Parameters
    ----------
    manifest
        Path of ``manifest.json`` of the new deposit.
    source
        That of the deposit which it extends.

    Raises
    ------
    InputError
        If a file of `source` is missing or changed.
    """
    content, old = read_manifest(manifest), read_manifest(source)
    folder, origin = Path(manifest).parent, Path(source).parent
    written = {entry["path"] for entry in content["files"].values()}
    lacking = old["files"].keys() - content["files"].keys()
    if _same_file(content, "derivatives", "frames"):
        lacking |= {"derivatives"} & old["files"].keys()
    for role in sorted(lacking):
        entry = old["files"][role]
        if entry["path"] in written:
            continue
        check_file(source, origin / entry["path"], entry["sha256"])
        _copy(origin / entry["path"], folder)
        content["files"][role] = entry
    known = old.get("documents", {})
    for name in known.keys() - content["documents"].keys():
        check_file(source, origin / name, known[name])
        content["documents"][name] = _copy(origin / name, folder)
    write_json(Path(manifest), content)


def _same_file(content: Mapping[str, Any], role: str, other: str) -> bool:
    paths = [content["files"].get(name, {}).get("path") for name in (role, other)]
    return paths[0] == paths[1]


def _is_one_file(md: FrameSet, frames: FrameSet) -> bool:
    """Whether the labelled frames are those of the dynamics, with all that is known of them."""
    if len(md) != len(frames) or not {*md.known, *_ORDER} <= set(frames.known):
        return False
    chosen = frames.subset(np.lexsort([getattr(frames, key) for key in reversed(_ORDER)]))
    return all(np.array_equal(getattr(md, n), getattr(chosen, n)) for n in ("positions", *md.known))


def _add_file(
    folder: Path, role: str, frames: FrameSet, bonds: Sequence[tuple[int, int]] = ()
) -> dict[str, object]:
    """Write the frames of a role; its entry in the manifest."""
    path = folder / f"{role}.extxyz"  # ASE takes quadratic time for compressed ones
    write_frames(path, frames)
    return {
        "path": path.name,
        "sha256": sha256(path),
        "n_frames": len(frames),
        "statistics": _statistics(frames, bonds),
    }


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
