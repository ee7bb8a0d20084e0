"""Dihedrals of a test set that was not computed: as recorded in its deposit, or of its frames."""

from rpr.data.extxyz import read_frames
from rpr.run import logs
from rpr.run.deposit import read_document
from rpr.studies import tables
from rpr.studies.error_by_dihedral import dihedral_table

logs.start(snakemake.log[0])
manifest = snakemake.input.manifest
table = read_document(manifest, "dihedrals.csv") if manifest else None
if table is None:
    table = dihedral_table(read_frames(snakemake.input.frames), snakemake.params.dt_fs)
tables.write_csv(table, snakemake.output.dihedrals)
