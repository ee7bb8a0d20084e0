"""Orientations and dihedrals that the rotated test set covers."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.coverage import coverage

logs.start(snakemake.log[0])
table = coverage(
    read_frames(snakemake.input.frames),
    tables.read(snakemake.input.dihedrals),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    seed=snakemake.params.seed,
)
caption = "Orientations and dihedrals that the rotated test set covers."
tables.write(table, snakemake.output.csv.removesuffix(".csv"), caption=caption)
