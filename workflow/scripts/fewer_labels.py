"""Error of the dipole against the price of its training labels, with and without derivatives."""

from rpr.data.extxyz import read_frames
from rpr.data.splits import read_split
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.fewer_labels import fewer_labels

logs.start(snakemake.log[0])
frames = read_frames(snakemake.input.frames)
split = read_split(snakemake.input.split)
table = fewer_labels(
    frames,
    read_frames(snakemake.input.derivatives, require=["dipole_derivatives"]),
    split["train"],
    {
        "held_out_trajectories": frames.subset(split["test"]),
        "rotated": read_frames(snakemake.input.test_set),
    },
    tables.read(snakemake.input.seconds),
    molecule=read_molecule(snakemake.input.molecule, **snakemake.params.molecule),
    sizes={
        "values": snakemake.params.value_sizes,
        "values and derivatives": snakemake.params.sizes,
    },
    repeats=range(snakemake.params.n_repeats),
    peers=tables.read(snakemake.input.peers) if snakemake.input.peers else None,
)
tables.write_csv(table, snakemake.output.table)
