"""Canonical frame of every labelled frame, and its labels there."""

from rpr.axes.canonical import canonical_frames
from rpr.axes.rotation import to_frame, to_frame_positions
from rpr.data.extxyz import read_frames
from rpr.files import write_arrays
from rpr.molecule.molecule import read_molecule
from rpr.run import logs

logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
frames = read_frames(snakemake.input.frames)
axes = canonical_frames(snakemake.params.frame, frames.positions, molecule)
write_arrays(
    snakemake.output.frames,
    rotations=axes.rotations,
    origins=axes.origins,
    gap=axes.gap,
    defined=axes.defined,
    near_degenerate=axes.near_degenerate,
    positions=to_frame_positions(frames.positions, axes),
    dipole=to_frame(frames.dipole, axes.rotations),
    polarizability=to_frame(frames.polarizability, axes.rotations),
)
