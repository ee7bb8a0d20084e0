"""The version of the label code: what unfinished computations must have been begun with."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

#: Modules of this package that keep numbers and do not make them.
_FILING = ("partial", "shards", "version")


@cache
def code_version() -> str:
    """Digest of the sources of the label engine: of all modules of the package that decide numbers.

    The modules that only keep numbers in files are left out: an edit of them must not cost labels.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in _FILING:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
