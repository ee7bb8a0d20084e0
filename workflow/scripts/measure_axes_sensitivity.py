"""How far canonical axes turn when one atom moves."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.axes_sensitivity import axes_sensitivity

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
table = axes_sensitivity(read_frames(snakemake.input.frames), molecule=molecule)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(table, stem, caption="Rotation of canonical axes for a displacement of one atom.")
