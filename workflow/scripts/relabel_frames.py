"""Label some frames once more: by stock PySCF, or in a random orientation."""

from rpr import logs
from rpr.config import free_megabytes, shard_range
from rpr.datasets import read_frames
from rpr.labels.method import Method
from rpr.labels.shards import label_shard
from rpr.studies.label_checks import frames_to_check

log = logs.start(snakemake.log[0])
frames = frames_to_check(
    read_frames(snakemake.input.frames),
    snakemake.params.n_checked,
    check=snakemake.wildcards.check,
    seed=snakemake.params.seed,
)
first, last = shard_range(snakemake.wildcards.shard, len(frames), snakemake.params.shard_size)
label_shard(
    frames,
    range(first, last),
    Method.from_config(snakemake.params.method, frames.symbols),
    partial_path=snakemake.params.partial,
    output_path=snakemake.output.frames,
    failures_path=snakemake.output.failures,
    max_memory_mb=free_megabytes(snakemake.resources.mem_mb),
    charge=snakemake.params.charge,
    stock=snakemake.wildcards.check == "stock",
    log=log,
)
