"""Processor time of labels, by the properties that are asked for."""

from rpr.data.extxyz import read_frames
from rpr.labels.method import Method
from rpr.labels.timing import label_seconds
from rpr.run import logs
from rpr.run.jobs import free_megabytes
from rpr.studies import tables

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
table = label_seconds(
    frames.subset(slice(snakemake.params.n_timed)),
    Method.from_config(snakemake.params.method, frames.symbols),
    charge=snakemake.params.charge,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
)
tables.write_csv(table, snakemake.output.table)
