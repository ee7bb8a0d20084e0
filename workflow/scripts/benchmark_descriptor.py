"""Errors of one descriptor with every kernel."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.benchmark import BenchmarkSettings, benchmark

logs.start(snakemake.log[0])
split = read_split(snakemake.input.split)
table, errors = benchmark(
    read_frames(snakemake.input.frames),
    split["train"],
    split["test"],
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    descriptor=snakemake.wildcards.descriptor,
    kernels=snakemake.params.kernels,
    settings=BenchmarkSettings.from_mapping(
        snakemake.params.fitting, axes=snakemake.wildcards.axes, seed=snakemake.params.seed
    ),
)
tables.write_csv(table, snakemake.output.table)
tables.write_csv(errors, snakemake.output.errors)
