"""Take one file of a deposit after checking it."""

from rpr.data.extxyz import write_frames
from rpr.molecule.molecule import read_geometry
from rpr.run import logs
from rpr.run.deposit import read_deposit

logs.start(snakemake.log[0])
frames = read_deposit(
    snakemake.input.manifest,
    snakemake.wildcards.role,
    symbols=read_geometry(snakemake.params.geometry).get_chemical_symbols(),
    method=snakemake.params.method,
    n_frames=snakemake.params.n_frames,
    same_settings=snakemake.params.extends,
)
write_frames(snakemake.output.frames, frames)
