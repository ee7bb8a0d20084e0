"""What axes, descriptor and symmetry each are worth, on one split."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.ablation import ablation

logs.start(snakemake.log[0])
thermal = snakemake.input.thermal
table = ablation(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    property=snakemake.wildcards.property,
    repeats=[int(snakemake.wildcards.repeat)],
    thermal=read_frames(thermal) if thermal else None,
    **snakemake.params.sizes,
)
tables.write_csv(table, snakemake.output.table)
