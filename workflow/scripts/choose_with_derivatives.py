"""Frames whose derivatives are labelled: the first ones, and the first ones of the test set."""

from rpr.data.extxyz import read_frames, write_frames
from rpr.data.frame_set import concatenate
from rpr.run import logs

logs.start(snakemake.log[0])
wanted = {"frames": snakemake.params.n_frames, "test_set": snakemake.params.n_test_frames}
parts = [read_frames(snakemake.input[name]).subset(slice(n)) for name, n in wanted.items() if n]
write_frames(snakemake.output.frames, concatenate(parts))
