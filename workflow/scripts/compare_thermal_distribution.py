"""Dihedrals of a long thermal sample beside the Boltzmann weights from mean torques."""

import rpr
from rpr.dynamics.mean_torque import MeanTorqueSettings, sample_torques
from rpr.dynamics.thermal_frames import long_sample, sample_thermal_frames
from rpr.molecule.molecule import read_molecule
from rpr.run import logs
from rpr.studies import tables
from rpr.studies.thermal import thermal_distribution

logs.start(snakemake.log[0])
thermal, seeds = snakemake.params.thermal, snakemake.params.seeds
model = rpr.load(snakemake.input.model)
molecule = read_molecule(snakemake.input.molecule, **snakemake.params.molecule)
settings = long_sample(thermal, seed=seeds["sample"])
frames = sample_thermal_frames(model, molecule, settings)
shared = {key: thermal[key] for key in ("temperature_K", "dt_fs")}
torques = sample_torques(model, molecule, MeanTorqueSettings(**shared, seed=seeds["torque"]))
table = thermal_distribution(frames, *torques, temperature_K=settings.temperature_K)
stem = snakemake.output.table.removesuffix(".csv")
tables.write(table, stem, caption="Shares of the dihedral, sampled and expected.")
