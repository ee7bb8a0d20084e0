"""Dipoles whose signs are drawn at random: learnt directly, and through the tensor mu mu^T."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.arbitrary_signs import arbitrary_signs

logs.start(snakemake.log[0])
table = arbitrary_signs(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    repeats=range(snakemake.params.n_repeats),
    **snakemake.params.sizes,
)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(table, stem, caption="Errors of dipoles up to their sign.")
