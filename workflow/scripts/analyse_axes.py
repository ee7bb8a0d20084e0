"""Flips of canonical axes between steps, and how well the inertia axes are determined."""

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
    axes_names=snakemake.params.axes,
    seed=snakemake.params.seed,
)
tables.write_csv(counted, snakemake.output.flips)
tables.write_csv(gaps(frames, molecule=molecule), snakemake.output.gaps)
