"""Pairs of descriptors and kernels on the same test frames."""

from rpr.run import logs
from rpr.studies import tables
from rpr.studies.benchmark_pairs import compare_benchmark

logs.start(snakemake.log[0])
table = compare_benchmark(
    tables.read(snakemake.input.benchmark),
    tables.concat(tables.read(path) for path in snakemake.input.errors),
)
caption = "Ratios of the errors of two descriptors, or kernels, with paired intervals."
tables.write(table, snakemake.output.csv.removesuffix(".csv"), caption=caption)
