"""All trajectories in one file."""

from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import concatenate
from rpr.run import logs

logs.start(snakemake.log[0])
frames = concatenate([read_frames(path) for path in snakemake.input.frames])
write_frames(snakemake.output.frames, frames)
