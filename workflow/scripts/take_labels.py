"""Frames that the dynamics labelled, in the order of the pool."""

from rpr.data.extxyz import read_frames, write_frames
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames, require=snakemake.params.properties)
order = tables.read(snakemake.input.order)["frame"].to_numpy()
write_frames(snakemake.output.frames, frames.subset(order))
