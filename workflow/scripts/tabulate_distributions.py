"""Distributions of one set of frames."""

from rpr.data.distributions import table
from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
tables.write_csv(table(frames, molecule), snakemake.output.table)
