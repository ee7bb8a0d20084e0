"""Frames with extreme labels, beside what is extreme in their geometry."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.label_checks import outliers

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
tables.write_csv(outliers(read_frames(snakemake.input.frames), molecule), snakemake.output.table)
