"""Errors with other kernels, and with validation on whole trajectories."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.validation_choices import errors_of_choices, validation_choices

logs.start(snakemake.log[0])
thermal = snakemake.input.thermal
splits = errors_of_choices(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    thermal=read_frames(thermal) if thermal else None,
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    repeats=range(snakemake.params.n_repeats),
    **snakemake.params.sizes,
)
tables.write_csv(splits, snakemake.output.splits)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(validation_choices(splits), stem, caption="What the choices of validation change.")
