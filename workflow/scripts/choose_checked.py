"""Frames whose labels are computed once more, as they are or in a random orientation."""

from rpr.data.extxyz import read_frames, write_frames
from rpr.run import logs
from rpr.studies.label_checks import frames_to_check

logs.start(snakemake.log[0])
frames = frames_to_check(
    read_frames(snakemake.input.frames),
    snakemake.params.n_checked,
    check=snakemake.wildcards.check,
    seed=snakemake.params.seed,
)
write_frames(snakemake.output.frames, frames)
