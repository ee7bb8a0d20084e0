"""All trajectories in one file."""

from rpr import logs
from rpr.datasets import concatenate, read_frames, write_frames

logs.start(snakemake.log[0])
frames = concatenate([read_frames(path) for path in snakemake.input.frames])
write_frames(snakemake.output.frames, frames)
