"""All trajectories in one file, and the steps that could not be labelled in another."""

from rpr import logs, tables
from rpr.datasets import concatenate, read_frames, write_frames
from rpr.stage_files import read_failures

logs.start(snakemake.log[0])
frames = concatenate([read_frames(path) for path in snakemake.input.frames])
write_frames(snakemake.output.frames, frames)
if failures := snakemake.output.get("failures"):
    tables.write_csv(read_failures(snakemake.input.failures), failures)
