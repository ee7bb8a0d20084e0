"""Deviation of one model from exact equivariance under every operation."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.equivariance import equivariance

logs.start(snakemake.log[0])
split = read_split(snakemake.input.split)
model = rpr.load(snakemake.input.model)
table = equivariance(
    model,
    read_frames(snakemake.input.frames).subset(split["test"]),
    molecule=model.molecule,
    model_name=snakemake.wildcards.model,
    property=snakemake.wildcards.property,
    n_applied=snakemake.params.n_applied,
    n_train=len(split["train"]),
    seed=snakemake.params.seed,
)
tables.write_csv(table, snakemake.output.table)
