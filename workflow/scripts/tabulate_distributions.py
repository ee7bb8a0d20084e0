"""Distributions of one set of frames."""

from rpr import logs, tables
from rpr.datasets import read_frames
from rpr.figures.data_distributions import table
from rpr.stage_files import read_molecule

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
tables.write_csv(table(frames, molecule), snakemake.output.table)
