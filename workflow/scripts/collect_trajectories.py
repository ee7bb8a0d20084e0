"""All trajectories in one file, and the steps that could not be labelled in another."""

from rpr.data.extxyz import read_frames, write_frames
from rpr.data.failures import read_failures
from rpr.data.frame_set import concatenate
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
frames = concatenate([read_frames(path) for path in snakemake.input.frames])
write_frames(snakemake.output.frames, frames)
if failures := snakemake.output.get("failures"):
    tables.write_csv(read_failures(snakemake.input.failures), failures)
