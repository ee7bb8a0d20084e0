"""The factor between rotated and random frames, over what the paper leaves open."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.factor_span import factor_span, factors

logs.start(snakemake.log[0])
splits = factors(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    repeats=range(snakemake.params.n_repeats),
    **snakemake.params.sizes,
)
tables.write_csv(splits, snakemake.output.splits)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(factor_span(splits), stem, caption="Error on rotated frames over that on random ones.")
