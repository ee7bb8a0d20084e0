"""Energies and gradients of the potential beside those of the labels, for the scatter plot."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.kreg import kreg_scatter
from rpr.studies.test_sets import named_test_sets

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
table = kreg_scatter(
    rpr.load(snakemake.input.model),
    named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
    n_train=snakemake.params.n_train,
    seed=snakemake.params.seed,
)
tables.write_csv(table, snakemake.output.table)
