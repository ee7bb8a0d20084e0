"""Errors of KREG potentials against the number of training frames, one random order of frames."""

from rpr import logs, tables
from rpr.datasets import read_frames
from rpr.permutation_inversion import find_group, permutations_of
from rpr.splits import read_split
from rpr.stage_files import named_test_sets, read_molecule
from rpr.studies.kreg_study import kreg_learning_curve

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
symmetric = snakemake.wildcards.potential == "symmetric"
table = kreg_learning_curve(
    frames,
    split["train"],
    named_test_sets(frames, split, read_frames(snakemake.input.test_set)),
    molecule=molecule,
    sizes=snakemake.params.sizes,
    seeds=[int(snakemake.wildcards.repeat)],
    permutations=permutations_of(find_group(molecule)) if symmetric else None,
)
tables.write_csv(table, snakemake.output.table)
