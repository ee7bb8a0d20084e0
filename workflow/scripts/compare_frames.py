"""Accuracy of the paper's model in several canonical frames."""

from rpr import logs, tables
from rpr.datasets import read_frames
from rpr.splits import read_split
from rpr.stage_files import named_test_sets, read_molecule
from rpr.studies.frame_study import frame_accuracy

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
table = frame_accuracy(
    frames,
    split["train"],
    named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    property=snakemake.wildcards.property,
    frame_names=snakemake.params.frames,
    descriptors=snakemake.params.descriptors,
    validation_fraction=snakemake.params.validation_fraction,
    seed=snakemake.params.seed,
)
tables.write_csv(table, snakemake.output.table)
