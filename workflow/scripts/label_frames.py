"""Label the frames of one shard: of the pool in its order, of a test set, or of a check."""

from rpr.data.extxyz import read_frames
from rpr.labels.method import Method
from rpr.labels.results import PROPERTIES
from rpr.labels.shards import label_shard
from rpr.run import logs
from rpr.run.jobs import free_megabytes, shard_range
from rpr.studies import tables

log = logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
order, known = snakemake.input.get("order"), snakemake.input.get("known")
indices = tables.read(order)["frame"].tolist() if order else range(len(frames))
first, last = shard_range(snakemake.wildcards.shard, len(indices), snakemake.params.shard_size)
label_shard(
    frames,
    indices[first:last],
    Method.from_config(snakemake.params.method, frames.symbols),
    snakemake.params.get("properties", PROPERTIES),
    partial_path=snakemake.params.partial,
    output_path=snakemake.output.frames,
    failures_path=snakemake.output.failures,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
    charge=snakemake.params.charge,
    plain=snakemake.params.plain,
    known=read_frames(known) if known else None,
    log=log,
)
