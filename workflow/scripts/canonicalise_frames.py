"""Canonical frame of every labelled frame, and its labels there."""

from rpr import logs
from rpr.datasets import read_frames
from rpr.frames import canonical_frames, to_frame, to_frame_positions
from rpr.stage_files import read_molecule, write_arrays

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
