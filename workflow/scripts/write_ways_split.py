"""Frames of one split for programs outside of this project."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies.exchange import write_sets
from rpr.studies.trials import training_and_tests
from rpr.studies.ways_outside import frames_of_split

logs.start(snakemake.log[0])
params, repeat = snakemake.params, int(snakemake.wildcards.repeat)
molecule = read_molecule(snakemake.input.molecule, **params.molecule)
training, tests = training_and_tests(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    n_train=max(params.sizes),
    n_test=params.n_test,
    seed=repeat,
)
sets = frames_of_split(
    training,
    tests,
    molecule,
    sizes=params.sizes,
    n_applied=params.n_applied,
    seed=repeat,
)
write_sets(snakemake.output.folder, sets)
