"""What decided the results of a run: configuration, versions, code, data."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

from rpr.data.extxyz import read_frames
from rpr.files import sha256
from rpr.run.config import Plan
from rpr.version import __version__

PACKAGES = ("numpy", "scipy", "pandas", "ase", "pyscf", "tblite", "matplotlib", "snakemake")


def software() -> dict:
    """What computes: ``versions`` of Python and packages, ``commit`` and ``platform``.

    The commit is marked if files were changed, and None outside of a repository or without git.
    """
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": _commit(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def provenance(
    config: Mapping,
    plan: Plan,
    data: Mapping[str, str | os.PathLike] = MappingProxyType({}),
    *,
    software: Mapping,
) -> dict:
    """Record of a run.

    Parameters
    ----------
    config
        The complete configuration.
    plan
        Its plan, from :func:`rpr.run.config.make_plan`.
    data
        Files of labelled frames by role: ``frames``, and perhaps ``test_set`` and ``thermal``.
    software
        What :func:`software` returned where the run was started.

    Returns
    -------
    dict
        ``config`` without the keys that had no effect, ``versions``, ``commit``, ``platform``, and
        for each file in ``data`` its level of theory, number of frames and SHA-256.
    """
    described = {
        role: {
            "level_of_theory": level_of_theory(config, plan, role),
            "n_frames": len(read_frames(path)),
            "path": os.fspath(path),
            "sha256": sha256(path),
        }
        for role, path in data.items()
    }
    return {
        "config": effective(config, plan),
        **software,
        **({"data": described} if described else {}),
    }


def level_of_theory(config: Mapping, plan: Plan, role: str) -> str:
    """Level of theory of the labelled `frames`, of the `test_set` or of `thermal`, in words.

    Frames that were labelled elsewhere have the level that the user states, or none: the run cannot
    know it.
    """
    labels = config["labels"]
    sources = {"test_set": plan.test_source, "thermal": plan.thermal_source}
    if (sources.get(role) or plan.source) != "files":
        method = labels["method"]
        return "/".join(filter(None, (method["functional"], method.get("basis"))))
    level = labels["files"]["level"]
    return f"{level}, as stated by the user" if level else "not stated"


def effective(config: Mapping, plan: Plan) -> dict:
    """Copy of the configuration without the keys that had no effect on frames that were read."""
    kept = {key: dict(v) if isinstance(v, Mapping) else v for key, v in config.items()}
    if plan.source == "compute":
        return kept
    unused = ["md", "initial_conditions"]
    if plan.source == "files":
        unused += ["labels/n_frames", "labels/deposit"]
    if not plan.computed_stages:
        unused += ["optimisation", "labels/shard_size"]
        unused += ["labels/method"] if plan.source == "files" else []
    for path in unused:
        group, _, key = path.partition("/")
        (kept[group] if key else kept).pop(key or group, None)
    return kept


def _versions() -> dict[str, str]:
    found = {"rpr": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
