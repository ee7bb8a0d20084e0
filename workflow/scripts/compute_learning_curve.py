"""Errors of one model against the number of training frames."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import outside_test_set, read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.learning_curve import learning_curve
from rpr.studies.test_sets import named_test_sets

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
table = learning_curve(
    frames,
    outside_test_set(len(frames), split),
    named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    property=snakemake.wildcards.property,
    model=snakemake.wildcards.model,
    sizes=snakemake.params.sizes,
    repeats=range(snakemake.params.n_repeats),
    **snakemake.params.fitting,
    first=split["train"],
    trained=rpr.load(snakemake.input.model),
)
tables.write_csv(table, snakemake.output.table)
