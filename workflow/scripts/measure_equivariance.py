"""Deviation of one model from exact equivariance under random rotations."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.equivariance import equivariance

logs.start(snakemake.log[0])
split = read_split(snakemake.input.split)
table = equivariance(
    rpr.load(snakemake.input.model),
    read_frames(snakemake.input.frames).subset(split["test"]),
    model_name=snakemake.wildcards.model,
    property=snakemake.wildcards.property,
    n_rotations=snakemake.params.n_rotations,
    n_train=len(split["train"]),
    seed=snakemake.params.seed,
)
tables.write_csv(table, snakemake.output.table)
