"""One frame on its way through rotate - predict - rotate, for the scheme."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.scheme import scheme

logs.start(snakemake.log[0])
frame = int(read_split(snakemake.input.split)["test"][0])
table = scheme(
    read_frames(snakemake.input.frames),
    frame,
    rpr.load(snakemake.input.model),
    read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
)
tables.write_csv(table, snakemake.output.table)
