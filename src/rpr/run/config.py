"""What follows from a run's configuration: seeds, shards, numbers of frames, sources."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping

from rpr.errors import InputError
from rpr.run import deposit


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


def pool_size(config: Mapping, deposited: Mapping[str, int]) -> int:
    """Number of MD frames that those with labels are drawn from.

    Parameters
    ----------
    config
        The configuration.
    deposited
        From :func:`deposited_frames`; dynamics that a deposit holds are not run.
    """
    made = config["initial_conditions"]["n_trajectories"] * config["md"]["n_steps"]
    return deposited.get("md", made)


def n_label_frames(config: Mapping, deposited: Mapping[str, int]) -> int:
    """Number of MD frames that get labels; `deposited` as for :func:`pool_size`."""
    chosen = config["labels"]["n_frames"]
    return pool_size(config, deposited) if chosen is None else chosen


def labels_with_dynamics(config: Mapping) -> bool:
    """Whether the dynamics labels its frames as it makes them.

    It does where md/method and labels/method agree in every setting, defaults included, labels are
    computed, and no deposit gives some of them.
    """
    labels = config["labels"]
    if labels["source"] != "compute" or labels["deposit"] is not None:
        return False
    from rpr.labels.method import Method

    return Method(**config["md"]["method"]) == Method(**labels["method"])


def n_test_frames(config: Mapping) -> int:
    """Number of frames of the rotated test set."""
    test = config["test_set"]
    return test["n_trajectories"] * (test["n_steps"] // test["every"])


def deposited_frames(config: Mapping) -> dict[str, int]:
    """Number of frames of each role in the deposit that the run reads; empty without one.

    Raises
    ------
    InputError
        If ``labels/deposit`` is not the manifest of a deposit.
    """
    labels = config["labels"]
    if labels["deposit"] is None or labels["source"] == "files":
        return {}

    try:
        return deposit.frame_counts(labels["deposit"])
    except InputError as error:
        raise InputError(f"labels/deposit: {error}") from error


def label_checks(config: Mapping) -> list[str]:
    """Checks of the labels of a deposit: ``plain`` (PySCF only) and ``rotated``."""
    if not config["deposit"]["n_checked"]:
        return []
    return (
        ["plain", "reoriented"] if config["labels"]["method"]["code"] == "pyscf" else ["reoriented"]
    )


def rotated_source(config: Mapping, deposited: Mapping[str, int]) -> str:
    """Where the labelled test frames come from: ``compute``, ``deposit`` or ``files``."""
    if "test_set" in deposited:
        return "deposit"
    labels = config["labels"]
    if labels["source"] == "files" and labels["files"]["test_set"] != "compute":
        return "files"
    return "compute"
