"""Frames of the deposit with derivatives: those that this run uses."""

from rpr.data.extxyz import read_frames, write_frames
from rpr.run import logs
from rpr.run.derivatives import take_derivatives

logs.start(snakemake.log[0])
frames = take_derivatives(
    read_frames(snakemake.input.derivatives, require=["dipole_derivatives"]),
    read_frames(snakemake.input.frames),
    read_frames(snakemake.input.test_set),
    n_frames=snakemake.params.n_frames,
    n_test_frames=snakemake.params.n_test_frames,
)
write_frames(snakemake.output.frames, frames)
