"""One frame on its way through rotate - predict - rotate, for the scheme."""

import rpr
from rpr import logs, tables
from rpr.datasets import read_frames
from rpr.figures.fig1_scheme import scheme
from rpr.splits import read_split
from rpr.stage_files import read_molecule

logs.start(snakemake.log[0])
frame = int(read_split(snakemake.input.split)["test"][0])
table = scheme(
    read_frames(snakemake.input.frames),
    frame,
    rpr.load(snakemake.input.model),
    read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
)
tables.write_csv(table, snakemake.output.table)
