"""Errors on dihedrals that the training frames keep away from, on one block."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.ablation import held_out_torsion

logs.start(snakemake.log[0])
table = held_out_torsion(
    read_frames(snakemake.input.frames),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    property=snakemake.wildcards.property,
    repeats=[int(snakemake.wildcards.repeat)],
    **snakemake.params.sizes,
)
tables.write_csv(table, snakemake.output.table)
