"""How much memory this process may still take."""

from __future__ import annotations

import os
from pathlib import Path


def available_bytes() -> int:
    """Memory that can be allocated without swapping, in bytes.

    The smaller of what the machine has free and what a memory limit on this process's control
    group (as batch systems and containers set) leaves; physical memory where neither is known.
    """
    known = [n for n in (_machine(), _control_group()) if n is not None]
    if known:
        return max(min(known), 0)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _machine(path: str = "/proc/meminfo") -> int | None:
    for line in _lines(path):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _control_group(root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> int | None:
    names = [line.split("::", 1)[1].strip("/") for line in _lines(own) if line.startswith("0::")]
    folder = Path(root) / (names[0] if names else "")
    if not folder.is_dir():
        folder = Path(root)
    limit, used = (_lines(folder / f"memory.{name}") for name in ("max", "current"))
    if not limit or not used or limit[0] == "max":
        return None
    # pages of files not in use are given back on demand
    stat = dict(line.split() for line in _lines(folder / "memory.stat"))
    return int(limit[0]) - int(used[0]) + int(stat.get("inactive_file", 0))


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
