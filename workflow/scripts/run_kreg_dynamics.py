"""Frames of the independent test set: rotated initial conditions, dynamics on the potential."""

import rpr
from rpr.data.extxyz import write_frames
from rpr.dynamics.batch import run
from rpr.dynamics.initial_conditions import rotated_initial_conditions
from rpr.dynamics.trajectories import collect
from rpr.files import read_arrays
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.error_by_dihedral import dihedral_table

log = logs.start(snakemake.log[0])
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
test = snakemake.params.test_set
found = snakemake.input.found
initial = rotated_initial_conditions(
    molecule,
    minima=read_arrays(found)["positions"] if found else None,
    n=test["n_trajectories"],
    temperature_K=test["temperature_K"],
    seed=snakemake.params.seed,
)
trajectories = run(
    rpr.load(snakemake.input.model),
    initial.positions,
    initial.velocities,
    molecule.masses,
    dt_fs=test["dt_fs"],
    n_steps=test["n_steps"],
    every=test["record_every"],
    molecule=molecule,
)
log.info("largest drift of a total energy: %.2e eV", trajectories.drift().max())
frames = collect(
    molecule, trajectories.positions, trajectories.steps, energy=trajectories.potential
)
tables.write_csv(dihedral_table(frames, test["dt_fs"]), snakemake.output.dihedrals)
write_frames(snakemake.output.frames, frames.subset(frames.step % test["every"] == 0))
