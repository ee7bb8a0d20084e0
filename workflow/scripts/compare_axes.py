"""Accuracy of the published model in several kinds of canonical axes."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.canonical_axes import axes_accuracy
from rpr.studies.test_sets import named_test_sets

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
table = axes_accuracy(
    frames,
    split["train"],
    named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    property=snakemake.wildcards.property,
    axes_names=snakemake.params.axes,
    descriptors=snakemake.params.descriptors,
    seed=snakemake.params.seed,
    **snakemake.params.fitting,
)
tables.write_csv(table, snakemake.output.table)
