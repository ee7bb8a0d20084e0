"""Validation errors by the weight of coordinates in the descriptors."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.coordinate_weights import coordinate_weights, validation_errors

logs.start(snakemake.log[0])
splits = validation_errors(
    read_frames(snakemake.input.frames),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    repeats=range(snakemake.params.n_repeats),
    **snakemake.params.sizes,
)
tables.write_csv(splits, snakemake.output.splits)
tables.write(
    coordinate_weights(splits),
    snakemake.output.table.removesuffix(".csv"),
    caption="Validation errors by the weight of coordinates, over those of the weight in use.",
)
