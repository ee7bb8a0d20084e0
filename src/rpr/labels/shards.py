"""Labels of many frames, written frame by frame and resumed after a kill.

Every finished frame is one line of a partial file, on disk before the next frame starts.  What
the engine remembers of previous frames is kept beside it, so that the labels of a resumed shard
are those of an uninterrupted one to the last bit.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np

from rpr.data.extxyz import write_frames
from rpr.data.failures import write_failures
from rpr.data.frame_set import FrameSet, find_frames
from rpr.errors import ConvergenceError, InputError
from rpr.files import atomic_path
from rpr.labels import state_check
from rpr.labels.engine import make_engine
from rpr.labels.method import Method
from rpr.labels.partial_file import PartialFile
from rpr.labels.results import ALL_PROPERTIES, PROPERTIES, Engine, check_properties
from rpr.labels.version import label_version

FEW = 4  #: frames of a shard that may all be without labels, for which no file is blamed


def label_shard(
    frames: FrameSet,
    indices: Sequence[int],
    method: Method,
    properties: Sequence[str] = PROPERTIES,
    *,
    partial_path: str | os.PathLike,
    output_path: str | os.PathLike,
    failures_path: str | os.PathLike,
    max_memory_mb: float | None = None,
    charge: int = 0,
    plain: bool = False,
    known: FrameSet | None = None,
    log: logging.Logger | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> None:
    """Label frames `indices` of `frames`; write an extended XYZ file and a table of failures.

    Parameters
    ----------
    frames
        All frames; their positions, trajectories, steps and dihedrals are used.
    indices
        Frames to label, in this order.
    method
        Level of theory.
    properties
        Some of ``energy``, ``forces``, ``dipole``, ``polarizability``, ``dipole_derivatives``,
        ``polarizability_derivatives``; the energy always comes.
    partial_path
        File of the finished frames, without its fingerprint (:mod:`rpr.labels.partial_file`).  It
        must not be an output of a workflow rule, because a killed job would lose it.
    output_path
        Extended XYZ file of the labelled frames, in the order of `indices`.
    failures_path
        CSV file ``frame,trajectory,step,reason`` of the frames without labels.
    max_memory_mb
        Memory that the engine may use, MB; None for no bound.
    charge
        Total charge.
    plain
        Whether to compute by plain PySCF instead of the label engine.
    known
        Frames with labels of `method`; frames of the same geometry take these labels.
    log
        Logger of the progress; default: that of this module.
    on_frame
        Called with the number of finished frames: once at the beginning, and after each frame.

    Raises
    ------
    InputError
        If the partial file is damaged.
    ConvergenceError
        If none of more than :data:`FEW` frames could be labelled; else the file is empty.
    """
    log = log or logging.getLogger(__name__)
    indices = [int(k) for k in indices]
    properties = check_properties(tuple(dict.fromkeys(("energy", *properties))))
    engine = make_engine(
        method, frames.symbols, max_memory_mb=max_memory_mb, charge=charge, plain=plain
    )
    header = _header(frames, indices, method, properties, charge, plain)
    partial = PartialFile(partial_path, header, indices)
    records = partial.read()
    engine.set_state(partial.read_state(len(records)))
    taken = {} if known is None else _known(frames, indices, known, properties)
    resumed, start = len(records), time.monotonic()
    # Initial conditions are drawn independently: forces do not lead from one to the next.
    follow = frames.step is None or bool(np.any(frames.step))
    if resumed:
        log.info("resuming: %d of %d frames are done", resumed, len(indices))
    elif partial.others:
        log.info("starts from the first frame; %s", partial.others)
    notify = on_frame or (lambda done: None)
    notify(resumed)
    for k in indices[resumed:]:
        previous = records[-1] if records else None
        record = taken.get(k) or _label(engine, frames, k, properties, previous, follow)
        records.append(record)
        partial.append(record, engine.get_state(), len(records))
        _report(log, record, len(records), len(indices), resumed, time.monotonic() - start)
        notify(len(records))
    _write_outputs(frames, records, properties, output_path, failures_path)
    partial.close()


def _label(
    engine: Engine,
    frames: FrameSet,
    k: int,
    properties: tuple[str, ...],
    previous: dict | None,
    follow: bool,
) -> dict:
    """Record of frame `k`: its labels, or the reason why it has none.

    Its energy is compared with that of the record before, also by the work of the forces if the
    frames `follow` each other.
    """
    neighbour = None
    if previous is not None and "reason" not in previous:
        neighbour = state_check.Neighbour(
            frames.positions[previous["frame"]],
            previous["energy"],
            previous.get("forces") if follow else None,
        )
    try:
        labels, jump = state_check.compute_checked(
            engine, frames.positions[k], properties, neighbour
        )
    except (ConvergenceError, InputError, ArithmeticError, np.linalg.LinAlgError) as error:
        engine.reset()
        return {"frame": k, "reason": f"{type(error).__name__}: {error}"}
    record: dict = {"frame": k, "cycles": labels.scf_cycles, "solver": labels.solver}
    for name in properties:
        if getattr(labels, name) is None:  # a flag says why
            engine.reset()
        record[name] = np.asarray(getattr(labels, name)).tolist()
    if labels.flags:
        record["reason"] = "; ".join(labels.flags)
    elif jump < 0:
        record["below_previous"] = -jump
    return record


def _known(
    frames: FrameSet, indices: list[int], known: FrameSet, properties: tuple[str, ...]
) -> dict[int, dict]:
    """Records of the frames whose geometry, to the last bit, is that of a known frame."""
    missing = [name for name in properties if getattr(known, name) is None]
    if missing:
        raise InputError(
            f"known: found frames without {missing[0]}, expected {', '.join(properties)}; ask for "
            "no more than they have, or label all frames anew"
        )
    places = find_frames(frames.subset(np.array(indices, dtype=int)), known).tolist()
    return {
        k: {"frame": k, **{name: getattr(known, name)[n].tolist() for name in properties}}
        for k, n in zip(indices, places, strict=True)
        if n >= 0
    }


def _with_suspects(records: Sequence[dict]) -> list[dict]:
    """Records, with a reason for frames whose successor lies too low in energy."""
    checked = [dict(r) for r in records]
    for record, after in itertools.pairwise(checked):
        if "below_previous" in after:
            record.setdefault(
                "reason",
                f"state: energy lies {after['below_previous']:.3f} eV above what the frame after "
                "explains",
            )
    return checked


def _header(
    frames: FrameSet,
    indices: list[int],
    method: Method,
    properties: tuple[str, ...],
    charge: int,
    plain: bool,
) -> dict[str, object]:
    """Everything that the labels depend on."""
    digest = hashlib.sha256(json.dumps([list(frames.symbols), indices]).encode())
    digest.update(np.ascontiguousarray(frames.positions[indices]).tobytes())
    return {
        "method": method.as_dict(),
        "frames": digest.hexdigest()[:16],
        "properties": list(properties),
        "charge": charge,
        "plain": plain,
        "label_version": label_version(charge),
        method.code: version(method.code),
    }


def _report(
    log: logging.Logger, record: dict, done: int, total: int, resumed: int, seconds: float
) -> None:
    rate = (done - resumed) / max(seconds, 1e-9) * 60
    what = record.get("reason") or (
        f"{record['cycles']} cycles, {record['solver']} solver" if "cycles" in record else "known"
    )
    log.info(
        "frame %d (%s): %d of %d done, %.2f frames/min, %.1f min left",
        record["frame"],
        what,
        done,
        total,
        rate,
        (total - done) / rate,
    )


def _write_outputs(
    frames: FrameSet,
    records: list[dict],
    properties: tuple[str, ...],
    output_path: str | os.PathLike,
    failures_path: str | os.PathLike,
) -> None:
    records = _with_suspects(records)
    good = [r for r in records if "reason" not in r]
    _write_failures(frames, [r for r in records if "reason" in r], failures_path)
    if not good and len(records) > FEW:
        raise ConvergenceError(
            f"{output_path}: none of {len(records)} frames could be labelled; "
            f"frame {records[0]['frame']}: {records[0]['reason']}"
        )
    if not good:
        with atomic_path(output_path) as temporary:
            temporary.touch()
        return
    labelled = frames.subset(np.array([r["frame"] for r in good], dtype=int))
    for name in ALL_PROPERTIES:
        values = np.array([r[name] for r in good]) if name in properties else None
        setattr(labelled, name, values)
    write_frames(output_path, labelled)


def _write_failures(frames: FrameSet, records: Sequence[dict], path: str | os.PathLike) -> None:
    def of_frame(values: np.ndarray | None, k: int) -> int | str:
        return "" if values is None else int(values[k])

    def row(record: dict) -> tuple[object, ...]:
        k = record["frame"]
        return k, of_frame(frames.trajectory, k), of_frame(frames.step, k), record["reason"]

    write_failures(path, map(row, records))
