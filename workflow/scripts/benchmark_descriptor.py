"""Errors of one descriptor with every kernel."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.benchmark import benchmark

logs.start(snakemake.log[0])
split = read_split(snakemake.input.split)
table, errors = benchmark(
    read_frames(snakemake.input.frames),
    split["train"],
    split["test"],
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    descriptor=snakemake.wildcards.descriptor,
    axes=snakemake.wildcards.axes,
    kernels=snakemake.params.kernels,
    seed=snakemake.params.seed,
    **snakemake.params.fitting,
)
tables.write_csv(table, snakemake.output.table)
tables.write_csv(errors, snakemake.output.errors)
