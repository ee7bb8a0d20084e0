"""Large arrays that live from frame to frame.

Fresh memory costs a page fault for every 4 kB. For tensors of some 100 MB this takes as long as
computing them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike


class Workspace:
    """Named buffers; asking again for a name gives the same memory with its old content."""

    def __init__(self) -> None:
        self._buffers: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> np.ndarray:
        """Uninitialised array of a shape, contiguous, in the memory of `name`."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        buffer = self._buffers.get(name)
        if buffer is None or buffer.nbytes < size:
            buffer = self._buffers[name] = np.empty(size, dtype=np.uint8)
        return buffer[:size].view(dtype).reshape(shape)
