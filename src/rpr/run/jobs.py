"""What a single job is told: its seed, its frames, its memory."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path

from rpr.files import sha256


def stage_seed(seed: int, *stage: str | int) -> int:
    """Seed of one stage (or one job of it): the first 32 bits of a SHA-256 of `seed` and its name.

    It does not depend on the order in which jobs run, and differs between stages.
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
    """Memory in MB that a job may use itself.

    The rest is left to Snakemake's own processes; on a cluster two of them, of some 200 MB each,
    run within the job.

    Examples
    --------
    >>> free_megabytes(2000)
    1500
    """
    return mem_mb - 500


def made_before(path: str | os.PathLike) -> list[str]:
    """Path and SHA-256 of a file that another target may have made, or nothing.

    A job that has them as a parameter uses the file if it is there, runs again when it changes, and
    never asks for it.
    """
    return [os.fspath(path), sha256(path)] if Path(path).exists() else []
