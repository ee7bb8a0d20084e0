"""Errors of KREG potentials against the number of training frames."""

import rpr
from rpr.data.extxyz import read_frames
from rpr.data.splits import outside_test_set, read_split
from rpr.molecule.molecule import read_molecule
from rpr.molecule.permutation_inversion import find_group, permutations_of
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.kreg import kreg_learning_curve
from rpr.studies.test_sets import named_test_sets

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
symmetric = snakemake.wildcards.potential == "symmetric"
model = snakemake.input.model
table = kreg_learning_curve(
    frames,
    outside_test_set(len(frames), split),
    named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
    molecule=molecule,
    sizes=snakemake.params.sizes,
    repeats=range(snakemake.params.n_repeats),
    permutations=permutations_of(find_group(molecule)) if symmetric else None,
    validation=snakemake.params.validation,
    first=split["train"],
    trained=rpr.load(model) if model and len(split["train"]) == snakemake.params.n_train else None,
)
tables.write_csv(table, snakemake.output.table)
