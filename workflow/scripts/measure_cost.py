"""Processor time of training the published model and of its predictions."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.cost import cost

logs.start(snakemake.log[0])
split = read_split(snakemake.input.split)
table = cost(
    read_frames(snakemake.input.frames),
    split["train"],
    split["test"],
    model="rotate-predict-rotate",
    property=snakemake.wildcards.property,
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    seed=snakemake.params.seed,
    **snakemake.params.fitting,
)
tables.write_csv(table, snakemake.output.table)
