"""Initial conditions as frames, each a trajectory of its own."""

from rpr.data.extxyz import write_frames
from rpr.dynamics.initial_conditions import as_frames
from rpr.files import read_arrays
from rpr.molecule.molecule import read_molecule
from rpr.run import logs

logs.start(snakemake.log[0])
start = read_arrays(snakemake.input.initial_conditions)
molecule = read_molecule(snakemake.input.geometry, **snakemake.params.molecule)
frames = as_frames(molecule, start["positions"], start["velocities"])
write_frames(snakemake.output.frames, frames)
