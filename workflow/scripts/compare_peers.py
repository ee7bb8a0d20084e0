"""Models of this project and of other programs on one split."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.peer_comparison import compare_on_split

logs.start(snakemake.log[0])
thermal = snakemake.input.thermal
table = compare_on_split(
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    property=snakemake.wildcards.property,
    peers={path: tables.read(path) for path in snakemake.input.peers},
    repeat=int(snakemake.wildcards.repeat),
    thermal=read_frames(thermal) if thermal else None,
    **snakemake.params.sizes,
)
tables.write_csv(table, snakemake.output.table)
