"""What decided the results of a run: configuration, versions, code, data."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from rpr.files import sha256

PACKAGES = ("rpr", "numpy", "scipy", "pandas", "ase", "pyscf", "tblite", "matplotlib", "snakemake")


def provenance(config: Mapping, data: Sequence[str | os.PathLike] = ()) -> dict:
    """Record of a run.

    Parameters
    ----------
    config
        The complete configuration.
    data
        Data files whose SHA-256 is recorded.

    Returns
    -------
    dict
        ``config``, ``versions``, ``commit``, ``platform``, and ``sha256`` where there are files.
    """
    checksums = {"sha256": {os.fspath(path): sha256(path) for path in data}} if data else {}
    return {
        "config": dict(config),
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": _commit(),
        "platform": f"{platform.system()} {platform.machine()}",
        **checksums,
    }


def _versions() -> dict[str, str]:
    found = {}
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
