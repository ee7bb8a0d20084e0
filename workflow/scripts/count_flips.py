"""Flips of canonical frames between steps, and the gap of the inertia frame."""

from rpr.data.extxyz import read_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.canonical_axes import flips, gaps

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
counted = flips(
    frames,
    molecule=molecule,
    frame_names=snakemake.params.frames,
    seed=snakemake.params.seed,
)
tables.write_csv(counted, snakemake.output.flips)
tables.write_csv(gaps(frames, molecule=molecule), snakemake.output.gaps)
