"""The partial file of a shard: its finished frames, in order.

It belongs to the settings whose fingerprint its name ends with.  It stays when the shard is
finished: a workflow that was killed before it took note of the outputs asks for the shard once
more, and then nothing has to be computed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence

from rpr.labels.record_file import RecordFile


class PartialFile(RecordFile):
    """Finished frames of a shard on disk.

    Parameters
    ----------
    path
        Path of the file without the fingerprint.
    header
        JSON values of everything that the labels depend on.
    indices
        The frames, in the order in which they are labelled.
    """

    def __init__(
        self, path: str | os.PathLike, header: Mapping[str, object], indices: Sequence[int]
    ) -> None:
        super().__init__(path, {**header, "n_frames": len(indices)})
        self._indices = indices

    def read(self) -> list[dict]:
        """Records of the first frames, without a gap; begins the file if there is none.

        Raises
        ------
        InputError
            If the first line of the file is not its header.
        """
        found = self.records()
        return [found[k] for k in itertools.takewhile(found.__contains__, self._indices)]
