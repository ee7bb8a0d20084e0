"""Labels of a set of frames in one call."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ase import Atoms

from rpr.data.consistency.geometries import refuse_other_units
from rpr.data.frame_set import FrameSet
from rpr.data.from_atoms import frames_from_atoms
from rpr.errors import InputError
from rpr.labels.method import Method
from rpr.labels.processes import Labelled, Task, label_here, label_in_processes
from rpr.labels.results import ALL_PROPERTIES, PROPERTIES, check_properties


class LabelledFrames(NamedTuple):
    """Frames that could be labelled, and why others could not.

    Attributes
    ----------
    frames : FrameSet
        The labelled frames in the order in which they were given.
    failures : dict
        By index among the given frames, the reason why a frame has no labels.
    """

    frames: FrameSet
    failures: dict[int, str]


def label_frames(
    frames: FrameSet | Atoms | Sequence[Atoms],
    method: Method,
    properties: Sequence[str] = PROPERTIES,
    *,
    charge: int = 0,
    n_processes: int = 1,
    folder: str | os.PathLike | None = None,
    max_memory_mb: float | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LabelledFrames:
    """Label frames by quantum chemistry.

    Frames that follow each other in a trajectory are fastest, as each is a guess for the next one.

    Parameters
    ----------
    frames
        Frames of one molecule, as a `FrameSet` or ASE atoms (one or several). Labels that they
        have are not used.
    method
        Level of theory.
    properties
        Some of ``energy``, ``forces``, ``dipole``, ``polarizability``, ``dipole_derivatives``,
        ``polarizability_derivatives``; the energy always comes.
    charge
        Total charge.
    n_processes
        Number of processes. One is the calling process, with the threads that it has. More are
        new processes of one thread each: a script that asks for them needs
        ``if __name__ == "__main__":``, as for every use of `multiprocessing`.
    folder
        Working folder that keeps what is finished, so that an interrupted call resumes when it is
        given again; None for one that is removed.
    max_memory_mb
        Memory of each process in MB; None for no bound.
    on_progress
        Called with the number of frames that were found finished, and of those finished since.

    Returns
    -------
    LabelledFrames
        Labelled frames keep their trajectory, step, dihedral and velocities.

    Raises
    ------
    InputError
        If the method does not apply to the molecule, there is no such property, there are no
        frames, or positions are not in Angstrom.
    ConvergenceError
        If no frame could be labelled, or a process died.

    Examples
    --------
    ::

        method = rpr.Method(functional="b3lyp5", basis="def2-svp")
        labelled, failures = rpr.label_frames(frames, method, ["dipole", "dipole_derivatives"])
    """
    if not len(frames):
        raise InputError("frames: found none, expected at least one")
    if not isinstance(frames, FrameSet):
        frames = frames_from_atoms([frames] if isinstance(frames, Atoms) else frames)
    properties = check_properties(tuple(dict.fromkeys(("energy", *properties))))
    method.check(sorted(set(frames.symbols)))
    refuse_other_units(frames, "positions")
    task = Task(method, properties, charge, max_memory_mb)
    with _working_folder(folder) as path:
        if n_processes == 1:
            found = label_here([frames], task, folder=path, on_progress=on_progress)
        else:
            found = label_in_processes(
                [frames], task, folder=path, n_processes=n_processes, on_progress=on_progress
            )
    return LabelledFrames(_with_labels(frames, found, properties), found.failures)


@contextmanager
def _working_folder(folder: str | os.PathLike | None) -> Iterator[Path]:
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="rpr-labels-") as temporary:
        yield Path(temporary)


def _with_labels(frames: FrameSet, found: Labelled, properties: Sequence[str]) -> FrameSet:
    """The frames that have labels, with these and no others."""
    good = sorted(found.labels)
    labelled = frames.subset(np.array(good))
    for name in ALL_PROPERTIES:
        values = [found.labels[k][name] for k in good] if name in properties else None
        setattr(labelled, name, None if values is None else np.array(values))
    return labelled
