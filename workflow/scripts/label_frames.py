"""Label the MD frames of one shard."""

from rpr import logs, tables
from rpr.config import free_megabytes, shard_range
from rpr.datasets import read_frames
from rpr.labels.method import Method
from rpr.labels.shards import label_shard

log = logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
order = tables.read(snakemake.input.order)["frame"].tolist()
first, last = shard_range(snakemake.wildcards.shard, len(order), snakemake.params.shard_size)
label_shard(
    frames,
    order[first:last],
    Method.from_config(snakemake.params.method, frames.symbols),
    partial_path=snakemake.params.partial,
    output_path=snakemake.output.frames,
    failures_path=snakemake.output.failures,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
    charge=snakemake.params.charge,
    known=read_frames(snakemake.input.known) if snakemake.input.known else None,
    log=log,
)
